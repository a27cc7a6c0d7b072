package audit

import (
	"strings"
	"testing"
)

func TestParseDomain(t *testing.T) {
	for _, tt := range []struct{ in, want, err string }{
		{in: "acme.example", want: "acme.example"},
		{in: " ACME.Example.\r\n", want: "acme.example"},
		{in: "bücher.example", want: "xn--bcher-kva.example"},
		{in: "xn--bcher-kva.example", want: "xn--bcher-kva.example"},
		{in: "_bounce.acme.example", want: "_bounce.acme.example"},
		{in: "", err: "empty"},
		{in: "example", err: "only one label"},
		{in: "acme example.com", err: "it contains a space"},
		{in: "acme..example", err: "empty label"},
		{in: ".acme.example", err: "empty label"},
		{in: "192.0.2.1", err: "IP address"},
		{in: "[2001:db8::1]", err: "IP address"},
		{in: "https://acme.example/path", err: `did you mean "acme.example"`},
		{in: "https://acme.example/q?key=hunter2", err: `"https://acme.example/q?key=…" is not a domain: it is a URL; did you mean "acme.example"?`},
		{in: "https://acme.example?key=hunter2", err: `"https://acme.example?key=…" is not a domain: it is a URL; did you mean "acme.example"?`},
		{in: "tls://acme.example#hunter2", err: `"tls://acme.example#…" is not a domain: it is a URL; did you mean "acme.example"?`},
		{in: "info@acme.example", err: `did you mean "acme.example"`},
		{in: "acme example.test", err: "not a domain"},
		{in: "acme.example;rm", err: "not a domain"},
		{in: "a\x1b[31m.example", err: `\x1b`},
		{in: strings.Repeat("a", 64) + ".example", err: "not a domain"},
		{in: strings.Repeat("abc.", 70) + "example", err: "not a domain"},
		{in: "\xff.example", err: "UTF-8"},
	} {
		got, err := ParseDomain(tt.in)
		switch {
		case tt.err == "" && err != nil:
			t.Errorf("ParseDomain(%q): %v", tt.in, err)
		case tt.err == "" && got != tt.want:
			t.Errorf("ParseDomain(%q) = %q, want %q", tt.in, got, tt.want)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("ParseDomain(%q) = %q, %v; want an error with %q", tt.in, got, err, tt.err)
		}
	}
}
