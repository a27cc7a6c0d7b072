package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The domains of domains_file have the defaults, but for those that domains states.
func TestDomainsFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"list":   "# ours\nacme.example\nTidy.example.\n\nacme.example\n",
		"broken": "acme.example\nnot a domain!\n",
		"empty":  "# nothing\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ text, domains, wrong string }{
		{"domains_file: list", "acme.example tidy.example", ""},
		{"domains_file: list\ndomains: [{domain: tidy.example, selectors: [own]}, one.example]\ndefaults: {selectors: [shared]}", "tidy.example one.example acme.example", ""},
		{"domains_file: list\nnotifications: [{type: slack, url: \"https://hooks.example/x\", domains: [tidy.example]}]", "acme.example tidy.example", ""},
		{"domains_file: broken", "", "not a domain"},
		{"domains_file: empty", "", "there is none in"},
		{"domains_file: missing", "", "missing"},
		{"domains_file: " + dir, "", "domains_file"},
		{"fail_on: error", "", "domains is missing (or domains_file)"},
	} {
		c, err := Parse(filepath.Join(dir, "mailworthy.yaml"), []byte(tt.text), func(string) (string, bool) { return "", false })
		if (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %v", tt.text, err)
		}
		if err != nil {
			continue
		}
		var got []string
		for _, d := range c.Domains {
			got = append(got, d.Target.Domain)
		}
		if strings.Join(got, " ") != tt.domains {
			t.Errorf("%s: %v", tt.text, got)
		}
		if d, _ := c.ForDomain("tidy.example"); strings.Contains(tt.text, "own") && (len(d.Target.Selectors) == 0 || d.Target.Selectors[0] != "own") {
			t.Errorf("%s: %+v", tt.text, d.Target)
		}
		if d, _ := c.ForDomain("acme.example"); strings.Contains(tt.text, "shared") && (len(d.Target.Selectors) != 1 || d.Target.Selectors[0] != "shared") {
			t.Errorf("%s: %+v", tt.text, d.Target)
		}
	}
	text := New(nil, "list", time.Now())
	if c, err := Parse(filepath.Join(dir, "mailworthy.yaml"), text, func(string) (string, bool) { return "", false }); err != nil || len(c.Domains) != 2 {
		t.Errorf("%v\n%s", err, text)
	}
}
