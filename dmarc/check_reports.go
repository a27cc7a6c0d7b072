package dmarc

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// reports judges rua, ruf and fo as they are written.
func (j *recordJudge) reports() {
	r := j.r
	var wrong, schemes, sizes []string
	for _, uris := range [][]URI{r.RUA, r.RUF} {
		for i := range uris {
			u := &uris[i]
			switch {
			case !u.Valid():
				text := fmt.Sprintf("%s (at byte %d, %q: %s", quoted(show.Cut(u.Text, 80)), u.Offset, finding.Mark(r.Text, u.Offset), u.Error)
				if how, meant := j.meantBy(u); meant != "" {
					text += ", " + how + " meant: " + show.Cut(meant, 120)
				}
				wrong = append(wrong, text+")")
			case u.Hint != "":
				wrong = append(wrong, quoted(show.Cut(u.Text, 80))+" (the scheme "+show.Cut(u.Scheme, 20)+": is none that receivers know, probably meant: "+show.Cut(u.Hint, 120)+")")
			case !u.Supported():
				schemes = append(schemes, quoted(show.Cut(u.Text, 80)))
			}
			if u.Size != "" {
				sizes = append(sizes, "!"+show.Cut(u.Size, 20))
			}
		}
	}
	if j.sends {
		// A domain that sends nothing has nothing to learn from reports.
		j.Decided("dmarc-no-aggregate-reports")
		lost := !j.supported() && wrong != nil && j.clean().get("rua") != ""
		if !j.supported() && !lost && !j.bare() && !j.misreadReports() && !j.misspeltReports() {
			j.noReports()
			if len(r.RUF) == 0 {
				schemes = nil // the same, and the same mend
			}
		}
		if lost {
			wrong[len(wrong)-1] += "; no other address is left, so that nobody receives aggregate reports"
		}
	}
	if wrong != nil {
		j.add("dmarc-report-uri-invalid", finding.Finding{
			Detail: fmt.Sprintf("No reports go to %s: %s.", show.Counted(len(wrong), "address"), list(wrong, "; ")),
			Fix:    j.fix("Correct the addresses.", "dmarc-report-uri-invalid")})
	}
	if schemes != nil {
		j.add("dmarc-report-scheme", finding.Finding{
			Detail: fmt.Sprintf("Receivers need only support mailto:, and ignore %s.", list(schemes, ", ")),
			Fix:    &finding.Fix{Summary: "Name a mailto: address as well, if reports are to go there."}})
	}
	if n := len(r.RUA); n > 2 {
		j.add("dmarc-report-addresses-many", finding.Finding{
			Detail: fmt.Sprintf("rua names %d addresses. Receivers must be able to send reports to two, and may leave out the rest.", n),
			Fix:    &finding.Fix{Summary: "Name the two that matter first, and have one of them pass the reports on."}})
	}
	if sizes != nil {
		j.add("dmarc-report-size-suffix", finding.Finding{
			Detail: fmt.Sprintf("%s was a limit on the size of reports; RFC 9989 has none, and some receivers take it for a part of the address.", list(sizes, ", ")),
			Fix:    j.fix("Leave the suffix out.", "dmarc-report-size-suffix")})
	}
	j.failureOptions()
}

// meantBy is what an address was meant to be, and how sure that is; "" if nothing is known.
// What is proposed is what is said.
func (j *recordJudge) meantBy(u *URI) (how, meant string) {
	proposed := j.clean().get("rua") + "," + j.clean().get("ruf")
	if u.Hint != "" && slices.Contains(strings.Split(proposed, ","), u.Hint) {
		return "probably", u.Hint
	}
	if m := readMailboxes(u.Text, known{j.domain}); len(m.uris) == 1 && !m.open && slices.Contains(strings.Split(proposed, ","), m.uris[0]) {
		return "probably", m.uris[0]
	}
	if local, _, _ := strings.Cut(strings.TrimPrefix(u.Hint, "mailto:"), "@"); u.Hint == "" || strings.ContainsAny(local, "=:/") {
		return "", ""
	}
	return "perhaps", u.Hint
}

// misspeltReports reports that a tag of another name was meant as rua, which
// dmarc-unknown-tag says.
func (j *recordJudge) misspeltReports() bool {
	if _, ok := j.r.Tag("rua"); ok {
		return false
	}
	return j.clean().get("rua") != ""
}

// noReports reports that no aggregate report reaches anybody.
func (j *recordJudge) noReports() {
	f := finding.Finding{Detail: "The record has no rua tag, so that nobody sees which mail passes and which fails."}
	if _, ok := j.r.Tag("rua"); ok {
		f.Detail = "No address in the rua tag is one that receivers send to, so that nobody sees which mail passes and which fails."
	}
	c := j.clean().clone()
	if c.get("rua") == "" {
		c.set("rua", mailboxPlaceholder)
	} else {
		c.set("rua", c.get("rua")+","+mailboxPlaceholder)
	}
	f.Fix = j.replace(c, c.but("Have aggregate reports sent to a mailbox of yours.", "dmarc-no-aggregate-reports"))
	j.add("dmarc-no-aggregate-reports", f)
}

