package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/receiver"
	"mailworthy/resolver"
	"mailworthy/smtp/reply"
	"mailworthy/spf"
)

// state is what one aspect of a proof comes to.
type state int

const (
	// right: the DNS is as it should be.
	right state = iota
	// shown: the DNS shows the cause.
	shown
	// open: the DNS did not say, or something is not known.
	open
	// notAsked: it was not asked on purpose (--offline).
	notAsked
)

// aspect is one protocol or record of a proof.
type aspect struct {
	proof    reply.Proof
	state    state
	why      string
	findings []finding.Finding
}

// judgement gathers the aspects.
type judgement struct {
	request *Request
	plan    *plan
	aspects []aspect
	// aligned are the envelope domains that align with the author domain.
	aligned []string
}

func (j *judgement) wants(x reply.Proof) bool { return slices.Contains(j.request.Proofs, x) }

func (j *judgement) add(p aspect) { j.aspects = append(j.aspects, p) }

func (j *judgement) clear(x reply.Proof, why string) { j.add(aspect{proof: x, state: right, why: why}) }

// open notes that something is not known; err says why, and may be nil.
func (j *judgement) open(x reply.Proof, why string, err error) {
	s := open
	if err != nil && resolver.AsError(err).Reason == resolver.Offline {
		s = notAsked
	}
	j.add(aspect{proof: x, state: s, why: why})
}

// pick are the findings that keep wants, worst first as an audit has them.
func pick(findings []finding.Finding, keep func(*finding.Finding) bool) []finding.Finding {
	var out []finding.Finding
	for i := range findings {
		if keep(&findings[i]) {
			out = append(out, findings[i])
		}
	}
	return out
}

// unanswered returns open or notAsked if one of the findings of the section says that
// the DNS did not answer, with its detail.
func unanswered(findings []finding.Finding, of finding.Section) (state, string, bool) {
	for i := range findings {
		f := &findings[i]
		if mailhost.NothingKnown(f.Check) || f.Section == of && f.Severity.Open() {
			if f.Severity == finding.NotChecked {
				return notAsked, f.Detail, true
			}
			return open, f.Detail, true
		}
	}
	return 0, "", false
}

// about reports whether a finding is of one of the checks, at warning or worse.
func about(f *finding.Finding, checks ...string) bool {
	return slices.Contains(checks, f.Check) && f.Severity.AtLeast(finding.Notice)
}

// grave reports whether a receiver acts on the finding.
func grave(f *finding.Finding) bool { return f.Severity.AtLeast(finding.Error) }

// sender judges the audit of the author or envelope domain.
func (j *judgement) sender(s *step, res *audit.Result) {
	if j.plan.mode == level {
		j.level(s, res)
		return
	}
	for _, a := range res.Alignments {
		if a.Kind == "spf" && a.Aligned != nil && *a.Aligned {
			j.aligned = append(j.aligned, a.Domain)
		}
	}
	for _, x := range s.proofs {
		switch x {
		case reply.ProofSPF:
			j.spf(s, res)
		case reply.ProofDKIM:
			j.dkim(res)
		case reply.ProofDMARC:
			j.dmarc(res)
		}
	}
	if slices.Contains(s.target.Sections, finding.Hosts) && (len(s.target.IPs) > 0 || len(s.target.HELO) > 0) {
		findings := res.Findings
		if res.Hosts != nil && slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Check == "domain-missing" && grave(&f) }) {
			// Nothing else is said of a domain that does not exist, but of its sender there is.
			alone := &mailhost.Facts{Addresses: res.Hosts.Addresses, HELO: res.Hosts.HELO}
			findings = mailhost.Check(alone, mailhost.Context{Profile: finding.Sender}).Findings()
			audit.NotChecked(findings, res.Trace)
		}
		j.hosts(res.Hosts, findings)
	}
}

