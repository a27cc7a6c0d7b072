package spf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/internal/ascii"
	"mailworthy/resolver"
)

// match evaluates one mechanism. A failure is TempError or PermError and ends
// the evaluation.
func (e *evaluation) match(t *Term, step, depth int) (matched bool, failure Result) {
	switch t.Kind {
	case KindAll:
		return true, ""
	case KindIP4, KindIP6:
		return t.Prefix.Contains(e.ip), ""
	}
	name, ok, failure := e.target(t, step)
	if failure != "" || !ok {
		return false, failure
	}
	switch t.Kind {
	case KindInclude:
		return e.include(t, name, step, depth)
	case KindA:
		return e.address(t, name, step)
	case KindMX:
		return e.exchanger(t, name, step)
	case KindExists:
		// The A record is asked for whatever the client's family (5.7).
		return e.found(name, resolver.TypeA, step)
	case KindPTR:
		return e.pointer(t, name, step)
	}
	return false, ""
}

// target counts the term, before it asks anything (4.6.4), and finds the name
// that it is about. It is false if the term cannot match.
func (e *evaluation) target(t *Term, step int) (name string, ok bool, failure Result) {
	if e.lookups >= e.limits.Lookups {
		e.note("more than " + strconv.Itoa(e.limits.Lookups) + " terms that need the DNS: " + quote(t.Text) + " in the record of " + e.domain + " would be the next")
		return "", false, PermError
	}
	e.lookups++
	e.steps[step].Lookups = e.lookups
	if t.Spec == "" {
		return e.domain, true, ""
	}
	name = t.Spec
	if t.Macros {
		if letters := e.unstated(t.Spec); letters != "" {
			for _, c := range letters {
				if s := string(c); !slices.Contains(e.assumed, s) {
					e.assumed = append(e.assumed, s)
				}
			}
			e.untell(t)
			e.steps[step].Note = "%{" + letters[:1] + "} was not stated"
			return "", false, ""
		}
		var bad byte
		if name, bad, ok = expand(t.Spec, e); !ok {
			if e.stopped {
				return "", false, TempError
			}
			e.steps[step].Note = "%{" + string(bad) + "} holds a local part that is not ASCII, which matches nothing (RFC 8616, 4)"
			return "", false, ""
		}
		if e.stopped {
			return "", false, TempError
		}
		if e.unnamed != nil && e.client.Assumed.Names && asks(t.Spec, "p") != "" {
			e.untell(t)
			e.steps[step].Note = "%{p} is not known"
			return "", false, ""
		}
	}
	name = TargetName(name)
	e.steps[step].Target = name
	return name, true, ""
}

// unstated are the macro letters of a text whose values nobody stated.
func (e *evaluation) unstated(text string) string {
	letters := ""
	if e.client.Assumed.HELO {
		letters += "h"
	}
	if e.client.Assumed.LocalPart {
		letters += "ls"
	}
	return asks(text, letters)
}

// asks are the macro letters of a text that are among some letters, each once.
func asks(text, letters string) string {
	out := ""
	for i := 0; letters != "" && i+2 < len(text); i++ {
		if text[i] != '%' {
			continue
		}
		if text[i+1] != '{' {
			i++
			continue
		}
		if c := string(ascii.Lower(text[i+2])); strings.Contains(letters, c) && !strings.Contains(out, c) {
			out += c
		}
	}
	return out
}

// untell notes what the record may come to by a term whose name is not known. The
// evaluation goes on as if it did not match.
func (e *evaluation) untell(t *Term) {
	e.untold++
	switch t.Kind {
	case KindRedirect:
		e.could |= only(Pass) | only(Fail) | only(PermError)
		return
	case KindInclude, KindMX:
		e.could |= only(PermError) // no record there, or too many hosts
	}
	e.could |= only(t.Sign.Result())
	if e.void+e.untold > e.limits.Voids {
		e.could |= only(PermError)
	}
}

// results is a set of results.
type results uint16

// only is the set of one result.
func only(r Result) results {
	for i, x := range [...]Result{None, Neutral, Pass, Fail, SoftFail, TempError, PermError} {
		if x == r {
			return 1 << i
		}
	}
	return 0
}

