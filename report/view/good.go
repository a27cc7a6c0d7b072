package view

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/mailhost"
	"mailworthy/rbl"
	"mailworthy/report"
	spfpolicy "mailworthy/spf/policy"
	"mailworthy/transport"
)

// good returns the sentence of a section without warnings.
func good(r *report.Report, s finding.Section) string {
	text := ""
	switch s {
	case finding.SPF:
		text = goodSPF(r)
	case finding.DKIM:
		text = goodDKIM(r)
	case finding.DMARC:
		text = goodDMARC(r)
	case finding.Reputation:
		text = goodReputation(r)
	case finding.Hosts:
		text = goodHosts(r)
	case finding.Transport:
		text = goodTransport(r)
	}
	if text == "" {
		text = "nothing wrong"
	}
	return text
}

// goodTransport names what is deployed, and else that nothing is.
func goodTransport(r *report.Report) string {
	t := r.Transport
	if t == nil {
		return ""
	}
	var parts []string
	if t.STS.Policy != nil && t.STS.ID != "" {
		parts = append(parts, "MTA-STS "+show.Cut(t.STS.Policy.Mode, 20))
	}
	if len(t.Reporting.Destinations) > 0 {
		parts = append(parts, "TLS-RPT")
	}
	if t.DNSSEC.Validates && t.DNSSEC.SOA.Security == transport.Secure {
		parts = append(parts, "DNSSEC")
	}
	if t.DNSSEC.Validates && slices.ContainsFunc(t.DNSSEC.Hosts, func(h transport.SignedHost) bool { return len(h.Records) > 0 && h.TLSA.Security == transport.Secure }) {
		parts = append(parts, "DANE")
	}
	if t.BIMI != nil && t.BIMI.From != "" && !t.BIMI.Declined {
		parts = append(parts, "BIMI")
	}
	if len(parts) == 0 && t.STS.Record.State == transport.Absent && t.Reporting.Record.State == transport.Absent {
		return "no MTA-STS, no TLS-RPT"
	}
	return strings.Join(parts, ", ")
}

func goodSPF(r *report.Report) string {
	if r.SPF == nil || r.SPF.Status != spfpolicy.StatusFound || r.SPF.Record == nil {
		return ""
	}
	terms := strings.Fields(r.SPF.Record.Text)
	end := ""
	for _, t := range terms {
		if strings.EqualFold(strings.TrimLeft(t, "+-~?"), "all") || strings.HasPrefix(strings.ToLower(t), "redirect=") {
			end = ", " + show.Cut(t, 80)
		}
	}
	if len(terms) == 2 && strings.EqualFold(terms[1], "-all") {
		return "-all: nobody may send"
	}
	least := ""
	if !r.SPF.LookupsExact {
		least = "at least "
	}
	return fmt.Sprintf("%s%d of 10 DNS lookups%s", least, r.SPF.Lookups, end)
}

func goodDKIM(r *report.Report) string {
	if r.DKIM == nil {
		return ""
	}
	var keys []string
	for _, k := range r.DKIM.Keys {
		if k.Live() {
			keys = append(keys, fmt.Sprintf("%s (%s %d)", show.Cut(k.Selector, 63), show.Cut(k.Algorithm, 20), k.Bits))
		}
	}
	if len(keys) == 0 {
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Check == "dkim-none-observed" && f.Severity == finding.Info {
				return "n" + strings.TrimPrefix(f.Title, "N") // a key of another domain signs
			}
		}
		return ""
	}
	return show.Plural(len(keys), "key") + " " + show.Listed(keys, 3)
}

func goodDMARC(r *report.Report) string {
	d := r.DMARC
	if d == nil || d.Policy == "" {
		return ""
	}
	text := "p=" + string(d.Policy)
	if d.Tag != "" && d.Tag != "p" {
		text = d.Tag + "=" + string(d.Policy)
	}
	if d.PolicyDomain != "" && d.PolicyDomain != r.Domain {
		text += " of " + d.PolicyDomain
	}
	if d.Record != nil {
		var to []string
		for _, u := range d.Record.RUA {
			if u.Address != "" && !slices.Contains(to, u.Address) {
				to = append(to, u.Address)
			}
		}
		if len(to) > 0 {
			text += ", reports to " + show.Listed(to, 2)
		}
	}
	return text
}

func goodReputation(r *report.Report) string {
	if r.RBL == nil {
		return ""
	}
	asked := make(map[string]bool)
	silent := make(map[string]bool)
	for _, l := range r.RBL.Listings {
		switch l.Verdict {
		case rbl.Clean, rbl.Listed:
			asked[l.Zone] = true
		case rbl.Unknown, rbl.Blocked:
			silent[l.Zone] = true
		}
	}
	if len(asked) == 0 {
		return ""
	}
	var subjects []string
	if n := len(r.RBL.Addresses); n > 0 {
		subjects = append(subjects, show.Counted(n, "address"))
	}
	if n := len(r.RBL.Domains); n > 0 {
		subjects = append(subjects, show.Counted(n, "domain"))
	}
	text := strings.Join(subjects, " and ") + " clean on " + show.Counted(len(asked), "list")
	if n := len(silent); n > 0 {
		text += fmt.Sprintf("; %s gave no answer", show.Counted(n, "list"))
	}
	return text
}

func goodHosts(r *report.Report) string {
	h := r.Hosts
	if h == nil {
		return ""
	}
	var parts []string
	if d := h.Domain; d != nil {
		switch d.MX {
		case mailhost.MXPresent:
			parts = append(parts, show.Counted(len(d.Exchanges), "MX host"))
		case mailhost.MXNull:
			parts = append(parts, "null MX: takes no mail")
		}
	}
	confirmed, unasked := 0, 0
	for _, a := range h.Addresses {
		if a.PTR == mailhost.Unknown && report.NotAsked(a.Evidence) {
			unasked++
		}
		if slices.ContainsFunc(a.Names, func(n mailhost.ReverseName) bool { return n.Confirmed == mailhost.Present }) {
			confirmed++
		}
	}
	if confirmed > 0 && confirmed == len(h.Addresses) {
		parts = append(parts, show.Counted(confirmed, "sending address")+" with confirmed PTR")
	} else if unasked > 0 {
		parts = append(parts, "PTR of "+show.Counted(unasked, "sending address")+" not checked")
	}
	return strings.Join(parts, "; ")
}