// failureOptions judges fo (RFC 9989, 4.7, tag fo).
func (j *recordJudge) failureOptions() {
	fo, ok := j.r.Tag("fo")
	if !ok {
		return
	}
	var parts []string
	if fo.Invalid != "" {
		parts = append(parts, fmt.Sprintf("the failure options fo=%s are wrong: %s", show.Cut(fo.Value, 60), fo.Invalid))
	}
	title := ""
	if _, ok := j.r.Tag("ruf"); !ok && j.clean().get("ruf") == "" {
		parts = append(parts, "the tag fo is ignored, because there is no ruf address to send failure reports to")
	}
	if len(parts) == 1 && fo.Invalid != "" && slices.ContainsFunc(j.r.FO, func(option string) bool { return option != "0" }) {
		title = "DMARC fo= tag with a part that has no effect"
	}
	if parts != nil {
		j.add("dmarc-failure-options", finding.Finding{Title: title, Detail: sentence(strings.Join(parts, "; ")) + ".",
			Fix: j.fix("Correct fo, or leave it out.", "dmarc-failure-options")})
	}
}

// destinations judges the hosts that are to receive reports.
func (j *judge) destinations() {
	d := j.d
	if d.Record == nil || d.PolicyDomain != d.Domain && d.Record.PSD == "y" {
		return
	}
	authorized, receive := true, true
	for i := range d.Destinations {
		f := &d.Destinations[i]
		receive = j.canReceive(f) && receive
		if f.CanReceive != nil && !*f.CanReceive {
			authorized = false // of a host that takes no mail, consent does not matter
			continue
		}
		authorized = j.authorized(f) && authorized
	}
	if authorized {
		j.Decided("dmarc-report-not-authorized")
	}
	if receive {
		j.Decided("dmarc-report-host-cannot-receive")
	}
}

// authorized judges one destination's consent; false if it is not known.
func (j *judge) authorized(f *Destination) bool {
	if f.External != nil && !*f.External || f.Authorized != nil && *f.Authorized {
		return true
	}
	evidence := slices.Concat(f.Authorization, walkEvidence(f.Walk))
	kind, severity, reference := f.reports()
	if f.External == nil || f.Authorized == nil {
		j.Add("dmarc-unresolved", finding.Finding{Subject: f.Host, CouldBe: severity, Evidence: evidence,
			Detail: fmt.Sprintf("Whether %s accepts %s is not known: %s.", f.Host, kind, f.Reason)})
		return false
	}
	owner := f.OrganizationalDomain
	if owner == "" {
		owner = "another organization"
	}
	out := finding.Finding{Subject: f.Host, Severity: severity, Reference: reference, Evidence: evidence, Detail: fmt.Sprintf(
		"%s go to %s; %s has not agreed. It belongs to %s, and receivers send reports to another organization only if it says that it wants them: %s.",
		strings.ToUpper(kind[:1])+kind[1:], show.Cut(strings.Join(f.Addresses, ", "), 200), f.Host, owner, f.Reason)}
	if reference != "" {
		out.Detail += " Hardly any receiver sends failure reports at all; aggregate reports do not depend on it."
	}
	if !f.ExternalBySuffix {
		out.Severity = finding.Warning
		out.Detail += " By the public suffix list both are one organization, so that receivers that follow RFC 7489 send them all the same."
	}
	if len(f.AuthorizationName) <= maxName {
		out.Fix = publish(fmt.Sprintf("Ask %s to publish this record, or use a mailbox of your own.", f.Host),
			f.AuthorizationName, "v=DMARC1;")
	} else {
		out.Fix = &finding.Fix{Summary: "Send the reports to a mailbox of your own domain."}
	}
	j.Add("dmarc-report-not-authorized", out)
	return true
}

// reports names the kind of the reports that go there, how bad it is when they
// do not arrive, and the standard if it is another one than the check's.
// Failure reports are sent by hardly any receiver.
func (f *Destination) reports() (kind string, severity finding.Severity, reference string) {
	switch {
	case !slices.Contains(f.Tags, "rua"):
		return "failure reports", finding.Warning, "RFC 9991"
	case slices.Contains(f.Tags, "ruf"):
		return "aggregate and failure reports", finding.Error, ""
	}
	return "aggregate reports", finding.Error, ""
}

// canReceive judges whether mail reaches the destination; false if it is not known.
func (j *judge) canReceive(f *Destination) bool {
	switch {
	case f.CanReceive == nil:
		j.Add("dmarc-unresolved", finding.Finding{Subject: f.Host, CouldBe: finding.Error, Evidence: f.Mail,
			Detail: fmt.Sprintf("Whether %s can receive the reports is not known: %s.", f.Host, f.ReceiveReason)})
		return false
	case !*f.CanReceive:
		c := j.rj.clean().clone().without([]string{f.Host})
		j.lost(f, "are", j.rj.replace(c, c.but(f.otherMailbox(), "dmarc-report-host-cannot-receive")))
	}
	return true
}

// lost reports that no report reaches a destination.
func (j *judge) lost(f *Destination, verb string, fix *finding.Fix) {
	j.Add("dmarc-report-host-cannot-receive", finding.Finding{Subject: f.Host, Evidence: f.Mail, Fix: fix,
		Detail: fmt.Sprintf("Reports to %s %s lost: %s.", show.Cut(strings.Join(f.Addresses, ", "), 200), verb, f.ReceiveReason)})
}

func (f *Destination) otherMailbox() string {
	return fmt.Sprintf("Give %s an MX, or have the reports sent to a mailbox that exists.", f.Host)
}

func walkEvidence(steps []Step) []finding.Evidence {
	if len(steps) == 0 {
		return nil
	}
	out := make([]finding.Evidence, len(steps))
	for i := range steps {
		out[i] = steps[i].Evidence
	}
	return out
}
