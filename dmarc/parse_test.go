package dmarc

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func mustParse(t testing.TB, text string) *Record {
	t.Helper()
	r, err := ParseRecord(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return r
}

func TestParseRecord(t *testing.T) {
	r := mustParse(t, "v=DMARC1; p=Reject ;sp = quarantine; np=none; adkim=s; ASPF=s; fo=1:d; rua=mailto:a@x.example!10m , mailto:b@y.example; psd=n; t=y; pct=50; x=1;")
	got := strings.TrimSpace(fmt.Sprintln(r.P, r.SP, r.NP, r.ADKIM, r.ASPF, r.FO, r.PSD, r.Testing, *r.Percent, len(r.RUA), len(r.RUF), len(r.Problems)))
	if want := "reject quarantine none s s [1 d] n true 50 2 0 0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if u := r.RUA[0]; u.Address != "a@x.example" || u.Host != "x.example" || u.Size != "10m" || !u.Supported() {
		t.Errorf("first rua: %+v", u)
	}
	for _, tag := range r.Tags {
		if written := r.Text[tag.Offset : tag.Offset+len(tag.Name)]; !strings.EqualFold(written, tag.Name) {
			t.Errorf("the offset of %s points at %q", tag.Name, written)
		}
		if written := r.Text[tag.ValueOffset : tag.ValueOffset+len(tag.Value)]; written != tag.Value {
			t.Errorf("the value offset of %s points at %q", tag.Name, written)
		}
	}
	for _, u := range r.RUA {
		if r.Text[u.Offset:u.Offset+len(u.Text)] != u.Text {
			t.Errorf("the offset of %q points elsewhere", u.Text)
		}
	}
	if tag, _ := r.Tag("pct"); tag.Status != "historic" {
		t.Errorf("pct is %s", tag.Status)
	}
	if tag, _ := r.Tag("x"); tag.Status != "unknown" {
		t.Errorf("x is %s", tag.Status)
	}
}

func TestVersion(t *testing.T) {
	tests := []struct {
		text     string
		ok       bool
		intended bool
		reason   string // part of it
		hint     string
	}{
		{"v=DMARC1", true, false, "", ""},
		{"v=DMARC1;", true, false, "", ""},
		{"V = DMARC1 ; p=none", true, false, "", ""},
		{"v=spf1 -all", false, false, "does not begin", ""},
		{"", false, false, "does not begin", ""},
		{"google-site-verification=p", false, false, "does not begin", ""},
		{" v=DMARC1; p=none", false, true, "white space", "v=DMARC1; p=none"},
		{"\tv=DMARC1; p=none", false, true, "white space", "v=DMARC1; p=none"},
		{"v=dmarc1; p=none", false, true, "capitals", "v=DMARC1; p=none"},
		{"v=DMARC1 p=none", false, true, "no semicolon", "v=DMARC1; p=none"},
		{"v=DMARC1, p=none", false, true, "no semicolon", "v=DMARC1; p=none"},
		{"v=DMARC2; p=none", false, true, "not written", "v=DMARC1; p=none"},
		{"v=DMARC; p=none", false, true, "not written", "v=DMARC1; p=none"},
		{"v:DMARC1; p=none", false, true, "not written", "v=DMARC1; p=none"},
		{"DMARC1; p=none", false, true, "not", "v=DMARC1; p=none"},
		{`"v=DMARC1; p=none"`, false, true, "quotation", "v=DMARC1; p=none"},
		{"p=none; v=DMARC1; rua=mailto:a@x.example", false, true, "first", "v=DMARC1; p=none; rua=mailto:a@x.example"},
		{"p=reject; rua=mailto:a@x.example", false, true, "missing", "v=DMARC1; p=reject; rua=mailto:a@x.example"},
	}
	for _, test := range tests {
		_, err := ParseRecord(test.text)
		if test.ok {
			if err != nil {
				t.Errorf("%q: %v", test.text, err)
			}
			continue
		}
		var not *NotPolicyError
		if !errors.As(err, &not) {
			t.Errorf("%q: error %v", test.text, err)
			continue
		}
		if not.Intended != test.intended || !strings.Contains(not.Reason, test.reason) || not.Hint != test.hint {
			t.Errorf("%q: %+v", test.text, *not)
		}
		if test.hint != "" {
			mustParse(t, not.Hint)
		}
	}
}

