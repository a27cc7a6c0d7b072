package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// examination is one resolver under examination, or the machine.
type examination struct {
	ctx  context.Context
	e    *Examination
	name string
	ask  *resolver.Session
	// others are questions that went another way than through ask.
	others int
}

func (x *examination) add(c Check) {
	c.Resolver = x.name
	switch c.State {
	case OK:
		c.Severity = finding.Pass
	case Unknown:
		c.Severity = finding.Unknown
	case NotChecked:
		c.Severity = finding.NotChecked
	}
	x.e.Checks = append(x.e.Checks, c)
}

func (x *examination) ok(check, text string) { x.add(Check{Check: check, State: OK, Text: text}) }
func (x *examination) unknown(check, text, advice string) {
	x.add(Check{Check: check, State: Unknown, Text: text, Advice: advice})
}
func (x *examination) problem(check string, s finding.Severity, text, advice string) {
	x.add(Check{Check: check, State: Problem, Severity: s, Text: text, Advice: advice})
}

// other is what to do about a resolver that is of no use.
const other = "Ask another resolver: --resolver ADDR, or resolvers: in mailworthy.yaml; best one of your own, such as unbound."

// server examines one resolver. It returns the SOA record of the root as it shows it, and
// nil if it does not.
func (x *examination) server(s Server, o Options) *resolver.Record {
	zone, zoneErr := x.ask.Lookup(x.ctx, root, resolver.TypeSOA)
	top, topErr := x.ask.Lookup(x.ctx, tld, resolver.TypeSOA)
	if zoneErr != nil && topErr != nil {
		x.mute(resolver.AsError(zoneErr))
		return nil
	}
	x.ok(Answers, "the resolver answers")
	rootSeen := zoneErr == nil && zone.Status == resolver.Found
	topSeen := topErr == nil && top.Status == resolver.Found && len(top.CNAMEs) == 0
	public := topSeen && (rootSeen || zoneErr != nil)
	switch {
	case public && resolver.Selective(x.ctx, x.ask) != nil:
		public = false
		x.problem(PublicDNS, finding.Error, "the resolver has com, and denies the hosts that serve it: it lets a few names through", "What it denies says nothing. "+other)
	case public:
		x.ok(PublicDNS, "the root and the top-level domain com are seen")
	case topErr != nil:
		x.unknown(PublicDNS, "the question for com was not answered: "+said(topErr), other)
	default:
		x.problem(PublicDNS, finding.Error, "the resolver denies what everybody sees: com or the root does not exist for it", "It serves private names alone. "+other)
	}
	var lists []rbl.ListHealth
	var rewriting rbl.Rewriting
	if !o.Quick {
		lists, rewriting = rbl.Probe(x.ctx, x.ask, rbl.Options{Catalogue: o.Catalogue})
		x.rewriting(rewriting, topErr == nil && !topSeen)
		x.types(public)
		x.dnssec(top, topErr)
	}
	x.tcp(s)
	if !o.Quick {
		x.lists(lists, rewriting)
	}
	if !rootSeen {
		return nil
	}
	return &zone.Records[0]
}

// mute is what is said of a resolver that answers nothing: the rest is not known.
func (x *examination) mute(e *resolver.Error) {
	switch e.Reason {
	case resolver.Refused:
		x.problem(Answers, finding.Error, "the resolver refuses to answer this machine", "Allow this machine in its access list. "+other)
	case resolver.Timeout, resolver.Canceled:
		x.problem(Answers, finding.Error, "the resolver does not answer", "Check its address, and that a firewall lets UDP and TCP to port 53 through. "+other)
	case resolver.Network:
		x.problem(Answers, finding.Error, "the resolver cannot be reached"+detail(e), "Check its address and the network. "+other)
	default:
		x.problem(Answers, finding.Error, "the resolver fails: "+said(e), "Check its log, its way to the root servers and its clock, which DNSSEC needs. "+other)
	}
	for _, check := range []string{PublicDNS, Rewriting, Types, DNSSEC, TCP, Lists} {
		x.unknown(check, "not known: the resolver gave no answer", "")
	}
}

// said is why a question was not answered, in words.
func said(err error) string {
	e := resolver.AsError(err)
	switch e.Reason {
	case resolver.ServFail:
		return "SERVFAIL" + detail(e)
	case resolver.BadRcode:
		return e.Rcode + detail(e)
	}
	return string(e.Reason) + detail(e)
}

