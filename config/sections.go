package config

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"mailworthy/audit"
	"mailworthy/bulk"
	"mailworthy/finding"
	"mailworthy/internal/readfile"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/receiver"
	"mailworthy/report"
	"mailworthy/resolver"
)

// graded are the severities that count.
var graded = []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice}

// config reads the root of the file.
func (d *decoder) config(root *yaml.Node, c *Config) {
	var defaults, domains, file, accept, notifications, lists, remove, mails *yaml.Node
	later := func(to **yaml.Node) func(*yaml.Node) { return func(n *yaml.Node) { *to = n } }
	d.mapping(root, "the configuration", fields{
		"defaults": later(&defaults), "domains": later(&domains), "domains_file": later(&file), "accept": later(&accept),
		"notifications": later(&notifications), "lists": later(&lists), "remove_lists": later(&remove),
		"resolvers": func(n *yaml.Node) {
			c.Resolvers = list(d, n, "resolvers", checkResolver)
		},
		"limits": func(n *yaml.Node) { d.limits(n, &c.Limits) },
		"policy": func(n *yaml.Node) { d.policy(n, c.Policy) },
		"fail_on": func(n *yaml.Node) {
			if s, ok := oneOf(d, n, "fail_on", append(graded, report.Never)...); ok {
				c.FailOn = s
			}
		},
		"history":   func(n *yaml.Node) { d.history(n, c) },
		"state_dir": func(n *yaml.Node) { d.place(n, "state_dir", c, &c.StateDir) },
		"watch":     func(n *yaml.Node) { d.watch(n, &c.Watch) },
		"logs":      func(n *yaml.Node) { d.logs(n, c) },
		"roundtrips": func(n *yaml.Node) {
			mails = n
			d.roundtrips(n, c)
		},
	})
	if root.Kind == yaml.MappingNode && domains == nil && file == nil && mails == nil {
		d.fail(root, "the configuration: domains is missing (or domains_file, or roundtrips)")
	}
	// What others refer to comes first, wherever it stands.
	var base Domain
	if defaults != nil {
		d.mapping(defaults, "defaults", d.domainFields(&base, "defaults"))
	}
	if domains != nil {
		d.domains(domains, base, c)
	}
	if file != nil {
		d.domainsFile(file, base, c)
	}
	if accept != nil {
		d.sequence(accept, "accept", func(n *yaml.Node) { d.accept(n, c) })
	}
	if notifications != nil {
		d.notifications(notifications, c)
	}
	if lists != nil || remove != nil {
		d.lists(lists, remove, c)
	}
}

// domains reads the list of domains: names, or names with what is stated.
func (d *decoder) domains(n *yaml.Node, base Domain, c *Config) {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.fail(n, "domains is empty")
	}
	d.sequence(n, "domains", func(n *yaml.Node) {
		one, at := base, n
		if n.Kind == yaml.ScalarNode {
			one.Target.Domain, _ = read(d, n, "a domain", audit.ParseDomain)
		} else {
			f := d.domainFields(&one, "a domain")
			f["domain"] = func(n *yaml.Node) {
				at = n
				one.Target.Domain, _ = read(d, n, "domain", audit.ParseDomain)
			}
			d.mapping(n, "a domain", f, "domain")
		}
		if one.Target.Domain == "" {
			return
		}
		if _, there := c.ForDomain(one.Target.Domain); there {
			name := one.Target.Domain
			if strings.Contains(at.Value, "${") {
				name = clip(at.Value)
			}
			d.fail(at, "%s stands among the domains twice", name)
			return
		}
		c.addDomain(one)
	})
}

