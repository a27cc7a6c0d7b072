package dkim

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"os"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/rsatest"
)

// primePair returns two primes for keys that are sound but for what a test does to them: those
// of 1024 bits are new ones with IN_FULL alone.
func primePair(t testing.TB, size int) (p, q *big.Int) {
	t.Helper()
	if size == 1024 && os.Getenv("IN_FULL") == "" {
		known := rsatest.Key(2*size, 0).Primes
		return new(big.Int).Set(known[0]), new(big.Int).Set(known[1])
	}
	p, err := rand.Prime(rand.Reader, size)
	if err == nil {
		q, err = rand.Prime(rand.Reader, size)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, q
}

func TestWeakModulus(t *testing.T) {
	p, q := primePair(t, 1024)
	mul := func(numbers ...*big.Int) *big.Int {
		n := big.NewInt(1)
		for _, f := range numbers {
			n.Mul(n, f)
		}
		return n
	}
	pow := func(n *big.Int, k int64) *big.Int { return new(big.Int).Exp(n, big.NewInt(k), nil) }
	next := new(big.Int).Add(p, big.NewInt(2))
	for !next.ProbablyPrime(20) {
		next.Add(next, big.NewInt(2))
	}
	small, _ := primePair(t, 60)
	for _, tt := range []struct {
		name     string
		n        *big.Int
		few, all string
	}{
		{"two primes", mul(p, q), "", ""},
		{"divisible by 3", mul(p, q, big.NewInt(3)), "divisible by 3", "divisible by 3"},
		{"divisible by 997", mul(p, q, big.NewInt(997)), "divisible by 997", "divisible by 997"},
		{"divisible by 1021", mul(p, big.NewInt(1021)), "divisible by 1021", "divisible by 1021"},
		{"divisible by 1031", mul(p, big.NewInt(1031)), "", "divisible by 1031"},
		{"divisible by 65521", mul(p, q, big.NewInt(65521)), "", "divisible by 65521"},
		{"divisible by 65537", mul(p, q, big.NewInt(65537)), "", ""},
		{"square", mul(p, p), "a square", "a square"},
		{"cube", pow(p, 3), "the power of 3", "the power of 3"},
		{"sixth power", pow(small, 6), "a square", "a square"},
		{"seventh power", pow(small, 7), "the power of 7", "the power of 7"},
		{"31st power", pow(small, 31), "", "the power of 31"},
		{"primes next to each other", mul(p, next), "", "next to each other"},
		{"2^2048 - 1", new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 2048), big.NewInt(1)), "divisible by 3", "divisible by 3"},
	} {
		for thorough, want := range map[bool]string{false: tt.few, true: tt.all} {
			got := weakModulus(tt.n.Bytes(), thorough)
			if want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%s, thorough %t: %q", tt.name, thorough, got)
			}
		}
	}
}

// TestSmallOrder: the eight points whose order divides 8, and their encodings that
// are not reduced (RFC 8032, 5.1.3 refuses those, but libraries differ).
func TestSmallOrder(t *testing.T) {
	for _, encoded := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	} {
		point, err := hex.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		record := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(point)
		if got := summary(Lint([]byte(record))); len(got) != 1 || got[0] != "dkim-key-insecure critical " {
			t.Errorf("%s: %q", encoded, got)
		}
	}
	for range 20 {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if smallOrder(public) {
			t.Errorf("%x is taken for a point of small order", public)
		}
	}
}

// TestInsecureKeys: a key that anyone can sign with is critical whatever the domain
// is for, and the fix is another key.
func TestInsecureKeys(t *testing.T) {
	p, _ := primePair(t, 1024)
	for name, record := range map[string]string{
		"small factor": "v=DKIM1; p=" + rawRSA(t, new(big.Int).Mul(p, new(big.Int).Add(new(big.Int).Mul(p, big.NewInt(3)), big.NewInt(0))), big.NewInt(65537)),
		"square":       "v=DKIM1; p=" + rawRSA(t, new(big.Int).Mul(p, p), big.NewInt(65537)),
		"even":         "v=DKIM1; p=" + rawRSA(t, new(big.Int).Lsh(p, 1024), big.NewInt(65537)),
		"exponent 1":   "v=DKIM1; p=" + rawRSA(t, modulus(2048), big.NewInt(1)),
		"exponent 2":   "v=DKIM1; p=" + rawRSA(t, modulus(2048), big.NewInt(2)),
		"identity":     "v=DKIM1; k=ed25519; p=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"zeros":        "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	} {
		for _, profile := range []finding.Profile{finding.Sender, finding.Parked} {
			d := Examine(t.Context(), zone(t, "s1._domainkey TXT "+quoted(record)), "acme.example", Options{Selectors: []string{"s1"}})
			f := find1(t, Check(d, Context{Profile: profile}).Findings(), "dkim-key-insecure")
			if f.Severity != finding.Critical || f.Fix == nil || strings.HasPrefix(f.Fix.Value, "v=DKIM1; k=rsa; p=MII") {
				t.Errorf("%s, %s: %+v %+v", name, profile, f, f.Fix)
			}
		}
		if got := summary(Lint([]byte(record))); len(got) != 1 || got[0] != "dkim-key-insecure critical " {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func BenchmarkWeakModulus(b *testing.B) {
	p, q := primePair(b, 1024)
	n := new(big.Int).Mul(p, q).Bytes()
	for name, thorough := range map[string]bool{"audit": false, "thorough": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				weakModulus(n, thorough)
			}
		})
	}
}
