package policy

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/spf"
)

// alienTerms are the modifiers of a record that no standard of SPF has: another record may have
// been pasted behind its version.
func alienTerms(text string) (out []string) {
	terms, _ := spf.Parse(text)
	for i := range terms {
		if t := &terms[i]; t.Kind == spf.KindModifier && reported(t) == "" {
			out = append(out, t.Text)
		}
	}
	return out
}

// withStated is a record with the addresses at its start that are known to send, and that do not
// pass by it, and a sentence that says so; empty if there are none.
func (k *checker) withStated(text string) (with, said string) {
	if k.trial || strings.Contains(text, "<") {
		return text, ""
	}
	var missing []string
	for _, e := range k.c.Evaluations {
		t := addressTerm(e)
		if e.Domain != k.p.Domain || e.Identity == "helo" || !routable(e.IP) || slices.Contains(missing, t) {
			continue
		}
		again := k.p.tryAgain(k.p.Domain, text, e, spf.Assumed{HELO: true, LocalPart: true})
		if kind := spf.ParseTerm(again.Matched).Kind; again.Matched != "" && kind != spf.KindAll {
			continue // the record says of the address itself that it does not send
		}
		switch again.Result {
		case spf.Fail, spf.SoftFail, spf.Neutral:
			missing = append(missing, t)
		}
	}
	if rest, ok := strings.CutPrefix(text, spf.Version); ok && missing != nil {
		return spf.Version + " " + strings.Join(missing, " ") + rest, fmt.Sprintf(" Without %s at its start mail from there would not pass.", enumerate(missing, 5))
	}
	return text, ""
}
