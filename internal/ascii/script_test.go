package ascii

import "testing"

func TestLatin(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"v=spf1 mx -all", "v=spf1 mx -all"},
		{"include:_spf.g\u043eogle.com", "include:_spf.google.com"},
		{"include:_spf.google.c\u043em", "include:_spf.google.com"},
		{"\u0441\u043e\u0440.example", "\u0441\u043e\u0440.example"}, // a name of one alphabet
		{"m\u00fcller.example", "m\u00fcller.example"},
		{"m\u0430il-m\u00fcller.example", "mail-m\u00fcller.example"},
		{"p\u0436l.example", "p\u0436l.example"}, // a letter that looks like none
		{"v=\u0455pf1 m\u0445 -\u0430ll", "v=spf1 mx -all"},
		{"\u0430 \u0430/24 \u0430:mail.example ~\u0430", "a a/24 a:mail.example ~a"},
		{"\u0440=reject; ru\u0430=m\u0430ilto:d@\u0430cme.example", "p=reject; rua=mailto:d@acme.example"},
		{"\u0440 = none", "p = none"},
		{"\u0131nclude:\u0131.example \u0130P4:192.0.2.1", "include:\u0131.example IP4:192.0.2.1"},
		{"\u039cX mx:\u03bf\u03c1.example", "MX mx:\u03bf\u03c1.example"},
		{"\u043f\u043e\u0447\u0442\u0430", "\u043f\u043e\u0447\u0442\u0430"},
		{"\xff\u0430b\xff", "\xffab\xff"},
	} {
		if got := Latin(c.in); got != c.want {
			t.Errorf("%q: %q, not %q", c.in, got, c.want)
		}
	}
}

func TestMixesScripts(t *testing.T) {
	for label, want := range map[string]bool{
		"mail": false, "g\u043eogle": true, "m\u00fcller": false, "\u043f\u043e\u0447\u0442\u0430": false, "\u043f\u043e\u0447\u0442\u0430-mail": true, "\u65e5\u672cjp": false, "\u03bfld": true, "\u0431\u00fc": true,
	} {
		if MixesScripts(label) != want {
			t.Errorf("%q: %v", label, !want)
		}
	}
}