func TestProblems(t *testing.T) {
	tests := []struct {
		text     string
		offset   int
		reason   string // part of reason and hint
		harmless bool
		mended   string
	}{
		{"v=DMARC1; p=none;; rua=mailto:a@x.example", 17, "empty tag", true, ""},
		{"v=DMARC1; p", 10, "name=value", false, ""},
		{"v=DMARC1; p none", 10, "p=none", false, ""},
		{"v=DMARC1; p:none", 10, "p=none", false, ""},
		{"v=DMARC1; p=none; rua=", 18, "no value", false, ""},
		{"v=DMARC1; p=none; =x", 18, "letters", false, ""},
		{"v=DMARC1; p=none; x-y=1", 18, "letters", false, ""},
		{"v=DMARC1; p=none rua=mailto:a@x.example", 17, "semicolon is missing before rua", false, "v=DMARC1; p=none; rua=mailto:a@x.example"},
		{"v=DMARC1; p=none, sp=none", 18, "semicolon is missing before sp", false, "v=DMARC1; p=none; sp=none"},
		{"v=DMARC1; p=\u201cnone\u201d", 12, "byte 0xe2", false, ""},
		{"v=DMARC1; p=none; rua=mailto:a@x.example; mailto:b@y.example", 42, "commas", false,
			"v=DMARC1; p=none; rua=mailto:a@x.example,mailto:b@y.example"},
		{"v=DMARC1; p=none; rua=mailto:a@x.example; mailto:b@y.example?subject=x", 42, "commas", false,
			"v=DMARC1; p=none; rua=mailto:a@x.example,mailto:b@y.example?subject=x"},
	}
	for _, test := range tests {
		r := mustParse(t, test.text)
		if len(r.Problems) != 1 {
			t.Errorf("%q: %d problems: %+v", test.text, len(r.Problems), r.Problems)
			continue
		}
		p := r.Problems[0]
		if p.Offset != test.offset || !strings.Contains(p.Reason+" "+p.Hint, test.reason) || p.Harmless != test.harmless {
			t.Errorf("%q: %+v", test.text, p)
		}
		if got := clean(test.text, false).String(); test.mended != "" && got != test.mended {
			t.Errorf("%q is mended to %q", test.text, got)
		}
	}
	for _, sound := range []string{"v=DMARC1; p=none ", "v=DMARC1;p=none;", "v=DMARC1; p=none ; ", "v=DMARC1\t;\tp = none"} {
		if r := mustParse(t, sound); len(r.Problems) > 0 || r.P != None {
			t.Errorf("%q: p=%s, %+v", sound, r.P, r.Problems)
		}
	}
}

// TestEffective follows RFC 9989, 4.10.1.
func TestEffective(t *testing.T) {
	tests := []struct{ record, want string }{
		{"p=reject", "reject reject reject true"},
		{"p=reject; sp=quarantine", "reject quarantine quarantine true"},
		{"p=reject; np=none", "reject reject none true"},
		{"p=none; sp=quarantine; np=reject", "none quarantine reject true"},
		{"p=REJECT", "reject reject reject true"},
		{"rua=mailto:a@x.example", "none none none true"},
		{"rua=https://x.example/report", "none none none true"},
		{"rua=a@x.example", "   false"},
		{"sp=reject", "   false"},
		{"p=rejct", "   false"},
		{"p=rejct; rua=mailto:a@x.example", "none none none true"},
		{"p=reject; sp=rejct", "   false"},
		{"p=reject; sp=rejct; rua=mailto:a@x.example", "none none none true"},
		{"p=reject; np=rejct; rua=mailto:a@x.example", "none none none true"},
		{"p=reject; p=none", "reject reject reject true"},
		{"p=reject rua=mailto:a@x.example", "   false"},
		{"", "   false"},
	}
	for _, test := range tests {
		p, sp, np, usable := mustParse(t, "v=DMARC1; "+test.record).Effective()
		if got := fmt.Sprint(p, " ", sp, " ", np, " ", usable); got != test.want {
			t.Errorf("%s: got %s, want %s", test.record, got, test.want)
		}
	}
}

