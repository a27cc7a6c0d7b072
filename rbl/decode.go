package rbl

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"mailworthy/finding"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/readfile"
	"mailworthy/resolver"
)

// Bounds on a catalogue file.
const (
	maxCatalogueBytes = 1 << 20
	maxLists          = 2000
	maxListEntries    = 256 // codes, refusals or test entries of one list
	maxText           = 2000
)

// LoadCatalogue returns the default catalogue as changed by the user's YAML
// file, which has the form of the built-in one:
//
//	lists:
//	  - zone: zen.spamhaus.org           # a known list: what is stated here replaces what was known
//	    key: ${SPAMHAUS_KEY}             # from the environment; never shown
//	  - zone: psbl.surriel.com
//	    weight: error
//	  - zone: bl.corp.example            # a new list; it is asked by default
//	    kinds: [ipv4, ipv6]              # ipv4, ipv6, domain; and allow
//	    weight: notice                   # critical, error, warning, notice or info
//	    codes:
//	      - {answer: 127.0.0.2, meaning: "complaints of our users"}
//	remove: [bl.spamcop.net]
//
// ${NAME} in a key or a zone is replaced by env("NAME"). Errors give the line,
// and never the text of a value, which might be a key.
func LoadCatalogue(file string, env func(string) string) (*Catalogue, error) {
	data, err := readfile.Read(file, maxCatalogueBytes, readfile.Wait)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: file, Err: err}
	}
	c := DefaultCatalogue()
	d := decoder{env: env}
	if err := d.decode(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// decoder reads the YAML form by hand: every error has its line, unknown fields
// are errors, and an entry of a known list changes only what it states.
type decoder struct {
	env     func(string) string
	builtIn bool
}

// fields are the names that a mapping may have, and what each does.
type fields map[string]func(*yaml.Node) error

func lineError(n *yaml.Node, format string, args ...any) error {
	return &EntryError{Line: n.Line, Column: n.Column, Text: fmt.Sprintf(format, args...)}
}

// decode applies the file to the catalogue.
func (d *decoder) decode(data []byte, c *Catalogue) error {
	if len(data) > maxCatalogueBytes {
		return fmt.Errorf("over %d bytes", maxCatalogueBytes)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return d.apply(doc.Content[0], c)
}

// apply changes the catalogue by the root of a file.
func (d *decoder) apply(root *yaml.Node, c *Catalogue) error {
	return mapping(root, fields{
		"lists": func(n *yaml.Node) error {
			return sequence(n, maxLists, func(n *yaml.Node) error { return d.list(n, c) })
		},
		"remove": func(n *yaml.Node) error {
			return sequence(n, maxLists, func(n *yaml.Node) error {
				zone, err := text(n)
				if err != nil {
					return err
				}
				l := c.Find(zone)
				if l == nil {
					return lineError(n, "no list of that zone is known")
				}
				c.Lists = slices.DeleteFunc(c.Lists, func(o *List) bool { return o == l })
				return nil
			})
		},
	})
}

// list reads one entry: a new list, or changes to a known one.
func (d *decoder) list(n *yaml.Node, c *Catalogue) error {
	var zoneNode, keyNode *yaml.Node
	pick := func(to **yaml.Node) func(*yaml.Node) error {
		return func(n *yaml.Node) error { *to = n; return nil }
	}
	// The zone decides which list the other fields change, wherever it stands.
	if err := mapping(n, fields{"zone": pick(&zoneNode), "key": pick(&keyNode), "": func(*yaml.Node) error { return nil }}); err != nil {
		return err
	}
	if zoneNode == nil {
		return lineError(n, "a list needs a zone")
	}
	shown, real, key, err := d.zone(zoneNode, c)
	if err != nil {
		return err
	}
	l := &List{Zone: shown, Name: shown, Kinds: []Kind{IPv4}, Weight: finding.Warning, Access: Open, Default: !d.builtIn}
	known := c.Find(shown)
	switch {
	case known != nil && d.builtIn:
		return lineError(zoneNode, "the list is there already")
	case known != nil && known.Dead != "":
		// What the user names is kept, so that a report can say since when it is
		// dead; "dead:" without a date brings it back.
		l.Name, l.Dead, l.Note = known.Name, known.Dead, known.Note
		c.Lists = append([]*List{l}, c.Lists...)
	case known != nil:
		l = known
	default:
		c.Lists = append(c.Lists, l)
	}
	if len(c.Lists) > maxLists {
		return lineError(n, "over %d lists", maxLists)
	}
	l.Stated = !d.builtIn
	l.vouched = l.vouched || d.builtIn
	if err := mapping(n, d.listFields(l)); err != nil {
		return err
	}
	if l.Dead != "" {
		// Nothing is ever asked of it.
		l.Kinds, l.Weight, l.Access = nil, "", ""
	} else if len(l.Kinds) == 0 {
		return lineError(n, "a list needs a kind: ipv4, ipv6 or domain")
	}
	if keyNode != nil {
		if key != "" {
			return lineError(keyNode, "the zone holds a key already")
		}
		if real, key, err = d.key(keyNode, l); err != nil {
			return err
		}
	}
	if key != "" {
		l.secret = &secret{zone: real, key: key}
		l.HasKey = true
		if _, stated := field(n, "default"); !stated {
			l.Default = true
		}
	}
	return nil
}

// listFields are the fields of a list but for its zone and key.
func (d *decoder) listFields(l *List) fields {
	skip := func(*yaml.Node) error { return nil }
	f := fields{
		"zone":        skip,
		"name":        setText(&l.Name),
		"kinds":       func(n *yaml.Node) error { return setKinds(n, l) },
		"weight":      setWeight(&l.Weight),
		"default":     setBool(&l.Default),
		"access":      setOneOf(&l.Access, Open, Key, Registration),
		"key_zone":    setKeyZone(&l.KeyZone),
		"registrable": setBool(&l.Registrable),
		"mask":        setBool(&l.Mask),
		"codes": func(n *yaml.Node) error {
			l.Codes = slices.Clone(l.Codes)
			return sequence(n, maxListEntries, func(n *yaml.Node) error { return setCode(n, &l.Codes) })
		},
		"refusals": func(n *yaml.Node) error {
			l.Refusals = nil
			return sequence(n, maxListEntries, func(n *yaml.Node) error { return setRefusal(n, &l.Refusals) })
		},
		"test":      func(n *yaml.Node) error { return setTest(n, &l.Test) },
		"delisting": func(n *yaml.Node) error { return setDelisting(n, &l.Delisting) },
		"dead":      func(n *yaml.Node) error { return setDead(n, &l.Dead) },
		"used_by":   setText(&l.UsedBy),
		"note":      setText(&l.Note),
	}
	if !d.builtIn {
		f["key"] = skip
	}
	return f
}

var variable = lazyre.New(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// zone reads the zone of an entry: as shown, and if it holds a key also as
// asked. A key is what came from the environment, or the first label below a
// zone that the catalogue knows to need one.
func (d *decoder) zone(n *yaml.Node, c *Catalogue) (shown, real, key string, err error) {
	raw, err := text(n)
	if err != nil {
		return "", "", "", err
	}
	shown = canonical(raw)
	if m := variable.FindAllStringSubmatchIndex(raw, -1); len(m) > 1 {
		return "", "", "", lineError(n, "a zone holds one ${NAME} at most")
	} else if len(m) == 1 {
		if key, err = d.expand(n, raw); err != nil {
			return "", "", "", err
		}
		shown = canonical(variable.ReplaceAllLiteralString(raw, keyMark))
	} else {
		for _, l := range c.Lists {
			if _, parent, ok := strings.Cut(l.KeyZone, keyMark+"."); ok {
				if label, ok := strings.CutSuffix(shown, "."+parent); ok && label != "" && label != keyMark && !strings.Contains(label, ".") {
					key, shown = label, l.KeyZone
				}
			}
		}
	}
	check := strings.Replace(shown, keyMark, "key", 1)
	if d.builtIn {
		check = strings.TrimPrefix(check, "*.")
	}
	if !resolver.IsHostName(check) {
		return "", "", "", lineError(n, "the zone is no domain name")
	}
	if key != "" && !isLabel(key) {
		return "", "", "", lineError(n, badKey)
	}
	return shown, strings.Replace(shown, keyMark, key, 1), key, nil
}

// badKey never repeats the key.
const badKey = "the key is no DNS label: letters, digits and hyphens, 63 at most"

// key reads the key of a list whose zone has a place for one.
func (d *decoder) key(n *yaml.Node, l *List) (zone, key string, err error) {
	raw, err := text(n)
	if err != nil {
		return "", "", err
	}
	if l.KeyZone == "" {
		return "", "", lineError(n, "%s takes no key; state key_zone, with %s where the key stands", l.Zone, keyMark)
	}
	key = raw
	if strings.Contains(raw, "${") {
		if variable.FindString(raw) != raw {
			return "", "", lineError(n, "a key is one ${NAME} and nothing else")
		}
		if key, err = d.expand(n, raw); err != nil {
			return "", "", err
		}
	}
	if !isLabel(key) {
		return "", "", lineError(n, badKey)
	}
	return strings.Replace(l.KeyZone, keyMark, key, 1), key, nil
}

// expand returns the value of the variable in the text.
func (d *decoder) expand(n *yaml.Node, raw string) (string, error) {
	name := variable.FindStringSubmatch(raw)[1]
	value := d.env(name)
	if value == "" {
		return "", lineError(n, "${%s} is not set in the environment", name)
	}
	if !isLabel(value) {
		return "", lineError(n, "${%s} is no DNS label: letters, digits and hyphens, 63 at most", name)
	}
	return value, nil
}
