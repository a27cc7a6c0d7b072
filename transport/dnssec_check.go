package transport

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// howToValidate is how to get an answer about DNSSEC.
const howToValidate = "Ask a resolver that validates on this machine (--resolver 127.0.0.1) or over --resolver tls://… or https://…; --trust-ad states that the path to another one can be trusted."

// unsigned reports whether a zone file answers for the domain.
func (f *DNSSECFacts) unsigned() bool { return f.SOA.Reason == fromZone || f.MX.Reason == fromZone }

// undetermined says once that nothing about DNSSEC is known.
func (f *DNSSECFacts) undetermined(s *finding.Sheet, id string) bool {
	switch {
	case f.unsigned():
		s.Add(id, finding.Finding{Severity: finding.NotChecked, Evidence: []finding.Evidence{f.SOA.Evidence},
			Detail: "The records of " + show.Escape(f.Domain) + " come from a zone file, which nothing validates."})
		return true
	case f.Validates:
		return false
	}
	s.Add(id, finding.Finding{CouldBe: finding.Critical, Detail: "Nothing can be said: " + show.Escape(f.Why) + ". " + howToValidate, Evidence: []finding.Evidence{f.Root.Evidence}})
	return true
}

func because(q *Signed) string {
	if q.Reason == "" {
		return ""
	}
	return " (" + show.Cut(q.Reason, 120) + ")"
}

// CheckDNSSEC returns the findings about DNSSEC.
func CheckDNSSEC(f *DNSSECFacts) []finding.Finding {
	s := finding.NewSheet(daneList, f.Domain)
	if f.undetermined(s, "dnssec-unresolved") {
		return s.Findings()
	}
	s.Decided("dnssec-bogus")
	asked := []*Signed{&f.SOA, &f.MX, &f.DMARC}
	for i := range f.Hosts {
		asked = append(asked, &f.Hosts[i].A, &f.Hosts[i].AAAA)
	}
	for _, q := range asked {
		switch q.Security {
		case Bogus:
			s.Add("dnssec-bogus", finding.Finding{Subject: q.Name, Evidence: []finding.Evidence{q.Evidence},
				Detail: fmt.Sprintf("%s %s is bogus%s: there is an answer, and it fails validation. Receivers that validate see nothing of it.", show.Escape(q.Name), q.Type, because(q))})
		case Undetermined:
			s.Undecided("dnssec-bogus")
			s.Add("dnssec-unresolved", finding.Finding{Subject: q.Name, CouldBe: finding.Critical, Evidence: []finding.Evidence{q.Evidence},
				Detail: notAnswered(q)})
		}
	}
	f.chain(s)
	f.unanswered(s)
	switch f.SOA.Security {
	case Insecure:
		s.Decided("dnssec-unsigned", "dnssec-parent-ds")
		if f.DNSKEY.State == Present && f.DS.State == Absent {
			s.Add("dnssec-parent-ds", finding.Finding{Evidence: []finding.Evidence{f.DNSKEY.Evidence, f.DS.Evidence},
				Detail: "The zone has a DNSKEY, and the parent has no DS for it: nobody validates its signatures."})
		} else {
			s.Add("dnssec-unsigned", finding.Finding{Evidence: []finding.Evidence{f.SOA.Evidence}, Detail: "The resolver validates, and its answer for the domain is not signed."})
		}
	case Secure:
		s.Decided("dnssec-unsigned", "dnssec-parent-ds", "dnssec-mx-unsigned", "dnssec-algorithm")
		f.algorithms(s)
		f.signatures(s)
		f.denial(s)
		var hosts []string
		for i := range f.Hosts {
			h := &f.Hosts[i]
			if h.A.Security == Insecure && h.AAAA.Security == Insecure {
				hosts = append(hosts, show.Escape(h.Name))
			}
		}
		if len(hosts) > 0 {
			s.Add("dnssec-mx-unsigned", finding.Finding{Evidence: []finding.Evidence{f.MX.Evidence}, Detail: fmt.Sprintf("The domain is signed, and the zone of %s is not.", show.Listed(hosts, 5))})
		}
	}
	return s.Findings()
}

