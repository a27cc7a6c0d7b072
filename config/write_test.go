package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/report"
)

// TestNew: a written configuration can be read, and so can what it offers once it is
// uncommented, whatever the DNS said.
func TestNew(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	hostile := "a\"]}\n  - evil: ${HOME} \x1b[31m # : - & *"
	result := func(domain string, profile finding.Profile) *report.Report {
		return report.New(&audit.Result{Domain: domain, Profile: profile, ProfileWhy: "guessed: " + hostile, Started: now,
			Examined: audit.Examined{Senders: []audit.Sender{{Addr: netip.MustParseAddr("2001:db8::10")}, {Addr: netip.MustParseAddr("192.0.2.10")}}},
			Findings: []finding.Finding{
				{Check: "ptr-missing", Severity: finding.Error, Section: finding.Hosts, Subject: "192.0.2.11", Title: "No name"},
				{Check: "mx-single", Severity: finding.Warning, Section: finding.Hosts, Subject: hostile, Title: hostile},
				{Check: "spf-unresolved", Severity: finding.Unknown, Section: finding.SPF, Subject: domain, Title: "x"}}}, report.DefaultScale(), "1.0.0")
	}
	text := string(New([]*report.Report{result("acme.example", finding.Sender), result("123.test", finding.Parked), result("xn--bcher-kva.example", "")}, "", now))
	c, err := Parse("mailworthy.yaml", []byte(text), env)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(c.Domains) != 3 || c.Domains[1].Target.Domain != "123.test" || c.Domains[0].Profile != finding.Sender || c.FailOn != finding.Error || len(c.Policy.Accept) != 0 {
		t.Errorf("%+v", c)
	}
	if strings.ContainsAny(text, "\x1b") || strings.Contains(text, "spf-unresolved") {
		t.Errorf("%s", text)
	}
	// Uncommented: every commented line that is YAML, apart from prose.
	var out []string
	yamlLine := regexp.MustCompile(`^( *)# ?(( *- \{.*|  [a-z_]+:.*|  - (type|via):.*|    [a-z_]+: .*|[a-z_]+:( [\[{].*| bulk| postm.*)?))$`)
	for _, l := range strings.Split(text, "\n") {
		if m := yamlLine.FindStringSubmatch(l); m != nil {
			l = m[1] + strings.Replace(m[2], `reason: ""`, "reason: because", 1)
		}
		out = append(out, l)
	}
	variables := func(name string) (string, bool) {
		return map[string]string{"SPAMHAUS_KEY": "k3y", "SLACK_WEBHOOK": "https://a.example/", "TEAMS_WORKFLOW": "https://b.example/", "WEBHOOK_SECRET": "0123456789abcdef", "SMTP_PASSWORD": "x", "IMAP_PASSWORD": "y"}[name], true
	}
	c, err = Parse("mailworthy.yaml", []byte(strings.Join(out, "\n")), variables)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(out, "\n"))
	}
	if len(c.Notifications) != 4 || len(c.Policy.Accept) != 6 || c.Watch.Schedule == "" || c.History.Keep != 400*day || len(c.Resolvers) != 2 || len(c.Roundtrips) != 1 ||
		len(c.Domains[0].IPs) != 2 || c.Domains[0].Volume != "bulk" || c.Domains[0].Owner == "" {
		t.Errorf("not all of it was uncommented: %+v", c)
	}
	// ${HOME} in a subject is text, and no variable.
	if c.Policy.Accept[1].Subject != show.Escape(hostile) {
		t.Errorf("%q", c.Policy.Accept[1].Subject)
	}
}

// TestSelectors: a key that is broken is signed with as well; a revoked one is not.
func TestSelectors(t *testing.T) {
	key := func(selector, record string, wildcard bool) dkim.PublishedKey {
		k, _ := dkim.ParseKey(record)
		return dkim.PublishedKey{Selector: selector, Domain: "acme.example", Wildcard: wildcard, Key: *k}
	}
	d := &dkim.Discovery{Keys: []dkim.PublishedKey{
		key("cut", "v=DKIM1; k=rsa; p=MIIBIjANBg", false), key("typo", "v=DKIM1; k=rsa; p:MIIBIjANBg", false), key("revoked", "v=DKIM1; p=", false),
		key("cut", "v=DKIM1; k=rsa; p=MIIB", false), key("any", "v=spf1 -all", true)}}
	r := &report.Report{}
	if got := keySelectors(r); got != nil {
		t.Errorf("without DKIM: %q", got)
	}
	r.DKIM = d
	if got := keySelectors(r); !slices.Equal(got, []string{"cut", "typo"}) {
		t.Errorf("%q", got)
	}
}

// TestCreate: a configuration is written once, for its owner alone.
func TestCreate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mailworthy.yaml")
	if err := Create(file, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := Create(file, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written again: %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "first" {
		t.Errorf("%q, %v", text, err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestOf: each domain is there once, and what is none is an error.
func TestOf(t *testing.T) {
	c, err := Of([]string{"acme.example", "tidy.example", "ACME.example."})
	if err != nil || len(c.Domains) != 2 || c.Domains[1].Target.Domain != "tidy.example" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Of([]string{"acme.example", "no domain"}); err == nil {
		t.Error("no error of what is no domain")
	}
}
