package dkim

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
)

// mistake is one way in which a record goes wrong on its way into the DNS.
type mistake struct {
	name string
	// make returns the record with the mistake. lost says that a restriction may be
	// no longer in it: an h=, s= or t= was hit.
	make func(r *mathrand.Rand, record string) (wrong string, lost bool)
}

// restricts reports whether a position is in the value of h=, s= or t=, or next to it.
func restricts(record string, at int) bool {
	start := strings.LastIndexByte(record[:min(at+1, len(record))], ';') + 1
	part := strings.TrimLeft(record[start:], fws)
	return len(part) > 1 && strings.ContainsAny(part[:1], "ths") && strings.ContainsAny(part[1:2], "=:, ")
}

// replaceOne replaces one of the places of a text.
func replaceOne(old, by string) func(*mathrand.Rand, string) (string, bool) {
	return func(r *mathrand.Rand, record string) (string, bool) {
		n := strings.Count(record, old)
		if n == 0 {
			return record, false
		}
		at := 0
		for i := r.IntN(n); ; i-- {
			at += strings.Index(record[at:], old)
			if i == 0 {
				break
			}
			at += len(old)
		}
		return record[:at] + by + record[at+len(old):], false
	}
}

func replaceAll(old, by string) func(*mathrand.Rand, string) (string, bool) {
	return func(_ *mathrand.Rand, record string) (string, bool) {
		return strings.ReplaceAll(record, old, by), false
	}
}

// ofKey changes the value of p=.
func ofKey(change func(*mathrand.Rand, string) string) func(*mathrand.Rand, string) (string, bool) {
	return func(r *mathrand.Rand, record string) (string, bool) {
		i := strings.Index(record, "p=")
		if i < 0 {
			return record, false
		}
		end := len(record)
		if j := strings.IndexByte(record[i:], ';'); j >= 0 {
			end = i + j
		}
		return record[:i+2] + change(r, record[i+2:end]) + record[end:], false
	}
}

