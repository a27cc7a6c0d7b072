package resolver

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"mailworthy/internal/readfile"
)

// ZoneSet holds the zones of one master file (RFC 1035, 5). It answers what
// their authoritative server would, and must not be changed once it is in use.
type ZoneSet struct {
	// File is where the zones came from.
	File string
	// Warnings are what a name server would log and go on, as "FILE:LINE: …".
	Warnings []string

	zones []*zone
	index zoneIndex
	names int
}

// newZoneSet starts a set of zones of these origins, without records.
func newZoneSet(file string, origins ...string) *ZoneSet {
	s := &ZoneSet{File: file, zones: make([]*zone, 0, len(origins)), index: make(zoneIndex, len(origins))}
	for _, o := range origins {
		z := newZone(o, &s.names)
		z.file = file
		s.zones = append(s.zones, z)
		s.index[o] = z
	}
	return s
}

// NewZone starts one zone without records.
func NewZone(origin string) (*ZoneSet, error) {
	key, wrong := canonical(origin)
	if wrong != "" {
		return nil, fmt.Errorf("origin %q: %s", origin, wrong)
	}
	return newZoneSet("", key), nil
}

// Add puts a record, with names in plain text, into the zone of its name. It is
// not to be called beside lookups.
func (s *ZoneSet) Add(r Record) error {
	key, wrong := canonical(r.Name)
	if wrong != "" {
		return fmt.Errorf("%q: %s", r.Name, wrong)
	}
	r.Name = key
	if r.Host != "" {
		host, wrong := canonical(r.Host)
		if wrong != "" {
			return fmt.Errorf("%q: %s", r.Host, wrong)
		}
		r.Host = host
	}
	z := s.index.holder(key)
	if z == nil {
		return fmt.Errorf("%s is outside the zones %s", key, s.named())
	}
	z.add(r)
	return nil
}

// Origins lists the zones, in the order of the file.
func (s *ZoneSet) Origins() []string {
	out := make([]string, len(s.zones))
	for i, z := range s.zones {
		out[i] = z.origin
	}
	return out
}

// maxNamed bounds the zones that a message names.
const maxNamed = 5

