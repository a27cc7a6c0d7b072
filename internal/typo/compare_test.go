package typo

import (
	"slices"
	"testing"

	"mailworthy/finding"
	"mailworthy/report"
)

// kindsOf are the kinds of what was found to be harm.
func kindsOf(harms []Harm) (kinds []string) {
	for _, h := range harms {
		kinds = append(kinds, h.Kind)
	}
	return kinds
}

// TestJudgesKeys: a key that is another one is harm, but where nothing shows it: of the blanks in
// the place of "+" one may have stood for something else.
func TestJudgesKeys(t *testing.T) {
	const name, meant = "s1._domainkey." + Domain, "AB+CD+EF7G"
	for _, tt := range []struct {
		published, is string
		want          []string
	}{
		{"v=DKIM1; p=AB CD EF7G", meant, nil},
		{"v=DKIM1; p=AB CD EF G", "AB+CD+EF+G", nil},
		{"v=DKIM1; p=AB CD EF G", "AB+CD+EFXG", []string{"lost-key"}},
		{"v=DKIM1; p=AB+CD+EF G", "AB+CD+EF+G", []string{"lost-key"}},
		{"v=DKIM1; p=AB CD E  G", "AB+CD+E++G", []string{"lost-key"}},
		{"v=DKIM1; p=AB+CD+EF7", "", nil},
	} {
		x := &inspection{Case: &Case{Records: []finding.Record{{Name: name, Type: "TXT", Value: tt.published}}},
			meant: facts{keys: map[string]string{name: meant}}}
		c := &comparison{inspection: x, before: &report.Report{}, after: &report.Report{}, now: facts{keys: map[string]string{name: tt.is}}}
		c.keysAndHosts()
		if got := kindsOf(x.harms); !slices.Equal(got, tt.want) {
			t.Errorf("%q and then %q: %v, want %v", tt.published, tt.is, got, tt.want)
		}
	}
	x := &inspection{Case: &Case{}, meant: facts{mx: []string{"mx1", "mx2"}, keys: map[string]string{name: meant}}, published: facts{mx: []string{"mx1"}, keys: map[string]string{name: meant}}}
	c := &comparison{inspection: x, before: &report.Report{}, after: &report.Report{}, as: "plan"}
	if c.keysAndHosts(); !slices.Equal(kindsOf(x.harms), []string{"plan", "plan"}) {
		t.Errorf("a key and an MX that were there: %v", x.harms)
	}
}

// TestShows: a mailbox is read where letters of the scheme stand before it, and not behind one letter that
// may be its own.
func TestShows(t *testing.T) {
	for text, want := range map[string]bool{
		"rua=mailto:john@acme.example": true, "rua=mailtojohn@acme.example": true, "john@acme.example": true, "rua=mai,ttojohn@acme.example": true,
		"rua=mailt:ijohn@acme.example": false, "rua=mailto:jon@acme.example": false, "rua=mailt:ijohn@acme.example,john@acme.example": true,
	} {
		if shows(text, "john@acme.example") != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

// TestJudgesNames: what a fix has and no record is invented, and what an editor or a second slip made of
// a name is not.
func TestJudgesNames(t *testing.T) {
	for _, tt := range []struct {
		published, fix string
		want           []string
	}{
		{"v=DMARC1; p=reject; rua=mailto:office,@acme.example", "v=DMARC1; p=reject; rua=mailto:office@acme.example", nil},
		{"v=DMARC1; p=reject; rua=mailto;offfice@@acme.example", "v=DMARC1; p=reject; rua=mailto:offfice@acme.example", nil},
		{"v=DMARC1; p=reject; rua=mailto:office@,aame.example", "v=DMARC1; p=reject; rua=mailto:office@aame.example", nil},
		{"v=DMARC1; p=reject; rua=mailto:office(at)esp.test", "v=DMARC1; p=reject; rua=mailto:office@esp.test", nil},
		{"v=DMARC1; p=reject; rua=mailto:office@esp.test", "v=DMARC1; p=reject; rua=mailto:offices@esp.test", []string{"invented"}},
		{"v=spf1 include:mail–host.test -all", "v=spf1 include:mail-host.test -all", nil},
		{"v=spf1 ip6:2001:db8:0::1 -all", "v=spf1 ip6:2001:db8::1 -all", nil},
		{"v=spf1 ip6=201=db8==1 -all", "v=spf1 ip6:201:db8::1 -all", nil},
		{"v=spf1 ip6:2001:db8::1 -all", "v=spf1 ip6:2001:db8::2 include:other.test -all", []string{"invented", "invented"}},
		{"v=spf1 include:spf.protection.outlook -all", "v=spf1 include:spf.protection.outlook.com <include:of.another.test, if it is yours> -all", nil},
	} {
		r := finding.Record{Name: Domain, Type: "TXT", Value: tt.published}
		x := &inspection{Case: &Case{Records: []finding.Record{r}}}
		x.names(&finding.Finding{Check: "any", Fix: &finding.Fix{Name: Domain, Type: "TXT", Value: tt.fix}})
		if got := kindsOf(x.harms); !slices.Equal(got, tt.want) {
			t.Errorf("%q and then %q: %v, want %v", tt.published, tt.fix, x.harms, tt.want)
		}
	}
}
