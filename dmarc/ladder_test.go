package dmarc

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailworthy/finding"
)

// inForce are the policies that receivers apply by RFC 9989, in the order p, sp, np.
func inForce(r *Record) [3]Policy {
	p, sp, np, _ := r.Effective()
	out := [3]Policy{p, sp, np}
	if r.Testing {
		for i := range out {
			out[i] = out[i].Lowered()
		}
	}
	return out
}

// enforcesMore reports that a record asks more of receivers than another one, by RFC 9989
// or by RFC 7489.
func enforcesMore(was, is string) bool {
	a, _ := ParseRecord(was)
	b, err := ParseRecord(is)
	if err != nil {
		return false
	}
	before, after := inForce(a), inForce(b)
	for i := range before {
		if after[i].rank() > before[i].rank() {
			return true
		}
	}
	return a.Percent != nil && b.Percent == nil
}

// TestLadder: no step of the ladder weakens what is in force for the domain or what is
// below it, and none loses an address, for every combination of policies and tests.
func TestLadder(t *testing.T) {
	values := func(tag string) []string {
		return []string{"", tag + "=none; ", tag + "=quarantine; ", tag + "=reject; "}
	}
	steps := 0
	for _, p := range values("p")[1:] {
		for _, sp := range values("sp") {
			for _, np := range values("np") {
				for _, more := range []string{"", "t=y; ", "t=n; ", "pct=50; ", "adkim=s; "} {
					text := "v=DMARC1; " + p + sp + np + more + "rua=mailto:d@acme.example"
					for _, profile := range []finding.Profile{finding.Sender, finding.Parked} {
						d := discover(t, fmt.Sprintf("_dmarc.acme.example TXT %q\nacme.example MX 10 mx.acme.example", text), "acme.example")
						var fixes []string
						if s := d.Next(Context{Profile: profile}); s != nil {
							fixes = append(fixes, s.Record.Value)
						}
						published := map[string]string{}
						for _, f := range Check(d, Context{Profile: profile}).Findings() {
							if f.Fix == nil || f.Fix.Value == "" {
								continue
							}
							fixes = append(fixes, f.Fix.Value)
							if other := published[f.Fix.Name]; f.Fix.Complete && other != "" && other != f.Fix.Value {
								t.Errorf("%s: %s and %s", text, other, f.Fix.Value)
							}
							published[f.Fix.Name] = f.Fix.Value
						}
						for _, f := range Check(d, Context{Profile: profile}).Findings() {
							if profile == finding.Sender && f.Fix != nil && f.Fix.Complete && f.Fix.Value != "" && enforcesMore(text, f.Fix.Value) {
								t.Errorf("%s: %s is proposed at once", text, f.Fix.Value)
							}
						}
						for _, fixed := range fixes {
							steps++
							was, _ := ParseRecord(text)
							is, err := ParseRecord(fixed)
							if err != nil {
								t.Fatalf("%s: %v", fixed, err)
							}
							before, after := inForce(was), inForce(is)
							for i := range before {
								if after[i].rank() < before[i].rank() {
									t.Errorf("%s (%s): %s becomes %s by %s", text, profile, before, after, fixed)
									break
								}
							}
							if !strings.Contains(fixed, "mailto:d@acme.example") {
								t.Errorf("%s: %s has another address", text, fixed)
							}
						}
					}
				}
			}
		}
	}
	if steps < 500 {
		t.Errorf("%d steps", steps)
	}
}

// TestOneCauseOneFix: what is published at a wrong name, beside another record, or
// with a slip is one finding with one record to publish.
func TestOneCauseOneFix(t *testing.T) {
	const mx = "acme.example MX 10 mx.acme.example\n"
	const good = "v=DMARC1; p=reject; rua=mailto:d@acme.example"
	for _, test := range []struct{ name, zone, want, fix string }{
		{"apex", `acme.example TXT "` + good + `"`, "error dmarc-wrong-name", good},
		{"apex, with a slip", `acme.example TXT "v=DMARC1; p:reject; rua=mailto:d@acme.example"`, "error dmarc-wrong-name", good},
		{"without the underscore", `dmarc.acme.example TXT "` + good + `"`, "error dmarc-wrong-name", good},
		{"doubled", `_dmarc.acme.example.acme.example TXT "` + good + `"`, "error dmarc-wrong-name", good},
		{"_dmarc twice", `_dmarc._dmarc.acme.example TXT "` + good + `"`, "error dmarc-wrong-name", good},
		{"two wrong names", `dmarc.acme.example TXT "` + good + `"` + "\n" + `acme.example TXT "v=DMARC1; p=none"`, "error dmarc-wrong-name error dmarc-wrong-name", ""},
		{"the word alone", `_dmarc.acme.example TXT "reject"`, "critical dmarc-version", "v=DMARC1; p=reject"},
		{"no version", `_dmarc.acme.example TXT "p=reject; rua=mailto:d@acme.example"`, "critical dmarc-version", good},
		{"backslashes", `_dmarc.acme.example TXT "v=DMARC1\\; p=reject\\; rua=mailto:d@acme.example"`, "critical dmarc-version", good},
		{"semicolons missing", `_dmarc.acme.example TXT "v=DMARC1 p=reject rua=mailto:d@acme.example"`, "critical dmarc-version", good},
		{"sp without a value", `_dmarc.acme.example TXT "v=DMARC1; p=reject; sp=; rua=mailto:d@acme.example"`, "critical dmarc-syntax", good},
		{"a misspelt rua", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rau=mailto:d@acme.example"`, "warning dmarc-unknown-tag", good},
		{"a bad rua", `_dmarc.acme.example TXT "v=DMARC1; p=reject; rua=mailto:d@acme.example."`, "error dmarc-report-uri-invalid", good},
		{"three addresses", `_dmarc.acme.example TXT "` + good + `,mailto:e@acme.example,mailto:f@acme.example"`, "notice dmarc-report-addresses-many", ""},
		{"an attempt beside the record", `_dmarc.acme.example TXT "` + good + `"` + "\n" + `_dmarc.acme.example TXT "v=DMARC; p=none; rua=mailto:d@acme.example"`, "warning dmarc-version", ""},
		{"an alias to the apex", "_dmarc.acme.example CNAME acme.example\n" + `acme.example TXT "v=spf1 mx -all"`, "error dmarc-record-missing", "v=DMARC1; p=none; rua=mailto:<mailbox for reports>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got, fixes []string
			for _, f := range Check(discover(t, mx+test.zone, "acme.example"), Context{}).Findings() {
				if f.Severity == finding.Pass {
					continue
				}
				got = append(got, string(f.Severity)+" "+f.Check)
				if f.Fix != nil && f.Fix.Value != "" && !slices.Contains(fixes, f.Fix.Value) {
					fixes = append(fixes, f.Fix.Value)
				}
				if f.Fix != nil && slices.ContainsFunc(f.Fix.Remove, func(r finding.Record) bool { return strings.HasPrefix(r.Value, "v=spf1") }) {
					t.Errorf("the SPF record is removed: %+v", f.Fix)
				}
			}
			if g := strings.Join(got, " "); g != test.want {
				t.Errorf("%s, want %s", g, test.want)
			}
			if len(fixes) > 1 || test.fix != "" && (len(fixes) == 0 || fixes[0] != test.fix) {
				t.Errorf("fixes %q, want %s", fixes, test.fix)
			}
		})
	}
}