// spf judges check_host() for the address and the envelope domain.
func (j *judgement) spf(s *step, res *audit.Result) {
	p := aspect{proof: reply.ProofSPF}
	domain := s.target.Domain
	spfOnly := func(f *finding.Finding) bool { return f.Section == finding.SPF }
	if strings.HasSuffix(j.request.Enhanced, ".7.24") {
		// "Suspicious entries": what is too wide, even though it passes.
		if wide := pick(res.Findings, func(f *finding.Finding) bool {
			return about(f, "spf-all-pass", "spf-all-neutral", "spf-broad-range", "spf-address-count", "spf-ptr")
		}); len(wide) > 0 {
			p.state, p.why, p.findings = shown, fmt.Sprintf("The SPF record of %s allows too much.", domain), wide
			j.add(p)
			return
		}
	}
	i := slices.IndexFunc(res.Evaluations, func(e spf.Evaluation) bool { return len(s.target.IPs) > 0 && e.IP == s.target.IPs[0].Unmap() })
	if i < 0 {
		// Without an address only a record that helps nobody is a cause.
		bad := pick(res.Findings, func(f *finding.Finding) bool { return spfOnly(f) && grave(f) && f.Check != "spf-ip-not-authorized" })
		state, why, is := unanswered(res.Findings, finding.SPF)
		switch {
		case len(bad) > 0:
			p.state, p.why, p.findings = shown, fmt.Sprintf("The SPF record of %s cannot pass for any address, or not for all.", domain), bad
		case is:
			p.state, p.why = state, why
		default:
			p.state, p.why = open, fmt.Sprintf("%s has an SPF record, and the address that sent is not known: state it with --ip.", domain)
		}
		j.add(p)
		return
	}
	e := &res.Evaluations[i]
	switch e.Result {
	case spf.Pass:
		p.state = right
		p.why = fmt.Sprintf("SPF passes now: %s may send for %s%s.", e.IP, e.Domain, show.OrEmpty(" by ", e.Matched))
	case spf.TempError, spf.Unknown:
		p.state, p.why = open, fmt.Sprintf("Whether %s may send for %s is not known: %s.", e.IP, e.Domain, strings.TrimSuffix(e.Error, "."))
		if state, _, is := unanswered(res.Findings, finding.SPF); is {
			p.state = state
		}
	default:
		p.state = shown
		p.why = fmt.Sprintf("SPF answers %s for %s as a sender of %s%s.", e.Result, e.IP, e.Domain, show.OrEmpty(": ", strings.TrimSuffix(e.Error, ".")))
		p.findings = pick(res.Findings, func(f *finding.Finding) bool { return spfOnly(f) && (grave(f) || f.Check == "spf-ip-not-authorized") })
		if !j.request.Identities.IPStated {
			p.findings = yours(p.findings, e.IP.String())
		}
	}
	j.add(p)
}

// yours makes a fix that lets an address send one that is to be thought about: nobody
// but the text of the refusal says that the address is a sender of the domain.
func yours(findings []finding.Finding, ip string) []finding.Finding {
	for i := range findings {
		f := &findings[i]
		if f.Check != "spf-ip-not-authorized" || f.Fix == nil {
			continue
		}
		fix := *f.Fix
		fix.Complete = false
		fix.When = fmt.Sprintf("it is sure that %s is a server of yours or of a service that you use, and not of a forwarder or a forger", ip)
		f.Fix = &fix
	}
	return findings
}

