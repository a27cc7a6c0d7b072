package transport

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Security is what DNSSEC says of an answer.
type Security string

// The securities. Undetermined: nothing can be said of it, so that it is neither.
const (
	Secure       Security = "secure"
	Insecure     Security = "insecure"
	Bogus        Security = "bogus"
	Undetermined Security = "unknown"
)

// Signed is one question and what DNSSEC says of its answer.
type Signed struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Security Security `json:"security"`
	State    State    `json:"state"`
	// Reason says why it is bogus or unknown, by the resolver's own account if it gives one.
	Reason string `json:"reason"`
	// Answers are the data, of what is bogus as it is without validation.
	Answers []string `json:"answers"`
	// Unchecked is whether what is bogus has records, without validation.
	Unchecked State            `json:"unchecked" empty:"null"`
	Evidence  finding.Evidence `json:"evidence"`
}

// fromZone is the reason of an answer that no server gave.
const fromZone = "it comes from a zone file, which nothing validates"

// Validator asks a resolver that validates.
type Validator struct {
	// Unchecked answers what the resolver does not validate (CD); nil: nobody does.
	Unchecked resolver.Resolver
	// Trusted: the user states that the path to the resolver can be trusted.
	Trusted bool
	// Now is the time that signatures are judged by; nil: the clock.
	Now func() time.Time
}

