package provider

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/services.md anew")

// TestServicesPage: docs/services.md is written from the catalogue:
// go test ./provider -update.
func TestServicesPage(t *testing.T) {
	const file = "../docs/services.md"
	want := servicesMarkdown()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not current: run go test ./provider -update", file)
	}
}

// servicesMarkdown is what services need, as a page of documentation.
func servicesMarkdown() string {
	var b strings.Builder
	n := 0
	for _, s := range Builtin().All() {
		if s.NeedsRecords() {
			n++
		}
	}
	fmt.Fprintf(&b, `# Sending services

What %d services ask their customers to publish, and how programs hand mail to them. `+"`mailworthy setup PROVIDER DOMAIN`"+` compares it with
the DNS or with a zone file. This page is written from `+"`provider/catalogue.txt`"+`, where each entry has its source and date.

"needed": the service does not work without. "advised": it asks for it, and sends without. "once": until the domain is verified. "receive": if the
service is to receive the domain's mail. "optional": for a feature. "unwanted": asked for once and not any more. "memory": not verified, never the
ground of an error. `+"`{…}`"+` is filled in from the domain, the region or `+"`--return-path`"+`; `+"`<key: …>`"+` is shown by the service's page alone (`+"`--token key=VALUE`"+`): alone, or pasted
with what stands around it in the record. A line `+"`shape: key=PATTERN`"+` says what form it has (`+"`[0-9]`"+` digits, `+"`?`"+` one character, `+"`*`"+` a part of a label); a value of another form is refused.

## Services of your own

`+"`--services FILE`"+` adds entries of the same form, or replaces those of the same ID:

`+"```"+`
[acme-relay]
name: Acme Relay
also: acme
kind: relay
align: spf dkim
source: our own page
date: 2026-11
region eu: zone=eu.relay.example
region us: zone=us.relay.example
return-path: bounce
record: spf needed {return-path} TXT include:_spf.relay.example
record: return-path needed {return-path} MX 10 mx.{zone}
record: dkim needed <selector: shown on the page>._domainkey.{domain} CNAME <target: its target>
  accept: *.relay.example
smtp: smtp.relay.example
ports: 587 i465
user: the account
password: a token
limit: 100 messages a minute
`+"```"+`

`, n)
	for _, s := range Builtin().All() {
		if s.NeedsRecords() {
			s.markdown(&b)
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (s *Service) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "## %s\n\n`%s`", s.Name, s.ID)
	for _, a := range s.Also {
		fmt.Fprintf(b, ", %s", a)
	}
	fmt.Fprintf(b, ". Mail aligns by %s.", strings.Join(s.Align, " and "))
	if names := s.RegionNames(); len(names) > 0 {
		fmt.Fprintf(b, " Regions: %s.", strings.Join(names, ", "))
	}
	if len(s.ReturnPaths) > 0 {
		memory := ""
		if s.ReturnPathFromMemory {
			memory = " (from memory)"
		}
		fmt.Fprintf(b, " Return path: `%s`%s.", strings.Join(s.ReturnPaths, "`, `"), memory)
	}
	fmt.Fprintf(b, " Source: %s (%s).\n\n| way | for | need | name | type | value |\n| --- | --- | --- | --- | --- | --- |\n", s.Source, s.Date)
	for _, w := range s.Ways {
		for _, r := range w.Records {
			need := string(r.Need)
			if r.All != "" {
				need += ", ends in " + r.All + "all"
			}
			if r.Alone {
				need += ", alone"
			}
			if r.Literal {
				need += ", literally"
			}
			fmt.Fprintf(b, "| %s | %s | %s | `%s` | %s | `%s` |\n", w.Name, r.Purpose, need, r.Name, r.Type, r.Value)
		}
	}
	if m := s.SMTP; m != nil {
		var ports []string
		for _, p := range m.Ports {
			kind := ""
			if p.Implicit {
				kind = " (implicit TLS)"
			}
			ports = append(ports, fmt.Sprint(p.Number)+kind)
		}
		fmt.Fprintf(b, "\nSMTP: `%s`, ports %s; user name: %s; password: %s.", m.Host, strings.Join(ports, ", "), m.User, m.Password)
		if m.FromMemory != "" {
			fmt.Fprintf(b, " From memory: %s.", m.FromMemory)
		}
		b.WriteString("\n")
	}
	for _, l := range s.Limits {
		fmt.Fprintf(b, "\n- Limit: %s", l)
	}
	for _, l := range s.Traps {
		fmt.Fprintf(b, "\n- Trap: %s", l)
	}
	if len(s.Limits)+len(s.Traps) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("\n")
}
