package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/message"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// messageChecks has the checks by their IDs.
var messageChecks = finding.NewList(MessageChecks)

// judge turns what was found about the message into findings, worst first.
func (a *messageRun) judge() {
	s := &messageSheet{finding.NewSheet(messageChecks, cmp.Or(a.result.From, "message")), a.result}
	s.spf()
	s.dkim()
	s.dmarc()
	s.hosts()
	context := message.Context{Now: a.options.Now}
	for _, sig := range a.result.DKIM.Signatures {
		context.Signatures = append(context.Signatures, message.Signature{Domain: sig.Domain, Headers: sig.Headers,
			Passes: sig.Result == dkim.Pass, Unknown: sig.Result == dkim.TempError, Disputed: sig.Disputed()})
	}
	all := s.fold(finding.Collect(s.sheet, message.Check(a.facts, context)))
	slices.SortStableFunc(all, func(x, y finding.Finding) int { return y.Severity.Rank() - x.Severity.Rank() })
	for i := range all {
		if all[i].Evidence == nil {
			all[i].Evidence = []finding.Evidence{}
		}
	}
	a.result.Findings = all
}

// fold lists below a signature that does not pass what only follows from it: that it does
// not vouch for the fields of the list that it names.
func (s *messageSheet) fold(all []finding.Finding) []finding.Finding {
	i := slices.IndexFunc(all, func(f finding.Finding) bool {
		return f.Check == "message-one-click-unsigned" && f.Severity != finding.Pass
	})
	if i < 0 || slices.ContainsFunc(s.res.DKIM.Signatures, func(sig dkim.Signature) bool { return sig.Result == dkim.Pass }) {
		return all
	}
	for _, sig := range s.res.DKIM.Signatures {
		if !slices.Contains(sig.Headers, "list-unsubscribe") || !slices.Contains(sig.Headers, "list-unsubscribe-post") {
			continue
		}
		for k := range all {
			if f := &all[k]; f.Severity != finding.Pass && (sig.Disputed() && f.Check == "message-dkim-length" || !sig.Disputed() && f.Check == "message-dkim-fail") {
				f.Follows = append(f.Follows, all[i].Consequence())
				return slices.Delete(all, i, i+1)
			}
		}
	}
	return all
}

// messageSheet applies the checks of the authentication.
type messageSheet struct {
	sheet *finding.Sheet
	res   *MessageResult
}

// unresolved is a finding about what the DNS did not say.
func (s *messageSheet) unresolved(subject, detail string, couldBe finding.Severity, evidence ...finding.Evidence) {
	s.sheet.Add("message-unresolved", finding.Finding{Subject: subject, Detail: detail, CouldBe: couldBe, Evidence: evidence})
}

func fix(summary string, args ...any) *finding.Fix {
	return &finding.Fix{Summary: fmt.Sprintf(summary, args...)}
}

