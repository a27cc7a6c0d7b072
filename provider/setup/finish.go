package setup

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/provider"
)

// Checks are the checks of this package.
var Checks = []finding.Check{
	{ID: "provider-record-missing", Severity: finding.Error, Section: finding.Hygiene,
		Title:     "DNS record that the sending service needs is missing",
		Passed:    "DNS records that the sending service needs are there",
		Condition: "a record that a service asks its customers to publish is not there; error if the service is stated and does not work without, warning if it is only inferred or asks without insisting",
		Why:       "Services do not send for a domain, or sign with a domain of their own, until their records are there.",
		Remedy:    "Publish the record as the service's page shows it; mailworthy setup PROVIDER DOMAIN lists all of them.",
		Reference: "the service's documentation (mailworthy setup --list)"},
	{ID: "provider-record-wrong", Severity: finding.Error, Section: finding.Hygiene,
		Title:     "DNS record that the sending service needs is wrong",
		Passed:    "DNS records that the sending service needs are right",
		Condition: "what is published in place of a service's record is another one: at a wrong name, of another region, flattened, truncated, or leading elsewhere; warning if the service is only inferred",
		Why:       "The service finds its record missing, and receivers find no key or no authorisation.",
		Remedy:    "Replace the record with the one that the service's page shows.",
		Reference: "the service's documentation (mailworthy setup --list)"},
	{ID: "provider-unresolved", Severity: finding.Unknown, Section: finding.Hygiene,
		Title:     "DNS record of the sending service: lookup failed, result unknown",
		Passed:    "DNS records of the sending service: all lookups answered",
		Condition: "the DNS did not answer for a record that a stated service needs, or only the service's page shows its name",
		Why:       "Not scored: ask again when the DNS answers.",
		Remedy:    "Ask again, or state the name: --selector, --return-path, --token.",
		Reference: "the service's documentation (mailworthy setup --list)"},
	{ID: "provider-left-behind", Severity: finding.Notice, Section: finding.Hygiene,
		Title:     "SPF includes a sending service that may not be in use",
		Passed:    "SPF includes no sending service that may not be in use",
		Condition: "an SPF term of a service whose DKIM keys are nowhere, or that its service no longer asks for",
		Why:       "Each include costs lookups of the ten that SPF allows, and lets the service's customers pass SPF for the domain.",
		Remedy:    "Remove the term once it is certain that the service does not send for the domain.",
		Reference: "RFC 7208, 4.6.4"},
}

var checkList = finding.NewList(Checks)

// finish draws findings and steps from the records.
func (l *Checklist) finish(o Options) {
	sheet := finding.NewSheet(checkList, l.Domain)
	for i := range l.Records {
		it := &l.Records[i]
		f := finding.Finding{Subject: it.Name, Evidence: it.Evidence}
		f.Severity = it.severity(o.Inferred)
		if it.Status == Unknown && it.Reason != "memory" && it.Need != provider.Optional && it.Need != provider.Unwanted {
			f.CouldBe, f.Severity = it.severity(o.Inferred), finding.Unknown
			f.Detail = fmt.Sprintf("The %s of %s is not known (%s %s). %s", purposeText(it.Purpose), l.Provider, it.Type, it.Name, it.Detail)
			sheet.Add("provider-unresolved", f)
			continue
		}
		if it.Status != Missing && it.Status != Wrong {
			if it.Status == NotNeeded && it.Reason == "left-behind" {
				f.Subject = it.Found
				f.Detail = l.Provider + ": " + it.Detail
				f.Fix = &finding.Fix{Summary: "Remove " + it.Found + " from the SPF record, if no mail of " + l.Provider + " has " + l.Domain + " in the envelope."}
				sheet.Add("provider-left-behind", f)
			}
			continue
		}
		what := fmt.Sprintf("%s of %s for %s", purposeText(it.Purpose), l.Provider, l.Domain)
		id := "provider-record-missing"
		f.Detail = fmt.Sprintf("The %s is missing: %s %s.", what, it.Type, it.Name)
		if it.Status == Wrong {
			id = "provider-record-wrong"
			f.Detail = fmt.Sprintf("The %s is wrong (%s %s).", what, it.Type, it.Name)
		}
		f.Detail = strings.TrimSpace(f.Detail + " " + it.Detail)
		f.Fix = &finding.Fix{Summary: it.whatToDo(l)}
		switch {
		case it.Occupied:
			f.Fix.Summary = "Make sure whose the record at " + it.Name + " is. If nobody needs it, put the one that the page of " + l.Provider + " shows in its place."
		case it.Expected != "":
			f.Fix.Name, f.Fix.Type, f.Fix.Value, f.Fix.Remove = it.Name, it.Type, it.Expected, it.Remove
		}
		sheet.Add(id, f)
	}
	for _, f := range sheet.Findings() {
		if f.Severity != finding.Pass {
			l.Findings = append(l.Findings, f)
		}
	}
	l.steps()
}