// unanswered takes back that checks of keys and digests passed if these are not known, and
// says so of a signed zone.
func (f *DNSSECFacts) unanswered(s *finding.Sheet) {
	for _, q := range []*Signed{&f.DNSKEY, &f.DS} {
		if q.State != Unknown {
			continue
		}
		s.Undecided("dnssec-algorithm", "dnssec-parent-ds")
		if f.SOA.Security == Secure {
			s.Add("dnssec-unresolved", finding.Finding{Subject: q.Name, CouldBe: finding.Warning, Evidence: []finding.Evidence{q.Evidence},
				Detail: notAnswered(q)})
		}
	}
	if f.NSEC3PARAM != nil && f.NSEC3PARAM.State == Unknown {
		s.Undecided("dnssec-nsec3-iterations")
	}
}

// outdated are the algorithms that must not be used for signing any more, by their
// numbers (RFC 8624, 3.1).
var outdated = map[string]string{"1": "RSA/MD5", "3": "DSA", "5": "RSA/SHA-1", "6": "DSA-NSEC3-SHA1", "7": "RSASHA1-NSEC3-SHA1", "12": "GOST R 34.10-2001"}

// algorithms judges the keys of the zone and the digests at its parent.
func (f *DNSSECFacts) algorithms(s *finding.Sheet) {
	var old []string
	for _, key := range f.DNSKEY.Answers {
		if fields := strings.Fields(key); len(fields) > 3 && outdated[fields[2]] != "" && !slices.Contains(old, outdated[fields[2]]) {
			old = append(old, outdated[fields[2]])
		}
	}
	if len(old) > 0 {
		s.Add("dnssec-algorithm", finding.Finding{Evidence: []finding.Evidence{f.DNSKEY.Evidence}, Detail: fmt.Sprintf("The zone has a key of %s, which must not be used for signing any more.", strings.Join(old, ", "))})
	}
	sha1 := 0
	for _, ds := range f.DS.Answers {
		if fields := strings.Fields(ds); len(fields) > 3 && fields[2] == "1" {
			sha1++
		}
	}
	if sha1 > 0 && sha1 == len(f.DS.Answers) {
		s.Add("dnssec-algorithm", finding.Finding{Evidence: []finding.Evidence{f.DS.Evidence}, Detail: "Every DS at the parent is a SHA-1 digest."})
	}
}

// CheckDANE returns the findings about DANE, as far as the DNS alone shows it.
func CheckDANE(f *DNSSECFacts) []finding.Finding {
	s := finding.NewSheet(daneList, f.Domain)
	if f.undetermined(s, "dane-unresolved") {
		return s.Findings()
	}
	if f.MX.Security == Undetermined || f.MX.Security == Bogus {
		s.Add("dane-unresolved", finding.Finding{CouldBe: finding.Critical, Evidence: []finding.Evidence{f.MX.Evidence},
			Detail: fmt.Sprintf("The MX of the domain is %s%s: which hosts are to have TLSA records cannot be told.", f.MX.Security, because(&f.MX))})
		return s.Findings()
	}
	var with, without []string
	undecided := false
	for i := range f.Hosts {
		h := &f.Hosts[i]
		if !h.live() {
			continue
		}
		if open(&h.TLSA) {
			// What the host publishes, or whether it does, is not known.
			undecided = true
			s.Undecided("dane-missing", "dane-cname", "dane-partial", "dane-tlsa-insecure", "dane-unusable-all", "dane-usage-pkix", "dane-full", "dane-ta-cert-selector", "dane-sha512-only", "tlsa-unusable", "tlsa-never-matches")
		} else if h.signed() == Unknown {
			s.Undecided("dane-cname", "dane-partial", "dane-tlsa-insecure")
		}
		switch f.checkHost(s, h) {
		case Present:
			with = append(with, show.Escape(h.Name))
			if to := h.aliased(); to != "" {
				s.Add("dane-cname", finding.Finding{Subject: h.Name, Evidence: []finding.Evidence{h.A.Evidence, h.TLSA.Evidence},
					Detail: fmt.Sprintf("%s is an alias of %s, and its TLSA records are at %s: not all senders look there.", show.Escape(h.Name), show.Escape(to), show.Escape(h.TLSA.Name))})
			}
		case Absent:
			without = append(without, show.Escape(h.Name))
		}
	}
	if !undecided {
		s.Decided("dane-lookup-failed", "dane-denial-broken", "dane-unresolved")
	}
	evidence := []finding.Evidence{f.MX.Evidence}
	if len(with) > 0 {
		s.Decided("dane-cname", "dane-mx-insecure", "dane-partial", "dane-unusable-all", "dane-usage-pkix", "dane-full", "dane-ta-cert-selector", "dane-sha512-only", "dane-tlsa-insecure")
		if f.MX.Security == Insecure {
			s.Add("dane-mx-insecure", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("%s has TLSA records, and the MX records of the domain are not signed: most senders do not use them.", show.Listed(with, 5))})
		}
		if len(without) > 0 {
			s.Add("dane-partial", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("%s has TLSA records, %s has none.", show.Listed(with, 5), show.Listed(without, 5))})
		}
	} else if len(without) > 0 && f.MX.Security == Secure {
		var could []string
		for i := range f.Hosts {
			if h := &f.Hosts[i]; h.secure() && h.TLSA.State == Absent && h.TLSA.Security == Secure {
				could = append(could, show.Escape(h.Name))
			}
		}
		if s.Decided("dane-missing"); len(could) > 0 {
			s.Add("dane-missing", finding.Finding{Evidence: evidence, Detail: fmt.Sprintf("MX and addresses are signed, and there are no TLSA records for %s.", show.Listed(could, 5))})
		}
	}
	return s.Findings()
}

