package policy

import (
	"context"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// failing answers a name with an error that another try may remove.
type failing struct {
	resolver.Resolver
	name string
}

func (f failing) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if name == f.name {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Timeout}
	}
	return f.Resolver.Lookup(ctx, name, t)
}

// TestFlattenOffline: what no zone holds stays a name, under its sign and in its place
// among the signs, and nothing is said of what it holds.
func TestFlattenOffline(t *testing.T) {
	offline := dnstest.Zone(t, `
		$TTL 3600
		$ORIGIN example.
		@         SOA ns.example. admin.example. 1 7200 900 604800 300
		acme      MX 10 mx.acme
		acme      MX 20 mx.elsewhere.test.
		mx.acme   A 198.51.100.3
		out.acme  A 198.51.100.8
		acme      TXT "v=spf1 mx a:out.acme.example include:_spf.acme.example ~all"
		_spf.acme TXT "v=spf1 ip4:203.0.113.5 ~all"
		include   TXT "v=spf1 a:out.acme.example include:spf.elsewhere.test ~all"
		host      TXT "v=spf1 a:out.acme.example a:h.elsewhere.test/24 ~all"
		to        TXT "v=spf1 a:out.acme.example redirect=spf.elsewhere.test"
		minus     TXT "v=spf1 -a:h.elsewhere.test a:out.acme.example -all"
		between   TXT "v=spf1 a:out.acme.example ?include:spf.elsewhere.test a:mx.acme.example -all"
		nested    TXT "v=spf1 a:out.acme.example include:acme.example -all"
		below     TXT "v=spf1 a:out.acme.example redirect=host.example"
		all       TXT "v=spf1 include:spf.elsewhere.test a:h.elsewhere.test -all"
	`)
	for _, c := range []struct{ domain, record, kept string }{
		{"acme", "v=spf1 ip4:198.51.100.8 ip4:203.0.113.5 mx ~all", "mx: offline: the addresses of mx.elsewhere.test were not asked"},
		{"include", "v=spf1 ip4:198.51.100.8 include:spf.elsewhere.test ~all", "include:spf.elsewhere.test: offline: spf.elsewhere.test was not asked"},
		{"host", "v=spf1 ip4:198.51.100.8 a:h.elsewhere.test/24 ~all", "a:h.elsewhere.test/24: offline: h.elsewhere.test was not asked"},
		{"to", "v=spf1 ip4:198.51.100.8 redirect=spf.elsewhere.test", "redirect=spf.elsewhere.test: offline: spf.elsewhere.test was not asked"},
		{"minus", "v=spf1 -a:h.elsewhere.test ip4:198.51.100.8 -all", "-a:h.elsewhere.test: offline: h.elsewhere.test was not asked"},
		{"between", "v=spf1 ip4:198.51.100.8 ?include:spf.elsewhere.test ip4:198.51.100.3 -all", "?include:spf.elsewhere.test: offline: spf.elsewhere.test was not asked"},
		{"nested", "v=spf1 ip4:198.51.100.8 ip4:203.0.113.5 mx:acme.example -all", "mx: offline: the addresses of mx.elsewhere.test were not asked"},
		{"below", "v=spf1 ip4:198.51.100.8 a:h.elsewhere.test/24 ~all", "a:h.elsewhere.test/24: offline: h.elsewhere.test was not asked"},
	} {
		f, err := Flatten(context.Background(), offline, c.domain+".example", time.Time{})
		if err != nil || len(f.Records) != 1 || f.Records[0].Value != c.record || f.ExactAfter || f.Unresolved {
			t.Errorf("%s: %+v, %v", c.domain, f, err)
			continue
		}
		if len(f.Kept) != 1 || f.Kept[0].Term+": "+f.Kept[0].Why != c.kept {
			t.Errorf("%s: kept %+v", c.domain, f.Kept)
		}
	}
	if f, _ := Flatten(context.Background(), offline, "all.example", time.Time{}); len(f.Records) > 0 || !f.Unresolved || !strings.HasPrefix(f.Withheld, unsaid) {
		t.Errorf("a record with nothing to flatten: %+v", f)
	}
	// What the DNS failed to answer is no such thing: another try may.
	if f, _ := Flatten(context.Background(), failing{offline, "out.acme.example"}, "include.example", time.Time{}); !f.Unresolved {
		t.Errorf("a timeout: %+v", f)
	}
}
