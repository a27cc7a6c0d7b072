package proof

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/rbl"
	"mailworthy/smtp/reply"
)

// mode is how the aspects of a proof come together.
type mode int

const (
	// each aspect is a cause by itself.
	each mode = iota
	// either SPF or DKIM would have sufficed.
	either
	// aligned: one of them, aligned with the author domain, would have sufficed (DMARC).
	aligned
	// level is Microsoft's list of requirements.
	level
)

// step is one audit of a proof.
type step struct {
	kind stepKind
	// target of an audit.
	target audit.Target
	// proofs that the step shows.
	proofs  []reply.Proof
	command string
	// lists of a look-up on block lists, with the domains or the address to look up.
	catalogue *rbl.Catalogue
	zone      string
	domains   []string
	ip        netip.Addr
	helo      string
}

type stepKind int

const (
	// auditSender is an audit of the author or envelope domain.
	auditSender stepKind = iota
	// auditEnvelope looks at where the envelope domain takes its mail.
	auditEnvelope
	// auditRecipient is the same of the recipient's domain.
	auditRecipient
	// lookUp asks block lists.
	lookUp
	// askHost makes the PTR round trip and resolves HELO without any domain.
	askHost
	// askTLS asks what the recipient's domain demands of TLS.
	askTLS
)

// plan is what a request needs.
type plan struct {
	mode  mode
	steps []step
	// vague: the text does not name the cause, so that nothing seen proves it.
	vague bool
	// missing are the identities without which an aspect cannot be looked at, as flags.
	missing []string
	// checks in their order.
	checks []string
	// noDNS says what shows the cause instead.
	noDNS []string
}

// planOf decides what to ask.
func (p *Prover) planOf(r *Request) plan {
	id := &r.Identities
	pl := plan{mode: modeOf(r), vague: vague(r)}
	want := func(x reply.Proof) bool { return slices.Contains(r.Proofs, x) }
	for _, x := range r.Proofs {
		switch x {
		case reply.ProofMessage:
			pl.noDNS = append(pl.noDNS, "the message itself: mailworthy message FILE")
		case reply.ProofSubmission:
			pl.noDNS = append(pl.noDNS, "the settings of the sending service: host, port, user and password")
		default:
			pl.checks = append(pl.checks, string(x))
		}
	}
	if pl.mode == level {
		pl.checks = []string{"spf", "dkim", "dmarc", "ptr"}
	}
	p.planSender(r, &pl)
	if want(reply.ProofRBL) {
		p.planLists(r, &pl)
	}
	if want(reply.ProofMailFrom) {
		if id.Envelope == "" {
			pl.missing = append(pl.missing, "--mail-from")
		} else {
			pl.steps = append(pl.steps, step{kind: auditEnvelope, proofs: []reply.Proof{reply.ProofMailFrom},
				target:  audit.Target{Domain: id.Envelope, Sections: []finding.Section{finding.Hosts}, Profile: finding.Sender, IPs: addrs(id.ClientIP)},
				command: "audit " + id.Envelope + flag("--ip", ipText(id.ClientIP)) + " --profile sender --only hosts"})
		}
	}
	if want(reply.ProofRecipientMX) {
		if id.Recipient == "" {
			pl.missing = append(pl.missing, "--recipient")
		} else {
			pl.steps = append(pl.steps, step{kind: auditRecipient, proofs: []reply.Proof{reply.ProofRecipientMX},
				target:  audit.Target{Domain: id.Recipient, Sections: []finding.Section{finding.Hosts}, Profile: finding.Receiver},
				command: "audit " + id.Recipient + " --profile receiver --only hosts"})
		}
	}
	if want(reply.ProofMTASTS) || want(reply.ProofDANE) {
		if id.Recipient == "" {
			pl.missing = append(pl.missing, "--recipient")
		} else {
			pl.steps = append(pl.steps, step{kind: askTLS, proofs: []reply.Proof{reply.ProofMTASTS, reply.ProofDANE},
				target: audit.Target{Domain: id.Recipient}, command: "explain --text 5.7.10 --recipient " + id.Recipient})
		}
	}
	pl.missing = unique(pl.missing)
	return pl
}