// open reports whether a question has no answer that counts: it was not answered, or it is
// bogus.
func open(q *Signed) bool { return q.Security == Undetermined || q.Security == Bogus }

// checkHost judges the TLSA records of one host: Present if senders use DANE for it,
// Absent if it is proved that they do not, else Unknown.
func (f *DNSSECFacts) checkHost(s *finding.Sheet, h *SignedHost) State {
	q := &h.TLSA
	evidence := []finding.Evidence{q.Evidence}
	add := func(id, format string, args ...any) {
		s.Add(id, finding.Finding{Subject: h.Name, Evidence: evidence, Detail: fmt.Sprintf(format, args...)})
	}
	signed := h.signed()
	switch {
	case signed == Absent && q.State != Present:
		// RFC 7672, 2.2.2: without secure addresses senders do not ask for TLSA records.
		return Absent
	case q.Security == Bogus && q.Unchecked == Absent:
		add("dane-denial-broken", "That there are no TLSA records at %s cannot be proved%s: senders that know DANE must not deliver to %s, and mail waits.", show.Escape(q.Name), because(q), show.Escape(h.Name))
		return Unknown
	case q.Security == Bogus:
		add("dane-lookup-failed", "%s TLSA is bogus%s: senders that know DANE must not deliver to %s, and mail waits.", show.Escape(q.Name), because(q), show.Escape(h.Name))
		return Unknown
	case q.Security == Undetermined:
		s.Add("dane-unresolved", finding.Finding{Subject: h.Name, CouldBe: finding.Critical, Evidence: evidence, Detail: notAnswered(q)})
		return Unknown
	case q.State == Absent:
		return Absent
	case signed == Unknown:
		s.Add("dane-unresolved", finding.Finding{Subject: h.Name, CouldBe: finding.Critical, Evidence: []finding.Evidence{h.A.Evidence, h.AAAA.Evidence},
			Detail: fmt.Sprintf("There are TLSA records at %s; whether the addresses of the host are signed, so that senders use them, is not known.", show.Escape(q.Name))})
		return Unknown
	case q.Security == Insecure || signed == Absent:
		s.Decided("dane-tlsa-insecure")
		add("dane-tlsa-insecure", "There are TLSA records at %s, and they or the addresses of the host are not signed: senders ignore them.", show.Escape(q.Name))
		return Absent
	}
	usable := 0
	for i := range h.Records {
		if h.Records[i].Unusable == "" {
			usable++
		}
	}
	if usable == 0 {
		var why []string
		for i := range h.Records {
			why = append(why, h.Records[i].Unusable)
		}
		if len(why) == 0 {
			why = []string{"none can be read"}
		}
		add("dane-unusable-all", "No TLSA record at %s can be used: %s.", show.Escape(q.Name), firstOf(why, 0))
		return Present
	}
	mayMatch := slices.ContainsFunc(h.Records, func(t TLSA) bool { return t.Unusable == "" && t.Never() == "" })
	for i := range h.Records {
		t := &h.Records[i]
		if never := t.Never(); t.Unusable == "" && never != "" {
			obeyed, _ := f.Obeyed(h)
			s.Add("tlsa-never-matches", neverFinding(t, h, obeyed == Present && !mayMatch, evidence))
			continue
		}
		if t.Unusable != "" {
			if t.Usage <= 1 {
				add("dane-usage-pkix", "Senders pass %s at %s over: %s.", t, show.Escape(q.Name), t.Unusable)
			} else {
				add("tlsa-unusable", "Senders pass %s at %s over: %s.", t, show.Escape(q.Name), t.Unusable)
			}
			continue
		}
		sha256 := slices.ContainsFunc(h.Records, func(o TLSA) bool { return o.Usage == t.Usage && o.Matching == 1 && o.Unusable == "" })
		if t.Matching == 2 && sha256 {
			continue
		}
		about := len(s.Found())
		oneTLSA(s, t)
		for _, found := range s.Found()[about:] {
			found.Subject, found.Evidence = h.Name, evidence
		}
	}
	return Present
}