// unstated says which values are missing.
func unstated(letters []string) string {
	var out []string
	for _, l := range letters {
		switch l {
		case "h":
			out = append(out, "the record asks for the HELO name of the client (%{h}), and none was stated (--helo)")
		default:
			out = append(out, "the record asks for the sender's address (%{"+l+"}), and none was stated (--mail-from)")
		}
	}
	return strings.Join(out, "; ")
}

// include evaluates the target's record (5.2).
func (e *evaluation) include(t *Term, name string, step, depth int) (bool, Result) {
	if !Checkable(name) {
		e.note(quote(name) + " cannot be the target of an include")
		return false, PermError
	}
	e.includes++
	e.path = append(e.path, t.Text)
	outer := e.could
	e.could = 0
	result := e.host(name, depth+1)
	could := e.could | only(result)
	e.could = outer
	e.path = e.path[:len(e.path)-1]
	e.includes--
	e.steps[step].Note = gives(result)
	if could != only(result) {
		// What hangs on a value that is not known: it may match, be in error, or neither.
		if could&only(Pass) != 0 {
			e.could |= only(t.Sign.Result())
		}
		if could&(only(PermError)|only(None)) != 0 {
			e.could |= only(PermError)
		}
		if could&(only(Fail)|only(SoftFail)|only(Neutral)) != 0 && result != TempError {
			e.out.Matched, e.out.MatchedIn, e.out.Path = "", "", nil
			return false, ""
		}
	}
	switch result {
	case Pass:
		return true, ""
	case TempError:
		return false, TempError
	case PermError, None:
		return false, PermError
	}
	// What the included record matched with another sign is no match here.
	e.out.Matched, e.out.MatchedIn, e.out.Path = "", "", nil
	return false, ""
}

// gives says what an included record came to.
func gives(r Result) string {
	switch r {
	case Pass:
		return "the included record gives pass"
	case Fail:
		return "the included record gives fail"
	case SoftFail:
		return "the included record gives softfail"
	case Neutral:
		return "the included record gives neutral"
	case None:
		return "there is no included record"
	}
	return "the included record is in error"
}

// lookup asks the question that a term is about and counts a void one.
func (e *evaluation) lookup(name string, t resolver.Type, step int) (*resolver.Answer, Result) {
	if !Askable(name) {
		e.steps[step].Note = "the name cannot be asked"
		return &resolver.Answer{}, ""
	}
	a, err := e.ask(name, t)
	if err != nil {
		e.note(err.Error())
		return nil, TempError
	}
	if a.Absent() {
		return a, e.countVoid(step, name)
	}
	return a, ""
}

// countVoid counts a term whose question found nothing (4.6.4). Addresses of MX
// and PTR names are not counted: the limit is on terms.
func (e *evaluation) countVoid(step int, name string) Result {
	e.void++
	e.steps[step].Void = true
	if e.void > e.limits.Voids {
		e.note("more than " + strconv.Itoa(e.limits.Voids) + " terms found nothing in the DNS: " + quote(name) + " is the next")
		return PermError
	}
	if e.void+e.untold > e.limits.Voids {
		e.could |= only(PermError)
	}
	return ""
}

// found is the test of exists.
func (e *evaluation) found(name string, t resolver.Type, step int) (bool, Result) {
	a, failure := e.lookup(name, t, step)
	return failure == "" && len(a.Records) > 0, failure
}

// family is the type of the client's address records.
func (e *evaluation) family() resolver.Type {
	if e.ip.Is4() {
		return resolver.TypeA
	}
	return resolver.TypeAAAA
}

// contains compares as many bits of an address as the term says (5).
func (e *evaluation) contains(t *Term, a netip.Addr) bool {
	bits := int(t.Bits4)
	if e.ip.Is6() {
		bits = int(t.Bits6)
	}
	return netip.PrefixFrom(a, bits).Contains(e.ip)
}