var mistakes = []mistake{
	{"a character dropped", func(r *mathrand.Rand, s string) (string, bool) {
		at := r.IntN(min(len(s), 60))
		return s[:at] + s[at+1:], restricts(s, at)
	}},
	{"a character doubled", func(r *mathrand.Rand, s string) (string, bool) {
		at := r.IntN(min(len(s), 60))
		return s[:at] + s[at:at+1] + s[at:], restricts(s, at)
	}},
	{"two characters swapped", func(r *mathrand.Rand, s string) (string, bool) {
		at := r.IntN(min(len(s), 60) - 1)
		return s[:at] + s[at+1:at+2] + s[at:at+1] + s[at+2:], restricts(s, at) || restricts(s, at+1)
	}},
	{"a character of the key dropped", ofKey(func(r *mathrand.Rand, p string) string {
		if p == "" {
			return p
		}
		at := r.IntN(len(p))
		return p[:at] + p[at+1:]
	})},
	{"a character of the key doubled", ofKey(func(r *mathrand.Rand, p string) string {
		if p == "" {
			return p
		}
		at := r.IntN(len(p))
		return p[:at] + p[at:at+1] + p[at:]
	})},
	{"colon for equals", replaceOne("=", ":")},
	{"blank for equals", replaceOne("=", " ")},
	{"blanks around equals", replaceOne("=", " = ")},
	{"colons for equals", replaceAll("=", ":")},
	{"comma for semicolon", replaceOne(";", ",")},
	{"colon for semicolon", replaceOne(";", ":")},
	{"no semicolon", replaceOne(";", "")},
	{"no separator", replaceOne("; ", "")},
	{"commas for semicolons", replaceAll(";", ",")},
	{"two semicolons", replaceOne(";", ";;")},
	{"escaped semicolons", replaceAll(";", `\;`)},
	{"one escaped semicolon", replaceOne(";", `\;`)},
	{"a semicolon in the key", ofKey(func(r *mathrand.Rand, p string) string {
		at := r.IntN(len(p) + 1)
		return p[:at] + ";" + p[at:]
	})},
	{"capitals", func(r *mathrand.Rand, s string) (string, bool) {
		for _, w := range []string{"k=rsa", "k=ed25519", "v=DKIM1", "v=", "k=", "p="} {
			if r.IntN(3) == 0 {
				s = strings.Replace(s, w, strings.ToUpper(w), 1)
			}
		}
		return s, false
	}},
	{"lower case", replaceAll("DKIM1", "dkim1")},
	{"HTML entities for the semicolons and spaces", replaceAll("; ", "&#59;&nbsp;")},
	{"HTML entities around it", func(_ *mathrand.Rand, s string) (string, bool) { return "&quot;" + s + "&quot;", false }},
	{"typographic quotes", func(_ *mathrand.Rand, s string) (string, bool) { return "“" + s + "”", false }},
	{"quotes", func(_ *mathrand.Rand, s string) (string, bool) { return `"` + s + `"`, false }},
	{"one quote", func(_ *mathrand.Rand, s string) (string, bool) { return `"` + s, false }},
	{"two strings with quotes", func(r *mathrand.Rand, s string) (string, bool) {
		at := r.IntN(len(s) + 1)
		return `"` + s[:at] + `" "` + s[at:] + `"`, false
	}},
	{"the line of a zone file", func(r *mathrand.Rand, s string) (string, bool) {
		at := r.IntN(len(s) + 1)
		return `s1._domainkey	IN	TXT	( "` + s[:at] + "\"\t\"" + s[at:] + `" )  ; ----- DKIM key s1 for acme.example`, false
	}},
	{"a blank in the key", ofKey(func(r *mathrand.Rand, p string) string {
		at := r.IntN(len(p) + 1)
		return p[:at] + " " + p[at:]
	})},
	{"a no-break space", replaceOne(" ", "\u00a0")},
	{"a zero-width space", ofKey(func(r *mathrand.Rand, p string) string {
		at := r.IntN(len(p) + 1)
		return p[:at] + "\u200b" + p[at:]
	})},
	{"a quote in the key", ofKey(func(r *mathrand.Rand, p string) string {
		at := r.IntN(len(p) + 1)
		return p[:at] + `"` + p[at:]
	})},
	{"blanks for plus", ofKey(func(_ *mathrand.Rand, p string) string { return strings.ReplaceAll(p, "+", " ") })},
	{"the other alphabet", ofKey(func(_ *mathrand.Rand, p string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(p) })},
	{"no padding", ofKey(func(_ *mathrand.Rand, p string) string { return strings.TrimRight(p, "=") })},
	{"percent signs", ofKey(func(_ *mathrand.Rand, p string) string {
		return strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(p)
	})},
	{"armour", ofKey(func(_ *mathrand.Rand, p string) string {
		return "-----BEGIN PUBLIC KEY-----" + p + "-----END PUBLIC KEY-----"
	})},
	{"armour with breaks", ofKey(func(_ *mathrand.Rand, p string) string {
		return `-----BEGIN PUBLIC KEY-----\n` + p + `\n-----END PUBLIC KEY-----`
	})},
	{"hexadecimal", ofKey(func(_ *mathrand.Rand, p string) string {
		if der, err := base64.StdEncoding.DecodeString(p); err == nil {
			return hex.EncodeToString(der)
		}
		return p
	})},
	{"cut at 255", func(_ *mathrand.Rand, s string) (string, bool) { return s[:min(len(s), 255)], true }},
	{"the key twice", func(_ *mathrand.Rand, s string) (string, bool) {
		if i := strings.Index(s, "p="); i >= 0 {
			return s + "; " + s[i:], false
		}
		return s, false
	}},
	{"another key", func(_ *mathrand.Rand, s string) (string, bool) { return s + "; p=" + rfc6376Key, false }},
	{"an empty key", func(_ *mathrand.Rand, s string) (string, bool) { return s + "; p=", false }},
	{"another type", replaceAll("k=rsa", "k=dsa")},
	{"the version last", func(_ *mathrand.Rand, s string) (string, bool) {
		return strings.TrimPrefix(s, "v=DKIM1; ") + "; v=DKIM1", false
	}},
	{"testing", func(_ *mathrand.Rand, s string) (string, bool) {
		if strings.Contains(s, "t=s") {
			return strings.Replace(s, "t=s", "t=y:s", 1), false
		}
		return strings.Replace(s, "p=", "t=y; p=", 1), false
	}},
	{"a final dot", func(_ *mathrand.Rand, s string) (string, bool) { return s + ".", false }},
	{"a letter before", func(_ *mathrand.Rand, s string) (string, bool) { return "x" + s, false }},
}

// soundRecords are key records with nothing amiss.
func soundRecords(t testing.TB) []string {
	p, q := primePair(t, 1024)
	n := new(big.Int).Mul(p, q)
	der, err := base64.StdEncoding.DecodeString(spki(t, 2048))
	if err != nil {
		t.Fatal(err)
	}
	// The modulus begins after the header of the encoding.
	n.FillBytes(der[33 : 33+256])
	der[33] |= 0x80
	rsa := base64.StdEncoding.EncodeToString(der)
	if k, err := ParseKey("p=" + rsa); err != nil || k.Bits != 2048 || k.insecurity(true) != "" {
		return soundRecords(t)
	}
	return []string{
		"v=DKIM1; k=rsa; p=" + rsa,
		"v=DKIM1;k=rsa;p=" + rsa,
		"v=DKIM1; p=" + rsa,
		"k=rsa; p=" + rsa,
		"v=DKIM1; k=rsa; t=s; p=" + rsa,
		"v=DKIM1; h=sha256; k=rsa; s=email; p=" + rsa,
		"v=DKIM1; k=rsa; n=our first key; p=" + rsa + ";",
		"v=DKIM1; k=ed25519; p=" + ed25519Key,
		"v=DKIM1; k=ed25519; t=s; s=email; p=" + ed25519Key,
		"v=DKIM1; k=rsa; p=" + rsa[:100] + " " + rsa[100:],
		"v=DKIM1; k=rsa; p=",
		"v=DKIM1; p=",
	}
}

