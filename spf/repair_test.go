package spf

import "testing"

func TestRepair(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"v=spf1 inlude:_spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 inculde:_spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 ip4=192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"},
		{"v=spf1 include=_spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1: include:_spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1; mx -all", "v=spf1 mx -all"},
		{"v = spf1 mx -all", "v=spf1 mx -all"},
		{" v=spf1 mx -all", "v=spf1 mx -all"},
		{"spf1 mx -all", "v=spf1 mx -all"},
		{"v=spf1-all", "v=spf1 -all"},
		{`"v=spf1 mx -all"`, "v=spf1 mx -all"},
		{"v=spf1 include: _spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 ip4 : 192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"},
		{"v=spf1 mx - all", "v=spf1 mx -all"},
		{"v=spf1 mx \u2013all", "v=spf1 mx -all"},
		{"v=spf1 mx --all", "v=spf1 mx -all"},
		{"v=spf1 mx -all.", "v=spf1 mx -all"},
		{"v=spf1 mx -all;", "v=spf1 mx -all"},
		{"v=spf1 mx -al", "v=spf1 mx -all"},
		{"v=spf1 ip4:192.0.2.1include:_spf.esp.example -all", "v=spf1 ip4:192.0.2.1 include:_spf.esp.example -all"},
		{"v=spf1 include:a.exampleinclude:b.example -all", "v=spf1 include:a.example include:b.example -all"},
		{"v=spf1 include:a.exampleip4:192.0.2.1 ~all", "v=spf1 include:a.example ip4:192.0.2.1 ~all"},
		{"v=spf1 include:a.example-all", "v=spf1 include:a.example -all"}, // no top-level domain ends in -all
		{"v=spf1 ip4:192.0.2.1-all", "v=spf1 ip4:192.0.2.1 -all"},
		{"v=spf1 ip4:192.0.2.1,192.0.2.9 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.9 -all"},
		{"v=spf1 include:a.example,b.example -all", "v=spf1 include:a.example include:b.example -all"},
		{"v=spf1 mx, a, -all", "v=spf1 mx a -all"},
		{"v=spf1 ip4:2001:db8::1 -all", "v=spf1 ip6:2001:db8::1 -all"},
		{"v=spf1 ip6:192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.0/24 -all"},
		{"v=spf1 ipv4:192.0.2.1 ipv6:2001:db8::1 -all", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"},
		{"v=spf1 ip:2001:db8::1 -all", "v=spf1 ip6:2001:db8::1 -all"},
		{"v=spf1 192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.0/24 -all"},
		{"v=spf1 ip4:192.0.2.0/255.255.255.0 -all", "v=spf1 ip4:192.0.2.0/24 -all"},
		{"v=spf1 ip4:192.0.2.* -all", "v=spf1 ip4:192.0.2.0/24 -all"},
		{"v=spf1 ip4:192.0.2.8-192.0.2.15 -all", "v=spf1 ip4:192.0.2.8/29 -all"},
		{"v=spf1 ip4:192.0.2.8-15 -all", "v=spf1 ip4:192.0.2.8/29 -all"},
		{"v=spf1 ip4:192.000.002.001 -all", "v=spf1 ip4:192.0.2.1 -all"},
		{"v=spf1 ip4:192.0.2.1:25 -all", "v=spf1 ip4:192.0.2.1 -all"},
		{"v=spf1 ip4:mail.acme.example -all", "v=spf1 a:mail.acme.example -all"},
		{"v=spf1 a:192.0.2.1 mx:192.0.2.2 include:192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.0/24 -all"},
		{"v=spf1 mail.acme.example -all", "v=spf1 a:mail.acme.example -all"},
		{"v=spf1 _spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 include:https://esp.example/spf -all", "v=spf1 include:esp.example -all"},
		{"v=spf1 include:info@esp.example -all", "v=spf1 include:esp.example -all"},
		{"v=spf1 redirect:_spf.acme.example", "v=spf1 redirect=_spf.acme.example"},
		{"v=spf1 redirect=a.example redirect=b.example", "v=spf1 redirect=a.example"},
		{"v=spf1 a: mx: -all", "v=spf1 a mx -all"},
		{"v=spf1 exists:%(i).acme.example -all", "v=spf1 exists:%{i}.acme.example -all"},
		{"v=spf1 include:m\u00fcller.example -all", "v=spf1 include:xn--mller-kva.example -all"},
		{"v=spf1 !!! mx -all", "v=spf1 mx -all"},
		{"v=spf1 mx v=spf1 a -all", "v=spf1 mx a -all"},
		{"v=spf1 mx -all", "v=spf1 mx -all"},
	} {
		r := repair(c.in)
		got, changes := r.text, r.changes
		if got != c.want {
			t.Errorf("%q\n  got  %q\n  want %q\n  %v", c.in, got, c.want, changes)
		}
		if _, l := parse(got, nil); !isRecord(got) || l.wrongAt >= 0 {
			t.Errorf("%q: the repaired record %q is invalid: %s", c.in, got, l.wrong)
		}
		if c.in != c.want && len(changes) == 0 {
			t.Errorf("%q: no change is stated", c.in)
		}
	}
}