// address is the test of "a" (5.3).
func (e *evaluation) address(t *Term, name string, step int) (bool, Result) {
	a, failure := e.lookup(name, e.family(), step)
	if failure != "" {
		return false, failure
	}
	for i := range a.Records {
		if e.contains(t, a.Records[i].Addr) {
			return true, ""
		}
	}
	return false, ""
}

// exchanger is the test of "mx" (5.4). There is no implicit MX.
func (e *evaluation) exchanger(t *Term, name string, step int) (bool, Result) {
	mx, failure := e.lookup(name, resolver.TypeMX, step)
	if failure != "" {
		return false, failure
	}
	if len(mx.Records) > MaxHosts {
		e.note(name + " has " + strconv.Itoa(len(mx.Records)) + " MX records; an mx term may have " + strconv.Itoa(MaxHosts))
		return false, PermError
	}
next:
	for i := range mx.Records {
		host := TargetName(mx.Records[i].Host)
		if !Askable(host) {
			continue
		}
		for j := range i {
			if ascii.EqualFold(TargetName(mx.Records[j].Host), host) {
				continue next
			}
		}
		a, err := e.ask(host, e.family())
		if err != nil {
			e.note(err.Error())
			return false, TempError
		}
		for j := range a.Records {
			if e.contains(t, a.Records[j].Addr) {
				return true, ""
			}
		}
	}
	return false, ""
}

// pointer is the test of "ptr" (5.5).
func (e *evaluation) pointer(t *Term, name string, step int) (bool, Result) {
	e.reverse()
	if e.stopped {
		return false, TempError
	}
	if e.noNames {
		return false, e.countVoid(step, resolver.ReverseName(e.ip))
	}
	for _, n := range e.names {
		if resolver.Within(n, name) {
			return true, ""
		}
	}
	if e.unnamed != nil && e.client.Assumed.Names {
		e.could |= only(t.Sign.Result())
	}
	return false, ""
}

// reverse finds the validated names of the client, once. A question without an
// answer validates nothing and is no error: the names are not the domain's own
// (5.5). Of more than ten names the first ten count (4.6.4).
func (e *evaluation) reverse() {
	if e.reversed {
		return
	}
	e.reversed = true
	ptr, err := e.ask(resolver.ReverseName(e.ip), resolver.TypePTR)
	if err != nil {
		e.unnamed = err
		return
	}
	e.noNames = ptr.Absent()
	for i := range min(len(ptr.Records), MaxHosts) {
		name := TargetName(ptr.Records[i].Host)
		if !Askable(name) {
			continue
		}
		a, err := e.ask(name, e.family())
		if err != nil {
			if e.stopped {
				return
			}
			e.unnamed = err
			continue
		}
		for j := range a.Records {
			if a.Records[j].Addr.Unmap() == e.ip {
				e.names = append(e.names, name)
				break
			}
		}
	}
}

// macro gives the values of RFC 7208, 7.2.
func (e *evaluation) macro(letter byte) (string, bool) {
	switch letter {
	case 's':
		return e.local + "@" + e.sender, e.plain
	case 'l':
		return e.local, e.plain
	case 'o':
		return e.sender, true
	case 'd':
		return e.domain, true
	case 'i':
		return dotted(e.ip), true
	case 'c':
		return e.ip.String(), true
	case 'v':
		if e.ip.Is4() {
			return "in-addr", true
		}
		return "ip6", true
	case 'h':
		return e.helo, true
	case 'p':
		return e.validated(), true
	case 'r':
		if e.client.Receiver == "" {
			return "unknown", true
		}
		return e.client.Receiver, true
	case 't':
		now := e.client.Now
		if now.IsZero() {
			now = time.Now()
		}
		return strconv.FormatInt(now.Unix(), 10), true
	}
	return "", false
}

// validated is the name for %{p}: the domain if the client has it, else one
// below it, else any (7.3).
func (e *evaluation) validated() string {
	e.reverse()
	best := "unknown"
	for i, n := range e.names {
		switch {
		case ascii.EqualFold(n, e.domain):
			return n
		case resolver.Within(n, e.domain) && !resolver.Within(best, e.domain) || i == 0:
			best = n
		}
	}
	return best
}
