package dmarc

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailworthy/finding"
)

// soundRecords are records as domains have them.
var soundRecords = []string{
	"v=DMARC1; p=reject; rua=mailto:postmaster@acme.example",
	"v=DMARC1; p=none; rua=mailto:dmarc@acme.example",
	"v=DMARC1;p=quarantine;rua=mailto:dmarc@acme.example;pct=50",
	"v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@acme.example,mailto:acme@reports.test; ruf=mailto:f@acme.example; fo=1",
	"v=DMARC1; p=quarantine; sp=reject; np=reject; adkim=s; aspf=s; rua=mailto:dmarc-reports@acme.example;",
	"v=DMARC1; p=reject; adkim=r; aspf=r; rua=mailto:re+123@inbound.reports.com; ruf=mailto:re+123@inbound.reports.com; fo=1:d:s",
	"v=DMARC1; p=none; sp=none; rua=mailto:mailauth-reports@acme.example; ri=86400; rf=afrf; pct=100",
	"v=DMARC1; p=reject",
	"v=DMARC1; p=none",
	"v=DMARC1; p=quarantine; t=y; psd=n; rua=mailto:d.m@sub.acme.example",
}

// slip types one mistake into a record.
func slip(r *rand.Rand, s string) (string, string) {
	i := r.IntN(len(s))
	switch r.IntN(11) {
	case 0:
		return s[:i] + s[i+1:], fmt.Sprintf("drops %q at %d", s[i:i+1], i)
	case 1:
		return s[:i] + s[i:i+1] + s[i:], fmt.Sprintf("doubles %q at %d", s[i:i+1], i)
	case 2:
		if i+1 < len(s) {
			return s[:i] + s[i+1:i+2] + s[i:i+1] + s[i+2:], fmt.Sprintf("swaps %q at %d", s[i:i+2], i)
		}
	case 3:
		return s[:i] + " " + s[i:], fmt.Sprintf("types a space at %d", i)
	case 4:
		return s[:i] + "," + s[i:], fmt.Sprintf("types a comma at %d", i)
	case 5:
		q := []string{`"`, "“", "'", `\`}[r.IntN(4)]
		return s[:i] + q + s[i:], fmt.Sprintf("types %s at %d", q, i)
	case 6:
		return replaceOne(r, s, "=", ":"), "a colon for an equals sign"
	case 7:
		return replaceOne(r, s, ";", []string{",", "", ":", " ", ".", `\;`}[r.IntN(6)]), "something for a semicolon"
	case 8:
		return replaceOne(r, s, ".", []string{",", " ", ";", ".."}[r.IntN(4)]), "something for a dot"
	case 9:
		return replaceOne(r, s, "mailto:", []string{"", "mailto", "mail:", "mailto;", "mailto://", "mailto: "}[r.IntN(6)]), "something for mailto:"
	case 10:
		return replaceOne(r, s, ",", []string{";", " ", ", ", ",,"}[r.IntN(4)]), "something for a comma"
	}
	return s, ""
}

func replaceOne(r *rand.Rand, s, old, to string) string {
	n := strings.Count(s, old)
	if n == 0 {
		return s
	}
	at := 0
	for range r.IntN(n) {
		at += strings.Index(s[at:], old) + len(old)
	}
	at += strings.Index(s[at:], old)
	return s[:at] + to + s[at+len(old):]
}

// mailboxesOf are the addresses that a record names.
func mailboxesOf(record string) []string {
	var out []string
	r, err := ParseRecord(record)
	if err != nil {
		return nil
	}
	for _, u := range append(slices.Clone(r.RUA), r.RUF...) {
		if u.Supported() {
			out = append(out, u.Address)
		}
	}
	return out
}

// harm says what is wrong with publishing the fix of a record into which mistakes
// were typed; "" if nothing is, or the fix cannot be published as it stands.
func harm(original, typed string) (why string, complete bool) {
	const domain = "acme.example"
	c := clean(typed, false, domain)
	if !c.certain() {
		return "", false
	}
	fixed := c.String()
	for _, f := range Lint([]byte(fixed)) {
		if f.Severity.AtLeast(finding.Error) {
			return "the fix has " + f.Check, true
		}
	}
	was, _ := ParseRecord(original)
	is, err := ParseRecord(fixed)
	if err != nil {
		return err.Error(), true
	}
	p, sp, np, _ := was.Effective()
	ip, isp, inp, _ := is.Effective()
	switch {
	case ip.rank() < p.rank():
		return fmt.Sprintf("p=%s becomes %s", p, ip), true
	case isp.rank() < sp.rank():
		return fmt.Sprintf("sp=%s becomes %s", sp, isp), true
	case inp.rank() < np.rank():
		return fmt.Sprintf("np=%s becomes %s", np, inp), true
	case is.Testing && !was.Testing:
		return "a test that nobody asked for", true
	case is.Percent != nil && (was.Percent == nil || *is.Percent < *was.Percent) && !strings.Contains(typed, fmt.Sprint(*is.Percent)):
		return fmt.Sprintf("pct=%d", *is.Percent), true
	}
	before, after := mailboxesOf(original), mailboxesOf(fixed)
	// What is in the text, but for what a slip put between its letters.
	bare := strings.NewReplacer(" ", "", `"`, "", `\`, "", "“", "", ".", "", ",", "", ";", "", "'", "", "@@@", "@", "@@", "@")
	plainly := strings.ToLower(bare.Replace(typed))
	for _, m := range after {
		if !slices.Contains(before, m) && !strings.Contains(plainly, strings.ToLower(bare.Replace(m))) {
			return "invents " + m, true
		}
	}
	for _, m := range before {
		if strings.Contains(typed, m) && !slices.ContainsFunc(after, func(a string) bool { return strings.Contains(a, m) }) {
			return "loses " + m, true
		}
	}
	if len(after) < len(before) {
		return fmt.Sprintf("has %d addresses of %d", len(after), len(before)), true
	}
	return "", true
}

// TestSlips: thousands of records with one to three mistakes, and not one of the
// fixes that can be published as they stand does harm. SLIPS_FIRST and SLIPS_ZONES
// have it run over other seeds, with three mistakes in each record.
func TestSlips(t *testing.T) {
	first, zones, whole, wrong := 0, 20000, 0, 0
	if testing.Short() {
		zones = 2000
	}
	more := os.Getenv("SLIPS_ZONES") != ""
	if more {
		first, _ = strconv.Atoi(os.Getenv("SLIPS_FIRST"))
		zones, _ = strconv.Atoi(os.Getenv("SLIPS_ZONES"))
	}
	for seed := first; seed < first+zones; seed++ {
		r := rand.New(rand.NewPCG(uint64(seed), 12))
		original := soundRecords[r.IntN(len(soundRecords))]
		typed := original
		var how []string
		mistakes := 3
		if !more {
			mistakes = 1 + r.IntN(3)
		}
		for range mistakes {
			var h string
			typed, h = slip(r, typed)
			how = append(how, h)
		}
		why, complete := harm(original, typed)
		if complete {
			whole++
		}
		if why != "" {
			if wrong++; wrong <= 25 {
				t.Errorf("seed %d: %s\n  %s\n  %s\n  fixed %s", seed, why, strings.Join(how, ", "), typed, clean(typed, false, "acme.example").String())
			}
		}
	}
	t.Logf("%d records, %d with a complete fix, %d of them do harm", zones, whole, wrong)
	if whole < zones/2 {
		t.Errorf("%d of %d have a complete fix", whole, zones)
	}
}

func FuzzSlips(f *testing.F) {
	for i := range soundRecords {
		f.Add(i, uint64(i), 3)
	}
	f.Fuzz(func(t *testing.T, which int, seed uint64, slips int) {
		r := rand.New(rand.NewPCG(seed, 12))
		original := soundRecords[uint(which)%uint(len(soundRecords))]
		typed := original
		for range uint(slips) % 4 {
			typed, _ = slip(r, typed)
			if typed == "" {
				return
			}
		}
		if why, _ := harm(original, typed); why != "" {
			t.Errorf("%s: %q is fixed to %s", why, typed, clean(typed, false, "acme.example"))
		}
	})
}