// named lists the zones for a message, the first of them if they are many.
func (s *ZoneSet) named() string {
	var b strings.Builder
	for i, z := range s.zones {
		if i == maxNamed {
			fmt.Fprintf(&b, " and %d more", len(s.zones)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(z.origin)
	}
	return b.String()
}

// zone is one zone. Its nodes are all the names that exist at or below the
// origin, empty non-terminals included (RFC 4592, 2.2.2).
type zone struct {
	origin string
	file   string
	nodes  map[string]*node
	soa    *Record
	// hasCut and hasDNAME spare the walk up to the origin if there are none.
	hasCut, hasDNAME bool
	// names counts the nodes of all zones of the set.
	names *int

	// sorted are the names from the right, made when somebody looks through them.
	sorting sync.Mutex
	sorted  []string
}

type node struct {
	sets []rrset
	// cut: a delegation; the name and all below it belong to another zone.
	cut bool
}

type rrset struct {
	typ     Type
	records []Record
	// octets is how much of a message they take; full: there were more than one holds.
	octets int
	full   bool
}

// maxSet is what the records of a set may take of a message, which has 65,535 octets with its header
// and question (RFC 1035, 4.2.2): no server can serve more.
const maxSet = maxData - 300

// octets is how much of a message the record takes, with its owner compressed (RFC 1035, 4.1.4).
func (r *Record) octets() int {
	n := 12 + len(r.Addr.AsSlice()) + len(r.Data)/2
	if r.Host != "" {
		n += len(r.Host) + 2
	}
	for _, s := range r.TXT {
		n += 1 + len(s)
	}
	return n
}

func (n *node) get(t Type) []Record {
	for i := range n.sets {
		if n.sets[i].typ == t {
			return n.sets[i].records
		}
	}
	return nil
}

func newZone(origin string, names *int) *zone {
	*names++
	return &zone{origin: origin, nodes: map[string]*node{origin: {}}, names: names}
}

// ensure returns the node of a name within the zone, with the empty
// non-terminals above it.
func (z *zone) ensure(name string) *node {
	n := z.nodes[name]
	if n == nil {
		n = new(node)
		z.nodes[name] = n
		*z.names++
		for name != z.origin {
			name = parent(name)
			if z.nodes[name] != nil {
				break
			}
			z.nodes[name] = new(node)
			*z.names++
		}
	}
	return n
}

func (z *zone) cutAt(n *node) { n.cut, z.hasCut = true, true }

// add adds a record. It returns false for the first that a set has no room for any more; those are
// left out.
func (z *zone) add(r Record) (room bool) {
	n := z.ensure(r.Name)
	if r.Type == TypeNS && r.Name != z.origin {
		z.cutAt(n)
	}
	z.hasDNAME = z.hasDNAME || r.Type == TypeDNAME
	for i := range n.sets {
		if set := &n.sets[i]; set.typ == r.Type {
			if set.full {
				return true
			}
			if set.octets += r.octets(); set.octets > maxSet {
				set.full = true
				return false
			}
			set.records = append(set.records, r)
			return true
		}
	}
	n.sets = append(n.sets, rrset{typ: r.Type, records: []Record{r}, octets: r.octets()})
	if r.Type == TypeSOA && r.Name == z.origin {
		z.soa = &n.sets[len(n.sets)-1].records[0]
	}
	return true
}

// LoadZone reads the master file of a --zone flag, FILE or FILE@ORIGIN.
func LoadZone(spec string) (*ZoneSet, error) {
	file, origin := spec, ""
	if i := strings.LastIndexByte(spec, '@'); i > 0 && !strings.ContainsRune(spec[i:], filepath.Separator) {
		// A file may have an @ in its name; then the whole is the file.
		if _, err := os.Stat(spec); err != nil {
			file, origin = spec[:i], spec[i+1:]
			if origin == "" {
				return nil, fmt.Errorf("zone %s: no origin after the @ (write @. for the root zone)", spec)
			}
		}
	}
	b := defaultZoneBounds()
	text, err := readfile.Read(file, int64(b.file), readfile.Wait)
	if errors.Is(err, readfile.ErrTooLarge) {
		err = b.tooLarge()
	}
	if err != nil {
		return nil, fmt.Errorf("zone file %s: %w", file, err)
	}
	return parseZone(string(text), origin, file, b)
}

// LoadZones reads several files. No zone may be loaded twice.
func LoadZones(specs ...string) ([]*ZoneSet, error) {
	var sets []*ZoneSet
	for _, spec := range specs {
		s, err := LoadZone(spec)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	holder := make(map[string]string)
	for _, s := range sets {
		for _, z := range s.zones {
			if first, ok := holder[z.origin]; ok {
				return nil, fmt.Errorf("zone %s is loaded twice: from %s and from %s", z.origin, first, s.File)
			}
			holder[z.origin] = s.File
		}
	}
	return sets, nil
}

// ParseZone reads a master file. With an origin the file is that one zone.
// Without, every owner of an SOA starts a zone; if there is no SOA, the
// topmost names of $ORIGIN lines do; if there are none, the common ancestor of
// all owners is the zone. Records outside all zones are left out with a warning.
// The name of the file is for messages.
func ParseZone(r io.Reader, origin, file string) (*ZoneSet, error) {
	b := defaultZoneBounds()
	data, err := io.ReadAll(io.LimitReader(r, int64(b.file)+1))
	if err == nil && len(data) > b.file {
		err = b.tooLarge()
	}
	if err != nil {
		return nil, fmt.Errorf("zone file %s: %w", file, err)
	}
	return parseZone(string(data), origin, file, b)
}

func parseZone(data, origin, file string, b zoneBounds) (*ZoneSet, error) {
	p := &zoneParser{file: file, ttl: -1, lastTTL: -1, bounds: b}
	if origin != "" {
		var wrong string
		if p.origin, wrong = canonical(new(zoneParser).typed(origin)); wrong != "" {
			return nil, fmt.Errorf("zone file %s: origin %q: %s", file, origin, wrong)
		}
	}
	fixed := p.origin
	if err := p.parse(data); err != nil {
		return nil, err
	}
	if p.records.n == 0 {
		return nil, fmt.Errorf("zone file %s: no records", file)
	}
	origins := p.origins(fixed)
	if len(origins) > b.zones {
		return nil, fmt.Errorf("zone file %s: more than %d zones", file, b.zones)
	}
	s := newZoneSet(file, origins...)
	if err := p.fill(s); err != nil {
		return nil, err
	}
	s.Warnings = p.warnings
	return s, nil
}

// origins says which zones the file holds.
func (p *zoneParser) origins(fixed string) []string {
	if fixed != "" {
		return []string{fixed}
	}
	var out []string
	seen := make(map[string]bool)
	for r := range p.records.all() {
		if r.Type == TypeSOA && !seen[r.Name] {
			seen[r.Name] = true
			out = append(out, r.Name)
		}
	}
	if out != nil {
		return out
	}
	for _, o := range p.directives {
		seen[o] = true
	}
	topmost := func(name string) bool {
		for name != "." {
			if name = parent(name); seen[name] {
				return false
			}
		}
		return true
	}
	taken := make(map[string]bool)
	for _, o := range p.directives {
		if !taken[o] && topmost(o) {
			taken[o] = true
			out = append(out, o)
		}
	}
	if out != nil {
		return out
	}
	top := p.records.first().Name
	for r := range p.records.all() {
		for !Within(r.Name, top) {
			top = parent(top)
		}
	}
	if top == "." && p.records.first().Name != "." {
		p.warn(0, "no SOA, no $ORIGIN and no common parent of the names: taken as the root zone, so that every other name is absent")
	}
	return []string{top}
}

// fill puts the records into their zones.
func (p *zoneParser) fill(s *ZoneSet) error {
	seen := make(map[[2]uint64]bool, p.records.n)
	seeds := [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	named := sync.OnceValue(s.named)
	for r := range p.records.all() {
		z := s.index.holder(r.Name)
		if z == nil {
			p.warn(r.line, "%s is outside the zone %s: ignored", r.Name, named())
			continue
		}
		if r.Type == TypeSOA && r.Name != z.origin {
			p.warn(r.line, "SOA of %s is not at the origin %s: ignored", r.Name, z.origin)
			continue
		}
		// Equal records are one, whatever their TTL (RFC 2181, 5).
		k := r.Name + "\x00" + strconv.Itoa(int(r.Type)) + "\x00" + r.dataKey()
		// Two hashes are as good as the text, which is as large as the file again.
		h := [2]uint64{maphash.String(seeds[0], k), maphash.String(seeds[1], k)}
		if seen[h] {
			continue
		}
		seen[h] = true
		if r.Type == TypeSOA && z.soa != nil {
			return p.errorf(r.line, "a second, different SOA of %s", r.Name)
		}
		r.Record.line = uint32(r.line)
		if !z.add(r.Record) {
			p.warn(r.line, "the %s records of %s are more than an answer can hold (64 KB): from here on they are left out", r.Type, r.Name)
		}
		if s.names > p.bounds.names {
			return p.errorf(r.line, "the file makes more than %d names", p.bounds.names)
		}
	}
	empty := true
	for _, z := range s.zones {
		empty = empty && len(z.nodes) == 1 && len(z.nodes[z.origin].sets) == 0
	}
	for _, child := range s.zones {
		// A zone in the same file is delegated, said or not.
		if z := s.index.above(child.origin); z != nil {
			z.cutAt(z.ensure(child.origin))
		}
	}
	if empty {
		return fmt.Errorf("zone file %s: no record at or below %s", p.file, s.named())
	}
	return p.verify(s)
}

// verify reports what no server would load, and what it would not answer from.
func (p *zoneParser) verify(s *ZoneSet) error {
	for r := range p.records.all() {
		z := s.index.holder(r.Name)
		if z == nil {
			continue
		}
		n := z.nodes[r.Name]
		if r.Type == TypeCNAME && r.Name == z.origin && z.soa != nil && n.flatten() {
			p.warn(r.line, "%s has a CNAME beside its SOA: its servers answer with the addresses of %s (flattening), and so it is read", r.Name, r.Host)
		} else if r.Type == TypeCNAME && n != nil {
			// RFC 1034, 3.6.2. Signatures and NSEC may stand beside it (RFC 4034, 3).
			for _, set := range n.sets {
				if set.typ == TypeCNAME && len(set.records) > 1 {
					return p.errorf(r.line, "%s has more than one CNAME", r.Name)
				}
				if set.typ != TypeCNAME && !besideCNAME[set.typ] {
					return p.errorf(r.line, "%s has a CNAME beside other data (%s): no server loads this (RFC 1034, 3.6.2)", r.Name, set.typ)
				}
			}
		}
		if cut := z.cutAbove(r.Name); cut != "" && !glue(r, cut) {
			p.warn(r.line, "%s %s is hidden: %s is delegated by its NS records", r.Name, r.Type, cut)
		}
	}
	return nil
}

// flatten makes the one CNAME of a node an alias for addresses alone. It reports whether it did.
func (n *node) flatten() bool {
	for i := range n.sets {
		if set := &n.sets[i]; set.typ == TypeCNAME && len(set.records) == 1 {
			set.typ = typeALIAS
			return true
		}
	}
	return false
}

var besideCNAME = map[Type]bool{46: true, 47: true, 25: true}

// glue reports whether a record may stand at or below a delegation.
func glue(r *zoneRecord, cut string) bool {
	switch r.Type {
	case TypeA, TypeAAAA:
		return true
	case TypeNS, TypeDS, 46, 47:
		return r.Name == cut
	}
	return false
}