// unsignedTLSA judges the TLSA records of a zone file by themselves, and says that nothing
// else was looked at. Names are those of the loaded zones that have TLSA records.
func (f *DNSSECFacts) unsignedTLSA(names []string) []finding.Finding {
	s := finding.NewSheet(daneList, f.Domain)
	for i := range f.Hosts {
		h := &f.Hosts[i]
		evidence := []finding.Evidence{h.TLSA.Evidence}
		for k := range h.Records {
			t := &h.Records[k]
			id := "tlsa-unusable"
			if t.Usage <= 1 {
				id = "dane-usage-pkix"
			}
			switch {
			case t.Unusable != "":
				s.Add(id, finding.Finding{Subject: h.Name, Evidence: evidence, Detail: fmt.Sprintf("Senders pass %s at %s over: %s.", t, show.Escape(h.TLSA.Name), t.Unusable)})
			case t.Never() != "":
				s.Add("tlsa-never-matches", neverFinding(t, h, false, evidence))
			}
		}
		if len(h.Records) > 0 {
			s.Add("dane-unresolved", finding.Finding{Severity: finding.NotChecked, Subject: h.Name, Title: "DANE was not checked", Evidence: evidence,
				Detail: fmt.Sprintf("There are TLSA records at %s in a zone file, which nothing validates.", show.Escape(h.TLSA.Name))})
		}
		if at := f.mislaidTLSA(h, names); at != "" {
			s.Add("tlsa-unusable", finding.Finding{Subject: h.Name, Title: "TLSA record where no sender looks", Evidence: evidence,
				Detail: fmt.Sprintf("A TLSA record is published at %s, and none at %s, where senders look for that of the MX host.", show.Escape(at), h.TLSA.Name),
				Fix:    &finding.Fix{Summary: fmt.Sprintf("Move the record to %s, if it is the one of this host.", h.TLSA.Name)}})
		}
	}
	return s.Findings()
}

// mislaidTLSA is the first of the names at which TLSA records stand that was meant as the one
// of a host without any: the domain's own name, the host's doubled, or one with a mistake in what
// stands before it; "" if none is.
func (f *DNSSECFacts) mislaidTLSA(h *SignedHost, names []string) string {
	if h.TLSA.State != Absent {
		return ""
	}
	wrong := []string{h.Name, h.TLSA.Name + "." + f.Domain, h.TLSA.Name + "." + resolver.Registrable(f.Domain)}
	for _, before := range []string{"25._tcp.", "_25.tcp.", "25.tcp.", "_tcp._25.", "_25_tcp.", "_tcp.", "_25."} {
		wrong = append(wrong, before+h.Name)
	}
	if !slices.ContainsFunc(f.Hosts, func(other SignedHost) bool { return other.Name == f.Domain }) {
		wrong = append(wrong, "_25._tcp."+f.Domain)
	}
	for _, name := range wrong {
		if slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

// neverFinding is what is said of a record that no certificate matches. If it is the only one
// that senders obey, mail is lost.
func neverFinding(t *TLSA, h *SignedHost, lost bool, evidence []finding.Evidence) finding.Finding {
	f := finding.Finding{Subject: h.Name, Evidence: evidence, Severity: finding.Warning,
		Detail: fmt.Sprintf("No certificate matches %s at %s: %s.", t, show.Escape(h.TLSA.Name), t.Never())}
	if lost {
		f.Severity = finding.Critical
		f.Detail += " There is no other record that one could match: senders that obey DANE do not deliver to the host."
	}
	return f
}

// notAnswered says that a question has no answer that counts.
func notAnswered(q *Signed) string {
	how := "was not answered"
	if q.State != Unknown {
		how = "has no answer that counts"
	}
	return fmt.Sprintf("%s %s %s%s.", show.Escape(q.Name), q.Type, how, because(q))
}
