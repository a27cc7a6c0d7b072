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