// mistaken is a record with mistakes.
type mistaken struct {
	before, wrong string
	lost          bool
	names         []string
}

// mistakesIn types one to three mistakes into one of the records.
func mistakesIn(r *mathrand.Rand, records []string) *mistaken {
	m := &mistaken{before: records[r.IntN(len(records))]}
	m.wrong = m.before
	for range 1 + r.IntN(3) {
		one := mistakes[r.IntN(len(mistakes))]
		wrong, lost := one.make(r, m.wrong)
		m.wrong, m.lost, m.names = wrong, m.lost || lost, append(m.names, one.name)
	}
	return m
}

// hidden reports that the key may be another one and look sound, which nobody can
// tell: characters swapped, as many put in as left out, or one left out where a blank
// of the key itself is taken for a +. A key right behind the p= of a revoked one looks like
// one whose tag was typed twice, "p=p=…".
func (m *mistaken) hidden() bool {
	if was, _ := ParseKey(m.before); was.Revoked && slices.Contains(m.names, "another key") && slices.Contains(m.names, "no separator") {
		return true
	}
	n := 0
	for _, name := range m.names {
		switch {
		case name == "two characters swapped":
			return true
		case name == "blanks for plus", strings.HasSuffix(name, "dropped"), strings.HasSuffix(name, "doubled"):
			n++
		}
	}
	return n > 1
}

// harm says what is wrong with the proposals for a record that was once another;
// "" if nothing is.
func harm(m *mistaken) string {
	was, _ := ParseKey(m.before)
	is, _ := ParseKey(m.wrong)
	findings := Lint([]byte(m.wrong))
	had := map[string]bool{}
	for _, f := range findings {
		had[f.Check] = had[f.Check] || f.Severity.AtLeast(finding.Error)
	}
	proposed := ""
	for _, f := range findings {
		if f.Fix == nil || f.Fix.Value == "" || strings.Contains(f.Fix.Value, "<") {
			continue
		}
		if proposed != "" && proposed != f.Fix.Value {
			return "two proposals: " + proposed + " and " + f.Fix.Value
		}
		proposed = f.Fix.Value
	}
	if proposed == "" {
		return ""
	}
	now, err := ParseKey(proposed)
	switch {
	case err != nil || len(now.Problems) > 0:
		return "the proposal is no key record: " + proposed
	case now.Revoked != was.Revoked && now.Revoked != is.Revoked:
		return "revoked or not has changed: " + proposed
	case now.Fingerprint != was.Fingerprint && now.Fingerprint != is.Fingerprint && !m.hidden():
		return "another key: " + proposed
	case !m.lost && was.Strict && !now.Strict:
		return "t=s is lost: " + proposed
	case !m.lost && len(was.Hashes) > 0 && !slices.Equal(now.Hashes, was.Hashes):
		return "h= has changed: " + proposed
	case !m.lost && !slices.Equal(now.Services, was.Services):
		return "s= has changed: " + proposed
	}
	for _, f := range Lint([]byte(proposed)) {
		if f.Severity.AtLeast(finding.Error) && !had[f.Check] {
			return fmt.Sprintf("%s is new with the proposal: %s", f.Check, proposed)
		}
	}
	return ""
}

// TestMistakes types one to three mistakes into sound records, some thousand times:
// what is proposed as it stands has the key of the record, every restriction that
// the record still has, and no new fault.
func TestMistakes(t *testing.T) {
	records := soundRecords(t)
	rounds := 1000
	if os.Getenv("IN_FULL") != "" {
		rounds = 4000
	}
	r := mathrand.New(mathrand.NewPCG(1, 2))
	proposed, broken, failed := 0, 0, 0
	for range rounds {
		m := mistakesIn(r, records)
		if what := harm(m); what != "" {
			if failed++; failed <= 12 {
				t.Errorf("%q\n  %s\n  as %s\n  %s", m.names, m.before, m.wrong, what)
			}
		}
		k, err := ParseKey(m.wrong)
		if err != nil {
			broken++
			if k.repaired() != "" {
				proposed++
			}
		}
	}
	t.Logf("%d records, %d of them refused by verifiers, of which %d are repaired; %d harmful proposals", rounds, broken, proposed, failed)
}