// dkim judges the keys of the signatures. Whether a signature was right, the DNS does
// not show.
func (j *judgement) dkim(res *audit.Result) {
	p := aspect{proof: reply.ProofDKIM}
	var names []string
	for _, s := range j.request.Identities.DKIM {
		if s.Selector != "" {
			names = append(names, s.Selector+"._domainkey."+cmp.Or(s.Domain, res.Domain))
		}
	}
	bad := pick(res.Findings, func(f *finding.Finding) bool { return f.Section == finding.DKIM && grave(f) })
	state, why, is := unanswered(pick(res.Findings, func(f *finding.Finding) bool { return f.Check != "dkim-none-observed" }), finding.DKIM)
	found := []string{}
	if res.DKIM != nil {
		for i := range res.DKIM.Selectors {
			s := &res.DKIM.Selectors[i]
			if s.Stated && s.Status == dkim.SelectorFound && slices.Contains(names, s.QueryName()) {
				found = append(found, s.QueryName())
			}
		}
	}
	switch {
	case len(bad) > 0 && len(found) == 0, len(bad) > 0 && len(names) <= 1:
		p.state, p.why, p.findings = shown, "The DKIM keys are not as receivers need them.", bad
		if len(names) > 0 && len(found) == 0 {
			p.why = fmt.Sprintf("No key that receivers can use stands at %s.", show.Listed(names, 3))
		}
	case is:
		p.state, p.why = state, why
	case len(names) == 0:
		p.state, p.why = open, "The selector that signed is not known: state it with --selector, or give the bounce with the headers of the message."
	case len(found) > 0:
		p.state = right
		p.why = fmt.Sprintf("The key at %s is right now. Whether the signature was right, or was broken on the way, only the message shows (mailworthy message FILE).", show.Listed(found, 3))
	default:
		p.state, p.why = open, fmt.Sprintf("Nothing can be said of the key at %s.", show.Listed(names, 3))
	}
	j.add(p)
}

// dmarc judges the record and the alignment of the author domain.
func (j *judgement) dmarc(res *audit.Result) {
	p := aspect{proof: reply.ProofDMARC}
	bad := pick(res.Findings, func(f *finding.Finding) bool {
		return about(f, "dmarc-record-missing", "dmarc-multiple-records", "dmarc-syntax", "dmarc-version", "dmarc-policy-missing", "dmarc-policy-invalid",
			"dmarc-alignment-mode-invalid", "dmarc-spf-unaligned", "dmarc-dkim-unaligned", "dmarc-wrong-name", "dmarc-cname-and-txt", "dmarc-spf-at-dmarc-name") && grave(f)
	})
	state, why, is := unanswered(res.Findings, finding.DMARC)
	switch {
	case len(bad) > 0:
		p.state, p.findings = shown, bad
		p.why = strings.TrimSuffix(bad[0].Title, ".") + " (" + res.Domain + ")."
	case is:
		p.state, p.why = state, why
	case res.DMARC != nil && res.DMARC.Policy != "":
		p.state, p.why = right, fmt.Sprintf("%s has a DMARC policy (p=%s).", res.Domain, res.DMARC.Policy)
	default:
		p.state, p.why = open, fmt.Sprintf("Nothing can be said of the DMARC policy of %s.", res.Domain)
	}
	j.add(p)
}

// level judges Microsoft's requirements, as the audit has them.
func (j *judgement) level(s *step, res *audit.Result) {
	for i := range res.Receivers {
		v := &res.Receivers[i]
		if v.Receiver != "Microsoft" || v.Volume != receiver.Bulk {
			continue
		}
		for _, q := range v.Requirements {
			p := aspect{proof: reply.Proof(q.ID), why: fmt.Sprintf("Microsoft requires \"%s\"; here: %s", strings.TrimSuffix(q.Text, "."), cmp.Or(q.Because, string(q.Result)+"."))}
			switch q.ID {
			case "spf":
				if len(s.target.IPs) == 0 && q.Result == receiver.Meets {
					p.state, p.why = open, "The SPF record is right for the senders that it names; the address that sent is not known: state it with --ip."
					j.add(p)
					continue
				}
			case "dkim", "dmarc", "alignment":
			case "ptr":
				if len(s.target.IPs) == 0 {
					continue
				}
			default:
				continue
			}
			switch q.Result {
			case receiver.Meets:
				p.state = right
			case receiver.Fails:
				p.state = shown
				p.findings = pick(res.Findings, func(f *finding.Finding) bool { return f.Check == q.Finding && f.Severity.AtLeast(finding.Notice) })
				if !j.request.Identities.IPStated && len(s.target.IPs) > 0 {
					p.findings = yours(p.findings, s.target.IPs[0].String())
				}
			case receiver.NotChecked:
				p.state = notAsked
			default:
				p.state = open
			}
			j.add(p)
		}
	}
	if len(j.aspects) == 0 {
		j.open(reply.ProofDMARC, "The requirements of Microsoft were not judged.", nil)
	}
}
