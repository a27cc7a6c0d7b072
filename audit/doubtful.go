package audit

import (
	"slices"
	"strings"

	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// doubtful are the evaluations of addresses of the domain's own MX hosts that its record
// fails, though it seems to mean that they send: another address of the host passes, as
// if IPv6 had come later, or the record lets nobody send at all and there are keys.
func (a *run) doubtful(p *spfpolicy.Policy) []spf.Evaluation {
	if p.Domain != a.result.Domain || p.Status != spfpolicy.StatusFound || p.Record == nil || p.Record.Error != "" {
		return nil
	}
	// hosts are the domain's own MX hosts that an address belongs to.
	hosts := func(e *spf.Evaluation) (out []string) {
		for _, s := range a.result.Examined.Senders {
			for _, from := range s.From {
				host, mx := strings.CutPrefix(from, mxSource)
				if s.Addr == e.IP && mx && resolver.Registrable(host) == resolver.Registrable(p.Domain) {
					out = append(out, host)
				}
			}
		}
		return out
	}
	passing := make(map[string]bool)
	var failed []spf.Evaluation
	for i := range a.result.Evaluations {
		e := &a.result.Evaluations[i]
		if e.Domain != p.Domain || e.Identity == "helo" {
			continue
		}
		switch e.Result {
		case spf.Pass:
			for _, h := range hosts(e) {
				passing[h] = true
			}
		case spf.Fail, spf.SoftFail:
			failed = append(failed, *e)
		}
	}
	if failed == nil {
		return nil
	}
	nobody := a.hasOwnKey() && p.NamesNobody()
	return slices.DeleteFunc(failed, func(e spf.Evaluation) bool {
		of := hosts(&e)
		return len(of) == 0 || !nobody && !slices.ContainsFunc(of, func(h string) bool { return passing[h] })
	})
}
