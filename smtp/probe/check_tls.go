package probe

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// soon is how long before its end a certificate is reported.
const soon = 14 * 24 * time.Hour

// unspoken is the suite that a server chose whose handshake failed: one that this program
// cannot go on with. Empty: it chose none, or one that the handshake had.
func (e *Endpoint) unspoken() string {
	if e.other == nil || slices.ContainsFunc(allSuites(), func(id uint16) bool { return tls.CipherSuiteName(id) == e.other.Cipher }) {
		return ""
	}
	return e.other.Cipher
}

func unspoken(handshake *Step, suite string) string {
	return fmt.Sprintf("%s. It chooses %s, which this program does not have, and many clients do not either; those with OpenSSL do. Its certificate cannot be seen from here.",
		strings.TrimSuffix(handshake.Detail, "."), suite)
}

// certificate judges the certificate and the version of TLS.
func (s *sheet) certificate() {
	e, c := s.e, s.e.Certificate
	severity := finding.Error
	if !e.submission() {
		severity = finding.Warning
	}
	s.Decided("smtp-tls-old-only", "smtp-tls-failed")
	if e.TLS.Version == "1.0" || e.TLS.Version == "1.1" {
		s.add("smtp-tls-old-only", "", fmt.Sprintf("%s chose TLS %s when 1.2 and 1.3 were offered as well.", s.subject, e.TLS.Version))
	}
	if c == nil {
		return
	}
	s.Decided("smtp-certificate-expired", "smtp-certificate-name", "smtp-certificate-expires-soon", "smtp-certificate-weak")
	switch left := c.NotAfter.Sub(s.o.Now); {
	case c.Expired:
		s.add("smtp-certificate-expired", severity, fmt.Sprintf("The certificate of %s expired on %s.", s.subject, c.NotAfter.Format(time.DateOnly)))
	case c.NotBefore.After(s.o.Now):
		s.add("smtp-certificate-expired", severity, fmt.Sprintf("The certificate of %s is valid from %s only.", s.subject, c.NotBefore.Format(time.DateOnly)))
	case left < soon:
		s.add("smtp-certificate-expires-soon", "", fmt.Sprintf("The certificate of %s expires on %s, in %s.", s.subject, c.NotAfter.Format(time.DateOnly), show.Counted(int(left.Hours()/24), "day")))
	}
	if e.askedFor != "" {
		s.Undecided("smtp-certificate-name", "smtp-certificate-untrusted")
		return
	}
	if !c.NameMatches {
		names := cmp.Or(c.Listed(6), "no name at all")
		s.add("smtp-certificate-name", severity, fmt.Sprintf("The certificate is for %s, and %s was connected to.", names, e.Host))
	}
	switch {
	case c.Trusted == nil:
		s.Undecided("smtp-certificate-untrusted")
		s.unknown(severity, "Whether the certificate of "+s.subject+" is trusted is not known: this machine has no root certificates. --tls-ca names a file of them.")
	case !*c.Trusted && c.Result == "certificate-expired" && !c.Expired:
		s.add("smtp-certificate-expired", severity, fmt.Sprintf("A certificate in the chain of %s has expired.", s.subject))
	case !*c.Trusted:
		low := finding.Error
		if !e.submission() {
			low = finding.Notice // senders use TLS without looking at it, unless a policy demands it
		}
		s.add("smtp-certificate-untrusted", low, fmt.Sprintf("The certificate of %s does not verify: %s.", s.subject, c.Reasons[len(c.Reasons)-1]))
	default:
		s.Decided("smtp-certificate-untrusted")
	}
	var weak []string
	if c.Key == "RSA" && c.KeyBits < 2048 {
		weak = append(weak, fmt.Sprintf("its RSA key has %d bits", c.KeyBits))
	}
	if strings.Contains(c.Signature, "SHA1") || strings.Contains(c.Signature, "MD5") {
		weak = append(weak, "it is signed with "+c.Signature)
	}
	if len(weak) > 0 {
		s.add("smtp-certificate-weak", "", "The certificate of "+s.subject+" is weak: "+strings.Join(weak, ", ")+".")
	}
}

// startTLS judges whether and how TLS was begun.
func (s *sheet) startTLS() {
	e := s.e
	step := e.step(StepSTARTTLS)
	if step == nil || e.TLS != nil && e.TLS.Implicit {
		s.Decided("smtp-starttls-missing", "smtp-submission-without-tls")
		return
	}
	if e.Banner != nil && masked(*e.Banner, e.EHLO) {
		s.Undecided("smtp-starttls-missing", "smtp-submission-without-tls", "smtp-starttls-broken")
		s.unknown(finding.Error, s.subject+": a firewall on the way rewrites SMTP (Cisco's ESMTP inspection writes **** over the banner and XXXX over STARTTLS): whether the server offers STARTTLS cannot be seen from here.")
		return
	}
	if e.injected != "" {
		s.add("smtp-injection", "", fmt.Sprintf("After the answer to STARTTLS, %s sent %s in plain text.", s.subject, show.Quote(e.injected, 120)))
	}
	handshake := e.step(StepTLS)
	switch {
	case !offers(e.EHLO, "STARTTLS") && e.submission():
		s.add("smtp-submission-without-tls", "", s.subject+" answers EHLO without STARTTLS.")
	case !offers(e.EHLO, "STARTTLS"):
		s.add("smtp-starttls-missing", "", s.subject+" answers EHLO without STARTTLS: "+cmp.Or(show.Listed(e.EHLO, 12), "no extensions")+".")
	case step.Outcome == Rejected5 || step.Outcome == Protocol:
		s.add("smtp-starttls-broken", "", fmt.Sprintf("%s offers STARTTLS and answers it with %s.", s.subject, show.Quote(step.Detail, 200)))
	case step.Outcome == Rejected4:
		s.unknown(finding.Error, fmt.Sprintf("%s offers STARTTLS and puts it off this time: %s.", s.subject, show.Quote(step.Detail, 200)))
		s.Undecided("smtp-starttls-broken")
	case step.Outcome != OK:
		s.unknown(finding.Error, fmt.Sprintf("%s offers STARTTLS; it was not answered this time: %s.", s.subject, step.Detail))
		s.Undecided("smtp-starttls-broken")
	case handshake.Outcome == Timeout:
		s.unknown(finding.Error, fmt.Sprintf("%s, TLS handshake: %s.", s.subject, handshake.Detail))
		s.Undecided("smtp-starttls-broken")
	case handshake.Outcome != OK && e.unspoken() != "":
		s.unknown(finding.Error, fmt.Sprintf("%s, TLS handshake: %s", s.subject, unspoken(handshake, e.unspoken())))
		s.Undecided("smtp-starttls-broken")
	case handshake.Outcome != OK && e.injected == "":
		s.add("smtp-starttls-broken", "", fmt.Sprintf("%s answers STARTTLS with 220, and then the handshake fails: %s.", s.subject, handshake.Detail))
	case offers(e.EHLOTLS, "STARTTLS"):
		s.add("smtp-starttls-broken", finding.Warning, s.subject+" offers STARTTLS again inside TLS.")
	}
	s.Decided("smtp-starttls-missing", "smtp-submission-without-tls")
	if offers(e.EHLO, "STARTTLS") {
		s.Decided("smtp-starttls-broken")
	}
	if step.Outcome == OK {
		s.Decided("smtp-injection")
	}
}
