package audit

import (
	"strings"
	"testing"
)

func TestParseListed(t *testing.T) {
	for _, tt := range []struct {
		entry, domain, changed string
	}{
		{"acme.example", "acme.example", ""},
		{"  ACME.example.\t", "acme.example", ""},
		{"bücher.example", "xn--bcher-kva.example", ""},
		{"https://acme.example/x?y=1#z", "acme.example", "a URL"},
		{"HTTPS://user:secret@acme.example:8443/x", "acme.example", "a URL"},
		{"https://acme.example?x=a@b.example", "acme.example", "a URL"},
		{"https://bücher.example", "xn--bcher-kva.example", "a URL"},
		{"acme.example/path", "acme.example", "a URL"},
		{"acme.example:25", "acme.example", "a host with a port"},
		{"info@acme.example", "acme.example", "an address"},
		{"mailto:info@acme.example", "acme.example", "an address"},
		{"Info <info@acme.example>", "acme.example", "an address"},
		{`"a@b"@acme.example`, "acme.example", "an address"},
		{`"acme.example",`, "acme.example", "a domain in punctuation"},
		{`"https://acme.example/",`, "acme.example", "a URL"},
	} {
		domain, changed, err := ParseListed(tt.entry)
		if err != nil || domain != tt.domain || !strings.Contains(changed, tt.changed) || (changed == "") != (tt.changed == "") {
			t.Errorf("%q: %q, %q, %v; want %q, %q", tt.entry, domain, changed, err, tt.domain, tt.changed)
		}
	}
	for _, entry := range []string{"", "acme", "not a domain", "192.0.2.1", "http://192.0.2.1/", "info@", "https://", "info@[192.0.2.1]",
		"*.acme.example", "a..example", strings.Repeat("a", 64) + ".example", "acme.example:smtp", "\xff.example"} {
		if domain, _, err := ParseListed(entry); err == nil {
			t.Errorf("%q is taken as %q", entry, domain)
		}
	}
}

func FuzzParseListed(f *testing.F) {
	for _, s := range []string{"acme.example", "https://a@acme.example:1/x", "a <b@acme.example>", "'\"acme.example", "://", "@", "::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		domain, _, err := ParseListed(entry)
		if err != nil {
			return
		}
		if again, changed, err := ParseListed(domain); again != domain || changed != "" || err != nil {
			t.Errorf("%q gives %q, and that %q, %q, %v", entry, domain, again, changed, err)
		}
	})
}