func TestURIs(t *testing.T) {
	tests := []struct {
		value string
		want  string // per URI: host, or the error's beginning in brackets
		hint  string // of the first that has one
	}{
		{"mailto:a@x.example", "x.example", ""},
		{"MAILTO:A@X.Example", "x.example", ""},
		{"mailto:a%2Cb@x.example", "x.example", ""},
		{"mailto:a@x.example?subject=x", "x.example", ""},
		{"mailto:a@x.example , mailto:b@y.example", "x.example y.example", ""},
		{"mailto:a@x.example!50", "x.example", ""},
		{"https://r.example/dmarc", "r.example", ""},
		{"a@x.example", "(it is no URI: mailto: is missing)", "mailto:a@x.example"},
		{"mailto://a@x.example", "(an address follows mailto: without slashes)", "mailto:a@x.example"},
		{"malto:a@x.example", "", "mailto:a@x.example"},
		{"mailto:a,b@x.example", "(the address has no @) (it follows a comma that was probably part of an address: write it as %2C)", "mailto:a%2Cb@x.example"},
		{"mailto:a!b@x.example", "(an exclamation mark must be written %21)", "mailto:a%21b@x.example"},
		{"mailto:a@x.example!10mb", "(what follows the exclamation mark is no limit on the size of reports)", "mailto:a@x.example"},
		{"mailto:a@x.example!", "(what follows the exclamation mark is no limit on the size of reports)", "mailto:a@x.example"},
		{"mailto:a@x.example,", "x.example (an empty address)", ""},
		{"mailto:a b@x.example", "(the character \" \" cannot stand in a URI)", ""},
		{"mailto:<a@x.example>", "(the character \"<\" cannot stand in a URI)", ""},
		{"mailto:@x.example", "(the address has nothing before its @)", ""},
		{"mailto:a@", "(the address has nothing after its @)", ""},
		{"mailto:a@x..example", "(the domain has an empty or over-long label)", ""},
		{"mailto:a@[192.0.2.1]", "(an IP address cannot authorise reports: a domain is needed)", ""},
		{"mailto:a@192.0.2.1", "(the domain ends in a number, as an IP address does and no domain)", ""},
		{"mailto:a%40acme.example", "(the @ of an address is written as it is, not as %40 (RFC 6068, 2))", "mailto:a@acme.example"},
		{"mailto:a%zz@x.example", "(a percent sign is not followed by two hexadecimal digits)", ""},
		{"mailto:a@b@x.example", "(the address has more than one @)", ""},
		{"https:", "(it is no valid URI)", ""},
		{"reports", "(it is no URI: there is no scheme such as mailto:)", ""},
	}
	for _, test := range tests {
		var got []string
		hint := ""
		for _, u := range parseURIs(test.value, 0) {
			if u.Valid() {
				got = append(got, u.Host)
			} else {
				got = append(got, "("+u.Error+")")
			}
			if hint == "" {
				hint = u.Hint
			}
		}
		if strings.Join(got, " ") != test.want || hint != test.hint {
			t.Errorf("%s: got %q, hint %q", test.value, strings.Join(got, " "), hint)
		}
	}
}

func TestFailureOptions(t *testing.T) {
	tests := []struct{ value, options, invalid string }{
		{"1", "1", ""},
		{"0:d:s", "0:d:s", ""},
		{"D:1", "d:1", ""},
		{"0:1", "0:1", "0 and 1 exclude each other"},
		{"d:d", "d", "d is there twice"},
		{"x", "0", `"x" is no option`},
	}
	for _, test := range tests {
		r := mustParse(t, "v=DMARC1; p=none; fo="+test.value)
		tag, _ := r.Tag("fo")
		if strings.Join(r.FO, ":") != test.options || tag.Invalid != test.invalid {
			t.Errorf("fo=%s: %v, %q", test.value, r.FO, tag.Invalid)
		}
	}
}

