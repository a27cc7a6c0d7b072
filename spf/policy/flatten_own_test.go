package policy

import (
	"context"
	"strings"
	"testing"

	"mailworthy/finding"
	"mailworthy/internal/dnstest"
)

// TestTooManyLookupsFix: what is proposed against too many lookups has no copy of what
// somebody else publishes: it would grow stale, and lose their senders.
func TestTooManyLookupsFix(t *testing.T) {
	const services = "include:s1.example include:s2.example include:s3.example include:s4.example " // two lookups each
	for _, c := range []struct {
		in    string // records of acme.example; the first is at the apex
		fix   string // the record proposed; empty is advice alone
		says  string
		never string
	}{
		// The domain's own hosts by their addresses, no more of them than must be.
		{in: "v=spf1 a mx a:mail.acme.example " + services + "-all", fix: "v=spf1 ip4:192.0.2.25 a mx " + strings.TrimSpace(services) + " -all",
			says: "addresses of your own hosts in place of a:mail.acme.example: change it with them"},
		{in: "v=spf1 a mx a:out.acme.example mx:acme.example " + services + "~all", fix: "v=spf1 ip4:192.0.2.10 a a:out.acme.example " + strings.TrimSpace(services) + " ~all"},
		{in: "v=spf1 mx/28 a//64 a:mail.acme.example " + services + "-all", fix: "v=spf1 ip4:192.0.2.25 mx/28 a//64 " + strings.TrimSpace(services) + " -all"},
		// What its own includes hold, with the names of others in them.
		{in: "v=spf1 mx include:_spf.acme.example a:mail.acme.example " + services + "-all\n_spf v=spf1 ip4:192.0.2.99 -all",
			fix: "v=spf1 ip4:192.0.2.99 mx a:mail.acme.example " + strings.TrimSpace(services) + " -all", never: "addresses of your own hosts"},
		{in: "v=spf1 mx include:_spf.acme.example -all\n_spf v=spf1 ip4:192.0.2.99 a:mail.acme.example " + services + "-all",
			fix: "v=spf1 ip4:192.0.2.99 mx a:mail.acme.example " + strings.TrimSpace(services) + " -all"},
		{in: "v=spf1 mx include:_a.acme.example include:_b.acme.example " + services + "-all\n_a v=spf1 include:_b.acme.example ip4:192.0.2.98 -all\n_b v=spf1 ip4:192.0.2.99 -all",
			fix: "v=spf1 ip4:192.0.2.98 mx include:_b.acme.example " + strings.TrimSpace(services) + " -all"},
		{in: "v=spf1 a mx redirect=_spf.acme.example\n_spf v=spf1 a:mail.acme.example " + services + "-all", fix: "v=spf1 ip4:192.0.2.25 a mx " + strings.TrimSpace(services) + " -all"},
		// What stands twice, lies within another of its owner, or authorises nobody.
		{in: "v=spf1 mx a:mail.acme.example include:i1.s1.example " + services + "-all", fix: "v=spf1 mx a:mail.acme.example " + strings.TrimSpace(services) + " -all", says: "needs 10 lookups in place of 11"},
		{in: "v=spf1 mx a:mail.acme.example include:idle.example " + services + "-all", fix: "v=spf1 mx a:mail.acme.example " + strings.TrimSpace(services) + " -all", says: "authorises nobody"},
		{in: "v=spf1 mx a:mail.acme.example include:_spf.acme.example " + services + "-all\n_spf v=spf1 include:s1.example -all",
			fix: "v=spf1 mx a:mail.acme.example " + strings.TrimSpace(services) + " -all"},
		{in: "v=spf1 mx a:mail.acme.example include:_spf.acme.example include:s1.example include:s2.example include:s3.example include:x.example -all\n_spf v=spf1 include:i1.s1.example include:s4.example -all",
			fix: "v=spf1 ip4:192.0.2.25 mx include:s4.example include:s1.example include:s2.example include:s3.example include:x.example -all", says: "has it within"},
		// That of somebody else may cease to hold it.
		{in: "v=spf1 include:vendor.example include:s4.example include:s1.example include:s2.example include:s3.example -all", says: "include:vendor.example (3)"},
		{in: "v=spf1 include:s4.example include:vendor.example include:s1.example include:s2.example include:s3.example -all", says: "include:vendor.example (3)"},
		// What is others' stays theirs.
		{in: "v=spf1 " + services + "include:s5.example include:s6.example -all", says: "include:s1.example (2)"},
		{in: "v=spf1 a:h1.s1.example mx:s1.example a:h2.s1.example " + services + "-all"},
		{in: "v=spf1 a:away.acme.example mx:far.acme.example a:h1.s1.example " + services + "-all"},
		{in: "v=spf1 mx:s1.example include:spf.acme.example a:h1.s1.example " + services + "-all"},
		{in: "v=spf1 include:quick.acme.example mx:s1.example include:other.example " + services + "-all\nquick v=spf1 exists:%{i}.q.acme.example -all"},
		// What is mistyped, or finds nothing and may be mistyped, is not known to be of no use.
		{in: "v=spf1 redirect=_spf.acme.example\n_spf v=spf1 a:acme.example mx:acme.example a:mail.acme.example " + services + "/all"},
		{in: "v=spf1 a mx include:_spf.acme.example " + services + "-all\n_spf v=spf1 a:mial.acme.example -all"},
	} {
		var records []string
		for line := range strings.SplitSeq("@ "+c.in, "\n") {
			name, text, _ := strings.Cut(line, " ")
			records = append(records, name+" TXT \""+text+"\"")
		}
		zone := "$TTL 3600\n$ORIGIN example.\n@ SOA ns.example. admin.example. 1 7200 900 604800 300\n" +
			"idle TXT \"v=spf1 -all\"\nvendor TXT \"v=spf1 ip4:203.0.113.99 include:s4.example -all\"\nx TXT \"v=spf1 ip4:203.0.113.100 -all\"\nother TXT \"v=spf1 ip4:203.0.113.101 -all\"\n"
		for _, s := range []string{"1", "2", "3", "4", "5", "6"} {
			zone += "s" + s + " TXT \"v=spf1 include:i1.s" + s + ".example ~all\"\ni1.s" + s + " TXT \"v=spf1 ip4:203.0.113." + s + "0/29 -all\"\n"
		}
		zone += "h1.s1 A 203.0.113.201\nh2.s1 A 203.0.113.203\ns1 MX 10 h1.s1\n$ORIGIN acme.example.\n@ MX 10 mx1\n@ A 192.0.2.80\nmx1 A 192.0.2.10\nmail A 192.0.2.25\nout A 192.0.2.27\n" +
			"away CNAME h1.s1.example.\nspf CNAME other.example.\nout AAAA 2001:db8::27\nfar MX 10 h1.s1.example.\n"
		r := dnstest.Zone(t, zone+strings.Join(records, "\n")+"\n")
		seen := false
		for _, f := range Check(Examine(context.Background(), r, "acme.example"), Context{MX: "present"}).Findings() {
			if f.Check != "spf-too-many-lookups" || f.Severity == finding.Pass {
				continue
			}
			seen = true
			if f.Fix.Value != c.fix || f.Fix.Complete != (c.fix != "") || !strings.Contains(f.Fix.Summary, c.says) || c.never != "" && strings.Contains(f.Fix.Summary, c.never) {
				t.Errorf("%q becomes %q, not %q: %s", c.in, f.Fix.Value, c.fix, f.Fix.Summary)
			}
		}
		if !seen {
			t.Errorf("%q: %d lookups", c.in, Examine(context.Background(), r, "acme.example").Lookups)
		}
	}
}
