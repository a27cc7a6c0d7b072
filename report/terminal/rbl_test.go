package terminal

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"mailworthy/rbl"
	"mailworthy/report/view"
)

// TestSurveyAllowLists: an entry in an allow list is no listing, and none is no
// verdict.
func TestSurveyAllowLists(t *testing.T) {
	survey := &rbl.Survey{Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Listings: []rbl.Listing{
		{Subject: "192.0.2.1", Zone: "block.example", Verdict: rbl.Clean},
		{Subject: "192.0.2.1", Zone: "good.example", Verdict: rbl.Listed, Allow: true},
		{Subject: "192.0.2.1", Zone: "fine.example", Verdict: rbl.Clean, Allow: true},
		{Subject: "192.0.2.1", Zone: "lost.example", Verdict: rbl.Unknown, Allow: true, Why: "it timed out"},
	}}
	var b strings.Builder
	if err := WriteDoc(&b, view.SurveyDoc(survey, nil), Options{ASCII: true, Verbose: true}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(b.String()) {
		for _, zone := range []string{"block.example", "good.example", "fine.example", "lost.example"} {
			if _, rest, ok := strings.Cut(line, zone); ok && strings.Contains(line, "192.0.2.1") {
				got[zone] = strings.Join(strings.Fields(rest), " ")
			}
		}
	}
	for zone, want := range map[string]string{"block.example": "clean", "good.example": "vouched for", "fine.example": "no entry", "lost.example": "unknown it timed out"} {
		if got[zone] != want {
			t.Errorf("%s: %q, not %q, in\n%s", zone, got[zone], want, b.String())
		}
	}
}

// TestSurveyAllowListsAlone: if allow lists alone were asked, what they say is what is said.
func TestSurveyAllowListsAlone(t *testing.T) {
	for _, tt := range []struct {
		verdicts []rbl.Verdict
		want     string
	}{
		{[]rbl.Verdict{rbl.Listed}, "+ 192.0.2.1  vouched for by 1 allow list"},
		{[]rbl.Verdict{rbl.Listed, rbl.Blocked}, "+ 192.0.2.1  vouched for by 1 allow list; not known of 1 allow list: 1.example"},
		{[]rbl.Verdict{rbl.Clean}, "192.0.2.1  no entry on 1 allow list"},
		{[]rbl.Verdict{rbl.Blocked}, "? 192.0.2.1  not known of 1 allow list: 0.example"},
	} {
		survey := &rbl.Survey{}
		for i, v := range tt.verdicts {
			survey.Listings = append(survey.Listings, rbl.Listing{Subject: "192.0.2.1", Zone: fmt.Sprint(i, ".example"), Verdict: v, Allow: true})
		}
		var b strings.Builder
		if err := WriteDoc(&b, view.SurveyDoc(survey, nil), Options{ASCII: true}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), strings.Join(strings.Fields(tt.want), " ")) {
			t.Errorf("%v:\n%s", tt.verdicts, b.String())
		}
	}
}
