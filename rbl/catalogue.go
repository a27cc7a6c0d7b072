package rbl

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailworthy/finding"
)

// Kind is what a list can be asked about.
type Kind string

const (
	// IPv4 addresses, octets reversed (RFC 5782, 2.1).
	IPv4 Kind = "ipv4"
	// IPv6 addresses, 32 nibbles reversed (RFC 5782, 2.4).
	IPv6 Kind = "ipv6"
	// Domain names, prepended as they are (RFC 5782, 3).
	Domain Kind = "domain"
	// Allow marks a list whose entries speak for the subject (RFC 5782, 2.2).
	Allow Kind = "allow"
)

// Access says who may ask a list.
type Access string

const (
	// Open to everyone, within the operator's limits.
	Open Access = "open"
	// Key: only below a name that holds the subscriber's key.
	Key Access = "key"
	// Registration: the operator must know the resolver's address.
	Registration Access = "registration"
)

// keyMark stands for a key wherever a name with one is shown.
const keyMark = "<key>"

// Catalogue is a set of lists.
type Catalogue struct {
	Lists []*List `json:"lists"`
}

// List is one block or allow list.
type List struct {
	// Zone is the name of the list as shown: a key in it is written "<key>". Of
	// a dead list it may be "*.name", for every zone below that name.
	Zone  string `json:"zone"`
	Name  string `json:"name"`
	Kinds []Kind `json:"kinds"`
	// Weight is the severity of a listing whose code has no weight of its own.
	Weight finding.Severity `json:"weight" empty:"null"`
	// Default: asked when the user names no lists.
	Default bool   `json:"default"`
	Access  Access `json:"access" empty:"null"`
	// KeyZone is the zone to ask with a key, "<key>" standing for it.
	KeyZone string `json:"key_zone" empty:"null"`
	// HasKey: a key was supplied.
	HasKey bool `json:"has_key"`
	// Registrable: the list holds registrable domains only, so that is what to ask.
	Registrable bool `json:"registrable"`
	// Mask: the last octet is a sum of bits, one a sub-list (RFC 5782, 2.3).
	Mask  bool   `json:"mask"`
	Codes []Code `json:"codes"`
	// Refusals are answers that say "not for you", beside those that are refusals of every list.
	Refusals  []Refusal `json:"refusals"`
	Test      Test      `json:"test"`
	Delisting Delisting `json:"delisting" empty:"null"`
	// UsedBy names receivers that are known to reject by the list, with their answers.
	UsedBy string `json:"used_by" empty:"null"`
	// Dead is when the list was closed, "2024-06-05" or as much of it as is
	// known, "unknown" if nothing is.
	Dead string `json:"dead" empty:"null"`
	Note string `json:"note" empty:"null"`
	// Stated: the list comes from the user's file.
	Stated bool `json:"stated"`

	// vouched: the catalogue of this program has the list as alive.
	vouched bool
	secret  *secret
}

// secret holds what must not be shown. It is a pointer so that no formatting of
// a List prints it.
type secret struct {
	// zone is the name to ask, key included.
	zone string
	// key is the text to redact wherever it turns up.
	key string
}

// Code explains an answer of a list.
type Code struct {
	// Answer is an address; an octet may be a range "10-12" or "*". Of a Mask
	// list it is the bit as an address: 127.0.0.8.
	Answer  string `json:"answer"`
	Sublist string `json:"sublist" empty:"null"`
	Meaning string `json:"meaning" empty:"null"`
	// Weight replaces the list's weight.
	Weight finding.Severity `json:"weight" empty:"null"`
	// Effect is "" for a listing, "neutral" or "credit".
	Effect    Effect    `json:"effect" empty:"null"`
	Delisting Delisting `json:"delisting" empty:"null"`
}

// Effect is what a code does to its subject, if it is no plain listing.
type Effect string

const (
	// Neutral: an entry that says nothing against the subject.
	Neutral Effect = "neutral"
	// Credit: an entry that speaks for the subject.
	Credit Effect = "credit"
)

// Refusal is an answer that is no entry.
type Refusal struct {
	Answer  string `json:"answer"`
	Meaning string `json:"meaning"`
	// Advice says how to get an answer.
	Advice string `json:"advice" empty:"null"`
}

// Test names the entries that show whether a list is what it should be. What is
// empty is as RFC 5782, 5 has it for each kind.
type Test struct {
	// Listed: at least one of these must be listed.
	Listed []string `json:"listed"`
	// Clean must not be listed.
	Clean string `json:"clean" empty:"null"`
	// Answer of a listed entry, if it would elsewhere be a refusal.
	Answer string `json:"answer" empty:"null"`
}

// Delisting is how to leave a list.
type Delisting struct {
	URL   string `json:"url" empty:"null"`
	Steps string `json:"steps" empty:"null"`
}

//go:embed catalogue.yaml
var catalogueYAML []byte

// DefaultCatalogue returns the lists that this program knows, dead ones
// included. The caller owns it.
func DefaultCatalogue() *Catalogue {
	c := &Catalogue{}
	d := decoder{env: func(string) string { return "" }, builtIn: true}
	if err := d.decode(catalogueYAML, c); err != nil {
		panic("rbl: embedded catalogue: " + err.Error())
	}
	return c
}

