package spf_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailworthy/internal/spftest"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// TestUnstated: a result that hangs on what nobody stated is unknown, and says what to
// state; one that does not hang on it is exact.
func TestUnstated(t *testing.T) {
	z := spftest.New()
	z.Add("helo.example", resolver.TypeTXT, "v=spf1 ip4:203.0.113.1 exists:%{h}._spf.helo.example -all")
	z.Add("local.example", resolver.TypeTXT, "v=spf1 exists:%{L}._u.local.example -all")
	z.Add("sales._u.local.example", resolver.TypeA, "127.0.0.2")
	z.Add("sender.example", resolver.TypeTXT, "v=spf1 exists:%{s}.sender.example -all")
	z.Add("escaped.example", resolver.TypeTXT, "v=spf1 exists:%%{h}.%-.escaped.example -all")
	z.Add("address.example", resolver.TypeTXT, "v=spf1 exists:%{i}.address.example -all")
	z.Add("to.example", resolver.TypeTXT, "v=spf1 redirect=%{l}.to.example")
	z.Add("two.example", resolver.TypeTXT, "v=spf1 exists:%{h}.two.example exists:%{l}.two.example -all")
	// A match that would exclude, in an include that excludes.
	z.Add("deny.example", resolver.TypeTXT, "v=spf1 -include:bad.example ip4:192.0.2.10 -all")
	z.Add("bad.example", resolver.TypeTXT, "v=spf1 exists:%{l}.bad.example -all")
	// An include that excludes some is no match either way.
	z.Add("either.example", resolver.TypeTXT, "v=spf1 include:some.example ip4:192.0.2.10 -all")
	z.Add("some.example", resolver.TypeTXT, "v=spf1 -exists:%{l}.some.example ~all")
	// In an include that passes it is what keeps it from passing.
	z.Add("kept.example", resolver.TypeTXT, "v=spf1 include:keeps.example -all")
	z.Add("keeps.example", resolver.TypeTXT, "v=spf1 -exists:%{l}.keeps.example ip4:192.0.2.10 -all")
	z.Add("both.example", resolver.TypeTXT, "v=spf1 include:keeps.example ip4:192.0.2.10 -all")
	// A record that may not be there is a permerror.
	z.Add("which.example", resolver.TypeTXT, "v=spf1 include:%{l}.which.example ip4:192.0.2.10 -all")
	z.Add("after.example", resolver.TypeTXT, "v=spf1 ip4:192.0.2.10 include:%{l}.after.example -all")
	// More than two names that may not be there are one, too.
	z.Add("voids.example", resolver.TypeTXT, "v=spf1 exists:a.voids.example exists:b.voids.example exists:%{h}.voids.example ip4:192.0.2.10 -all")
	z.Add("late.example", resolver.TypeTXT, "v=spf1 exists:%{h}.late.example exists:a.late.example exists:b.late.example ip4:192.0.2.10 -all")
	z.Add("few.example", resolver.TypeTXT, "v=spf1 exists:a.few.example exists:%{h}.few.example ip4:192.0.2.10 -all")
	// The same result whatever the term gives.
	z.Add("same.example", resolver.TypeTXT, "v=spf1 -exists:%{l}.same.example -all")
	z.Add("soft.example", resolver.TypeTXT, "v=spf1 -exists:%{l}.soft.example ~all")
	z.Add("led.example", resolver.TypeTXT, "v=spf1 redirect=same.example")
	z.Add("error.example", resolver.TypeTXT, "v=spf1 exists:%{l}.error.example include:nowhere.example -all")
	both := spf.Assumed{HELO: true, LocalPart: true}
	for _, c := range []struct {
		domain, ip string
		assumed    spf.Assumed
		want       spf.Result
		letters    []string
	}{
		{"helo.example", "192.0.2.10", both, spf.Unknown, []string{"h"}},
		{"helo.example", "203.0.113.1", both, spf.Pass, nil},
		{"helo.example", "192.0.2.10", spf.Assumed{LocalPart: true}, spf.Fail, nil},
		{"local.example", "192.0.2.10", both, spf.Unknown, []string{"l"}},
		{"local.example", "192.0.2.10", spf.Assumed{HELO: true}, spf.Pass, nil},
		{"sender.example", "192.0.2.10", both, spf.Unknown, []string{"s"}},
		{"escaped.example", "192.0.2.10", both, spf.Fail, nil},
		{"address.example", "192.0.2.10", both, spf.Fail, nil},
		{"to.example", "192.0.2.10", both, spf.Unknown, []string{"l"}},
		{"deny.example", "192.0.2.10", both, spf.Unknown, []string{"l"}},
		{"deny.example", "192.0.2.10", spf.Assumed{HELO: true}, spf.Pass, nil},
		{"deny.example", "192.0.2.99", both, spf.Fail, nil},
		{"either.example", "192.0.2.10", both, spf.Pass, nil},
		{"either.example", "192.0.2.99", both, spf.Fail, nil},
		{"kept.example", "192.0.2.10", both, spf.Unknown, []string{"l"}},
		{"kept.example", "192.0.2.99", both, spf.Fail, nil},
		{"both.example", "192.0.2.10", both, spf.Pass, nil},
		{"which.example", "192.0.2.10", both, spf.Unknown, []string{"l"}},
		{"after.example", "192.0.2.10", both, spf.Pass, nil},
		{"voids.example", "192.0.2.10", both, spf.Unknown, []string{"h"}},
		{"late.example", "192.0.2.10", both, spf.Unknown, []string{"h"}},
		{"few.example", "192.0.2.10", both, spf.Pass, nil},
		{"same.example", "192.0.2.10", both, spf.Fail, nil},
		{"soft.example", "192.0.2.10", both, spf.Unknown, []string{"l"}},
		{"led.example", "192.0.2.10", both, spf.Fail, nil},
		{"error.example", "192.0.2.10", both, spf.Unknown, []string{"l"}},
		{"two.example", "192.0.2.10", both, spf.Unknown, []string{"h", "l"}},
	} {
		e := spf.CheckHost(t.Context(), z, spf.Client{IP: netip.MustParseAddr(c.ip), HELO: "mx.example", MailFrom: "sales@" + c.domain, Assumed: c.assumed})
		if e.Result != c.want || !slices.Equal(e.Unstated, c.letters) {
			t.Errorf("%s from %s: %s (%s), unstated %v; want %s, %v", c.domain, c.ip, e.Result, e.Error, e.Unstated, c.want, c.letters)
		}
		for _, l := range c.letters {
			flag := map[string]string{"h": "--helo", "l": "--mail-from", "s": "--mail-from"}[l]
			if !strings.Contains(e.Error, "%{"+l+"}") || !strings.Contains(e.Error, flag) {
				t.Errorf("%s: %q does not say what to state for %%{%s}", c.domain, e.Error, l)
			}
		}
	}
}

