package audit

import (
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/dmarc"
	"mailworthy/resolver"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// maxSendersBelow bounds the names that sendersBelow lists.
const maxSendersBelow = 4

// sendersBelow are names below the domain that send mail by what a loaded zone shows, an SPF
// record that names somebody or a DKIM key, and have no DMARC record of their own: what the
// domain publishes for itself is their policy too, unless a record above it is (RFC 9989,
// 4.10.1). Nothing is asked for that.
func (a *run) sendersBelow() []string {
	if r, _ := a.result.DMARC.Below(); r != nil && r != a.result.DMARC.Record || a.result.DMARC.PolicyDomain != "" && a.result.DMARC.PolicyDomain != a.target.Domain {
		return nil
	}
	var sends, governed []string
	for _, rec := range resolver.Below(a.resolver, a.target.Domain, resolver.TypeTXT, resolver.TypeCNAME) {
		text := strings.Join(rec.TXT, "")
		name, key := rec.Name, false
		if at := strings.Index(name, "._domainkey."); at >= 0 {
			name, key = name[at+len("._domainkey."):], true
		}
		record, isPolicy := strings.CutPrefix(name, "_dmarc.")
		switch {
		case name == a.target.Domain:
		case isPolicy && !key:
			if _, err := dmarc.ParseRecord(text); err == nil || rec.Host != "" {
				governed = append(governed, record)
			}
		case strings.Contains(name, "_") || slices.Contains(sends, name):
		case key && (rec.Host != "" || usableKey(text)), !key && namesSenders(text):
			sends = append(sends, name)
		}
	}
	sends = slices.DeleteFunc(sends, func(name string) bool { return slices.Contains(governed, name) })
	return sends[:min(len(sends), maxSendersBelow)]
}

// usableKey reports whether a text is a DKIM key that is not revoked.
func usableKey(text string) bool {
	r, err := dkim.ParseKey(text)
	return err == nil && !r.Revoked
}

// namesSenders reports whether a text is an SPF record that lets somebody send.
func namesSenders(text string) bool {
	p := &spfpolicy.Policy{Status: spfpolicy.StatusFound, Record: &spfpolicy.Record{Text: text}}
	return spf.IsRecord(text) && !p.NamesNoSender()
}
