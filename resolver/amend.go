package resolver

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
)

// amendment answers as if some records were not published and others were.
type amendment struct {
	next   Resolver
	remove map[question][]string
	add    map[question][]Record
	// names are those that an added record makes exist: its own and all above it.
	names map[string]bool
}

// Amend answers as next would if the records of remove were taken out and those
// of add were published: for judging a proposal before it is made. An added
// record whose value cannot be read is an error that names it. If next has no answer for
// a name, neither has the amendment: its other records are unknown; if it was not asked
// (Offline), the added ones are what there is. An alias that the
// proposal adds, takes out or leads elsewhere counts wherever a chain passes it.
func Amend(next Resolver, remove, add []finding.Record) (Resolver, error) {
	a := &amendment{next: next, remove: make(map[question][]string), add: make(map[question][]Record), names: make(map[string]bool)}
	for _, r := range remove {
		q, err := amendedQuestion(r)
		if err != nil {
			return nil, err
		}
		a.remove[q] = append(a.remove[q], r.Value)
	}
	for _, r := range add {
		q, err := amendedQuestion(r)
		if err != nil {
			return nil, err
		}
		rec, err := parseRecord(q, r.Value)
		if err != nil {
			return nil, fmt.Errorf("record %s %s %q: %w", r.Name, r.Type, r.Value, err)
		}
		a.add[q] = append(a.add[q], rec)
		for name := q.name; name != ""; {
			a.names[name] = true
			_, name, _ = strings.Cut(name, ".")
		}
	}
	return a, nil
}

func amendedQuestion(r finding.Record) (question, error) {
	name, wrong := canonical(r.Name)
	if wrong != "" {
		return question{}, fmt.Errorf("record %s %s: %s", r.Name, r.Type, wrong)
	}
	t, ok := ParseType(r.Type)
	if !ok {
		return question{}, fmt.Errorf("record %s: no type %q", r.Name, r.Type)
	}
	return question{name, t}, nil
}

// parseRecord reads the value of a record as a person writes it.
func parseRecord(q question, value string) (Record, error) {
	r := Record{Name: q.name, Type: q.typ, TTL: 300}
	switch q.typ {
	case TypeA, TypeAAAA:
		addr, err := netip.ParseAddr(value)
		if err != nil || addr.Is4() != (q.typ == TypeA) {
			return r, fmt.Errorf("it is no address of this type")
		}
		r.Addr = addr
	case TypeTXT:
		for len(value) > 255 {
			r.TXT, value = append(r.TXT, value[:255]), value[255:]
		}
		r.TXT = append(r.TXT, value)
	case TypeMX:
		preference, host, _ := strings.Cut(value, " ")
		n, err := strconv.ParseUint(preference, 10, 16)
		if err != nil || strings.TrimSpace(host) == "" {
			return r, fmt.Errorf("it is no preference and host")
		}
		r.Preference, r.Host = uint16(n), hostName(host)
	case TypeCNAME, TypeNS, TypePTR:
		r.Host = hostName(value)
	default:
		r.Data = value
	}
	return r, nil
}

// hostName is a host as records hold it: lower case, no final dot but the root's.
func hostName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "." {
		return s
	}
	return strings.TrimSuffix(s, ".")
}

// Lookup implements Resolver.
func (a *amendment) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	var chain []string
	for at := key; ; {
		answer, err := a.next.Lookup(ctx, at, t)
		if e := AsError(err); e != nil && a.touches(at, e, t) {
			// What was not asked has what the proposal says.
			answer = &Answer{Name: at, Type: t, Status: NoData, Rcode: "NOERROR", CNAMEs: e.CNAMEs, Server: "no zone"}
		} else if e != nil && (e.Reason != AliasLoop || len(a.remove[question{at, TypeCNAME}]) == 0) {
			return nil, err
		} else if e != nil {
			// The proposal takes the alias out that the chain begins with.
			answer = &Answer{Name: at, Type: t, Status: NoData, Rcode: "NOERROR", Server: e.Server}
		}
		answer = a.unwild(answer, at)
		names := append([]string{at}, answer.CNAMEs...)
		end, target := a.cut(names, t)
		for _, name := range names[1 : end+1] {
			if e := follow(key, t, &chain, name, answer.Server); e != nil {
				return nil, e
			}
		}
		if target == "" {
			whole := a.amended(answer, names[end], end == len(names)-1)
			if len(chain) == 0 && len(answer.CNAMEs) == 0 {
				return whole, nil
			}
			copied := *whole
			copied.Name, copied.CNAMEs = key, chain
			return &copied, nil
		}
		if e := follow(key, t, &chain, target, "proposed"); e != nil {
			return nil, e
		}
		at = target
	}
}

