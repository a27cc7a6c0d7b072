package redact

import (
	"strings"
	"testing"
)

func TestURLs(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "",
		"https://dns.example/dns-query":     "https://dns.example/dns-query",
		"https://ann:hunter2@dns.example/x": "https://…@dns.example/x",
		`"smtp://ann:h@nter2@mx.example:587" is no server`:          `"smtp://…@mx.example:587" is no server`,
		"https://ann:hun/ter2@dns.example":                          "https://…@dns.example",
		"two: https://a:hunter2@b and tls://c:hunter2@d.":           "two: https://…@b and tls://…@d.",
		`parse "http://ann:hunter2 @proxy": invalid`:                `parse "http://…@proxy": invalid`,
		"https://ann:hunter2hunter2…":                               "https://…@",
		"postmaster@acme.example is told of https://acme.example/":  "postmaster@acme.example is told of https://acme.example/",
		"https://[2001:db8::1]/dns-query":                           "https://[2001:db8::1]/dns-query",
		"https://acme.example/ann@acme.example is no secret, gone:": "https://…@acme.example is no secret, gone:",
	} {
		if got := URLs(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if again := URLs(URLs(in)); again != URLs(in) {
			t.Errorf("%q: twice it is %q", in, again)
		}
	}
	if got := URLs("invalid proxy address \"http://ann:" + strings.Repeat("x", 1000) + "@proxy\""); strings.Contains(got, "xx") {
		t.Error(got)
	}
}

func TestTyped(t *testing.T) {
	for in, want := range map[string]string{
		"acme.example":                          "acme.example",
		"ada@acme.example":                      "ada@acme.example",
		"mailto:ada@acme.example":               "mailto:ada@acme.example",
		"https://acme.example/@ada":             "https://acme.example/@ada",
		"https://acme.example/x?to=a@b.example": "https://acme.example/x?to=a@b.example",
		"https://Acme.example:8443/x?y=a@b#z":   "https://Acme.example:8443/x?y=a@b#z",
		"ann:hunter2@acme.example":              "…@acme.example",
		"ann:h@nter2@acme.example:25":           "…@acme.example:25",
		"smtp://ann:hunter2@acme.example":       "smtp://…@acme.example",
		"https://hunter2@acme.example/":         "https://…@acme.example/",
		"https://ann:hun/ter2@acme.example":     "https://…@acme.example",
		"https:/ann:hunter2@acme.example/q":     "…@acme.example/q",
		"https//ann:hunter2@acme.example":       "…@acme.example",
	} {
		if got := Typed(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
