package transport

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
)

// Types are the records that Lint knows.
var Types = []string{"mta-sts", "mta-sts-policy", "tls-rpt", "tlsa", "bimi"}

// Lint judges one record of one of the Types on its own, bytes as they are but
// for a final line break. It is valid if no finding is an error or worse.
func Lint(kind string, record []byte) []finding.Finding {
	text := strings.TrimSuffix(strings.TrimSuffix(string(record), "\n"), "\r")
	s := finding.NewSheet(checkList, "record")
	switch kind {
	case "mta-sts":
		checkSTS(s, ParseSTS(text))
	case "mta-sts-policy":
		_, _, findings := LintPolicy(record)
		return findings
	case "tlsa":
		s = finding.NewSheet(daneList, "record")
		lintTLSA(s, text)
	case "tls-rpt":
		checkTLSRPT(s, ParseTLSRPT(text))
	case "bimi":
		s = finding.NewSheet(bimiList, "record")
		checkBIMI(s, ParseBIMI(text))
	}
	return s.Findings()
}

// syntax adds the problems of a record, and as its fix what it was meant to be.
func syntax(s *finding.Sheet, id string, r *Record, meant string) {
	s.Decided(id)
	if len(r.Problems) > 0 {
		s.Add(id, finding.Finding{Detail: "The record cannot be read: " + firstOf(r.Problems, r.many) + ".", Fix: fixOf("Write the record like this.", meant)})
	}
}

// fixOf is a fix by one record; what is between < and > is the owner's to fill in.
func fixOf(summary, value string) *finding.Fix {
	if strings.Contains(value, "<") {
		summary += " Fill in what stands between < and >."
	}
	return &finding.Fix{Summary: summary, Value: value}
}

func checkSTS(s *finding.Sheet, r *STS) {
	meant := meantSTS(r.text)
	syntax(s, "mta-sts-syntax", &r.Record, meant)
	s.Decided("mta-sts-id-invalid", "mta-sts-version-prefix")
	if !s.Has("mta-sts-syntax") && !strings.HasPrefix(r.text, "v=STSv1;") && strings.Contains(r.text, ";") {
		s.Add("mta-sts-version-prefix", finding.Finding{Detail: "Something stands between v=STSv1 and its semicolon. The grammar allows it, but senders are told to pass over what does not begin with v=STSv1;.",
			Fix: fixOf("Write the record like this.", meant)})
	}
	if r.ValidID() || s.Has("mta-sts-syntax") && (!strings.Contains(meant, "<") || readFields(r.text, "v=STSv1").values["id"] != nil) {
		return
	}
	detail := r.noField("id") + "."
	if _, ok := r.Get("id"); ok {
		detail = fmt.Sprintf("The id %s %s; it must be 1 to 32 letters and digits, nothing else.", quote(r.ID), wrongInID(r.ID))
	}
	s.Add("mta-sts-id-invalid", finding.Finding{Detail: detail,
		Fix: fixOf("State a new id with every change of the policy, such as its date and time.", meant)})
}

// wrongInID says what is wrong with an id.
func wrongInID(id string) string {
	var odd []string
	for _, c := range id {
		if s := quote(string(c)); (c > 127 || !ascii.IsAlphanumeric(byte(c))) && !slices.Contains(odd, s) {
			odd = append(odd, s)
		}
	}
	switch n := len(odd); {
	case id == "":
		return "is empty"
	case n > 3:
		return "holds " + strings.Join(odd[:3], ", ") + " and more"
	case n > 0:
		return "holds " + strings.Join(odd, ", ")
	}
	return fmt.Sprintf("has %d characters", len(id))
}

// idPlaceholder stands for an id, which is new with every change of the policy.
const idPlaceholder = "<date and time of the last change of the policy>"

// mailboxPlaceholder stands for a mailbox that nobody but the owner knows.
const mailboxPlaceholder = "mailto:<mailbox for reports>"

