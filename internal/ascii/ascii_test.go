package ascii

import (
	"strings"
	"testing"
)

// TestClasses compares every byte with the ranges of RFC 5234, B.1.
func TestClasses(t *testing.T) {
	const letters, digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	for i := range 256 {
		c := byte(i)
		letter, digit := strings.IndexByte(letters, c) >= 0, strings.IndexByte(digits, c) >= 0
		if IsLetter(c) != letter || IsDigit(c) != digit || IsAlphanumeric(c) != (letter || digit) {
			t.Errorf("%q: letter %v, digit %v", c, IsLetter(c), IsDigit(c))
		}
		lower := c
		if letter && c < 'a' {
			lower += 'a' - 'A'
		}
		if Lower(c) != lower || ToLower(string([]byte{c})) != string([]byte{lower}) {
			t.Errorf("%q: %q in lower case", c, Lower(c))
		}
		if Only(string([]byte{c})) != (c < 0x80) {
			t.Errorf("%q: ASCII %v", c, Only(string([]byte{c})))
		}
	}
}

// TestFold: no other character has a case, whatever Unicode says of it.
func TestFold(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"_SPF.Acme.Example", "_spf.aCME.eXAMPLE", true},
		{"", "", true},
		{"a", "ab", false},
		{"[", "{", false},
		{"k", "\u212a", false},
		{"\u00c9", "\u00e9", false},
	} {
		if got := EqualFold(c.a, c.b); got != c.want || EqualFold(c.b, c.a) != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
	if got := ToLower("Acme-\u00c9.EXAMPLE"); got != "acme-\u00c9.example" {
		t.Errorf("%q", got)
	}
}

// TestLookAlikes: every pair has one reading, which is ASCII, and no text is longer for it.
func TestLookAlikes(t *testing.T) {
	pairs := Pasted()
	seen := make(map[string]bool)
	for i := 0; i+1 < len(pairs); i += 2 {
		if seen[pairs[i]] || !Only(pairs[i+1]) || len(pairs[i+1]) >= len(pairs[i]) {
			t.Errorf("%q is read as %q", pairs[i], pairs[i+1])
		}
		seen[pairs[i]] = true
	}
	if len(pairs)%2 != 0 || len(seen) != len(pairs)/2 {
		t.Errorf("%d texts", len(pairs))
	}
}

func TestAlphanumeric(t *testing.T) {
	for text, want := range map[string]string{"v=sp,f1 m\\": "vspf1m", "maai.lto.Dmarc": "maailtoDmarc", "bü-c\u200b9": "bc9", "": "", "=;": ""} {
		if got := Alphanumeric(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
