package view

import (
	"fmt"
	"strconv"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/internal/show"
	"mailworthy/spf"
)

// EvaluationDoc is what check_host() came to for one client, with each step as a detail.
func EvaluationDoc(e spf.Evaluation) *Doc {
	d := &Doc{Name: fmt.Sprintf("SPF of %s for %s", show.Cut(e.Domain, 255), e.IP)}
	d.Add(facts(
		"result", string(e.Result), "domain", e.Domain, "identity", e.Identity, "client", e.IP.String(),
		"matched", e.Matched+show.OrEmpty("  in the record of ", e.MatchedIn), "explanation", e.Explanation, "error", e.Error,
		"lookups", fmt.Sprintf("%d of 10", e.Lookups), "void lookups", fmt.Sprintf("%d of 2", e.VoidLookups)))
	var steps Pre
	for _, s := range e.Steps {
		note := ""
		if s.Note != "" {
			note = " (" + s.Note + ")"
		}
		steps.Lines = append(steps.Lines, strings.Repeat("  ", s.Depth+1)+s.Term+": "+s.Outcome+note)
	}
	if len(steps.Lines) > 0 {
		d.Add(Details{Title: "Each step", Blocks: []Block{steps}})
	}
	return d
}

// SignaturesDoc is what each DKIM signature of a message came to.
func SignaturesDoc(v *dkim.Verification) *Doc {
	d := &Doc{Name: "DKIM signatures"}
	if len(v.Signatures) == 0 {
		d.Add(Paragraph("the message has no DKIM-Signature"))
	}
	for _, s := range v.Signatures {
		bits, length, expires := "", "", ""
		if s.KeyBits > 0 {
			bits = strconv.Itoa(s.KeyBits)
		}
		if s.BodyLength != nil {
			length = fmt.Sprintf("the first %d octets only (l=)", *s.BodyLength)
		}
		if s.Expires != nil {
			expires = s.Expires.UTC().Format("2006-01-02 15:04:05Z")
		}
		d.Add(facts(
			"result", string(s.Result), "reason", s.Reason, "domain", s.Domain, "selector", s.Selector,
			"identity", s.Identity, "algorithm", s.Algorithm, "key bits", bits, "signed headers", strings.Join(s.Headers, " "),
			"signed body", length, "expires", expires, "warnings", strings.Join(s.Warnings, "; ")))
	}
	return d
}

// VerdictDoc is the DMARC verdict for the identities of a message.
func VerdictDoc(v dmarc.Verdict) *Doc {
	d := &Doc{Name: "DMARC of " + show.Cut(v.Domain, 255)}
	absent := "none that can be applied"
	switch v.Result {
	case dmarc.ResultNone:
		absent = "no record"
	case dmarc.ResultTempError, dmarc.ResultNotChecked:
		absent = "not known"
	}
	d.Add(facts(
		"result", string(v.Result), "author domain", v.Domain,
		"organizational domain", orElse(v.OrganizationalDomain, absent), "policy domain", orElse(v.PolicyDomain, absent),
		"policy", orElse(v.Policy, absent), "effective policy", orElse(v.EffectivePolicy, absent),
		"SPF aligned", AnswerText(v.SPFAligned), "DKIM aligned", AnswerText(v.DKIMAligned),
		"error", v.Error, "asked", strings.Join(v.Queries, ", ")))
	for _, id := range v.Identifiers {
		d.Add(Paragraph(fmt.Sprintf("%s %s=%s: %s", strings.ToUpper(id.Kind), id.Domain, id.Result, id.Why)))
	}
	return d
}

// facts are keys, each followed by its value.
func facts(pairs ...string) Facts {
	var out Facts
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Facts = append(out.Facts, Fact{pairs[i], T(pairs[i+1])})
	}
	return out
}

// orElse is what a pointer points to, or what is said if there is nothing: "none" is a
// policy, so it is never that.
func orElse[T ~string](s *T, absent string) string {
	if s == nil {
		return absent
	}
	return string(*s)
}
