package provider

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/lazyre"
)

// The bounds on a file, which may be a user's.
const (
	maxFile     = 1 << 20
	maxServices = 2000
	maxRecords  = 40
	maxValue    = 2000
)

// Parse reads entries of the form of catalogue.txt:
//
//	[id]
//	name: Acme Mail
//	also: acme, Acme Mailer
//	kind: relay
//	record: PURPOSE NEED NAME TYPE VALUE
//	  accept: PATTERN…
//
// Lines that begin with # are comments. An indented line belongs to the record before
// it. Records after "way: NAME" belong to that way, those before the first way and
// after an empty "way:" to all. The error names the line.
func Parse(text string) ([]*Service, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("over %d bytes, more than a catalogue has", maxFile)
	}
	var p parser
	n := 0
	for line := range strings.Lines(text) {
		n++
		if err := p.line(strings.TrimRight(line, " \t\r\n")); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := p.end(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n, err)
	}
	return p.services, nil
}

type parser struct {
	services []*Service
	s        *Service
	// common are the records of all ways; way is the one that records go to.
	common []Record
	way    int
	last   *Record
	count  int
}

var idForm = lazyre.New(`^[a-z0-9][a-z0-9.-]*$`)

func (p *parser) line(line string) error {
	indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
	line = strings.TrimSpace(line)
	switch {
	case line == "" || line[0] == '#':
		return nil
	case line[0] == '[' && line[len(line)-1] == ']':
		if err := p.end(); err != nil {
			return err
		}
		id := line[1 : len(line)-1]
		if !idForm.MatchString(id) {
			return fmt.Errorf("%q is not an ID: lower-case letters, digits, dots and hyphens", id)
		}
		if len(p.services) == maxServices {
			return fmt.Errorf("more than %d services", maxServices)
		}
		p.s, p.common, p.way, p.last, p.count = &Service{ID: id}, nil, -1, nil, 0
		return nil
	}
	key, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch {
	case !ok:
		return fmt.Errorf("%q is no key: value", line)
	case p.s == nil:
		return fmt.Errorf("%q stands before the first [id]", line)
	case len(value) > maxValue:
		return fmt.Errorf("a value of %d characters", len(value))
	case indented:
		return p.detail(key, value)
	}
	return p.key(key, value)
}

// end closes an entry.
func (p *parser) end() error {
	if p.s == nil {
		return nil
	}
	s := p.s
	if s.Name == "" {
		return fmt.Errorf("[%s] has no name", s.ID)
	}
	if len(s.Ways) == 0 && len(p.common) > 0 {
		s.Ways = []Way{{}}
	}
	for i := range s.Ways {
		s.Ways[i].Records = append(slices.Clone(p.common), s.Ways[i].Records...)
	}
	if s.NeedsRecords() && s.Kind == Other {
		return fmt.Errorf("[%s] has records and no kind", s.ID)
	}
	if err := s.check(); err != nil {
		return fmt.Errorf("[%s]: %w", s.ID, err)
	}
	p.services = append(p.services, s)
	p.s = nil
	return nil
}

// check finds templates that cannot be filled in.
func (s *Service) check() error {
	known := map[string]bool{"domain": true, "dashed": true, "return-path": true, "selector": true}
	for _, r := range s.Regions {
		for k := range r.Vars {
			known[k] = true
		}
	}
	for _, w := range s.Ways {
		for _, r := range w.Records {
			for _, text := range append([]string{r.Name, r.Value, r.Match}, r.Accept...) {
				for _, v := range variables(text) {
					if !known[v] {
						return fmt.Errorf("{%s} in %q is not known", v, text)
					}
					if v == "return-path" && len(s.ReturnPaths) == 0 {
						return fmt.Errorf("%q has {return-path}, and the entry no return-path: line", text)
					}
				}
			}
			if strings.Contains(r.Name, "{selector}") && len(r.Try) == 0 {
				return fmt.Errorf("%q has {selector}, and the entry no try: line", r.Name)
			}
		}
	}
	return nil
}

func (p *parser) key(key, value string) error {
	s := p.s
	p.last = nil
	if region, ok := strings.CutPrefix(key, "region "); ok {
		return p.region(region, value)
	}
	if strings.HasPrefix(key, "region") {
		// The name of the region is a placeholder, which has a colon.
		return p.regionLine(key + ": " + value)
	}
	words := strings.Fields(value)
	switch key {
	case "name":
		s.Name = value
	case "also":
		for n := range strings.SplitSeq(value, ",") {
			s.Also = append(s.Also, strings.TrimSpace(n))
		}
	case "kind":
		if s.Kind = Kind(value); !slices.Contains([]Kind{Relay, Mailbox, Marketing}, s.Kind) {
			return fmt.Errorf("kind %q: it is relay, mailbox or marketing", value)
		}
	case "align":
		s.Align = words
	case "selectors":
		s.Selectors = words
	case "seen-mx":
		s.MX = words
	case "seen-spf":
		s.SPF = words
	case "shared":
		s.Shared = value
	case "seen-cname":
		s.CNAME = words
	case "targets":
		s.Targets = words
	case "shape":
		s.Shapes = words
	case "confidence":
		if s.Confidence = Confidence(value); !slices.Contains([]Confidence{Documented, Observed, Memory}, s.Confidence) {
			return fmt.Errorf("confidence %q: it is documented, observed or memory", value)
		}
	case "traits":
		s.Software, s.Standby = slices.Contains(words, "software"), slices.Contains(words, "standby")
	case "note":
		s.Note = value
	case "inbound":
		s.Inbound = words
	case "inbound-as":
		s.InboundAs = value
	case "mailboxes":
		s.Mailboxes = value == "yes"
	case "own-envelope":
		s.OwnEnvelope = value == "yes"
	case "envelope":
		s.Envelope = words
	case "source":
		s.Source = value
	case "date":
		s.Date = value
	case "way":
		if value == "" {
			p.way = -1
			return nil
		}
		s.Ways = append(s.Ways, Way{Name: value})
		p.way = len(s.Ways) - 1
	case "record":
		return p.record(value)
	case "return-path":
		for _, name := range fields(value) {
			if trimmed, ok := strings.CutSuffix(name, "?"); ok {
				name, s.ReturnPathFromMemory = trimmed, true
			}
			s.ReturnPaths = append(s.ReturnPaths, name)
		}
	case "switch-on":
		s.SwitchOn = value
	case "limit":
		s.Limits = append(s.Limits, value)
	case "trap":
		s.Traps = append(s.Traps, value)
	default:
		return p.smtp(key, value)
	}
	return nil
}

