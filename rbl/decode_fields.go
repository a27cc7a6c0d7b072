package rbl

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"mailworthy/finding"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// mapping calls the function of each field; "" takes those without their own.
func mapping(n *yaml.Node, f fields) error {
	if n.Kind != yaml.MappingNode {
		return lineError(n, "expected fields with values")
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return lineError(k, "expected the name of a field")
		}
		if seen[k.Value] {
			return lineError(k, "field %q twice", clip(k.Value))
		}
		seen[k.Value] = true
		set := f[k.Value]
		if set == nil {
			set = f[""]
		}
		if set == nil {
			return lineError(k, "unknown field %q", clip(k.Value))
		}
		if err := set(v); err != nil {
			return err
		}
	}
	return nil
}

// field returns the value of a field of a mapping.
func field(n *yaml.Node, name string) (*yaml.Node, bool) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1], true
		}
	}
	return nil, false
}

func sequence(n *yaml.Node, limit int, each func(*yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode {
		return lineError(n, "expected a list")
	}
	if len(n.Content) > limit {
		return lineError(n, "over %d entries", limit)
	}
	for _, item := range n.Content {
		if err := each(item); err != nil {
			return err
		}
	}
	return nil
}

func text(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", lineError(n, "expected a text")
	}
	if len(n.Value) > maxText {
		return "", lineError(n, "a text over %d bytes", maxText)
	}
	return n.Value, nil
}

func setText(to *string) func(*yaml.Node) error {
	return func(n *yaml.Node) (err error) {
		*to, err = text(n)
		return err
	}
}

func setBool(to *bool) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		v, err := strconv.ParseBool(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			return lineError(n, "expected true or false")
		}
		*to = v
		return nil
	}
}

func setOneOf[T ~string](to *T, allowed ...T) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || !slices.Contains(allowed, T(n.Value)) {
			return lineError(n, "expected one of %v", allowed)
		}
		*to = T(n.Value)
		return nil
	}
}

func setWeight(to *finding.Severity) func(*yaml.Node) error {
	return setOneOf(to, finding.Critical, finding.Error, finding.Warning, finding.Notice, finding.Info)
}

func setKinds(n *yaml.Node, l *List) error {
	l.Kinds = nil
	err := sequence(n, maxListEntries, func(n *yaml.Node) error {
		var k Kind
		if err := setOneOf(&k, IPv4, IPv6, Domain, Allow)(n); err != nil {
			return err
		}
		if !slices.Contains(l.Kinds, k) {
			l.Kinds = append(l.Kinds, k)
		}
		return nil
	})
	if err == nil && (len(l.Kinds) == 0 || len(l.Kinds) == 1 && l.Kinds[0] == Allow) {
		return lineError(n, "a list needs a kind: ipv4, ipv6 or domain")
	}
	return err
}

func setKeyZone(to *string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		zone, err := text(n)
		if err != nil {
			return err
		}
		zone = canonical(zone)
		if !strings.HasPrefix(zone, keyMark+".") || !resolver.IsHostName(strings.Replace(zone, keyMark, "key", 1)) {
			return lineError(n, "expected a zone that starts with %s, where the key stands", keyMark)
		}
		*to = zone
		return nil
	}
}

// setAnswer reads an answer: an address in 127/8 whose octets may be ranges.
func setAnswer(to *string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if _, err := parsePattern(n.Value); n.Kind != yaml.ScalarNode || err != nil {
			return lineError(n, "expected an answer in 127/8, such as 127.0.0.2, 127.0.0.10-12 or 127.0.*.3")
		}
		*to = n.Value
		return nil
	}
}

// setCode adds a code, or changes the one of the same answer.
func setCode(n *yaml.Node, codes *[]Code) error {
	var c Code
	answer, ok := field(n, "answer")
	if n.Kind != yaml.MappingNode || !ok {
		return lineError(n, "a code needs an answer")
	}
	i := slices.IndexFunc(*codes, func(o Code) bool { return o.Answer == answer.Value })
	if i >= 0 {
		c = (*codes)[i]
	}
	if err := mapping(n, fields{
		"answer":    setAnswer(&c.Answer),
		"sublist":   setText(&c.Sublist),
		"meaning":   setText(&c.Meaning),
		"weight":    setWeight(&c.Weight),
		"effect":    setOneOf(&c.Effect, Neutral, Credit),
		"delisting": func(n *yaml.Node) error { return setDelisting(n, &c.Delisting) },
	}); err != nil {
		return err
	}
	if i >= 0 {
		(*codes)[i] = c
		return nil
	}
	*codes = append(*codes, c)
	return nil
}

func setRefusal(n *yaml.Node, refusals *[]Refusal) error {
	var r Refusal
	if err := mapping(n, fields{"answer": setAnswer(&r.Answer), "meaning": setText(&r.Meaning), "advice": setText(&r.Advice)}); err != nil {
		return err
	}
	if r.Answer == "" {
		return lineError(n, "a refusal needs an answer")
	}
	*refusals = append(*refusals, r)
	return nil
}

func setTest(n *yaml.Node, t *Test) error {
	entry := func(to *string) func(*yaml.Node) error {
		return func(n *yaml.Node) error {
			s, err := text(n)
			if err != nil {
				return err
			}
			if _, err := entryName(s); err != nil {
				return lineError(n, "a test entry is an address or a domain name")
			}
			*to = s
			return nil
		}
	}
	*t = Test{}
	return mapping(n, fields{
		"listed": func(n *yaml.Node) error {
			return sequence(n, 4, func(n *yaml.Node) error {
				var s string
				err := entry(&s)(n)
				t.Listed = append(t.Listed, s)
				return err
			})
		},
		"clean":  entry(&t.Clean),
		"answer": setAnswer(&t.Answer),
	})
}

func setDelisting(n *yaml.Node, d *Delisting) error {
	*d = Delisting{}
	return mapping(n, fields{
		"steps": setText(&d.Steps),
		"url": func(n *yaml.Node) error {
			u, err := url.Parse(n.Value)
			if n.Kind != yaml.ScalarNode || len(n.Value) > maxText || err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
				return lineError(n, "expected an http or https address")
			}
			d.URL = n.Value
			return nil
		},
	})
}

var deadDate = lazyre.New(`^(unknown|\d{4}(-\d{2}(-\d{2})?)?)?$`)

// setDead reads the date of a closure; an empty one brings a list back to life.
func setDead(n *yaml.Node, to *string) error {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		*to = ""
		return nil
	}
	if n.Kind != yaml.ScalarNode || !deadDate.MatchString(n.Value) {
		return lineError(n, "expected a date: 2024-06-05, 2024-06, 2024 or unknown")
	}
	*to = n.Value
	return nil
}

// clip bounds what an error repeats of a catalogue or an argument.
func clip(s string) string { return show.Cut(s, 40) }
