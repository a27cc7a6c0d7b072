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
		"list":    "# ours\nacme.example\nTidy.example.\n\nacme.example\n",
		"broken":  "acme.example\nnot a domain!\n",
		"empty":   "# nothing\n",
		"${LIST}": "acme.example\ntidy.example\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ text, domains, wrong string }{
		{"domains_file: list", "acme.example tidy.example", ""},
		{"domains_file: list\ndomains: [{domain: tidy.example, selectors: [own]}, one.example]\ndefaults: {selectors: [shared]}", "tidy.example one.example acme.example", ""},
		{"domains_file: list\nnotifications: [{type: slack, url: \"https://hooks.example/x\", domains: [tidy.example]}]", "acme.example tidy.example", ""},
		{"domains_file: broken", "", `broken:2: "not a domain!" is not a domain: it contains a space`},
		{"domains_file: empty", "", "there is none in"},
		{"domains_file: missing", "", "missing"},
		{"domains_file: " + dir, "", "domains_file"},
		{"fail_on: error", "", "domains is missing (or domains_file, or roundtrips)"},
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
	for _, list := range []string{"list", "${LIST}"} {
		text := New(nil, list, time.Now())
		if c, err := Parse(filepath.Join(dir, "mailworthy.yaml"), text, func(string) (string, bool) { return "", false }); err != nil || len(c.Domains) != 2 {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

// TestReadDomains: what is wrong with a list is said in its own words: no configuration is
// there yet when init reads one.
func TestReadDomains(t *testing.T) {
	name := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(name, []byte("acme.example\nnot a domain!\nfoo..bar\n"+strings.Repeat("x", 5000)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	domains, wrong := ReadDomains(name, "${LIST}")
	if len(domains) != 1 || len(wrong) != 3 || !strings.HasPrefix(wrong[0].Error(), "${LIST}:2: ") || !strings.HasPrefix(wrong[1].Error(), "${LIST}:3: ") {
		t.Errorf("%q, %q", domains, wrong)
	}
	for _, err := range wrong {
		if len(err.Error()) > 400 {
			t.Errorf("%d bytes: %v", len(err.Error()), err)
		}
	}
	if _, wrong := ReadDomains(name+".none", "list"); len(wrong) != 1 || wrong[0].Error() != "list: no such file or directory" {
		t.Errorf("%q", wrong)
	}
}