// unwild is the answer for a name where the wildcard that it was made from answers no more:
// it does so only for names that neither exist nor are below one that does (RFC 4592, 2.2.1).
func (a *amendment) unwild(answer *Answer, name string) *Answer {
	above, ok := strings.CutPrefix(answer.Wildcard, "*.")
	if !ok {
		return answer
	}
	for at := name; at != above && at != ""; _, at, _ = strings.Cut(at, ".") {
		if !a.names[at] {
			continue
		}
		gone := &Answer{Name: name, Type: answer.Type, Status: NXDomain, Rcode: "NXDOMAIN", Server: answer.Server}
		if a.names[name] {
			gone.Status, gone.Rcode = NoData, "NOERROR"
		}
		return gone
	}
	return answer
}

// touches reports whether a name that no zone holds, or an alias on the way to it, is
// one that the proposal changes.
func (a *amendment) touches(name string, e *Error, t Type) bool {
	if e.Reason != Offline {
		return false
	}
	names := append([]string{name}, e.CNAMEs...)
	end, target := a.cut(names, t)
	return target != "" || end < len(names)-1 || len(a.add[question{names[end], t}]) > 0
}

// cut returns how far the chain of names is as next has it, and the target of an alias
// that the proposal adds to the last of them.
func (a *amendment) cut(names []string, t Type) (end int, target string) {
	if t == TypeCNAME {
		return len(names) - 1, ""
	}
	for i, name := range names {
		q := question{name, TypeCNAME}
		if added := a.add[q]; len(added) > 0 {
			return i, added[0].Host
		}
		if i < len(names)-1 && slices.ContainsFunc(a.remove[q], func(v string) bool { return hostName(v) == names[i+1] }) {
			return i, ""
		}
	}
	return len(names) - 1, ""
}

// amended returns the answer as the proposal has it at the name that its records are
// of. If the chain does not lead to them any more (whole is false), none of them count:
// an alias was there, and beside one there is nothing (RFC 1034, 3.6.2).
func (a *amendment) amended(answer *Answer, name string, whole bool) *Answer {
	q := question{name, answer.Type}
	gone, added := a.remove[q], a.add[q]
	if whole && len(gone) == 0 && len(added) == 0 && !(answer.Status == NXDomain && a.names[name]) {
		return answer
	}
	amended := *answer
	amended.Records = nil
	if whole {
		amended.Records = slices.DeleteFunc(slices.Clone(answer.Records), func(r Record) bool {
			return slices.Contains(gone, r.String())
		})
	}
	for _, r := range added {
		// A record is there once, however often it is published (RFC 2181, 5).
		if !slices.ContainsFunc(amended.Records, func(have Record) bool { return have.String() == r.String() }) {
			amended.Records = append(amended.Records, r)
		}
	}
	amended.Rcode, amended.Server = "NOERROR", answer.Server+" as proposed"
	switch {
	case len(amended.Records) > 0:
		amended.Status = Found
	case !whole || answer.Status != NXDomain || a.names[name]:
		amended.Status = NoData
	default:
		amended.Rcode = answer.Rcode
	}
	return &amended
}

// ReadRecord reads a record whose value is written as a person writes it. The error
// names the record.
func ReadRecord(r finding.Record) (Record, error) {
	q, err := amendedQuestion(r)
	if err != nil {
		return Record{}, err
	}
	rec, err := parseRecord(q, r.Value)
	if err != nil {
		return Record{}, fmt.Errorf("record %s %s %q: %w", r.Name, r.Type, r.Value, err)
	}
	return rec, nil
}