// planSender adds the audits of SPF, DKIM, DMARC, PTR and HELO.
func (p *Prover) planSender(r *Request, pl *plan) {
	id := &r.Identities
	domain := cmp.Or(id.Author, id.Envelope)
	for _, s := range id.DKIM {
		domain = cmp.Or(domain, s.Domain)
	}
	var sections []finding.Section
	var shown []reply.Proof
	add := func(s finding.Section, of ...reply.Proof) {
		hit := false
		for _, x := range of {
			if slices.Contains(r.Proofs, x) || pl.mode == level {
				shown, hit = append(shown, x), true
			}
		}
		if hit {
			sections = append(sections, s)
		}
	}
	add(finding.SPF, reply.ProofSPF)
	add(finding.DKIM, reply.ProofDKIM)
	add(finding.DMARC, reply.ProofDMARC)
	add(finding.Hosts, reply.ProofPTR, reply.ProofHELO)
	if len(sections) == 0 {
		return
	}
	host := slices.Contains(sections, finding.Hosts)
	spf := slices.Contains(sections, finding.SPF)
	if !id.ClientIP.IsValid() && (host || spf) && pl.mode != level {
		pl.missing = append(pl.missing, "--ip")
	}
	if domain == "" {
		if spf || slices.Contains(sections, finding.DKIM) || slices.Contains(sections, finding.DMARC) {
			pl.missing = append(pl.missing, "--domain")
		}
		if host && pl.mode != level && (id.ClientIP.IsValid() || id.HELO != "") {
			pl.steps = append(pl.steps, step{kind: askHost, proofs: []reply.Proof{reply.ProofPTR, reply.ProofHELO}, ip: id.ClientIP, helo: id.HELO,
				command: "explain --text 5.7.25" + flag("--ip", ipText(id.ClientIP)) + flag("--helo", id.HELO)})
		}
		return
	}
	if host && !id.ClientIP.IsValid() && id.HELO == "" && pl.mode != level {
		// Without an address there is nothing to look at.
		sections = slices.DeleteFunc(sections, func(s finding.Section) bool { return s == finding.Hosts })
		if len(sections) == 0 {
			return
		}
	}
	if spf && id.Envelope != "" && id.Envelope != domain && pl.mode != level {
		// The SPF record of the author domain says nothing of this message.
		pl.steps = append(pl.steps, p.senderStep(id, id.Envelope, []finding.Section{finding.SPF}, []reply.Proof{reply.ProofSPF}))
		sections = slices.DeleteFunc(sections, func(s finding.Section) bool { return s == finding.SPF })
		shown = slices.DeleteFunc(shown, func(x reply.Proof) bool { return x == reply.ProofSPF })
	}
	switch {
	case pl.mode == level:
		pl.steps = append(pl.steps, p.senderStep(id, domain, nil, shown))
	case len(sections) > 0:
		pl.steps = append(pl.steps, p.senderStep(id, domain, sections, shown))
	}
}

// senderStep is the audit of one domain for the identities; without sections it is the
// whole audit, which the verdict on a receiver needs.
func (p *Prover) senderStep(id *Identities, domain string, sections []finding.Section, proofs []reply.Proof) step {
	t := audit.Target{Domain: domain, Sections: sections, Profile: finding.Sender, IPs: addrs(id.ClientIP)}
	command := "audit " + domain
	if id.Envelope != "" && id.Envelope != domain {
		t.MailFrom = []string{id.Envelope}
		command += flag("--mail-from", id.Envelope)
	}
	has := func(of finding.Section) bool { return len(sections) == 0 || slices.Contains(sections, of) }
	if has(finding.DKIM) || has(finding.DMARC) {
		for _, s := range id.DKIM {
			if s.Domain != "" && !slices.Contains(t.DKIMDomains, s.Domain) {
				t.DKIMDomains = append(t.DKIMDomains, s.Domain)
			}
			if s.Selector != "" && !slices.Contains(t.Selectors, s.Selector) {
				t.Selectors = append(t.Selectors, s.Selector)
				command += flag("--selector", s.Selector)
			}
		}
		if len(t.DKIMDomains) == 1 && t.DKIMDomains[0] == domain {
			t.DKIMDomains = nil
		}
		for _, d := range t.DKIMDomains {
			command += flag("--dkim-domain", d)
		}
	}
	command += flag("--ip", ipText(id.ClientIP))
	if id.HELO != "" && (has(finding.Hosts) || has(finding.SPF)) {
		t.HELO = []string{id.HELO}
		command += flag("--helo", id.HELO)
	}
	names := make([]string, len(sections))
	for i, s := range sections {
		names[i] = s.Flag()
	}
	command += " --profile sender"
	if len(names) > 0 {
		command += " --only " + strings.Join(names, ",")
	}
	return step{kind: auditSender, target: t, proofs: proofs, command: command}
}