// TestOneMistake: a single mistake that leaves the key in the record is repaired to
// what the record was.
func TestOneMistake(t *testing.T) {
	r := mathrand.New(mathrand.NewPCG(3, 4))
	records := soundRecords(t)
	total, repaired := 0, 0
	for _, m := range mistakes {
		if slices.Contains([]string{"a character dropped", "a character doubled", "two characters swapped", "a character of the key dropped",
			"a character of the key doubled", "a quote in the key", "a semicolon in the key", "a zero-width space", "cut at 255", "another key", "an empty key", "a letter before"}, m.name) {
			continue // what is lost or in doubt is not made up
		}
		for _, before := range records[:9] {
			wrong, _ := m.make(r, before)
			is, err := ParseKey(wrong)
			if err == nil {
				continue
			}
			if m.name == "blanks for plus" && strings.Contains(before, "ed25519") {
				continue
			}
			total++
			was, _ := ParseKey(before)
			now, _ := ParseKey(is.repaired())
			if now.Fingerprint == was.Fingerprint && now.Strict == was.Strict && slices.Equal(now.Hashes, was.Hashes) {
				repaired++
				continue
			}
			t.Errorf("%s: %s\n  is repaired to %q", m.name, wrong, is.repaired())
		}
	}
	t.Logf("%d of %d repaired", repaired, total)
}

// TestStrayInKey: one character that no key has may stand in place of one of the key, and with
// another too much the rest is a key of the same length. Pairs of quotation marks, blanks and
// escapes take no place.
func TestStrayInKey(t *testing.T) {
	p := strings.TrimPrefix(soundRecords(t)[0], "v=DKIM1; k=rsa; p=")
	repaired := func(key string) bool {
		is, _ := ParseKey("v=DKIM1; k=rsa; p=" + key)
		now, _ := ParseKey(is.repaired())
		return now.Live()
	}
	for _, at := range []int{60, 150, 300} {
		for strings.ContainsAny(p[at:at+2], "+/") {
			at++ // a backslash before one of these is an escape
		}
		for _, stray := range []string{`"`, "'", ";", `\`, "\u200b", "\u00a0", "<"} {
			if typed := p[:at] + stray + p[at:]; repaired(typed) {
				t.Errorf("%q within the key: %s", stray, typed)
			}
			if typed := p[:4] + "'" + p[4:at] + stray + p[at+1:at+30] + "a" + p[at+30:]; repaired(typed) {
				t.Errorf("%q for a character, one too much and an apostrophe before: %s", stray, typed)
			}
			if typed := p[:at] + stray + p[at+1:at+30] + "a" + p[at+30:]; repaired(typed) {
				t.Errorf("%q for a character, and one too much: %s", stray, typed)
			}
		}
		if blanks := strings.ReplaceAll(p, "+", " "); !repaired(blanks) || repaired(blanks[:at]+"\u00a0"+blanks[at+1:]) {
			t.Errorf("blanks for +, and another kind of blank: %s", blanks)
		}
		if blanks := strings.ReplaceAll(p, "+", " "); !repaired(blanks) || repaired(blanks[:at]+"\u00a0"+blanks[at+1:]) {
			t.Errorf("blanks for +, and another kind of blank: %s", blanks)
		}
		// A line end may stand there as an escape; no line ends in a tab.
		n := at + strings.IndexByte(p[at:], 't')
		if typed := p[:at-20] + "a" + p[at-20:n] + `\` + p[n:]; repaired(typed) {
			t.Errorf("a backslash before a t, and one too much: %s", typed)
		}
		for _, typed := range []string{p[:at] + `\n` + p[at:], p[:at] + `\n` + p[at:at+64] + `\r\n` + p[at+64:]} {
			if !repaired(typed) {
				t.Errorf("line ends as escapes: %s", typed)
			}
		}
		for _, around := range []string{`" "`, `""`, "\u201d \u201c", `"\t"`, `\" \"`} {
			if typed := p[:at] + around + p[at:]; !repaired(typed) {
				t.Errorf("%q within the key: %s", around, typed)
			}
		}
	}
	for _, escaped := range []string{strings.Replace(p, "+", `\+`, 1), strings.Replace(p, "/", `\/`, 1)} {
		if is, _ := ParseKey("v=DKIM1; k=rsa; p=" + escaped); is.repaired() != "v=DKIM1; k=rsa; p="+p {
			t.Errorf("%s is repaired to %q", escaped, is.repaired())
		}
	}
}

// FuzzRepair types mistakes at random places.
func FuzzRepair(f *testing.F) {
	records := soundRecords(f)
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := mathrand.New(mathrand.NewPCG(a, b))
		m := mistakesIn(r, records)
		if what := harm(m); what != "" {
			t.Errorf("%q\n  %s\n  as %s\n  %s", m.names, m.before, m.wrong, what)
		}
	})
}