func (s *messageSheet) spf() {
	e := s.res.SPF
	if e == nil {
		s.sheet.Add("message-spf-not-evaluated", finding.Finding{Subject: "SPF", Detail: "SPF was not evaluated, as " + s.res.SPFNotEvaluated + ".",
			Fix: fix("State %s.", s.unstated())})
		return
	}
	s.sheet.Decided("message-spf-not-evaluated")
	identity := "envelope domain " + clip(e.Domain)
	if e.Identity == "helo" {
		identity = "HELO name " + clip(e.Domain) + " (the sender is the null sender)"
	}
	who := fmt.Sprintf("SPF for the client %s and the %s is %s", e.IP, identity, s.outcome(string(e.Result)))
	if e.Result == spf.TempError {
		s.unresolved(e.Domain, who+": "+sentence(e.Error), finding.Error)
		return
	}
	s.sheet.Decided("message-spf-fail", "message-spf-permerror", "message-spf-not-pass")
	why := ""
	if e.Matched != "" {
		why = fmt.Sprintf(" The term %q in the record of %s matched.", clip(e.Matched), e.MatchedIn)
	}
	if e.Explanation != "" {
		why += fmt.Sprintf(" The domain explains: %q.", clip(e.Explanation))
	}
	authorise := s.authorise(e)
	switch e.Result {
	case spf.Fail:
		s.sheet.Add("message-spf-fail", finding.Finding{Subject: e.Domain, Detail: who + "." + why, Fix: authorise})
	case spf.PermError:
		s.sheet.Add("message-spf-permerror", finding.Finding{Subject: e.Domain, Detail: who + ": " + sentence(e.Error),
			Fix: fix("Mend the SPF record of %s: mailworthy spf check %s says how.", e.Domain, e.Domain)})
	case spf.SoftFail, spf.Neutral:
		s.sheet.Add("message-spf-not-pass", finding.Finding{Subject: e.Domain, Detail: who + "." + why, Fix: authorise})
	case spf.None:
		publish := fix("Publish an SPF record at %s that names %s, if it sends for that domain.", e.Domain, e.IP)
		if service := s.gateway(); service != "" {
			publish = fix("If you send through %s, publish an SPF record at %s with its include. If it takes the recipient's mail, the client is the one before it: state it with --ip.", service, e.Domain)
		}
		if _, err := ParseDomain(e.Domain); err != nil {
			publish = fix("Use a full domain name.")
		} else if from := s.res.From; from != "" && resolver.Registrable(e.Domain) != resolver.Registrable(from) {
			publish = fix("If %s is yours, publish an SPF record there that names %s. If not, only its owner can; DMARC for %s needs a signature with DKIM, or an envelope domain of its own.", e.Domain, e.IP, from)
		}
		s.sheet.Add("message-spf-not-pass", finding.Finding{Subject: e.Domain, Detail: who + ": " + sentence(e.Error), Fix: publish})
	}
}

// unstated is what SPF needs and neither the message nor the user says.
func (s *messageSheet) unstated() string {
	c := &s.res.Client
	var need []string
	if !c.IP.IsValid() {
		need = append(need, "the client with --ip")
	}
	switch {
	case c.MailFrom == nil:
		need = append(need, "the envelope sender with --mail-from")
	case *c.MailFrom == "" && c.HELO == "":
		need = append(need, "the name that it greeted with, by --helo")
	case c.IP.IsValid():
		need = append(need, "an envelope sender with a domain, by --mail-from")
	}
	return strings.Join(need, " and ")
}

// authorise says how the client comes to pass, if it is one of the sender's: who forwards
// mail, or receives it for the recipient, is not to be named in the sender's record.
func (s *messageSheet) authorise(e *spf.Evaluation) *finding.Fix {
	if service := s.gateway(); service != "" {
		return fix("%s is a host of %s. If that takes the recipient's mail, the client is the one before it: state it with --ip. If you send through %[2]s, add its include to the SPF record of %[3]s.",
			e.IP, service, e.Domain)
	}
	return fix("If %s sends for you, add it (or the include of its service) to the SPF record of %s; if not, send through a host that the record names. A host that forwards, or takes the recipient's mail, is not yours to add.", e.IP, e.Domain)
}

// gateway is the service whose hosts take mail for recipients that the client is of, "" if
// it is of none.
func (s *messageSheet) gateway() string {
	if service := message.RelayOf(s.res.Client.HELO); service != "" {
		return service
	}
	if g := mailhost.GatewayOf(s.res.Client.HELO); g != nil {
		return g.Service
	}
	return ""
}

// outcome is the result as a sentence names it.
func (s *messageSheet) outcome(result string) string {
	if result == string(spf.TempError) && NotAsked(s.res.Trace) {
		return string(spf.NotChecked)
	}
	return result
}