// smtp reads the keys of how mail is handed in; smtp: comes first.
func (p *parser) smtp(key, value string) error {
	if key == "smtp" {
		p.s.SMTP = &SMTP{Host: value}
		return nil
	}
	m := p.s.SMTP
	var err error
	switch {
	case !slices.Contains([]string{"ports", "user", "password", "tls", "relay", "relay-ports", "from-memory"}, key):
		return fmt.Errorf("the key %q is not known", key)
	case m == nil:
		return fmt.Errorf("%s: needs smtp: before it", key)
	case key == "ports":
		m.Ports, err = parsePorts(value)
	case key == "user":
		m.User = value
	case key == "password":
		m.Password = value
	case key == "tls":
		m.TLS = value
	case key == "relay":
		m.Relay = value
	case key == "relay-ports":
		m.RelayPorts, err = parsePorts(value)
	case key == "from-memory":
		m.FromMemory = value
	}
	return err
}

// parsePorts reads "587 2525 i465", where i is implicit TLS.
func parsePorts(value string) ([]Port, error) {
	var out []Port
	for _, w := range strings.Fields(value) {
		number, implicit := strings.CutPrefix(w, "i")
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("%q is no port", w)
		}
		out = append(out, Port{int(n), implicit})
	}
	return out, nil
}

// regionLine reads a region whose name is a placeholder.
func (p *parser) regionLine(line string) error {
	rest := strings.TrimSpace(strings.TrimPrefix(line, "region"))
	end := strings.Index(rest, ">:")
	if end < 0 {
		return fmt.Errorf("%q is no region", line)
	}
	return p.region(rest[:end+1], rest[end+2:])
}

func (p *parser) region(name, value string) error {
	if strings.HasPrefix(name, "<") && !strings.HasSuffix(name, ">") {
		return p.regionLine("region " + name + ": " + value)
	}
	r := Region{Name: name, Vars: map[string]string{}}
	for _, f := range fields(value) {
		k, v, ok := strings.Cut(f, "=")
		if !ok {
			return fmt.Errorf("%q of a region is no name=value", f)
		}
		r.Vars[k] = v
	}
	p.s.Regions = append(p.s.Regions, r)
	return nil
}

func (p *parser) record(value string) error {
	f := fields(value)
	if len(f) < 5 {
		return fmt.Errorf("a record is PURPOSE NEED NAME TYPE VALUE")
	}
	if p.count++; p.count > maxRecords {
		return fmt.Errorf("more than %d records", maxRecords)
	}
	r := Record{Purpose: Purpose(f[0]), Need: Need(f[1]), Name: f[2], Type: f[3], Value: strings.Join(f[4:], " ")}
	switch {
	case !slices.Contains([]Purpose{SPF, DKIM, ReturnPath, Verification, DMARC, MX, Tracking}, r.Purpose):
		return fmt.Errorf("the purpose %q is not known", f[0])
	case !slices.Contains([]Need{Needed, Advised, Optional, Once, Receive, Unwanted, Unverified}, r.Need):
		return fmt.Errorf("the need %q is not known", f[1])
	case !slices.Contains([]string{"TXT", "CNAME", "MX", "NS"}, r.Type):
		return fmt.Errorf("the type %q is not TXT, CNAME, MX or NS", f[3])
	}
	to := &p.common
	if p.way >= 0 {
		to = &p.s.Ways[p.way].Records
	}
	*to = append(*to, r)
	p.last = &(*to)[len(*to)-1]
	return nil
}

// detail reads an indented line.
func (p *parser) detail(key, value string) error {
	r := p.last
	if r == nil {
		return fmt.Errorf("%q is indented, and no record stands before it", key)
	}
	switch key {
	case "accept":
		r.Accept = fields(value)
	case "match":
		r.Match = value
	case "try":
		r.Try = strings.Fields(value)
	case "all":
		r.All = value
	case "literal":
		r.Literal = value == "yes"
	case "alone":
		r.Alone = value == "yes"
	case "why":
		r.Why = value
	default:
		return fmt.Errorf("the key %q is not known below a record", key)
	}
	return nil
}

// fields splits at spaces, those within <…> apart.
func fields(s string) []string {
	var out []string
	start, depth := -1, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' && depth == 0:
			if start >= 0 {
				out = append(out, s[start:i])
			}
			start = -1
			continue
		case c == '<':
			depth++
		case c == '>' && depth > 0:
			depth--
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		out = append(out, s[start:])
	}
	return out
}
