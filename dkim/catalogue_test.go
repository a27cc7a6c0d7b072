package dkim

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailworthy/provider"
)

func TestCatalogue(t *testing.T) {
	providers := loaded().providers
	if len(providers) < 60 {
		t.Errorf("%d providers", len(providers))
	}
	label := regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?$`)
	name := regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)+$`)
	distinct := map[string]bool{}
	for i, p := range providers {
		if i > 0 && strings.ToLower(providers[i-1].Name) >= strings.ToLower(p.Name) {
			t.Errorf("%s is not sorted behind %s", p.Name, providers[i-1].Name)
		}
		if !slices.Contains([]Confidence{Documented, Observed, Memory}, p.Confidence) {
			t.Errorf("%s: confidence %q", p.Name, p.Confidence)
		}
		if len(p.Selectors)+len(p.CNAME)+len(p.SPF)+len(p.MX) == 0 {
			t.Errorf("%s: nothing is known", p.Name)
		}
		seen := map[string]bool{}
		for _, s := range p.Expand("123456") {
			if !label.MatchString(s) || len(s) > 63 {
				t.Errorf("%s: %q is no label", p.Name, s)
			}
			if seen[s] {
				t.Errorf("%s: %s is there twice", p.Name, s)
			}
			seen[s] = true
		}
		for _, s := range p.Selectors {
			if !strings.Contains(s, "{") {
				distinct[s] = true
			}
		}
		for _, n := range slices.Concat(p.MX, p.SPF, p.CNAME) {
			if !name.MatchString(n) {
				t.Errorf("%s: %q is no name", p.Name, n)
			}
		}
		for _, target := range p.Targets {
			selector, to, ok := strings.Cut(target, "=")
			if !ok || !slices.Contains(p.Selectors, selector) {
				t.Errorf("%s: target %q", p.Name, target)
			} else if !strings.Contains(to, "<") {
				if q, _ := bySuffix(loaded().cname, strings.ReplaceAll(to, "{domain}", "acme.example")); q == nil || q.Name != p.Name {
					t.Errorf("%s: the target %s is not recognised as its own", p.Name, to)
				}
			}
		}
	}
	if len(distinct) < 150 {
		t.Errorf("%d selectors without those with dates", len(distinct))
	}
	common := loaded().common
	sorted := slices.Sorted(slices.Values(common))
	if len(slices.Compact(sorted)) != len(common) {
		t.Error("a common selector is there twice")
	}
	for _, s := range common {
		if !label.MatchString(s) {
			t.Errorf("%q is no label", s)
		}
	}
	if n := len(loaded().all()); n > 400 {
		t.Errorf("%d selectors in all: more than an audit may ask", n)
	}
}

func TestMakeCatalogue(t *testing.T) {
	if _, err := makeCatalogue([]*provider.Service{{Name: "A", MX: []string{"mx.example"}}, {Name: "B", MX: []string{"mx.example"}}}, ""); err == nil {
		t.Error("two providers share a suffix")
	}
	c, err := makeCatalogue([]*provider.Service{{Name: "A", Selectors: []string{"a{yyyy}"}, Software: true, Note: "n"}, {Name: "B", Limits: []string{"no keys"}}}, "# comment\nx\n\ny\n")
	if err != nil || len(c.providers) != 1 || c.providers[0].Note != "n" || !c.providers[0].Software || fmt.Sprint(c.common) != "[x y]" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestBySuffix(t *testing.T) {
	for host, want := range map[string]string{
		"aspmx.l.google.com": "Google Workspace", "alt1.aspmx.L.google.com": "Google Workspace", "google.com": "", "notgooglemail.com": "",
		"acme-example.mail.protection.outlook.com": "Microsoft 365", "mail.protection.outlook.com.evil.example": "", "": "", ".": "",
	} {
		got := ""
		if p, _ := bySuffix(loaded().mx, host); p != nil {
			got = p.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

// docs/dkim-selectors.md is written from the catalogue: go test ./dkim -update.
func TestSelectorsTable(t *testing.T) {
	path := filepath.Join("..", "docs", "dkim-selectors.md")
	want := selectorsMarkdown()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not current: run go test ./dkim -update", path)
	}
}

// selectorsMarkdown is the catalogue as a page of documentation.
func selectorsMarkdown() string {
	var b strings.Builder
	providers, selectors, all := loaded().providers, map[string]bool{}, loaded().all()
	for i := range providers {
		for _, s := range providers[i].Selectors {
			selectors[s] = true
		}
	}
	fmt.Fprintf(&b, `# DKIM selectors that are tried

Selectors cannot be listed through the DNS. Those that nobody states (`+"`--selector`"+`) are guessed: first those of the
providers that the domain's MX hosts, SPF includes and aliases point to, then the common ones. A selector that
is not found this way was not observed; that does not mean that the domain has none.

This page is written from `+"`provider/catalogue.txt`"+` and `+"`dkim/common.txt`"+`: %d providers and programs, %d selectors and
patterns of theirs, %d with the common ones and the dates enumerated (%d to %d).

"documented": in the provider's instructions. "observed": seen in public zones or messages. "memory": commonly
said, not verified; never the only ground of an error. `+"`{yyyy}`"+` is a year, `+"`{mmyy}`"+` a month and year, `+"`{label}`"+` the
customer's number as the SPF include has it.

## The common ones, most common first

`, len(providers), len(selectors), len(all), firstYear, lastYear)
	b.WriteString(code(loaded().common) + "\n\n## By provider\n\n")
	b.WriteString("| provider | selectors | MX hosts | SPF includes | alias targets | confidence | note |\n|---|---|---|---|---|---|---|\n")
	for i := range providers {
		p := &providers[i]
		note := p.Note
		if p.Standby {
			note = strings.TrimPrefix(note+"; one of a pair is alive", "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", p.Name, code(p.Selectors), code(p.MX), code(p.SPF), code(p.CNAME), p.Confidence, note)
	}
	return b.String()
}

// code sets words as code.
func code(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "` `") + "`"
}