// domainFields are what can be stated of a domain and of all by default. A
// domain's own statement replaces the default.
func (d *decoder) domainFields(to *Domain, what string) fields {
	names := func(key string, parse func(string) (string, error), to *[]string) func(*yaml.Node) {
		return func(n *yaml.Node) { *to = list(d, n, key, parse) }
	}
	return fields{
		"selectors":    names("selectors", audit.ParseSelector, &to.Selectors),
		"mail_from":    names("mail_from", audit.ParseDomain, &to.MailFrom),
		"dkim_domains": names("dkim_domains", audit.ParseDomain, &to.DKIMDomains),
		"helo":         names("helo", audit.ParseHELO, &to.HELO),
		"ips": func(n *yaml.Node) {
			to.IPs = list(d, n, "ips", parseAddr)
		},
		"profile": func(n *yaml.Node) {
			if p, ok := oneOf(d, n, "profile", finding.Sender, finding.Parked, finding.Receiver); ok {
				to.Profile = p
			}
		},
		"volume": func(n *yaml.Node) {
			if v, ok := oneOf(d, n, "volume", receiver.Bulk, receiver.Low); ok {
				to.Volume = v
			}
		},
		"owner": func(n *yaml.Node) {
			to.Owner, _ = read(d, n, "owner", func(s string) (string, error) {
				if len(s) > 200 || strings.ContainsAny(s, "\r\n") {
					return "", errors.New("an owner is one line of up to 200 characters")
				}
				return s, nil
			})
		},
		"sections": func(n *yaml.Node) {
			to.Sections = []finding.Section{}
			d.sequence(n, "sections", func(n *yaml.Node) {
				if s, ok := oneOf(d, n, "sections", finding.Choosable...); ok && !slices.Contains(to.Sections, s) {
					to.Sections = append(to.Sections, s)
				}
			})
			if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
				d.fail(n, "sections of %s is empty", what)
			}
		},
	}
}

func checkResolver(s string) (string, error) {
	client, err := resolver.New(resolver.Config{Servers: []string{s}})
	if err != nil {
		return "", err
	}
	client.Close()
	return s, nil
}

// The bounds on limits.
const (
	maxTimeout  = time.Minute
	maxDeadline = time.Hour
	maxRetries  = 10
	maxQueries  = 100_000
	maxIPs      = 4096
	maxKeep     = 36500 * day
)

func (d *decoder) limits(n *yaml.Node, l *Limits) {
	d.mapping(n, "limits", fields{
		"timeout":  func(n *yaml.Node) { l.Timeout, _ = d.duration(n, "timeout", 10*time.Millisecond, maxTimeout) },
		"deadline": func(n *yaml.Node) { l.Deadline, _ = d.duration(n, "deadline", time.Second, maxDeadline) },
		"retries": func(n *yaml.Node) {
			if v, ok := d.number(n, "retries", 0, maxRetries); ok {
				l.Retries = v
			}
		},
		"max_queries": func(n *yaml.Node) { l.MaxQueries, _ = d.number(n, "max_queries", 1, maxQueries) },
		"max_ips":     func(n *yaml.Node) { l.MaxIPs, _ = d.number(n, "max_ips", 1, maxIPs) },
	})
}

// policy reads how judgements differ from the default. Each entry is checked
// on its own by the rules of report, so that each mistake has its place.
func (d *decoder) policy(n *yaml.Node, p *report.Policy) {
	numbers := func(key string, most int, one func(name string, v int) *report.Policy) func(*yaml.Node) {
		return func(n *yaml.Node) {
			d.entries(n, key, func(key, value *yaml.Node) {
				v, ok := d.number(value, key.Value, 0, most)
				if ok {
					d.merge(key, p, one(key.Value, v))
				}
			})
		}
	}
	d.mapping(n, "policy", fields{
		"weights": numbers("weights", 1000, func(name string, v int) *report.Policy {
			return &report.Policy{Weights: map[finding.Section]int{finding.Section(name): v}}
		}),
		"deductions": numbers("deductions", 100, func(name string, v int) *report.Policy {
			return &report.Policy{Deductions: map[finding.Severity]int{finding.Severity(name): v}}
		}),
		"caps": numbers("caps", 100, func(name string, v int) *report.Policy {
			return &report.Policy{Caps: map[finding.Severity]int{finding.Severity(name): v}}
		}),
		"severities": func(n *yaml.Node) {
			d.entries(n, "severities", func(key, value *yaml.Node) {
				if s, ok := oneOf(d, value, "the severity of "+clip(key.Value), append(graded, finding.Info)...); ok {
					d.merge(key, p, &report.Policy{Severities: map[string]finding.Severity{key.Value: s}})
				}
			})
		},
	})
	if err := p.Check(); err != nil {
		// Each entry alone is right: the weights together are not.
		d.fail(n, "policy: %v", err)
	}
}