// whatToDo is the sentence of a fix: a record that the owner's own senders or wishes stand in
// is on nobody's page.
func (it *Item) whatToDo(l *Checklist) string {
	switch {
	case it.Purpose != provider.SPF && it.Purpose != provider.DMARC:
		return "Publish the record as the page of " + l.Provider + " shows it."
	case it.Expected == "":
		return "Correct the record first: mailworthy audit " + l.Domain + " says how."
	case it.Purpose == provider.DMARC && it.Status == Missing:
		return "Publish a record to begin with, with a mailbox that takes the reports."
	case it.Purpose == provider.DMARC:
		return "Publish the record as it was meant."
	case len(it.Remove) > 0:
		return "Publish the record that was meant, with what " + l.Provider + " needs."
	case it.Record().HasPlaceholder():
		return "Publish a record that names " + l.Provider + " and all others who send."
	}
	return "Publish the record as the page of " + l.Provider + " shows it."
}

// severity is how bad a record that is missing or wrong is.
func (it *Item) severity(inferred bool) finding.Severity {
	switch it.Need {
	case provider.Needed:
		if inferred {
			return finding.Warning
		}
		return finding.Error
	case provider.Advised, provider.Once, provider.Receive:
		return finding.Warning
	}
	return finding.Notice
}

func purposeText(p provider.Purpose) string {
	switch p {
	case provider.SPF:
		return "SPF record"
	case provider.DKIM:
		return "DKIM record"
	case provider.ReturnPath:
		return "return-path record"
	case provider.Verification:
		return "verification record"
	case provider.DMARC:
		return "DMARC record"
	case provider.MX:
		return "MX record"
	}
	return "tracking record"
}

// steps are what is left to do.
func (l *Checklist) steps() {
	add := func(format string, args ...any) { l.Next = append(l.Next, fmt.Sprintf(format, args...)) }
	if !l.service.NeedsRecords() {
		add("What %s asks its customers to publish is not in the catalogue: follow its own page, then run mailworthy audit %s.", l.Provider, l.Domain)
		return
	}
	todo, places, own, unknown, ready := 0, false, false, 0, false
	for i := range l.Records {
		it := &l.Records[i]
		if it.ToDo() {
			todo++
			// The service knows neither the other senders nor who reads reports.
			asks := it.Record().HasPlaceholder() && !strings.Contains(it.record.Value, "<") && (it.Purpose == provider.SPF || it.Purpose == provider.DMARC)
			own = own || asks
			places = places || !it.Complete && !asks && it.Expected != ""
		}
		if it.Status == Unknown && (it.Reason == "name" || it.Unanswered) {
			unknown++
		}
		ready = ready || it.Reason == "ready"
	}
	if l.RegionBy == "assumed" && len(l.service.RegionNames()) > 1 {
		if strings.HasPrefix(l.Region, "<") {
			add("State the region of the account with --region (%s).", strings.Join(l.service.RegionNames(), ", "))
		} else if todo > 0 {
			add("The region %s is assumed; if the account is in another one, state it with --region (%s).", l.Region, strings.Join(l.service.RegionNames(), ", "))
		}
	}
	if places {
		add("Open the page of %s for the domain %s and copy what stands in <…>.", l.Provider, l.Domain)
	}
	if own {
		add("Fill in what stands in <…> in the records for SPF and DMARC: your other senders, and the mailbox that takes reports.")
	}
	if slices.ContainsFunc(l.Records, func(it Item) bool { return it.Occupied }) {
		add("Make sure whose the records are that stand where %s needs its own, before they are replaced.", l.Provider)
	}
	if todo > 0 {
		add("Publish the records that are missing, and replace those that are wrong.")
	}
	if unknown > 0 {
		add("State what the DNS cannot show (--selector, --return-path, --token), or try again if it did not answer.")
	}
	if l.service.SwitchOn != "" && (todo > 0 || ready) {
		add("Then %s.", l.service.SwitchOn)
	}
	if todo > 0 || unknown > 0 {
		add("Verify: mailworthy setup %s %s", l.ID, l.Domain)
	}
	add("Audit the domain: mailworthy audit %s", l.Domain)
}