// TestUnstatedExplanation: an explanation that speaks of what nobody stated is shown as it
// is written, not filled in with guesses.
func TestUnstatedExplanation(t *testing.T) {
	z := spftest.New()
	z.Add("said.example", resolver.TypeTXT, "v=spf1 -all exp=why.said.example")
	z.Add("why.said.example", resolver.TypeTXT, "%{i} is no server of %{o}")
	z.Add("who.example", resolver.TypeTXT, "v=spf1 -all exp=why.who.example")
	z.Add("why.who.example", resolver.TypeTXT, "%{i}, which calls itself %{h}, may not send for %{s}")
	z.Add("led.example", resolver.TypeTXT, "v=spf1 -all exp=%{l}.led.example")
	z.Add("sales.led.example", resolver.TypeTXT, "no")
	for _, c := range []struct {
		domain  string
		assumed spf.Assumed
		want    string
	}{
		{"said.example", spf.Assumed{HELO: true, LocalPart: true}, "192.0.2.10 is no server of said.example"},
		{"who.example", spf.Assumed{HELO: true, LocalPart: true}, "%{i}, which calls itself %{h}, may not send for %{s}"},
		{"who.example", spf.Assumed{}, "192.0.2.10, which calls itself mx.example, may not send for sales@who.example"},
		{"led.example", spf.Assumed{LocalPart: true}, ""},
		{"led.example", spf.Assumed{HELO: true}, "no"},
	} {
		e := spf.CheckHost(t.Context(), z, spf.Client{IP: netip.MustParseAddr("192.0.2.10"), HELO: "mx.example", MailFrom: "sales@" + c.domain, Assumed: c.assumed})
		if e.Result != spf.Fail || e.Explanation != c.want {
			t.Errorf("%s, %+v: %s, %q; want %q", c.domain, c.assumed, e.Result, e.Explanation, c.want)
		}
	}
}