// entries reads a mapping whose keys are names of the user's choice.
func (d *decoder) entries(n *yaml.Node, what string, each func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s must be keys with values, not %s", what, kindOf(n))
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content) && len(d.problems) < maxProblems; i += 2 {
		key := n.Content[i]
		if seen[key.Value] || key.Kind != yaml.ScalarNode {
			d.fail(key, "%s: %q stands there twice", what, clip(key.Value))
			continue
		}
		seen[key.Value] = true
		each(key, n.Content[i+1])
	}
}

// merge checks a policy of one entry and adds it to p.
func (d *decoder) merge(at *yaml.Node, p, one *report.Policy) {
	if err := one.Check(); err != nil {
		text, hint, _ := strings.Cut(err.Error(), "; did you mean ")
		if hint != "" {
			hint = "did you mean " + hint
		}
		d.failHint(at, hint, "policy: %s", text)
		return
	}
	p.Weights = mergeInto(p.Weights, one.Weights)
	p.Deductions = mergeInto(p.Deductions, one.Deductions)
	p.Caps = mergeInto(p.Caps, one.Caps)
	p.Severities = mergeInto(p.Severities, one.Severities)
}

func mergeInto[K comparable, V any](to, from map[K]V) map[K]V {
	for k, v := range from {
		if to == nil {
			to = make(map[K]V)
		}
		to[k] = v
	}
	return to
}

// accept reads one accepted finding.
func (d *decoder) accept(n *yaml.Node, c *Config) {
	var a report.Acceptance
	before := len(d.problems)
	d.mapping(n, "an acceptance", fields{
		"check": func(n *yaml.Node) {
			raw, ok := d.scalar(n, "check")
			if !ok {
				return
			}
			a.Check = raw
			if _, known := report.FindCheck(raw); !known {
				hint := "mailworthy checks lists them"
				if similar := report.SimilarChecks(raw); len(similar) > 0 {
					hint = "did you mean " + similar[0] + "?"
				}
				d.failHint(n, hint, "there is no check %q", clip(raw))
			}
		},
		"subject": func(n *yaml.Node) { a.Subject, _ = d.text(n, "subject") },
		"domain": func(n *yaml.Node) {
			a.Domain, _ = read(d, n, "domain", c.known)
		},
		"until": func(n *yaml.Node) {
			a.Until, _ = d.scalar(n, "until")
			if _, err := time.Parse(time.DateOnly, a.Until); err != nil && a.Until != "" {
				d.failHint(n, "write it as 2027-03-31", "until: %q is no day", clip(a.Until))
			}
		},
		"reason": func(n *yaml.Node) {
			a.Reason, _ = read(d, n, "reason", func(s string) (string, error) {
				if len(s) > report.MaxReason {
					return "", fmt.Errorf("it has %d bytes and may have %d", len(s), report.MaxReason)
				}
				return s, nil
			})
		},
	}, "check", "until", "reason")
	if len(d.problems) == before {
		c.Policy.Accept = append(c.Policy.Accept, a)
	}
}

// known reads the name of a domain that the configuration audits.
func (c *Config) known(s string) (string, error) {
	name, err := audit.ParseDomain(s)
	if err != nil {
		return "", err
	}
	if _, ok := c.ForDomain(name); !ok {
		return "", fmt.Errorf("%s is not among the domains", clip(name))
	}
	return name, nil
}

// lists reads the entries for block lists, which have the form of a catalogue
// file, one by one: a mistake in one does not hide those in others.
func (d *decoder) lists(lists, remove *yaml.Node, c *Config) {
	c.Catalogue = rbl.DefaultCatalogue()
	apply := func(key string, n *yaml.Node) {
		if n == nil {
			return
		}
		d.sequence(n, key, func(item *yaml.Node) {
			of := key
			if key == "remove_lists" {
				of = "remove"
			}
			entry := &yaml.Node{Kind: yaml.MappingNode, Line: item.Line, Column: item.Column, Content: []*yaml.Node{
				{Kind: yaml.ScalarNode, Value: of, Line: item.Line, Column: item.Column},
				{Kind: yaml.SequenceNode, Line: item.Line, Column: item.Column, Content: []*yaml.Node{item}},
			}}
			err := c.Catalogue.Apply(entry, func(name string) string { v, _ := d.env(name); return v })
			var bad *rbl.EntryError
			switch {
			case errors.As(err, &bad):
				d.failAt(bad.Line, bad.Column, "", "%s: %s", key, bad.Text)
			case err != nil:
				d.fail(item, "%s: %v", key, err)
			}
		})
	}
	apply("lists", lists)
	apply("remove_lists", remove)
}

