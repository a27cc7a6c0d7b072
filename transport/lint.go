package transport

import (
	"fmt"
	"path"
	"strings"

	"mailworthy/finding"
)

// Types are the records that Lint knows.
var Types = []string{"mta-sts", "tls-rpt", "bimi"}

// Lint judges one record of one of the Types on its own, bytes as they are but
// for a final line break. It is valid where no finding is an error or worse.
func Lint(kind string, record []byte) []finding.Finding {
	text := strings.TrimSuffix(strings.TrimSuffix(string(record), "\n"), "\r")
	s := finding.NewSheet(checkList, "record")
	switch kind {
	case "mta-sts":
		checkSTS(s, ParseSTS(text))
	case "tls-rpt":
		checkTLSRPT(s, ParseTLSRPT(text))
	case "bimi":
		checkBIMI(s, ParseBIMI(text))
	}
	return s.Findings()
}

// syntax adds the problems of a record.
func syntax(s *finding.Sheet, id string, r *Record, example string) {
	s.Decided(id)
	if len(r.Problems) > 0 {
		s.Add(id, finding.Finding{Detail: "The record cannot be read: " + firstOf(r.Problems) + ".",
			Fix: &finding.Fix{Summary: "Write the record like this one.", Value: example}})
	}
}

func checkSTS(s *finding.Sheet, r *STS) {
	const example = "v=STSv1; id=20261121T090000"
	syntax(s, "mta-sts-syntax", &r.Record, example)
	s.Decided("mta-sts-id-invalid")
	if r.ValidID() {
		return
	}
	detail := "There is no id=."
	if _, ok := r.Get("id"); ok {
		detail = fmt.Sprintf("The id %s has %d characters; it must be 1 to 32 letters and digits, nothing else.", quote(r.ID), len(r.ID))
	}
	s.Add("mta-sts-id-invalid", finding.Finding{Detail: detail,
		Fix: &finding.Fix{Summary: "State a new id with every change of the policy, such as its date and time.", Value: example}})
}

func checkTLSRPT(s *finding.Sheet, r *TLSRPT) {
	const example = "v=TLSRPTv1; rua=mailto:tls-reports@<domain>"
	syntax(s, "tls-rpt-syntax", &r.Record, example)
	s.Decided("tls-rpt-destination-invalid")
	if _, ok := r.Get("rua"); !ok {
		s.Add("tls-rpt-destination-invalid", finding.Finding{Detail: "There is no rua=: nobody receives the reports.",
			Fix: &finding.Fix{Summary: "Have the reports sent to a mailbox of yours.", Value: example}})
		return
	}
	var bad, uris []string
	mended := true
	for _, d := range r.Destinations {
		switch {
		case d.Problem == "":
			uris = append(uris, d.URI)
			continue
		case d.Meant != "":
			uris = append(uris, d.Meant)
		default:
			mended = false
		}
		bad = append(bad, fmt.Sprintf("%s (%s)", quote(d.URI), d.Problem))
	}
	if len(bad) == 0 {
		return
	}
	fix := &finding.Fix{Summary: "Correct the destinations.", Value: example}
	if mended {
		fix.Value = "v=TLSRPTv1; rua=" + strings.Join(uris, ",")
	}
	s.Add("tls-rpt-destination-invalid", finding.Finding{Detail: "No reports go to " + firstOf(bad) + ".", Fix: fix})
}

func checkBIMI(s *finding.Sheet, r *BIMI) {
	const example = "v=BIMI1; l=https://<domain>/logo.svg; a=https://<domain>/logo.pem"
	syntax(s, "bimi-syntax", &r.Record, example)
	s.Decided("bimi-location-invalid", "bimi-evidence-missing")
	if r.Declined {
		return
	}
	fix := &finding.Fix{Summary: "Name the logo and its certificate, both over https.", Value: example}
	for _, t := range []struct{ tag, uri, ending, holds string }{
		{"l", r.Location, ".svg", "the logo"}, {"a", r.Evidence, ".pem", "the certificate of the logo"},
	} {
		if t.uri == "" {
			if t.tag == "l" {
				s.Add("bimi-location-invalid", finding.Finding{Detail: "There is no logo: l= is missing or empty. " +
					"A domain without a logo says so with l= and a= both empty.", Fix: fix})
			}
			continue
		}
		if problem := httpsProblem(t.uri); problem != "" {
			s.Add("bimi-location-invalid", finding.Finding{Detail: fmt.Sprintf("%s= is %s: %s.", t.tag, quote(t.uri), problem), Fix: fix})
			continue
		}
		file, _, _ := strings.Cut(strings.ToLower(t.uri), "?")
		if ending := path.Ext(strings.TrimSuffix(file, ".gz")); ending != t.ending {
			s.Add("bimi-location-invalid", finding.Finding{Severity: finding.Warning, Title: "The name of a BIMI file is unusual",
				Detail: fmt.Sprintf("%s= is %s, which should be %s, a file that ends in %s.", t.tag, quote(t.uri), t.holds, t.ending)})
		}
	}
	if r.Evidence == "" && r.Location != "" {
		s.Add("bimi-evidence-missing", finding.Finding{Detail: "There is no a=: mailboxes that want a certificate show no logo."})
	}
}

// firstOf joins a few of a list.
func firstOf(list []string) string {
	const most = 3
	if len(list) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(list[:most], "; "), len(list)-most)
	}
	return strings.Join(list, "; ")
}
