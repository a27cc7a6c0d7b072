package dmarc

import "testing"

// TestBelow: which record applies to the names below a domain.
func TestBelow(t *testing.T) {
	const parent = `_dmarc.acme.example TXT "v=DMARC1; p=reject"` + "\n"
	const own = `_dmarc.news.acme.example TXT "v=DMARC1; p=none; sp=quarantine"` + "\n"
	const psd = `_dmarc.example TXT "v=DMARC1; p=none; sp=reject; psd=y"` + "\n"
	tests := []struct{ name, zone, domain, want string }{
		{"that of the organizational domain itself", parent, "acme.example", "v=DMARC1; p=reject"},
		{"that of the parent: the domain has none", parent, "news.acme.example", "v=DMARC1; p=reject"},
		{"that of the parent: the domain's own is for the domain alone", parent + own, "news.acme.example", "v=DMARC1; p=reject"},
		{"two levels down", parent + own, "a.news.acme.example", "v=DMARC1; p=reject"},
		{"the domain's own, which is the shortest name with one", own, "news.acme.example", "v=DMARC1; p=none; sp=quarantine"},
		{"the domain's own, by psd=n", parent + `_dmarc.news.acme.example TXT "v=DMARC1; p=none; psd=n"`, "news.acme.example", "v=DMARC1; p=none; psd=n"},
		{"the domain's own, by psd=y", parent + `_dmarc.news.acme.example TXT "v=DMARC1; p=none; psd=y"`, "news.acme.example", "v=DMARC1; p=none; psd=y"},
		{"the public suffix's", psd, "news.acme.example", "v=DMARC1; p=none; sp=reject; psd=y"},
		{"the public suffix's, below a record that is not the organization's", psd + own, "news.acme.example", "v=DMARC1; p=none; sp=reject; psd=y"},
		{"two at the domain count for nothing", parent + own + `_dmarc.news.acme.example TXT "v=DMARC1; p=reject"`, "news.acme.example", "v=DMARC1; p=reject"},
		{"none anywhere", "", "news.acme.example", "none"},
		{"a long name: its own record is not asked for", `_dmarc.a.b.c.d.e.f.acme.example TXT "v=DMARC1; p=reject"`, "a.b.c.d.e.f.acme.example", "none"},
		{"the parent does not answer", own + "!_dmarc.acme.example servfail", "news.acme.example", "undecided"},
		{"the domain does not answer, the parent ends the walk", `_dmarc.acme.example TXT "v=DMARC1; p=reject; psd=n"` + "\n!_dmarc.news.acme.example timeout", "news.acme.example", "undecided"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := "none"
			switch r, decided := discover(t, test.zone, test.domain).Below(); {
			case !decided:
				got = "undecided"
			case r != nil:
				got = r.Text
			}
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