func (s *messageSheet) dkim() {
	s.sheet.Decided("message-dkim-none")
	signatures := s.res.DKIM.Signatures
	if len(signatures) == 0 {
		s.sheet.Add("message-dkim-none", finding.Finding{Subject: "DKIM", Detail: "The message has no DKIM-Signature field.",
			Fix: fix("Sign with DKIM, with d=%s.", cmp.Or(s.res.From, "the author domain"))})
		return
	}
	count, disputed := map[dkim.Result]int{}, 0
	for _, sig := range signatures {
		count[sig.Result]++
		if sig.Disputed() {
			disputed++
		}
	}
	// What fails beside a signature that passes, or may pass, is a part.
	check, open := "message-dkim-fail", finding.Error
	if count[dkim.Pass]+count[dkim.TempError]+disputed > 0 {
		check = "message-dkim-partly"
	}
	if count[dkim.Pass] > 0 {
		open = finding.Notice
		s.sheet.Decided("message-dkim-weak")
	}
	if count[dkim.Pass] > 0 || count[dkim.TempError]+disputed == 0 {
		s.sheet.Decided("message-dkim-fail")
	}
	if count[dkim.TempError] == 0 {
		s.sheet.Decided("message-dkim-partly", "message-dkim-length")
	}
	for i, sig := range signatures {
		name := fmt.Sprintf("Signature %d, by %s with the selector %s,", i+1, cmp.Or(clip(sig.Domain), "no domain"), cmp.Or(clip(sig.Selector), "(none)"))
		subject := cmp.Or(sig.Domain, "DKIM")
		switch {
		case sig.Result == dkim.Pass:
			for _, w := range sig.Warnings {
				weak := finding.Finding{Subject: subject, Detail: fmt.Sprintf("%s passes, but: %s", name, sentence(w))}
				if !strings.HasPrefix(w, "the key has ") {
					weak.Title = "DKIM signature passes with a reservation"
					weak.Fix = fix("%s", reservation(w, sig))
				}
				s.sheet.Add("message-dkim-weak", weak)
			}
		case sig.Disputed():
			s.sheet.Add("message-dkim-length", finding.Finding{Subject: subject, Detail: fmt.Sprintf("%s is %s: %s", name, sig.Result, sentence(sig.Reason)),
				Fix: fix("Sign without l=.")})
		case sig.Result == dkim.TempError:
			s.unresolved(subject, fmt.Sprintf("%s is %s: %s", name, s.outcome(string(sig.Result)), sentence(sig.Reason)), open)
		default:
			s.sheet.Add(check, finding.Finding{Subject: subject, Detail: fmt.Sprintf("%s is %s: %s", name, sig.Result, sentence(sig.Reason))})
		}
	}
}