// planLists adds the look-up on block lists: on the one that the text names alone.
func (p *Prover) planLists(r *Request, pl *plan) {
	id := &r.Identities
	s := step{kind: lookUp, proofs: []reply.Proof{reply.ProofRBL}, catalogue: p.Options.Catalogue, zone: id.Zone}
	if s.catalogue == nil {
		s.catalogue = rbl.BuiltIn()
	}
	if id.Zone == "" || id.ZoneSubject != "domain" {
		s.ip = id.ClientIP
	}
	if id.Zone == "" || id.ZoneSubject == "domain" {
		for _, d := range []string{id.Envelope, id.Author} {
			if d != "" && !slices.Contains(s.domains, d) {
				s.domains = append(s.domains, d)
			}
		}
	}
	if !s.ip.IsValid() && len(s.domains) == 0 {
		pl.missing = append(pl.missing, map[bool]string{true: "--domain", false: "--ip"}[id.ZoneSubject == "domain"])
		return
	}
	s.command = "rbl check"
	if s.ip.IsValid() {
		s.command += " " + s.ip.String()
	}
	for _, d := range s.domains {
		s.command += " " + d
	}
	switch known := s.zone != "" && s.catalogue.Find(s.zone) != nil; {
	case known:
		s.command += " --list " + s.zone
	case s.zone != "":
		kinds := []rbl.Kind{rbl.IPv4, rbl.IPv6}
		if id.ZoneSubject == "domain" {
			kinds = []rbl.Kind{rbl.Domain}
		}
		s.catalogue = &rbl.Catalogue{Lists: []*rbl.List{{Zone: s.zone, Name: s.zone, Kinds: kinds, Weight: finding.Error, Default: true}}}
		s.command = "explain --text '554 5.7.1 blocked using " + s.zone + "'" + flag("--ip", ipText(s.ip))
		if len(s.domains) > 0 {
			s.command += flag("--domain", s.domains[0])
		}
	}
	pl.steps = append(pl.steps, s)
}

// modeOf decides what would have sufficed.
func modeOf(r *Request) mode {
	text := strings.ToLower(r.Text)
	n := 0
	for _, x := range []reply.Proof{reply.ProofSPF, reply.ProofDKIM, reply.ProofDMARC} {
		if slices.Contains(r.Proofs, x) {
			n++
		}
	}
	switch {
	case r.Reason == reply.AuthFailure && strings.HasPrefix(r.Receiver, "microsoft") && strings.HasSuffix(r.Enhanced, ".7.515"):
		return level
	case r.Reason != reply.AuthFailure || n < 2:
		return each
	case strings.Contains(text, "either spf or dkim"), strings.Contains(text, "spf or dkim"):
		return either
	case slices.Contains(r.Proofs, reply.ProofDMARC) && slices.Contains(r.Proofs, reply.ProofSPF):
		return aligned
	}
	return each
}

// vague reports whether the text leaves open which of many things is the cause.
func vague(r *Request) bool {
	switch r.Reason {
	case reply.Unknown, reply.Spam, reply.Reputation:
		return true
	case reply.Policy:
		// A rule that is about one thing, such as HELO, asks for that alone.
		return slices.Contains(r.Proofs, reply.ProofRBL)
	case reply.IPListed, reply.SenderRejected:
		return r.Identities.Zone == "" && slices.Contains(r.Proofs, reply.ProofRBL)
	}
	return false
}

func flag(name, value string) string {
	if value == "" {
		return ""
	}
	if strings.ContainsAny(value, "[]") {
		// Shells take brackets for a pattern.
		value = "'" + value + "'"
	}
	return " " + name + " " + value
}

func addrs(ip netip.Addr) []netip.Addr {
	if !ip.IsValid() {
		return nil
	}
	return []netip.Addr{ip}
}

func ipText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