func (d *decoder) history(n *yaml.Node, c *Config) {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		d.place(n, "history", c, &c.History.File)
		return
	}
	d.mapping(n, "history", fields{
		"file":    func(n *yaml.Node) { d.place(n, "file", c, &c.History.File) },
		"keep":    func(n *yaml.Node) { c.History.Keep, _ = d.duration(n, "keep", day, maxKeep) },
		"confirm": func(n *yaml.Node) { c.History.Confirm, _ = d.number(n, "confirm", 1, 10) },
	}, "file")
}

func (d *decoder) logs(n *yaml.Node, c *Config) {
	l := &c.Logs
	d.mapping(n, "logs", fields{
		"paths": func(n *yaml.Node) {
			l.Paths = list(d, n, "paths", func(s string) (string, error) {
				if _, err := filepath.Match(s, ""); err != nil {
					return "", fmt.Errorf("%q is no pattern: %w", clip(s), err)
				}
				return c.path(s), nil
			})
		},
		"since":        func(n *yaml.Node) { l.Since, _ = d.duration(n, "since", time.Hour, 31*day) },
		"max_bounced":  func(n *yaml.Node) { l.MaxBounced, _ = d.number(n, "max_bounced", 1, 100) },
		"max_deferred": func(n *yaml.Node) { l.MaxDeferred, _ = d.number(n, "max_deferred", 1, 100) },
		"min_messages": func(n *yaml.Node) { l.MinMessages, _ = d.number(n, "min_messages", 1, 1_000_000) },
	}, "paths")
}

// place reads a path.
func (d *decoder) place(n *yaml.Node, what string, c *Config, to *string) {
	p, ok := d.text(n, what)
	if !ok {
		return
	}
	*to = filepath.Clean(c.path(p))
	if p != n.Value {
		if c.spelt == nil {
			c.spelt = make(map[string]string)
		}
		c.spelt[*to] = clip(n.Value)
	}
}

// maxDomainsFile bounds the list of domains_file in bytes.
const maxDomainsFile = 64 << 20

// maxRemark bounds what is said of one line of it.
const maxRemark = 300

// domainsFile reads a list with a domain a line, as that of audit -f. A domain that domains
// has keeps what is stated there; the others have the defaults.
func (d *decoder) domainsFile(n *yaml.Node, base Domain, c *Config) {
	var file string
	if d.place(n, "domains_file", c, &file); file == "" {
		return
	}
	domains, wrong := ReadDomains(file, c.Spelt(file))
	for _, err := range wrong {
		d.fail(n, "domains_file: %v", err)
	}
	for _, domain := range domains {
		if _, stated := c.ForDomain(domain); !stated {
			one := base
			one.Target.Domain = domain
			c.addDomain(one)
		}
	}
}

// ReadDomains returns the domains of a list as that of domains_file, and what is wrong with
// it: the first mistakes, each with the name of the list and its line. The list is bad if
// there are any.
func ReadDomains(file, name string) (domains []string, wrong []error) {
	text, err := readfile.Read(file, maxDomainsFile, readfile.Wait)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", clip(name), err)}
	}
	list := bulk.NewList(bulk.Source{Name: name, Reader: bytes.NewReader(text), Remark: func(r bulk.Remark) {
		if r.Bad && len(wrong) < maxProblems {
			wrong = append(wrong, errors.New(show.Cut(r.String(), maxRemark)))
		}
	}})
	for in := range list.All() {
		domains = append(domains, in.Domain)
	}
	if err := list.Finish(); err != nil {
		wrong = append(wrong, err)
	}
	return domains, wrong
}
