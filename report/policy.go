package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	yaml "go.yaml.in/yaml/v3"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/readfile"
)

// Policy is a user's own judgement: what it does not mention stays as it is by
// default. A report says where it deviates.
//
//	weights:     {dkim: 10, reputation: 30}
//	deductions:  {warning: 20}
//	caps:        {error: 69}
//	severities:
//	  dmarc-policy-none: error
//	  mx-single: info
//	accept:
//	  - {check: ptr-missing, subject: 192.0.2.11, until: 2027-03-31, reason: the provider moves it}
//	brand: {title: "Example Consulting", logo: logo.svg}
type Policy struct {
	Weights    map[finding.Section]int     `yaml:"weights"`
	Deductions map[finding.Severity]int    `yaml:"deductions"`
	Caps       map[finding.Severity]int    `yaml:"caps"`
	Severities map[string]finding.Severity `yaml:"severities"`
	// Accept are findings that are shown and not counted.
	Accept []Acceptance `yaml:"accept"`
	// Brand is the cover of HTML and PDF; nil for none.
	Brand *Brand `yaml:"brand"`
}

// maxPolicy bounds the file of a policy.
const maxPolicy = 4 << 20

// ReadPolicy reads the file of a policy, and that of its logo, which is named relative to
// it. The error is an *fs.PathError if the file cannot be read; others do not name it.
func ReadPolicy(file string) (*Policy, error) {
	text, err := readfile.Read(file, maxPolicy, readfile.Wait)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: file, Err: err}
	}
	p, err := LoadPolicy(text)
	if err != nil || p.Brand == nil || p.Brand.Logo == "" {
		return p, err
	}
	logo := p.Brand.Logo
	if !filepath.IsAbs(logo) {
		logo = filepath.Join(filepath.Dir(file), logo)
	}
	content, err := readfile.Read(logo, MaxLogo, readfile.Wait)
	if err == nil {
		err = p.Brand.SetLogo(content)
	}
	if err != nil {
		return nil, fmt.Errorf("brand: logo %s: %w", logo, err)
	}
	return p, nil
}

// LoadPolicy reads a policy from YAML. An error names the line or the key.
func LoadPolicy(text []byte) (*Policy, error) {
	p := new(Policy)
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err == nil {
		if long := longMapping(&doc); long != nil {
			return nil, fmt.Errorf("policy: line %d: more than %d keys in one place", long.Line, mostKeys)
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(p); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return p, nil
}

// mostKeys bounds the keys of a mapping, of which no policy has more than there are checks:
// the decoder compares each with each.
const mostKeys = 1000

// longMapping finds a mapping of too many keys; nil: there is none.
func longMapping(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.MappingNode && len(n.Content) > 2*mostKeys {
		return n
	}
	for _, below := range n.Content {
		if long := longMapping(below); long != nil {
			return long
		}
	}
	return nil
}

// Check says what is wrong with a policy, if anything is.
func (p *Policy) Check() error {
	total := 0
	for _, w := range p.Scale().Weights {
		total += w
	}
	for s, w := range p.Weights {
		if !slices.Contains(finding.Sections, s) {
			return fmt.Errorf("weights: there is no section %q; sections are %s", s, joined(finding.Sections))
		}
		if w < 0 || w > 1000 {
			return fmt.Errorf("weights: %s weighs %d; it must be 0 to 1000", s, w)
		}
	}
	if total == 0 {
		return errors.New("weights: every section weighs 0")
	}
	graded := []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice}
	for name, numbers := range map[string]map[finding.Severity]int{"deductions": p.Deductions, "caps": p.Caps} {
		for s, n := range numbers {
			if !slices.Contains(graded, s) {
				return fmt.Errorf("%s: there is no severity %q; severities are %s", name, s, joined(graded))
			}
			if n < 0 || n > 100 {
				return fmt.Errorf("%s: %s has %d; it must be 0 to 100", name, s, n)
			}
		}
	}
	for id, s := range p.Severities {
		if err := knownCheck(id); err != nil {
			return fmt.Errorf("severities: %w", err)
		}
		if !slices.Contains(append(graded, finding.Info), s) {
			return fmt.Errorf("severities: %s cannot be %q; it must be %s or info", id, s, joined(graded))
		}
	}
	if err := p.Brand.check(); err != nil {
		return fmt.Errorf("brand: %w", err)
	}
	for i := range p.Accept {
		if err := p.Accept[i].check(); err != nil {
			return fmt.Errorf("accept: %w", err)
		}
	}
	return nil
}

func joined[T ~string](list []T) string {
	text := ""
	for i, s := range list {
		if i > 0 {
			text += ", "
		}
		text += string(s)
	}
	return text
}

// Scale returns the default scale with what the policy changes. A nil policy has the
// default scale.
func (p *Policy) Scale() Scale {
	s := DefaultScale()
	if p != nil {
		maps.Copy(s.Weights, p.Weights)
		maps.Copy(s.Deductions, p.Deductions)
		maps.Copy(s.Caps, p.Caps)
	}
	return s
}

// judge gives findings the severities of the policy. What passed stays passed;
// what the DNS left undecided stays so, and could be as bad as the policy says.
func (p *Policy) judge(findings []finding.Finding) {
	for i := range findings {
		f := &findings[i]
		f.Rejudge(func(c *finding.Consequence) {
			if s, ok := p.Severities[c.Check]; ok {
				c.CouldBe = s
			}
		})
		s, ok := p.Severities[f.Check]
		switch {
		case !ok || f.Severity == finding.Pass || f.Severity == finding.NotChecked:
		case f.Severity == finding.Unknown:
			f.CouldBe = s
		default:
			f.Severity = s
			f.VerdictAs = ""
		}
	}
}

// deviations says in sentences what the policy changes.
func (p *Policy) deviations() []string {
	var out []string
	base := DefaultScale()
	for _, s := range finding.Sections {
		if w, ok := p.Weights[s]; ok && w != base.Weights[s] {
			out = append(out, fmt.Sprintf("%s weighs %d, by default %d", s.Title(), w, base.Weights[s]))
		}
	}
	for _, s := range []finding.Severity{finding.Critical, finding.Error, finding.Warning, finding.Notice} {
		if n, ok := p.Deductions[s]; ok && n != base.Deductions[s] {
			out = append(out, fmt.Sprintf("%s deducts %d, by default %d", s, n, base.Deductions[s]))
		}
		n, ok := p.Caps[s]
		limit, had := base.Caps[s]
		switch {
		case ok && had && n != limit:
			out = append(out, fmt.Sprintf("%s caps the total at %d, by default %d", s, n, limit))
		case ok && !had:
			out = append(out, fmt.Sprintf("%s caps the total at %d, by default not", s, n))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Severities)) {
		if c, ok := FindCheck(id); ok && c.Severity != p.Severities[id] {
			out = append(out, fmt.Sprintf("%s is %s, by default %s", id, p.Severities[id], c.Severity))
		}
	}
	return out
}

// NewWithPolicy grades a result by a policy; nil is the default judgement. What a
// policy judges are copies of the findings.
func NewWithPolicy(r *audit.Result, p *Policy, version string) *Report {
	if p == nil {
		return New(r, defaultScale, version)
	}
	judged := *r
	judged.Findings = slices.Clone(r.Findings)
	p.judge(judged.Findings)
	ended := accept(p.Accept, r.Domain, judged.Findings, r.Started)
	out := New(&judged, p.Scale(), version)
	out.Deviations = p.deviations()
	out.AcceptancesEnded = ended
	return out
}
