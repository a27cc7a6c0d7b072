package resolver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxZoneFile bounds a zone file.
const maxZoneFile = 64 << 20

// ZoneSet holds the zones of one master file (RFC 1035, 5). It answers what
// their authoritative server would, and must not be changed once it is in use.
type ZoneSet struct {
	// File is where the zones came from.
	File string
	// Warnings are what a name server would log and go on, as "FILE:LINE: …".
	Warnings []string

	zones []*zone
}

// NewZone starts one zone without records.
func NewZone(origin string) (*ZoneSet, error) {
	key, wrong := canonical(origin)
	if wrong != "" {
		return nil, fmt.Errorf("origin %q: %s", origin, wrong)
	}
	return &ZoneSet{zones: []*zone{newZone(key)}}, nil
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
	z := s.holder(key)
	if z == nil {
		return fmt.Errorf("%s is outside the zones %s", key, strings.Join(s.Origins(), ", "))
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

// zone is one zone. Its nodes are all the names that exist at or below the
// origin, empty non-terminals included (RFC 4592, 2.2.2).
type zone struct {
	origin string
	nodes  map[string]*node
	soa    *Record
	// hasCut and hasDNAME spare the walk up to the origin where there are none.
	hasCut, hasDNAME bool

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
}

func (n *node) get(t Type) []Record {
	for i := range n.sets {
		if n.sets[i].typ == t {
			return n.sets[i].records
		}
	}
	return nil
}

func newZone(origin string) *zone {
	return &zone{origin: origin, nodes: map[string]*node{origin: {}}}
}

// ensure returns the node of a name within the zone, with the empty
// non-terminals above it.
func (z *zone) ensure(name string) *node {
	n := z.nodes[name]
	if n == nil {
		n = new(node)
		z.nodes[name] = n
		for name != z.origin {
			name = parent(name)
			if z.nodes[name] != nil {
				break
			}
			z.nodes[name] = new(node)
		}
	}
	return n
}

func (z *zone) cutAt(n *node) { n.cut, z.hasCut = true, true }

func (z *zone) add(r Record) {
	n := z.ensure(r.Name)
	if r.Type == TypeNS && r.Name != z.origin {
		z.cutAt(n)
	}
	z.hasDNAME = z.hasDNAME || r.Type == TypeDNAME
	for i := range n.sets {
		if n.sets[i].typ == r.Type {
			n.sets[i].records = append(n.sets[i].records, r)
			return
		}
	}
	n.sets = append(n.sets, rrset{r.Type, []Record{r}})
	if r.Type == TypeSOA && r.Name == z.origin {
		z.soa = &n.sets[len(n.sets)-1].records[0]
	}
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
	f, err := os.Open(file)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("zone file %s: %w", file, err)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, fmt.Errorf("zone file %s: is a directory", file)
	}
	return ParseZone(f, origin, file)
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
// Without, every owner of an SOA starts a zone; where there is no SOA, the
// topmost names of $ORIGIN lines do; where there are none, the common ancestor of
// all owners is the zone. Records outside all zones are left out with a warning.
// The name of the file is for messages.
func ParseZone(r io.Reader, origin, file string) (*ZoneSet, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxZoneFile+1))
	if err != nil {
		return nil, fmt.Errorf("zone file %s: %w", file, err)
	}
	if len(data) > maxZoneFile {
		return nil, fmt.Errorf("zone file %s: larger than %d MiB", file, maxZoneFile>>20)
	}
	p := &zoneParser{file: file, ttl: -1, lastTTL: -1}
	if origin != "" {
		var wrong string
		if p.origin, wrong = canonical(origin); wrong != "" {
			return nil, fmt.Errorf("zone file %s: origin %q: %s", file, origin, wrong)
		}
	}
	fixed := p.origin
	if err := p.parse(string(data)); err != nil {
		return nil, err
	}
	if len(p.records) == 0 {
		return nil, fmt.Errorf("zone file %s: no records", file)
	}
	s := &ZoneSet{File: file}
	for _, o := range p.origins(fixed) {
		s.zones = append(s.zones, newZone(o))
	}
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
	for i := range p.records {
		if r := &p.records[i]; r.Type == TypeSOA && !slices.Contains(out, r.Name) {
			out = append(out, r.Name)
		}
	}
	if out != nil {
		return out
	}
	for _, o := range p.directives {
		if !slices.Contains(out, o) && !slices.ContainsFunc(p.directives, func(other string) bool { return other != o && within(o, other) }) {
			out = append(out, o)
		}
	}
	if out != nil {
		return out
	}
	top := p.records[0].Name
	for i := range p.records {
		for !within(p.records[i].Name, top) {
			top = parent(top)
		}
	}
	if top == "." && p.records[0].Name != "." {
		p.warn(0, "no SOA, no $ORIGIN and no common parent of the names: taken as the root zone, so that every other name is absent")
	}
	return []string{top}
}

// fill puts the records into their zones.
func (p *zoneParser) fill(s *ZoneSet) error {
	seen := make(map[string]bool, len(p.records))
	for i := range p.records {
		r := &p.records[i]
		z := s.holder(r.Name)
		if z == nil {
			p.warn(r.line, "%s is outside the zone %s: ignored", r.Name, strings.Join(s.Origins(), ", "))
			continue
		}
		if r.Type == TypeSOA && r.Name != z.origin {
			p.warn(r.line, "SOA of %s is not at the origin %s: ignored", r.Name, z.origin)
			continue
		}
		// Equal records are one, whatever their TTL (RFC 2181, 5).
		k := r.Name + "\x00" + strconv.Itoa(int(r.Type)) + "\x00" + r.dataKey()
		if seen[k] {
			continue
		}
		seen[k] = true
		if r.Type == TypeSOA && z.soa != nil {
			return p.errorf(r.line, "a second, different SOA of %s", r.Name)
		}
		z.add(r.Record)
	}
	empty := true
	for _, z := range s.zones {
		empty = empty && len(z.nodes) == 1 && len(z.nodes[z.origin].sets) == 0
		for _, child := range s.zones {
			// A zone in the same file is delegated, said or not.
			if child != z && within(child.origin, z.origin) {
				z.cutAt(z.ensure(child.origin))
			}
		}
	}
	if empty {
		return fmt.Errorf("zone file %s: no record at or below %s", p.file, strings.Join(s.Origins(), ", "))
	}
	return p.verify(s)
}

// verify reports what no server would load, and what it would not answer from.
func (p *zoneParser) verify(s *ZoneSet) error {
	for i := range p.records {
		r := &p.records[i]
		z := s.holder(r.Name)
		if z == nil {
			continue
		}
		n := z.nodes[r.Name]
		if r.Type == TypeCNAME && n != nil {
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

// holder is the zone with the longest origin above the name.
func (s *ZoneSet) holder(name string) *zone {
	var best *zone
	for _, z := range s.zones {
		if within(name, z.origin) && (best == nil || within(z.origin, best.origin)) {
			best = z
		}
	}
	return best
}
