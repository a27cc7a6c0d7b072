package policy

import (
	"mailworthy/spf"
	"testing"
)

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
		{"&quot;v=spf1 mx -all&quot;", "v=spf1 mx -all"},
		{"v=spf1&nbsp;mx&#160;-all", "v=spf1 mx -all"},
		{"v=spf1 include&#58;_spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{`acme.example. 3600 IN TXT "v=spf1 mx -all"`, "v=spf1 mx -all"},
		{`acme.example. 3600 IN TXT ( "v=spf1 ip4:192.0.2.1 " "mx -all" )`, "v=spf1 ip4:192.0.2.1 mx -all"},
		{`@ IN TXT "v=spf1 ip4:192.0" ".2.1 -all"`, "v=spf1 ip4:192.0.2.1 -all"},
		{"TXT v=spf1 mx -all", "v=spf1 mx -all"},
		{"v=spf1 include: _spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 ip4 : 192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"},
		{"v=spf1 mx - all", "v=spf1 mx -all"},
		// A space one place from where it belongs.
		{"v=spf1 a:mail.acme.exampl eip4:192.0.2.32/28 -all", "v=spf1 a:mail.acme.example ip4:192.0.2.32/28 -all"},
		{"v=spf1 a:mail.acme.examplei p4:192.0.2.32/28 -all", "v=spf1 a:mail.acme.example ip4:192.0.2.32/28 -all"},
		{"v=spf1 include:_spf.esp.examplei nclude:_b.esp.example -all", "v=spf1 include:_spf.esp.example include:_b.esp.example -all"},
		{"v=spf1 include:_spf.esp.examplem x -all", "v=spf1 include:_spf.esp.example mx -all"},
		{"v=spf1 include:_spf.esp.example- all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 mxa :mail.acme.example -all", "v=spf1 mx a:mail.acme.example -all"},
		// One character between all terms is none of a name; a comma in that of a service is a dot.
		{"v=spf1 mx;a:mail.acme.example;-all", "v=spf1 mx a:mail.acme.example -all"},
		{"v=spf1 a|mx|include:_spf.esp.example|~all", "v=spf1 a mx include:_spf.esp.example ~all"},
		{"v=spf1 mx|a:h1.acme.example|a:h2.acme.example ~all", "v=spf1 mx a:h1.acme.example a:h2.acme.example ~all"},
		{"v=spf1 inlude:spf.protection,outlook.com -all", "v=spf1 include:spf.protection.outlook.com -all"},
		{"v=spf1 ipv4:192.0.2.1 include:_spf,google,com -all", "v=spf1 ip4:192.0.2.1 include:_spf.google.com -all"},
		// What was never meant for receivers.
		{"v=spf1 mx -all # our mail", "v=spf1 mx -all"},
		{"v=spf1 mx ~all (our own servers)", "v=spf1 mx ~all"},
		{"v=spf1 mx -all // include:_spf.esp.example", "v=spf1 mx -all"},
		{"v=spf1 mx -all (include:_spf.esp.example)", "v=spf1 mx -all include:_spf.esp.example"},
		{"v=spf1 mx -all our mail servers", "v=spf1 mx -all"},
		{"v=spf1 mx all-", "v=spf1 mx -all"},
		{"v=spf1 mx;a;-all", "v=spf1 mx a -all"},
		{"v=spf1 mx \u2026 -all", "v=spf1 mx -all"},
		{"v=spf1 mx ~all~all", "v=spf1 mx ~all"},
		{"v=spf1 mx~all ~all", "v=spf1 mx ~all ~all"},
		{"v=spf1 mx -all,-ALL", "v=spf1 mx -all"},
		{"v=spf1 mx -all:", "v=spf1 mx -all"},
		{"v=spf1 include_:_spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 redirect_:_spf.esp.example", "v=spf1 redirect=_spf.esp.example"},
		{"v=spf1 mx v=DMARC1; -all", "v=spf1 mx -all"},
		{"v=spf1 includes:_spf.esp.example -all", "v=spf1 include:_spf.esp.example -all"},
		{"v=spf1 includes:spf.esp.example -all", "v=spf1 include:spf.esp.example -all"},
		{"v=spf1 exists:%{i} ._spf.acme.example -all", "v=spf1 exists:%{i}._spf.acme.example -all"},
		{"v=spf1 ip4:192.0.2.0 /24 -all", "v=spf1 ip4:192.0.2.0/24 -all"},
		{"v=spf1 ip4:192.0.2. 255 -all", "v=spf1 ip4:192.0.2.255 -all"},
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
		{"v=spf1 ip4:192.0.2.12 /25 -all", "v=spf1 ip4:192.0.2.12/25 -all"},
		{"v=spf1 ip4:192.0.2.25 /32 -all", "v=spf1 ip4:192.0.2.25/32 -all"},
		{"v=spf1 mx ip4:192.0.2.201ip6:2001:db8::/32 -all", "v=spf1 mx ip4:192.0.2.201 ip6:2001:db8::/32 -all"},
		{"v=spf1 ip4:192.0.2.20include:_spf.esp.example -all", "v=spf1 ip4:192.0.2.20 include:_spf.esp.example -all"},
		{"v=spf1 mx ip4:192.0.2.20-all", "v=spf1 mx ip4:192.0.2.20 -all"},
		{"v=spf1 mx ip4:192.0.2.10ip4:192.0.2.11ip4:192.0.2.1-all", "v=spf1 mx ip4:192.0.2.10 ip4:192.0.2.11 ip4:192.0.2.1 -all"},
		{"v=spf1 ip4:192.0.2.0/24include:_spf.esp.example -all", "v=spf1 ip4:192.0.2.0/24 include:_spf.esp.example -all"},
		{"v=spf1 ip6:2001:db8::1include:_spf.esp.example -all", "v=spf1 ip6:2001:db8::1 include:_spf.esp.example -all"},
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
		{"v=spf1 ip4:192.0.2.0-31 ip4:192.0.2.40-47 -all", "v=spf1 ip4:192.0.2.0/27 ip4:192.0.2.40/29 -all"},
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
		{"v=spf1 exists:{l}.acme.example -all", "v=spf1 exists:%{l}.acme.example -all"},
		{"v=spf1 exists:{ir}.{v}._spf.%{d2}.example -all", "v=spf1 exists:%{ir}.%{v}._spf.%{d2}.example -all"},
		{"v=spf1 include:{d2}._spf.esp.example -all", "v=spf1 include:%{d2}._spf.esp.example -all"},
		{"v=spf1 include:m\u00fcller.example -all", "v=spf1 include:xn--mller-kva.example -all"},
		// Letters of other alphabets that look like those of ASCII; a label of one alphabet is a name.
		{"v=spf1 include:_spf.g\u043eogle.com ~all", "v=spf1 include:_spf.google.com ~all"},
		{"v=spf1 include:spf.protection.\u043eutlook.com redirect=_spf.google.c\u043em", "v=spf1 include:spf.protection.outlook.com redirect=_spf.google.com"},
		{"v=\u0455pf1 m\u0445 \u0430 \u0430:mail.acme.example -\u0430ll", "v=spf1 mx a a:mail.acme.example -all"},
		{"v=spf1 in\u0441lude:_spf.esp.example, in\u0441lude:b.example -all", "v=spf1 include:_spf.esp.example include:b.example -all"},
		{"v=spf1 \u0131nclude:_spf.esp.example \u0130P4:192.0.2.1 -all", "v=spf1 include:_spf.esp.example IP4:192.0.2.1 -all"},
		{"v=spf1 ip4:\uff12\uff103\u20240.113.5 -all", "v=spf1 ip4:203.0.113.5 -all"},
		{"v=spf1 include:\u043f\u043e\u0447\u0442\u0430.\u0440\u0444 -all", "v=spf1 include:xn--80a1acny.xn--p1ai -all"},
		{"v=spf1 !!! mx -all", "v=spf1 mx -all"},
		{"v=spf1 mx v=spf1 a -all", "v=spf1 mx a -all"},
		{"v=spf1 mx -all", "v=spf1 mx -all"},
		{"v=spf1 -mx//64 !!! -all", "v=spf1 -mx//64 -all"}, // a sign behind the version and its space is one
		// No digit and no letter can be lost.
		{"v=spf1 ip4:192.168..100.1 ip4:192.0.2.255. ip4:192.0.2.20.. -all", "v=spf1 ip4:192.168.100.1 ip4:192.0.2.255 ip4:192.0.2.20 -all"},
		{"v=spf1 ip4:192.0.2.0/24. ip4:192.0.2.0//24 ip6:2001:db8::/32. -all", "v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"},
		{"v=spf1 ip4:192.0.2.10, ip4:192.0.2.11 -all", "v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 -all"},
		{"v=spf1 ip4:192.0.2.10; exists:%{i}.acme.co; -all", "v=spf1 ip4:192.0.2.10 exists:%{i}.acme.co -all"},
		{"v=spf1 (ip4:192.0.2.2) mx -all", "v=spf1 ip4:192.0.2.2 mx -all"},
		{"v=spf1 a:mail.acme.example/24, -all", "v=spf1 a:mail.acme.example/24 -all"},
		{"v=spf1 exists:%{i}._spf.acme.example\\; -all", "v=spf1 exists:%{i}._spf.acme.example -all"},
		{"v=spf1 exists:%{i}._spf.%{d}\\ -all", "v=spf1 exists:%{i}._spf.%{d} -all"},
		{"v=spf1 mx ip4:192.0.2.10/-all", "v=spf1 mx -all"}, // see TestRepairAsks
	} {
		r := repair(c.in)
		got, changes := r.text, r.changes
		if got != c.want {
			t.Errorf("%q\n  got  %q\n  want %q\n  %v", c.in, got, c.want, changes)
		}
		if _, l := spf.Parse(got); !spf.IsRecord(got) || l.ErrorAt >= 0 {
			t.Errorf("%q: the repaired record %q is invalid: %s", c.in, got, l.Error)
		}
		if c.in != c.want && len(changes) == 0 {
			t.Errorf("%q: no change is stated", c.in)
		}
	}
}