// TestDraft: what a fix publishes is a sound record that means the same.
func TestDraft(t *testing.T) {
	tests := []struct{ record, want string }{
		{"v=DMARC1;p=none;", "v=DMARC1; p=none"},
		{"v=DMARC1; rua=mailto:a@x.example; p=reject; ri=86400; rf=afrf; pct=100", "v=DMARC1; p=reject; rua=mailto:a@x.example"},
		{"v=DMARC1; p=reject; pct=20; x=y", "v=DMARC1; p=reject; pct=20"},
		{"v=DMARC1; p=quarentine; sp=nonee", "v=DMARC1; p=quarantine; sp=none"},
		{"v=DMARC1; p=reject; p=none", "v=DMARC1; p=reject"},
		{"v=DMARC1; rua=a@x.example", "v=DMARC1; p=none; rua=mailto:a@x.example"},
		{"v=DMARC1; p=none sp=reject rua=mailto:a@x.example!10m", "v=DMARC1; p=none; sp=reject; rua=mailto:a@x.example"},
		{"v=DMARC1; p=none; rua=mailto:a@x.example,https://x.example", "v=DMARC1; p=none; rua=mailto:a@x.example,https://x.example"},
		{"v=DMARC1; p=none; fo=0:1:d; ruf=mailto:f@x.example", "v=DMARC1; p=none; ruf=mailto:f@x.example; fo=1:d"},
		{"v=DMARC1; p=none; fo=1", "v=DMARC1; p=none"},
		{"v=DMARC1; p=\u201creject\u201d", "v=DMARC1; p=reject"},
		{"v=DMARC1; p=none; adkim=S; aspf=R; psd=N; t=Y", "v=DMARC1; p=none; adkim=s; aspf=r; psd=n; t=y"},
	}
	for _, test := range tests {
		got := clean(test.record, false).String()
		if got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.record, got, test.want)
		}
		if r := mustParse(t, got); len(r.Problems) > 0 || r.Broken() || clean(got, false).String() != got {
			t.Errorf("%s is not sound", got)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, seed := range []string{
		"v=DMARC1; p=none; rua=mailto:a@x.example!10m,mailto:b@y.example; fo=0:1",
		"v=DMARC1; p=none rua=a,b@x", "p=reject; v=DMARC1", `"v=DMARC1;`, "v=DMARC1;;=;p", "v=DMARC1; p=a;mailto:@;rua=;mailto:x@y=z",
		"v=DMARC1; rua=mailto:a ruf=, p=\xff; pct=999; RUA=x; rau=mailto:q@z.example; ruaa=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRecord(text)
		if err != nil {
			if not, ok := err.(*NotPolicyError); !ok || not.Reason == "" {
				t.Fatalf("error %v", err)
			}
			Lint([]byte(text))
			return
		}
		if len(r.Tags) > maxTags || len(r.RUA) > maxURIs+1 {
			t.Fatalf("%d tags, %d addresses", len(r.Tags), len(r.RUA))
		}
		for _, tag := range r.Tags {
			if text[tag.ValueOffset:tag.ValueOffset+len(tag.Value)] != tag.Value {
				t.Fatalf("the offset of %s is wrong", tag.Name)
			}
		}
		for _, p := range r.Problems {
			if p.Offset < 0 || p.Offset > len(text) {
				t.Fatalf("a problem at byte %d of %d", p.Offset, len(text))
			}
		}
		if c := clean(text, false); c.certain() {
			fixed := c.String()
			again, err := ParseRecord(fixed)
			if err != nil || len(again.Problems) > 0 || again.Broken() {
				t.Fatalf("%q is fixed to %q, which is not sound", text, fixed)
			}
			if second := clean(fixed, false).String(); second != fixed {
				t.Fatalf("%q is fixed to %q, and that to %q", text, fixed, second)
			}
		}
		Lint([]byte(text))
	})
}

func BenchmarkParseRecord(b *testing.B) {
	const text = "v=DMARC1; p=reject; sp=quarantine; rua=mailto:dmarc@acme.example,mailto:acme@reports.example; ruf=mailto:f@acme.example; fo=1; adkim=s"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRecord(text); err != nil {
			b.Fatal(err)
		}
	}
}