// trustedPath reports whether nobody can change what comes from the server: it is on
// this machine, or its certificate was verified.
func trustedPath(server string) bool {
	scheme, rest, _ := strings.Cut(server, "://")
	if scheme == "tls" || scheme == "https" {
		return true
	}
	host, _, err := net.SplitHostPort(rest)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// ask puts a question, and again without validation if it fails.
func (v *Validator) ask(b *resolver.Batch, name string, t resolver.Type, done func(*Signed)) {
	q := &Signed{Name: name, Type: t.String(), Answers: []string{}, Security: Undetermined}
	b.Ask(name, t, func(a *resolver.Answer, err error) {
		q.State, q.Evidence = stateOf(a, err), outcome(a, err)
		e := resolver.AsError(err)
		switch {
		case err == nil && a.OfZone():
			q.Reason = fromZone
		case err == nil && a.AuthenticData:
			q.Security = Secure
		case err == nil:
			q.Security = Insecure
		case e.Reason == resolver.ServFail && v.Unchecked != nil:
			var unchecked *resolver.Answer
			var again error
			ctx := b.Context()
			b.Go(func() { unchecked, again = v.Unchecked.Lookup(ctx, name, t) }, func() {
				if q.Reason = e.Detail; again == nil {
					q.Security, q.Unchecked = Bogus, stateOf(unchecked, nil)
					q.keep(unchecked)
				}
				done(q)
			})
			return
		default:
			q.Reason = string(e.Reason)
		}
		if err == nil {
			q.keep(a)
		}
		done(q)
	})
}

// keep takes the first records of an answer.
func (q *Signed) keep(a *resolver.Answer) {
	most := maxMX
	if q.Type == resolver.TypeA.String() || q.Type == resolver.TypeAAAA.String() {
		most = maxAnswers
	}
	for i := range a.Records[:min(len(a.Records), most)] {
		q.Answers = append(q.Answers, a.Records[i].String())
	}
}

// trusts reports whether the resolver is to be believed that it has validated the answer.
func (v *Validator) trusts(q *Signed) bool { return v.Trusted || trustedPath(q.Evidence.Server) }

// DNSSECFacts are what DNSSEC says of a domain and of the hosts that mail to it goes to.
type DNSSECFacts struct {
	Domain string `json:"domain"`
	// Validates: the resolver marks an answer as validated, over a path that can be trusted. Without that nothing else is judged. Why says what is missing.
	Validates bool   `json:"validates"`
	Why       string `json:"why"`
	Root      Signed `json:"root"`
	// SOA, MX, DMARC, DNSKEY and DS are the questions about the domain.
	SOA    Signed `json:"soa"`
	MX     Signed `json:"mx"`
	DMARC  Signed `json:"dmarc"`
	DNSKEY Signed `json:"dnskey"`
	DS     Signed `json:"ds"`
	// RRSIG and NSEC3PARAM are asked for if the SOA is signed, else null. Signatures are those
	// of the domain's own records, NSEC3 is how the zone proves what is not there, null if not
	// by NSEC3.
	RRSIG      *Signed     `json:"rrsig"`
	NSEC3PARAM *Signed     `json:"nsec3param"`
	Signatures []Signature `json:"signatures"`
	NSEC3      *NSEC3      `json:"nsec3"`
	// Hosts are the MX hosts, or the domain itself without MX.
	Hosts []SignedHost `json:"hosts"`
	now   time.Time
}

// SignedHost is an MX host with its addresses and TLSA records.
type SignedHost struct {
	Name string `json:"name"`
	// Base is the name below which senders look for TLSA records: that at the end of the
	// host's aliases, if these are validated and there are records, else the host's own
	// (RFC 7672, 2.2.2).
	Base string `json:"base"`
	A    Signed `json:"a"`
	AAAA Signed `json:"aaaa"`
	TLSA Signed `json:"tlsa"`
	// Records are the TLSA records that can be read.
	Records []TLSA `json:"records"`
}

// ask asks for the addresses and TLSA records of the host, and for those at the end of its
// aliases.
func (h *SignedHost) ask(b *resolver.Batch, v *Validator) {
	var own, expanded *Signed
	b.Part(func(b *resolver.Batch) {
		addresses := func(to *Signed) func(*Signed) {
			return func(q *Signed) {
				*to = *q
				if n := len(q.Evidence.CNAMEs); n > 0 && q.Security == Secure && expanded == nil {
					expanded = &Signed{}
					v.ask(b, "_25._tcp."+strings.TrimSuffix(q.Evidence.CNAMEs[n-1], "."), resolver.TypeTLSA, func(q *Signed) { expanded = q })
				}
			}
		}
		v.ask(b, h.Name, resolver.TypeA, addresses(&h.A))
		v.ask(b, h.Name, resolver.TypeAAAA, addresses(&h.AAAA))
		v.ask(b, "_25._tcp."+h.Name, resolver.TypeTLSA, func(q *Signed) { own = q })
	}, func() {
		h.TLSA = *own
		if expanded != nil && (expanded.State != Absent || expanded.Security == Bogus) {
			h.TLSA, h.Base = *expanded, strings.TrimPrefix(expanded.Name, "_25._tcp.")
		}
		for _, answer := range h.TLSA.Answers {
			if t, err := ParseTLSA(answer); err == nil {
				h.Records = append(h.Records, *t)
			}
		}
	})
}

// aliased is the name at the end of the host's aliases; empty: it is no alias.
func (h *SignedHost) aliased() string {
	for _, q := range []*Signed{&h.A, &h.AAAA} {
		if n := len(q.Evidence.CNAMEs); n > 0 {
			return q.Evidence.CNAMEs[n-1]
		}
	}
	return ""
}

// secure reports whether an address of the host is validated; one is enough.
func (h *SignedHost) secure() bool {
	return h.A.Security == Secure && h.A.State == Present || h.AAAA.Security == Secure && h.AAAA.State == Present
}

// signed is secure as far as it is known: an address that was not answered could be a
// signed one.
func (h *SignedHost) signed() State {
	switch {
	case h.secure():
		return Present
	case open(&h.A) || open(&h.AAAA):
		return Unknown
	}
	return Absent
}

// Obeyed returns whether senders that know DANE hold a host to the TLSA records that it has:
// Present if all that leads to these is signed, Absent if something is not (RFC 7672, 2.2),
// else Unknown, and why.
func (f *DNSSECFacts) Obeyed(h *SignedHost) (obeyed State, why string) {
	switch {
	case !f.Validates:
		return Unknown, f.Why
	case f.MX.Security == Insecure, h.signed() == Absent, h.TLSA.Security == Insecure:
		return Absent, ""
	case open(&f.MX):
		return Unknown, "the MX of the domain is " + string(f.MX.Security) + because(&f.MX)
	case open(&h.TLSA):
		return Unknown, "the answer for " + h.TLSA.Name + " is " + string(h.TLSA.Security) + because(&h.TLSA)
	case h.signed() == Unknown:
		return Unknown, "whether the addresses of " + h.Name + " are signed was not answered"
	}
	return Present, ""
}

// live reports whether mail can go to the host.
func (h *SignedHost) live() bool { return h.A.State != Absent || h.AAAA.State != Absent }

// BeginDNSSEC asks for what DNSSEC and DANE need.
func BeginDNSSEC(b *resolver.Batch, v *Validator, domain string, done func(*DNSSECFacts)) {
	f := &DNSSECFacts{Domain: domain, Hosts: []SignedHost{}, Signatures: []Signature{}, now: time.Now()}
	if v.Now != nil {
		f.now = v.Now()
	}
	into := func(to *Signed) func(*Signed) { return func(q *Signed) { *to = *q } }
	b.Part(func(b *resolver.Batch) {
		v.ask(b, ".", resolver.TypeSOA, into(&f.Root))
		v.ask(b, domain, resolver.TypeSOA, func(q *Signed) {
			f.SOA = *q
			if q.Security == Secure && v.trusts(q) {
				v.ask(b, domain, resolver.TypeRRSIG, func(q *Signed) { f.RRSIG, f.Signatures = q, readSignatures(q.Answers) })
				v.ask(b, domain, resolver.TypeNSEC3PARAM, func(q *Signed) { f.NSEC3PARAM, f.NSEC3 = q, readNSEC3(q.Answers) })
			}
		})
		v.ask(b, "_dmarc."+domain, resolver.TypeTXT, into(&f.DMARC))
		v.ask(b, domain, resolver.TypeDNSKEY, into(&f.DNSKEY))
		v.ask(b, domain, resolver.TypeDS, into(&f.DS))
		v.ask(b, domain, resolver.TypeMX, func(q *Signed) {
			f.MX = *q
			var names []string
			for _, answer := range q.Answers {
				if q.Security == Bogus {
					break // whose hosts they are, nobody knows
				}
				_, host, _ := strings.Cut(answer, " ")
				if host = strings.TrimSuffix(host, "."); host != "" && !slices.Contains(names, host) && len(names) < maxMX {
					names = append(names, host)
				}
			}
			if q.State == Absent {
				names = []string{domain}
			}
			f.Hosts = make([]SignedHost, len(names))
			for i, name := range names {
				f.Hosts[i] = SignedHost{Name: name, Base: name, Records: []TLSA{}}
				f.Hosts[i].ask(b, v)
			}
		})
	}, func() {
		f.prove(v)
		done(f)
	})
}

// single leaves undetermined what came from another resolver than those that are known to
// validate: without AD it shows nothing of the zone (RFC 4035, 3.2.3).
func (v *Validator) single(asked []*Signed) {
	var validate []string
	for _, q := range asked {
		if q.Security == Secure && v.trusts(q) {
			validate = append(validate, resolver.Address(q.Evidence.Server))
		}
	}
	for _, q := range asked {
		if (q.Security == Secure || q.Security == Insecure) && !slices.Contains(validate, resolver.Address(q.Evidence.Server)) {
			q.Security, q.Reason = Undetermined, "only "+q.Evidence.Server+" answered, which is not known to validate"
		}
	}
}

// prove decides whether what the resolver says of DNSSEC counts: an answer that it has
// validated, of the root or of any other name, came over a path that can be trusted.
func (f *DNSSECFacts) prove(v *Validator) {
	asked := []*Signed{&f.Root, &f.SOA, &f.MX, &f.DMARC, &f.DNSKEY, &f.DS}
	for i := range f.Hosts {
		asked = append(asked, &f.Hosts[i].A, &f.Hosts[i].AAAA, &f.Hosts[i].TLSA)
	}
	for _, q := range asked {
		if q.Security != Secure {
			continue
		}
		if v.trusts(q) {
			f.Validates = true
			break
		}
		f.Why = "the resolver " + q.Evidence.Server + " says that it validates, and whoever is on the path to it could say so"
	}
	if f.Validates {
		f.Why = ""
		v.single(asked)
		return
	}
	switch {
	case f.Why != "":
	case f.Root.Security == Insecure:
		f.Why = "the resolver " + f.Root.Evidence.Server + " does not validate: its answer for the root, which is signed, is without AD"
	default:
		if f.Why = "whether the resolver validates is not known"; f.Root.Reason != "" {
			f.Why += ": " + f.Root.Reason
		}
	}
}