func (s *messageSheet) dmarc() {
	v := s.res.DMARC
	if v == nil {
		s.sheet.Add("message-dmarc-permerror", finding.Finding{Subject: "From", Detail: "DMARC cannot be applied, as " + s.res.DMARCNotEvaluated + ".",
			Fix: fix("Send one From field with one address.")})
		return
	}
	worst := finding.Error
	if v.EffectivePolicy == nil || *v.EffectivePolicy == dmarc.Quarantine || *v.EffectivePolicy == dmarc.Reject {
		worst = finding.Critical
	}
	if v.Result == dmarc.ResultTempError {
		s.unresolved(v.Domain, "DMARC for the author domain "+v.Domain+" is not decided: "+sentence(v.Error), worst)
		return
	}
	s.sheet.Decided("message-dmarc-none", "message-dmarc-permerror")
	switch v.Result {
	case dmarc.ResultNone:
		s.sheet.Add("message-dmarc-none", finding.Finding{Subject: v.Domain, Detail: "No DMARC policy applies to the author domain " + v.Domain + ".",
			Fix: &finding.Fix{Summary: "Publish a DMARC record, for a start one that only monitors.", Name: "_dmarc." + v.Domain, Type: "TXT",
				Value: "v=DMARC1; p=none; rua=mailto:<a mailbox for reports at " + v.Domain + ">"}})
		return
	case dmarc.ResultPermError:
		s.sheet.Add("message-dmarc-permerror", finding.Finding{Subject: v.Domain, Detail: "DMARC cannot be applied: " + sentence(v.Error),
			Fix: fix("Mend the record: mailworthy dmarc check %s says how.", v.Domain)})
		return
	}
	if s.res.DMARCAcceptingLength != "" {
		if worst == finding.Critical {
			worst = finding.Error
		} else {
			worst = finding.Warning
		}
		s.sheet.Add("message-dmarc-length", finding.Finding{Severity: worst, Subject: v.Domain, Detail: s.dependsOnLength(),
			Fix: fix("Sign without l=.")})
		return
	}
	s.sheet.Decided("message-dmarc-fail")
	if v.Result == dmarc.ResultFail {
		envelope := fmt.Sprintf("an envelope sender at %s or below it that SPF passes for", v.Domain)
		if v.ASPF != nil && *v.ASPF == dmarc.Strict {
			envelope = fmt.Sprintf("an envelope sender at %s itself (aspf=s) that SPF passes for", v.Domain)
		}
		sign := fix("Sign with DKIM and d=%s, or use %s.", v.Domain, envelope)
		if _, signer := s.broken(); signer != "" {
			sign = fix("Mend the signature of %s, which does not pass, or use %s. If a list or a forwarder changed the message, that is for it to mend.", clip(signer), envelope)
		}
		s.sheet.Add("message-dmarc-fail", finding.Finding{Severity: worst, Subject: v.Domain, Detail: s.misaligned(), Fix: sign})
		return
	}
	s.sheet.Decided("message-dmarc-length")
	if v.DKIMAligned == nil {
		return
	}
	s.sheet.Decided("message-dmarc-spf-only")
	if !*v.DKIMAligned {
		everywhere := ""
		if slices.ContainsFunc(s.res.DKIM.Signatures, func(sig dkim.Signature) bool { return sig.Disputed() }) {
			everywhere = " (unless l= is accepted)"
		}
		only := finding.Finding{Subject: v.Domain, Detail: fmt.Sprintf(
			"DMARC passes for %s by SPF alone: no DKIM signature passes%s with a domain that aligns. Forwarded mail will fail.", v.Domain, everywhere),
			Fix: fix("Sign with DKIM and d=%s.", v.Domain)}
		if f, _ := s.broken(); f != nil {
			// It is signed so: once that signature passes, this is over.
			c, _ := messageChecks.Find("message-dmarc-spf-only")
			f.Follows = append(f.Follows, c.Consequence(only.Subject, only.Detail))
			s.sheet.Undecided(c.ID)
			return
		}
		s.sheet.Add("message-dmarc-spf-only", only)
	}
}

// broken is the finding about signatures that do not pass everywhere, and the domain of the
// one that would align if it did; nil if there is none.
func (s *messageSheet) broken() (*finding.Finding, string) {
	v := s.res.DMARC
	for _, sig := range s.res.DKIM.Signatures {
		aligns := resolver.Registrable(sig.Domain) == resolver.Registrable(v.Domain)
		if v.ADKIM != nil && *v.ADKIM == dmarc.Strict {
			aligns = sig.Domain == v.Domain
		}
		if sig.Result == dkim.Pass || sig.Result == dkim.TempError || !aligns {
			continue
		}
		for _, f := range s.sheet.Found() {
			if sig.Disputed() && f.Check == "message-dkim-length" || !sig.Disputed() && (f.Check == "message-dkim-fail" || f.Check == "message-dkim-partly") {
				return f, sig.Domain
			}
		}
	}
	return nil, ""
}

// dependsOnLength says that DMARC rests on a signature with l= alone.
func (s *messageSheet) dependsOnLength() string {
	return fmt.Sprintf("Whether DMARC passes for the author domain %s is the receiver's to decide: it passes if a signature with l= is accepted, "+
		"and fails if it is not (RFC 6376, 8.2). Nothing else passes with a domain that aligns.", authorAndPolicy(s.res.DMARC))
}

// authorAndPolicy is "acme.example, whose policy is reject".
func authorAndPolicy(v *dmarc.Verdict) string {
	if v.EffectivePolicy == nil {
		return v.Domain
	}
	return fmt.Sprintf("%s, whose policy is %s,", v.Domain, *v.EffectivePolicy)
}