// BuiltIn returns a default catalogue that is shared, and that nobody may change. It is
// read once: to read the YAML for each audit takes longer than all else of it.
func BuiltIn() *Catalogue { return builtIn() }

var builtIn = sync.OnceValue(DefaultCatalogue)

// Find returns the list of that zone, or nil. Of a wildcard of dead lists it
// returns one with the zone asked for.
func (c *Catalogue) Find(zone string) *List {
	zone = canonical(zone)
	for _, l := range c.Lists {
		if l.Zone == zone || (l.KeyZone != "" && l.KeyZone == zone) {
			return l
		}
	}
	for _, l := range c.Lists {
		if below, ok := strings.CutPrefix(l.Zone, "*."); ok && (zone == below || strings.HasSuffix(zone, "."+below)) {
			dead := *l
			dead.Zone = zone
			return &dead
		}
	}
	return nil
}

// Select returns the lists of those zones, each once; an unknown zone, or a list
// that needs a key which was not supplied, is an error that names it. No zones:
// the lists asked by default. "all" stands for every list that can be asked.
func (c *Catalogue) Select(zones []string) ([]*List, error) {
	if len(zones) == 0 {
		out := make([]*List, 0, len(c.Lists))
		for _, l := range c.Lists {
			// A dead list is in the default set only if the user's file names it.
			if l.Default && (l.askable() || l.Dead != "") {
				out = append(out, l)
			}
		}
		return out, nil
	}
	var out []*List
	add := func(l *List) {
		if !slices.ContainsFunc(out, func(o *List) bool { return o.Zone == l.Zone }) {
			out = append(out, l)
		}
	}
	for _, zone := range zones {
		if strings.EqualFold(zone, "all") {
			for _, l := range c.Lists {
				if l.askable() {
					add(l)
				}
			}
			continue
		}
		l := c.Find(zone)
		if of := c.keyed(zone); l == nil && of != nil {
			return nil, fmt.Errorf("%s names no list: a key is stated as key: of %s in a file (--lists)", of.KeyZone, of.Zone)
		}
		switch {
		case l == nil:
			return nil, fmt.Errorf("no block list %q is known", c.Redact(zone))
		case l.Dead == "" && !l.askable():
			return nil, fmt.Errorf("%s answers only below a name with a key, and none was supplied", l.Zone)
		}
		add(l)
	}
	return out, nil
}

// HasKeys reports whether there is anything to redact.
func (c *Catalogue) HasKeys() bool {
	return slices.ContainsFunc(c.Lists, func(l *List) bool { return l.secret != nil })
}

// Redact replaces every key of the catalogue in a text by "<key>".
func (c *Catalogue) Redact(text string) string {
	for _, l := range c.Lists {
		text = l.redact(text)
	}
	return text
}

// keyed is the list of which a zone is the name with a key in it, which is not to be shown; nil
// if there is none.
func (c *Catalogue) keyed(zone string) *List {
	zone = canonical(zone)
	for _, l := range c.Lists {
		if below := strings.TrimPrefix(l.KeyZone, keyMark); l.KeyZone != "" && strings.HasSuffix(zone, below) {
			return l
		}
	}
	return nil
}

// askable: the list is alive and the key it may need is there.
func (l *List) askable() bool { return l.Dead == "" && (l.Access != Key || l.HasKey) }

// takes reports whether the list can be asked about the kind.
func (l *List) takes(k Kind) bool { return slices.Contains(l.Kinds, k) }

// allows reports whether the entries speak for their subjects.
func (l *List) allows() bool { return l.takes(Allow) }

// zone is the name to ask below, key included: it must not leave the package
// except in questions.
func (l *List) zone() string {
	if l.secret != nil {
		return l.secret.zone
	}
	return l.Zone
}

// worst is the severity that a listing could have.
func (l *List) worst() finding.Severity {
	if l.allows() {
		return finding.Info
	}
	worst := l.Weight
	for _, c := range l.Codes {
		if c.Effect == "" && c.Weight.Rank() > worst.Rank() {
			worst = c.Weight
		}
	}
	return worst
}

// redact replaces the list's key in a text.
func (l *List) redact(text string) string {
	if l.secret == nil || l.secret.key == "" {
		return text
	}
	var b strings.Builder
	for key := l.secret.key; ; {
		i := indexFold(text, key)
		if i < 0 && b.Len() == 0 {
			return text
		}
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		b.WriteString(keyMark)
		text = text[i+len(key):]
	}
}

// indexFold is where a key, which is ASCII, stands in a text in whatever case, or
// -1.
func indexFold(text, key string) int {
	for i := 0; i+len(key) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(key)], key) {
			return i
		}
	}
	return -1
}

// evidence is e without the list's key.
func (l *List) evidence(e finding.Evidence) finding.Evidence {
	if l.secret == nil {
		return e
	}
	e.Name, e.Server, e.Note = l.redact(e.Name), l.redact(e.Server), l.redact(e.Note)
	e.Answer, e.CNAMEs = slices.Clone(e.Answer), slices.Clone(e.CNAMEs)
	for i := range e.Answer {
		e.Answer[i] = l.redact(e.Answer[i])
	}
	for i := range e.CNAMEs {
		e.CNAMEs[i] = l.redact(e.CNAMEs[i])
	}
	return e
}

// canonical is a zone name in the form of the catalogue.
func canonical(zone string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(zone), "."))
}