// TestRepairAsks: what has lost its value is asked for, and what stands behind it stays:
// the all, and the sender that a redirect was to name.
func TestRepairAsks(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"v=spf1 ip4:192.0.2.10/-all", "v=spf1 ip4:<the address that ip4:192.0.2.10/ was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.0/ -all", "v=spf1 ip4:<the address that ip4:192.0.2.0/ was meant to be> -all"},
		{"v=spf1 a:-all", "v=spf1 a:<the name that a: was meant to be> -all"},
		{"v=spf1 mx:~all", "v=spf1 mx:<the name that mx: was meant to be> ~all"},
		{"v=spf1 a/-all", "v=spf1 a:<the name that a/ was meant to be> -all"},
		{"v=spf1 include:-all", "v=spf1 include:<the name that include: was meant to be> -all"},
		{"v=spf1 mx include:?ALL", "v=spf1 mx include:<the name that include: was meant to be> ?ALL"},
		{"v=spf1 mx exists:~all", "v=spf1 mx exists:<the name that exists: was meant to be> ~all"},
		{"v=spf1 mx ip4:-all", "v=spf1 mx ip4:<the address that ip4: was meant to be> -all"},
		{"v=spf1 mx a:mail.-all", "v=spf1 mx a:<the name that a:mail. was meant to be> -all"},
		{"v=spf1 redirect=-all", "v=spf1 include:<the name that redirect= was meant to be> -all"},
		{"v=spf1 redirect= -all", "v=spf1 include:<the name that redirect= was meant to be> -all"},
		{"v=spf1 mx redirect=", "v=spf1 mx redirect=<the name that redirect= was meant to be>"},
		// What a space, a dash or a semicolon stands for may be a letter, a digit or a sign.
		{"v=spf1 a:\u2013mx1.acme.example -all", "v=spf1 a:<the name that a:-mx1.acme.example was meant to be> -all"},
		{"v=spf1 include:_spf.\u2013esp.example -all", "v=spf1 include:<the name that include:_spf.-esp.example was meant to be> -all"},
		{"v=spf1 mx:acme\u2013.example -all", "v=spf1 mx:<the name that mx:acme-.example was meant to be> -all"},
		{"v=spf1 mx ip4:198.51.100.64/2; ip4:192.0.2.200 -all", "v=spf1 mx ip4:<the address that ip4:198.51.100.64/2; was meant to be> ip4:192.0.2.200 -all"},
		{"v=spf1 mx ip4:198.51.100.64/2, ip4:192.0.2.200 -all", "v=spf1 mx ip4:<the address that ip4:198.51.100.64/2, was meant to be> ip4:192.0.2.200 -all"},
		{"v=spf1 ip4:192.0.2.20; ip4:198.51.100.64/26 -all", "v=spf1 ip4:<the address that ip4:192.0.2.20; was meant to be> ip4:198.51.100.64/26 -all"},
		{"v=spf1 include:_spf.goog;e.com -all", "v=spf1 include:<the name that include:_spf.goog;e.com was meant to be> -all"},
		{"v=spf1 a:mail.acme.de;b.acme.de -all", "v=spf1 a:<the name that a:mail.acme.de;b.acme.de was meant to be> -all"},
		{"v=spf1 mx a=mail.acme\u2013example -all", "v=spf1 mx a:<the name that a=mail.acme-example was meant to be> -all"},
		{"v=spf1 mx foo=mail.acme\u2013example -all", "v=spf1 mx <the term that foo=mail.acme-example was meant to be> -all"},
		{"v=spf1 mx a:mail.acme\u2013example -all", "v=spf1 mx a:<the name that a:mail.acme-example was meant to be> -all"},
		{"v=spf1 mx -all exp=why.ac\u2013e.example", "v=spf1 mx -all exp=<the name that exp=why.ac-e.example was meant to be>"},
		{"v=spf1 exists:%{i}.\u2013spf.acme.example -all", "v=spf1 exists:<the name that exists:%{i}.-spf.acme.example was meant to be> -all"},
		{"v=spf1 a:mail.acme.example\u00a0all", "v=spf1 a:mail.acme.example <-all or ~all>"},
		{"v=spf1 \u2013include:esp.example mx ~all", "v=spf1 <-include:esp.example or include:esp.example> mx ~all"},
		{"v=spf1 xmexists:%{i}._spf.acme.example -all", "v=spf1 <the term that xmexists:%{i}._spf.acme.example was meant to be> -all"},
		{"v=spf1 xminclude:_spf.esp.example -all", "v=spf1 <the term that xminclude:_spf.esp.example was meant to be> -all"},
		{"v=spf1 mxi4p:192.0.2.20 -all", "v=spf1 <the term that mxi4p:192.0.2.20 was meant to be> -all"},
		{"v=spf1 mxinclud:_spf.esp.example -all", "v=spf1 <the term that mxinclud:_spf.esp.example was meant to be> -all"},
		{"v=spf1 mip4:192.0.2.10 -all", "v=spf1 <the term that mip4:192.0.2.10 was meant to be> -all"},
		{"v=spf1 mxxip6:2001:db8::/32 -all", "v=spf1 <the term that mxxip6:2001:db8::/32 was meant to be> -all"},
		{"v=spf1 ip4::92.0.2.20 -all", "v=spf1 ip4:<the address that ip4::92.0.2.20 was meant to be> -all"},
		{"v=spf1 ip4: 92.0.2.20 -all", "v=spf1 ip4:<the address that ip4:92.0.2.20 was meant to be> -all"},
		{"v=spf1 ip4:.2.0.2.20 -all", "v=spf1 ip4:<the address that ip4:.2.0.2.20 was meant to be> -all"},
		{"v=spf1 mx:acme.example-include:esp.example-all", "v=spf1 <mx:acme.example -include:esp.example -all or mx:acme.example include:esp.example -all>"},
		{"v=spf1 mx:acme.example\u2013a:mail.acme.example -all", "v=spf1 <mx:acme.example -a:mail.acme.example or mx:acme.example a:mail.acme.example> -all"},
		{"v=spf1 exists:%{i}._spf. cme.example -all", "v=spf1 exists:<the name that exists:%{i}._spf. was meant to be> <the term that cme.example was meant to be> -all"},
		{"v=spf1 ip4:1 2.0.2.20 -all", "v=spf1 ip4:<the address that ip4:1 was meant to be> <the term that 2.0.2.20 was meant to be> -all"},
		{"v=spf1 ip4:19\u200b.0.2.20 -all", "v=spf1 ip4:<the address that ip4:19.0.2.20 was meant to be> -all"},
		{"v=spf1 ip4:192.0.2. 0 -all", "v=spf1 ip4:<the address that ip4:192.0.2. was meant to be> <the term that 0 was meant to be> -all"},
		{"v=spf1 ip6:;001:db8::/32 -all", "v=spf1 ip6:<the address that ip6:;001:db8::/32 was meant to be> -all"},
		// One of the dots, or what stands at the end, may stand in place of a digit.
		{"v=spf1 ip4:192.0.2..0 -all", "v=spf1 ip4:<the address that ip4:192.0.2..0 was meant to be> -all"},
		{"v=spf1 ip4:192.0..2.20 -all", "v=spf1 ip4:<the address that ip4:192.0..2.20 was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.2. -all", "v=spf1 ip4:<the address that ip4:192.0.2.2. was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.2, ip6:2001:db8::/32 -all", "v=spf1 ip4:<the address that ip4:192.0.2.2, was meant to be> ip6:2001:db8::/32 -all"},
		{"v=spf1 ip4:192.0.2.2\\ -all", "v=spf1 ip4:<the address that ip4:192.0.2.2 was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.2\\0 -all", "v=spf1 ip4:<the address that ip4:192.0.2.20 was meant to be> -all"},
		{"v=spf1 ip4:192.0.2..0, ip4:192.0.2.9 -all", "v=spf1 ip4:<the address that ip4:192.0.2..0, was meant to be> ip4:192.0.2.9 -all"},
		{"v=spf1 ipv4:192.0.2.2; -all", "v=spf1 ip4:<the address that ipv4:192.0.2.2; was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.0-24 -all", "v=spf1 ip4:<the address that ip4:192.0.2.0-24 was meant to be> -all"},
		{"v=spf1 ip4:192.0.0.0-16 -all", "v=spf1 ip4:<the address that ip4:192.0.0.0-16 was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.16-28 -all", "v=spf1 ip4:<the address that ip4:192.0.2.16-28 was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.1-9 -all", "v=spf1 ip4:<the address that ip4:192.0.2.1-9 was meant to be> -all"},
		{"v=spf1 ip4:192.0.2.0/2. -all", "v=spf1 ip4:<the address that ip4:192.0.2.0/2. was meant to be> -all"},
		{"v=spf1 ip4:10.0.0.0//8 -all", "v=spf1 ip4:<the address that ip4:10.0.0.0//8 was meant to be> -all"},
		{"v=spf1 ip6:2001:db8::1. -all", "v=spf1 ip6:<the address that ip6:2001:db8::1. was meant to be> -all"},
		{"v=spf1 ip6:2001:db8::/3, -all", "v=spf1 ip6:<the address that ip6:2001:db8::/3, was meant to be> -all"},
		{"v=spf1 ip6:2001:db8:::1 -all", "v=spf1 ip6:<the address that ip6:2001:db8:::1 was meant to be> -all"},
		{"v=spf1 a:mail.acme.example/2; -all", "v=spf1 a:<the name that a:mail.acme.example/2; was meant to be> -all"},
		{"v=spf1 mx ip4:192.0.2.2\u00a0 -all", "v=spf1 mx ip4:<the address that ip4:192.0.2.2 was meant to be> -all"},
		{"v=spf1 mx ip4:192.0.2.2\u2003 ip6:2001:db8::/32 -all", "v=spf1 mx ip4:<the address that ip4:192.0.2.2 was meant to be> ip6:2001:db8::/32 -all"},
		{"v=spf1 mx -all ip4:192.0.2.2\u00a0", "v=spf1 mx -all ip4:<the address that ip4:192.0.2.2 was meant to be>"},
		// What stands behind a name with a macro may stand in place of its last letter.
		{"v=spf1 exists:%{i}._spf.acme.exampl\\ -all", "v=spf1 exists:<the name that exists:%{i}._spf.acme.exampl was meant to be> -all"},
		{"v=spf1 exists:%{i}._spf.acme.exampl\\; -all", "v=spf1 exists:<the name that exists:%{i}._spf.acme.exampl; was meant to be> -all"},
		{"v=spf1 exists:%{i}._spf.acme.co, -all", "v=spf1 exists:<the name that exists:%{i}._spf.acme.co, was meant to be> -all"},
		{"v=spf1 exists:%{i}._spf.acm\\.example -all", "v=spf1 exists:<the name that exists:%{i}._spf.acm.example was meant to be> -all"},
		// The template of a set-up page is no host.
		{"v=spf1 mx ip4:xxx.xxx.xxx.xxx -all", "v=spf1 mx ip4:<the address that ip4:xxx.xxx.xxx.xxx was meant to be> -all"},
		{"v=spf1 mx ip4:x.x.x.x -all", "v=spf1 mx ip4:<the address that ip4:x.x.x.x was meant to be> -all"},
		{"v=spf1 mx ip4:your.server.ip.dev -all", "v=spf1 mx ip4:<the address that ip4:your.server.ip.dev was meant to be> -all"},
		{"v=spf1 mx ip4:1.2.3.x -all", "v=spf1 mx ip4:<the address that ip4:1.2.3.x was meant to be> -all"},
		// A letter behind the version may be what is left of a sender, whatever stands around.
		{"v=spf1x -all", "v=spf1 <the term that x was meant to be> -all"},
		{"<v=spf1x -all>", "v=spf1 <the term that x was meant to be> -all"},
		{"(v=spf1m -all)", "v=spf1 <the term that m was meant to be> -all"},
		// A space may be typed in place of a digit, a bracket in place of a letter or a dot.
		{"v=spf1 ip4:192.0.2.128/ 5 -all", "v=spf1 ip4:<the address that ip4:192.0.2.128/5 was meant to be> -all"},
		{"v=spf1 ip6: 001:db8:10::1 -all", "v=spf1 ip6:<the address that ip6:001:db8:10::1 was meant to be> -all"},
		{"v=spf1 ip6:2001:db8: 0::1 -all", "v=spf1 ip6:<the address that ip6:2001:db8: was meant to be> <the term that 0::1 was meant to be> -all"},
		{"v=spf1 ip4: 92.0.2.0 /24 -all", "v=spf1 ip4:<the address that ip4:92.0.2.0/24 was meant to be> -all"},
		{"v=spf1 mx -all exp=why.acme>example", "v=spf1 mx -all exp=<the name that exp=why.acmeexample was meant to be>"},
		{"v=spf1 mx -all exp=why.acme.exam[le", "v=spf1 mx -all exp=<the name that exp=why.acme.exam[le was meant to be>"},
		{"v=spf1 mx -all exp=why.acme.;xample", "v=spf1 mx -all exp=<the name that exp=why.acme.;xample was meant to be>"},
		{"v=spf1 mx -all exp=why..cme.example", "v=spf1 mx -all exp=<the name that exp=why..cme.example was meant to be>"},
		{"v=spf1 include:_spf.esp(example -all", "v=spf1 include:<the name that include:_spf.esp(example was meant to be> -all"},
		// A comma is a dot only where that makes a name that can be had.
		{"v=spf1 mx redirect=_spf.acme.exa,ple", "v=spf1 mx redirect=<the name that redirect=_spf.acme.exa,ple was meant to be>"},
		{"v=spf1 include:_spf.acme.exa,ple -all", "v=spf1 include:<the name that include:_spf.acme.exa,ple was meant to be> -all"},
		{"v=spf1 inlude:_netblocks.google,com,_spf.esp.example -all", "v=spf1 include:<the name that inlude:_netblocks.google,com,_spf.esp.example was meant to be> -all"},
		{"v=spf1 inlude:spf.de,example.com -all", "v=spf1 include:<the name that inlude:spf.de,example.com was meant to be> -all"},
		{"v=spf1 a/33 -all", "v=spf1 <the term that a/33 was meant to be> -all"},
		{"v=spf1 include:_spf.acme.co minclude:_spf.esp.example -all", "v=spf1 include:<the name that include:_spf.acme.co was meant to be> <the term that minclude:_spf.esp.example was meant to be> -all"},
		{"v=spf1 mx -all include", "v=spf1 mx -all include:<the name that include was meant to be>"},
		// A letter may be typed in place of the space behind an IPv6 address.
		{"v=spf1 ip6:2001:db8::1ainclude:_spf.esp.example -all", "v=spf1 ip6:<2001:db8::1a or 2001:db8::1> include:_spf.esp.example -all"},
		// A label of two alphabets is no name, nor is one whose last label is none.
		{"v=spf1 include:g\u0436ogle.com -all", "v=spf1 include:<the name that include:g(U+0436)ogle.com was meant to be> -all"},
		{"v=spf1 include:_spf.google.\u0441\u043e\u043c -all", "v=spf1 include:<the name that include:_spf.google.(U+0441)(U+043E)(U+043C) was meant to be> -all"},
		{"v=spf1 exists:%{i}.\u0430cme.example -all", "v=spf1 exists:<the name that exists:%{i}.acme.example was meant to be> -all"},
		// Of two that differ nobody can tell which was chosen.
		{"v=spf1 mx -all|~all", "v=spf1 mx <-all or ~all>"},
		{"v=spf1 mx -all/~all", "v=spf1 mx <-all or ~all>"},
		{"v=spf1 mx ~all-all", "v=spf1 mx <-all or ~all>"},
		{"v=spf1 mx ?all,~all", "v=spf1 mx <~all or ?all>"},
		{"v=spf1 mx?all -all", "v=spf1 mx <-all or ?all>"},
		{"v=spf1 include:_spf.google.com?all a -all", "v=spf1 include:_spf.google.com <-all or ?all> a"},
		{"v=spf1 ip4:203.0.113.5~all -all", "v=spf1 ip4:203.0.113.5 <-all or ~all>"},
		{"v=spf1 mx,~all,-all", "v=spf1 <the term that mx,~all,-all was meant to be>"},
		{"v=spf1 mx ?all;-all", "v=spf1 mx <-all or ?all>"},
		{"v=spf1 include:_spf.go\u00f3gle.com -all", "v=spf1 include:<the name that include:_spf.go(U+00F3)gle.com was meant to be> -all"},
		{"v=spf1 mx, -all|~all", "v=spf1 mx <-all or ~all>"},
		// What a comment holds is in force or is not.
		{"v=spf1 mx # include:_spf.esp.example -all", "v=spf1 mx <include:_spf.esp.example, if it is no comment> -all"},
		{"v=spf1 mx # a ip4:192.0.2.1 ~all", "v=spf1 mx <a, if it is no comment> <ip4:192.0.2.1, if it is no comment> ~all"},
		{"v=spf1 mx # a", "v=spf1 mx <a, if it is no comment>"},
		// Figures behind an address may be the end of it, or of its length.
		{"v=spf1 mx ip4:203.0.113.5/2 8 -all", "v=spf1 mx ip4:<the address that ip4:203.0.113.5/2 was meant to be> <the term that 8 was meant to be> -all"},
		{"v=spf1 ip4:203.0.113.2 0 -all", "v=spf1 ip4:<the address that ip4:203.0.113.2 was meant to be> <the term that 0 was meant to be> -all"},
		// What stands behind a second version may be a sender.
		{"v=spf v=spf11mx -all", "v=spf1 <the term that v=spf11mx was meant to be> -all"},
		{"v=spf1 mx v=spf1.1a -all", "v=spf1 mx <the term that v=spf1.1a was meant to be> -all"},
		{"v=spf1 ip4:203.000.113.5 -all", "v=spf1 ip4:<the address that ip4:203.000.113.5 was meant to be> -all"}, // or 203.100.113.5
		{"v=spf1 ip4:203.00.113.5 -all", "v=spf1 ip4:<the address that ip4:203.00.113.5 was meant to be> -all"},
		{"v=spf1 m\u00fc m\xe9 -all", "v=spf1 <the term that m(U+00FC) was meant to be> <the term that m(0xE9) was meant to be> -all"},
		{"v=spf1 include:-all mx -all", "v=spf1 include:<the name that include:-all was meant to be> mx -all"}, // it is not the last
	} {
		if r := repair(c.in); r.shown != c.want || r.complete() {
			t.Errorf("%q\n  got  %q\n  want %q", c.in, r.shown, c.want)
		}
	}
}