// checkTLSRPT judges a record; hosts are domains of its owner.
func checkTLSRPT(s *finding.Sheet, r *TLSRPT, hosts ...string) {
	meant := meantTLSRPT(r.text, hosts...)
	syntax(s, "tls-rpt-syntax", &r.Record, meant)
	if s.Has("tls-rpt-syntax") {
		r = ParseTLSRPT(meant) // the rest is said of what was meant
	}
	s.Decided("tls-rpt-destination-invalid")
	if all := r.All("rua"); len(all) > 1 && !s.Has("tls-rpt-syntax") {
		s.Add("tls-rpt-syntax", finding.Finding{Severity: finding.Notice, Title: "More than one rua= in the TLS-RPT record",
			Detail: fmt.Sprintf("rua= is there %d times. That is valid (RFC 8460, 3), but some senders read the first alone.", len(all)),
			Fix:    fixOf("Join the addresses with commas.", meant)})
	}
	if _, ok := r.Get("rua"); !ok {
		// A name in other letters, such as RUA=, is that of an extension (RFC 8460, 3).
		s.Add("tls-rpt-destination-invalid", finding.Finding{Detail: r.noField("rua") + ": nobody receives the reports.",
			Fix: fixOf("Have the reports sent to a mailbox of yours.", meant)})
		return
	}
	var bad, ignored []string
	good := 0
	slip := false
	for _, d := range r.Destinations {
		text := fmt.Sprintf("%s (%s)", quote(d.URI), d.Problem)
		slip = slip || d.Meant != ""
		switch {
		case d.Problem == "" || s.Has("tls-rpt-syntax") && strings.Contains(d.URI, "<"): // the place to fill in is said already
			good++
		case d.Ignored:
			ignored = append(ignored, text)
		default:
			bad = append(bad, text)
		}
	}
	switch {
	case len(bad) > 0:
		s.Add("tls-rpt-destination-invalid", finding.Finding{Detail: "No reports go to " + firstOf(bad, 0) + ".", Fix: fixOf("Correct the destinations.", meant)})
	case len(ignored) > 0:
		f := finding.Finding{Severity: finding.Notice, Title: "TLS-RPT rua= with a URI scheme that senders ignore",
			Detail: "The record is valid, but no reports go to " + firstOf(ignored, 0) + ".", Fix: &finding.Fix{Summary: "Name a mailto: or https: URI."}}
		if slip {
			f.Title, f.Fix = "TLS-RPT rua= with a mistyped scheme, which senders ignore", fixOf("Correct the destinations.", meant)
		}
		if good == 0 {
			f.Severity = finding.Warning
			f.Detail += " There is no other, so that nobody receives the reports."
		}
		s.Add("tls-rpt-destination-invalid", f)
	}
}

// avatars are what avp= may ask for: the logo of the brand, or the picture of the person
// who sends. A mailbox that knows neither takes the first.
var avatars = []string{"brand", "personal"}

// isAvatar reports whether a value is one of avatars.
func isAvatar(avp string) bool {
	return slices.ContainsFunc(avatars, func(a string) bool { return ascii.EqualFold(a, avp) })
}

// meantAvatar is the value of avp= that was meant, or a placeholder.
func meantAvatar(avp string) string {
	for _, a := range avatars {
		if avp != "" && len(avp) < 16 && hint.Distance(strings.ToLower(avp), a) <= 2 {
			return a
		}
	}
	return "<" + strings.Join(avatars, " or ") + ">"
}

// checkBIMI judges a record; hosts are domains of its owner.
func checkBIMI(s *finding.Sheet, r *BIMI, hosts ...string) {
	meant := meantBIMI(r.text, hosts...)
	syntax(s, "bimi-syntax", &r.Record, meant)
	if s.Has("bimi-syntax") {
		r = ParseBIMI(meant) // the rest is said of what was meant
		if r.Location == anyLogo {
			r.Location = ""
		}
	}
	s.Decided("bimi-location-invalid", "bimi-evidence-missing")
	if avp, stated := r.Get("avp"); stated && !isAvatar(avp) && !s.Has("bimi-syntax") {
		s.Add("bimi-syntax", finding.Finding{Severity: finding.Warning, Title: "BIMI avp= is neither brand nor personal",
			Detail: fmt.Sprintf("avp= is %s, which means nothing: mailboxes take the default, brand.", quote(avp)), Fix: fixOf("Write the record like this.", meant)})
	}
	if r.Declined {
		return
	}
	fix := fixOf("Name the logo and its certificate, both over https.", meant)
	for _, t := range []struct{ tag, uri, ending, holds string }{
		{"l", r.Location, ".svg", "the logo"}, {"a", r.Evidence, ".pem", "the certificate of the logo"},
	} {
		if s.Has("bimi-syntax") && strings.Contains(t.uri, "<") {
			continue // the place to correct it is said already
		}
		if t.uri == "" {
			if t.tag == "l" {
				detail := "There is no logo: l= is missing or empty. A domain without a logo says so with l= and a= both empty."
				if r.cased("l") != "" {
					detail = r.noField("l") + "."
				}
				s.Add("bimi-location-invalid", finding.Finding{Detail: detail, Fix: fix})
			}
			continue
		}
		if problem := httpsProblem(t.uri); problem != "" {
			s.Add("bimi-location-invalid", finding.Finding{Detail: fmt.Sprintf("%s= is %s: %s.", t.tag, quote(t.uri), problem), Fix: fix})
			continue
		}
		file, _, _ := strings.Cut(strings.ToLower(t.uri), "?")
		if ending := path.Ext(strings.TrimSuffix(file, ".gz")); ending != t.ending {
			s.Add("bimi-location-invalid", finding.Finding{Severity: finding.Warning, Title: "Unusual file name in BIMI l= or a=",
				Detail: fmt.Sprintf("%s= is %s, which should be %s, a file that ends in %s.", t.tag, quote(t.uri), t.holds, t.ending)})
		}
	}
	if r.Evidence == "" && r.Location != "" {
		what := r.noField("a")
		if _, stated := r.Get("a"); stated {
			what = "a= is empty"
		}
		s.Add("bimi-evidence-missing", finding.Finding{Detail: what + ": mailboxes that want a certificate show no logo."})
	}
}

// firstOf joins a few of a list; more are those that it leaves out already.
func firstOf(list []string, more int) string {
	const most = 3
	if len(list) > most {
		more += len(list) - most
		list = list[:most]
	}
	out := strings.Join(list, "; ")
	if more > 0 {
		out += fmt.Sprintf("; and %d more", more)
	}
	return out
}