func detail(e *resolver.Error) string {
	if e.Detail == "" {
		return ""
	}
	return " (" + show.Cut(e.Detail, 200) + ")"
}

// rewriting says whether names that do not exist are denied. A resolver that denies com shows
// nothing by that.
func (x *examination) rewriting(r rbl.Rewriting, deniesAll bool) {
	switch {
	case r.Known && !r.Rewrites && deniesAll:
		x.unknown(Rewriting, "not known: the resolver denies names that exist as well", "")
	case r.Rewrites:
		x.problem(Rewriting, finding.Error, "the resolver invents an address for a name that does not exist", "Turn off its search or ad redirection, else absence and listings cannot be told. "+other)
	case r.Known:
		x.ok(Rewriting, "a name that does not exist is denied (NXDOMAIN)")
	default:
		x.unknown(Rewriting, "the question for a name that does not exist was not answered", other)
	}
}

// kept are names that have records of the types that an audit reads, each with a second one for the
// case that the first one's own servers fail.
var kept = []struct {
	of    resolver.Type
	names [2]string
	// lost is what cannot be audited without them.
	lost string
}{
	{resolver.TypeTXT, [2]string{"gmail.com", "outlook.com"}, "SPF, DKIM and DMARC"},
	{resolver.TypeMX, [2]string{"gmail.com", "outlook.com"}, "MX hosts"},
	{resolver.TypePTR, [2]string{"8.8.8.8.in-addr.arpa", "1.1.1.1.in-addr.arpa"}, "names of sending addresses"},
}

// types asks for records of each type that an audit reads: a filter may let addresses through alone.
func (x *examination) types(public bool) {
	if !public {
		x.unknown(Types, "not known: the resolver does not see the public DNS", "")
		return
	}
	var wrong, lost []string
	for _, k := range kept {
		why := ""
		for _, name := range k.names {
			a, err := x.ask.Lookup(x.ctx, name, k.of)
			if err == nil && a.Status == resolver.Found {
				why = ""
				break
			}
			if why = fmt.Sprintf("it says that there are none of %s", name); err != nil {
				why = said(err)
			}
		}
		if why != "" {
			wrong, lost = append(wrong, fmt.Sprintf("%s (%s)", k.of, why)), append(lost, k.lost)
		}
	}
	if wrong == nil {
		x.ok(Types, "questions for TXT, MX and PTR records are answered")
		return
	}
	x.problem(Types, finding.Error, "no answer for "+strings.Join(wrong, ", ")+", so that nothing is known of "+strings.Join(lost, ", "),
		"Let questions of these types through: a filter or forwarder in front of the resolver may answer for addresses alone. "+other)
}

// dnssec asks whether the resolver validates: it says so of a signed name, and refuses
// one whose signature is wrong.
func (x *examination) dnssec(signed *resolver.Answer, err error) {
	if err != nil {
		x.unknown(DNSSEC, "the question for a signed name was not answered: "+said(err), other)
		return
	}
	if signed.Absent() && !signed.AuthenticData {
		x.unknown(DNSSEC, "not known: the resolver has nothing of com that could be validated", "")
		return
	}
	wrong, wrongErr := x.ask.Lookup(x.ctx, bogus, resolver.TypeA)
	const advice = "Turn DNSSEC validation on (unbound: auto-trust-anchor-file; BIND: dnssec-validation auto), or ask another resolver. DNSSEC, DANE and the SPF of a zone with a wrong signature are else not judged as validating receivers do."
	switch {
	case !signed.AuthenticData:
		x.problem(DNSSEC, finding.Warning, "the resolver does not validate: no AD bit on com, which is signed", advice)
	case wrongErr == nil && wrong.Status == resolver.Found:
		x.problem(DNSSEC, finding.Warning, "the resolver sets the AD bit, but answers "+bogus+", whose signature is wrong", advice)
	case wrongErr != nil && resolver.AsError(wrongErr).Reason == resolver.ServFail:
		x.ok(DNSSEC, "the resolver validates: AD on com, SERVFAIL for a wrong signature")
	default:
		x.ok(DNSSEC, "the resolver validates: AD on com")
	}
}