// misaligned says why DMARC fails: what each identity came to.
func (s *messageSheet) misaligned() string {
	v := s.res.DMARC
	text := "DMARC fails for the author domain " + strings.TrimSuffix(authorAndPolicy(v), ",") + "."
	if len(v.Identifiers) == 0 {
		return text + " Neither SPF nor DKIM gave an identity to compare."
	}
	for i, id := range v.Identifiers {
		if i == 6 {
			text += fmt.Sprintf(" %d more identities do not align either.", len(v.Identifiers)-i)
			break
		}
		if id.Result == "pass" {
			text += " " + id.Why
		} else {
			text += fmt.Sprintf(" %s of %s is %s.", map[string]string{"spf": "SPF", "dkim": "The DKIM signature"}[id.Kind], cmp.Or(clip(id.Domain), "no domain"), id.Result)
		}
	}
	return text
}

func (s *messageSheet) hosts() {
	if h := s.res.AuthorHost; h != nil {
		s.authority(&h.Authority, "author domain")
		s.mail(h)
	}
	if h := s.res.EnvelopeHost; h != nil {
		s.authority(h, "envelope domain")
	}
}

func (s *messageSheet) authority(h *mailhost.Authority, role string) {
	const id = "message-domain-no-soa"
	switch {
	case h.SOA == mailhost.Absent && h.FileWithoutSOA():
	case h.SOA == mailhost.Absent:
		missing := "has no SOA record"
		if h.Exists == mailhost.Absent {
			missing = "does not exist"
		}
		if h.Organizational != h.Domain {
			missing += ", and its organizational domain " + h.Organizational + " has no SOA record"
		}
		s.sheet.Add(id, finding.Finding{Subject: h.Domain, Detail: fmt.Sprintf("The %s %s %s.", role, h.Domain, missing), Evidence: h.Evidence,
			Fix: fix("Send with a domain that exists, or mend the delegation of %s.", h.Domain)})
	case h.SOA == mailhost.Present:
		s.sheet.Decided(id)
	default:
		s.unresolved(h.Domain, fmt.Sprintf("Whether the %s %s lies in a zone with an SOA record was not answered.", role, h.Domain), finding.Error, h.Evidence...)
	}
}

func (s *messageSheet) mail(h *mailhost.Domain) {
	const id = "message-domain-no-mx"
	evidence := slices.Concat(h.Evidence, h.Own.Evidence)
	switch {
	case h.MX == mailhost.MXNull:
		s.sheet.Add(id, finding.Finding{Subject: h.Name, Detail: fmt.Sprintf("The author domain %s has a null MX: it takes no mail.", h.Name), Evidence: h.Evidence,
			Fix: fix("Publish an MX for %s, or write from a domain that takes mail.", h.Name)})
	case h.MX == mailhost.MXNone && h.Own.Resolves == mailhost.Absent:
		s.sheet.Add(id, finding.Finding{Subject: h.Name, Detail: fmt.Sprintf("The author domain %s has neither an MX nor an address: replies are lost.", h.Name), Evidence: evidence,
			Fix: fix("Publish an MX for %s, or write from a domain that takes mail.", h.Name)})
	case h.MX == mailhost.MXUnknown, h.MX == mailhost.MXNone && h.Own.Resolves == mailhost.Unknown:
		s.unresolved(h.Name, fmt.Sprintf("Where %s takes its mail was not answered.", h.Name), finding.Error, evidence...)
	default:
		s.sheet.Decided(id)
	}
}

// reservation says what ends a reservation that a signature passes with.
func reservation(warning string, sig dkim.Signature) string {
	switch {
	case strings.HasPrefix(warning, "the key is in testing mode"):
		return fmt.Sprintf("Take t=y out of the key record %s._domainkey.%s.", clip(sig.Selector), clip(sig.Domain))
	case strings.HasPrefix(warning, "it was signed in the future"):
		return "Set the clock of the host that signs."
	case strings.Contains(warning, "From fields"):
		return "Send one From field."
	case strings.HasPrefix(warning, "not signed"):
		return "Let DKIM sign these fields, too (h=)."
	}
	return "Mend it where the message is signed."
}

// sentence ends a reason with a full stop.
func sentence(reason string) string {
	if reason = clip(strings.TrimRight(reason, ". ")); reason == "" {
		return "no reason is given."
	}
	return reason + "."
}

// maxSaid bounds the texts of others that a sentence repeats.
const maxSaid = 300

func clip(s string) string { return show.Cut(s, maxSaid) }