// tcp asks over TCP, which long TXT records and many addresses take.
func (x *examination) tcp(s Server) {
	if s.TCP == nil {
		x.ok(TCP, "every question goes over TCP, TLS or HTTPS already")
		return
	}
	x.others++
	_, err := s.TCP.Lookup(x.ctx, tld, resolver.TypeNS)
	if err == nil {
		x.ok(TCP, "TCP to port 53 works, which long records take")
		return
	}
	switch e := resolver.AsError(err); e.Reason {
	case resolver.Network, resolver.Timeout, resolver.Malformed:
		x.problem(TCP, finding.Error, "no answer over TCP: "+said(err), "Let TCP to port 53 of the resolver through: long SPF and DKIM records are cut over UDP and fetched over TCP.")
	default:
		x.unknown(TCP, "not known: "+said(err), other)
	}
}

func (x *examination) lists(health []rbl.ListHealth, rewriting rbl.Rewriting) {
	var usable int
	var refused, silent, wrong []string
	for _, h := range health {
		name := h.Zone
		switch h.State {
		case rbl.Usable:
			usable++
		case rbl.Refused:
			refused = append(refused, name)
		case rbl.Unresolved:
			silent = append(silent, name)
		case rbl.Unhealthy:
			wrong = append(wrong, name)
		}
	}
	refused, silent, wrong = distinct(refused), distinct(silent), distinct(wrong)
	text := show.Counted(usable, "test") + " of block lists passed"
	switch {
	case len(refused) > 0:
		x.problem(Lists, finding.Warning, text+"; this resolver is refused by "+show.Listed(refused, 8)+notAnswered(silent),
			"Lists refuse public resolvers and those over their quota: ask a resolver of your own, or get a key from the list (--lists).")
	case len(wrong) > 0 && !rewriting.Rewrites:
		x.problem(Lists, finding.Warning, text+"; the test entries are wrong at "+show.Listed(wrong, 8)+notAnswered(silent), "mailworthy rbl health shows the answers.")
	case rewriting.Rewrites:
		x.unknown(Lists, "not known: the resolver invents answers", "")
	case len(silent) > 0:
		x.unknown(Lists, text+notAnswered(silent), "mailworthy rbl health asks again.")
	case usable == 0:
		x.unknown(Lists, "no block list was tested", "")
	default:
		x.ok(Lists, text+", none refuses this resolver")
	}
}

func notAnswered(lists []string) string {
	if len(lists) == 0 {
		return ""
	}
	return "; no answer from " + show.Listed(lists, 8)
}

func distinct(names []string) []string {
	var out []string
	for _, n := range names {
		if len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return out
}

func (x *examination) ipv6(through resolver.Resolver) {
	if through == nil {
		x.add(Check{Check: IPv6, State: NotChecked, Text: "not checked: only the resolvers given are asked"})
		return
	}
	x.others++
	if _, err := through.Lookup(x.ctx, root, resolver.TypeNS); err != nil {
		x.problem(IPv6, finding.Notice, "no answer from the public DNS over IPv6 ("+string(resolver.AsError(err).Reason)+")",
			"Nothing is to be done for audits. Servers that have IPv6 alone cannot be asked from here (--authoritative, probe).")
		return
	}
	x.ok(IPv6, "the public DNS answers over IPv6")
}

// behind and ahead are how far the clock may be from the day of the root zone, which is
// made twice a day, and may be kept by a resolver for a day.
const (
	behind = 24 * time.Hour
	ahead  = 4 * 24 * time.Hour
)

// checkClock compares the clock with the serial of the root zone, which is the day it was
// made, as YYYYMMDDnn.
func checkClock(soa *resolver.Record, now time.Time) Check {
	day, found := rootDay(soa.Data)
	if !found {
		return Check{Check: Clock, State: Unknown, Text: "the serial of the root zone is no date"}
	}
	text := fmt.Sprintf("the clock says %s, the root zone is of %s", now.UTC().Format("2006-01-02 15:04 UTC"), day.Format(time.DateOnly))
	if now.Before(day.Add(-behind)) || now.After(day.Add(ahead)) {
		return Check{Check: Clock, State: Problem, Severity: finding.Error, Text: text,
			Advice: "Set the clock (NTP): expiry, DNSSEC and TLS are judged by it."}
	}
	return Check{Check: Clock, State: OK, Text: text}
}

// rootDay is the day in the serial of the SOA of the root, found in its data.
func rootDay(data string) (time.Time, bool) {
	for _, field := range strings.Fields(data) {
		if len(field) == 10 {
			if _, err := strconv.ParseUint(field, 10, 64); err == nil {
				day, err := time.Parse("20060102", field[:8])
				return day, err == nil
			}
		}
	}
	return time.Time{}, false
}
