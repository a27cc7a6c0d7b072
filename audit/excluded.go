package audit

import (
	"fmt"

	"mailworthy/finding"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// awaitExcluded has a fix wait that publishes an MX record or an address which a term of an SPF record
// excludes: "-mx", "-a:mail.acme.example". Hardly anyone means to exclude hosts of their own: the sign is
// perhaps a slip, and by it what is published fails.
func (a *run) awaitExcluded(findings []finding.Finding) {
	by := make(map[[2]string]string) // terms that exclude, by name and type of record
	for _, p := range a.policies() {
		if p != nil {
			a.excluding(p.Record, by)
		}
	}
	for i := range findings {
		f := &findings[i]
		if f.Fix == nil || len(by) == 0 {
			continue
		}
		for _, r := range f.Fix.Records() {
			if term := by[[2]string{r.Name, r.Type}]; term != "" {
				await(f, fmt.Sprintf("%q in the SPF record is to exclude its senders", term))
				break
			}
		}
	}
}

// excluding notes the terms of a tree of records that exclude the hosts which they name.
func (a *run) excluding(r *spfpolicy.Record, by map[[2]string]string) {
	if r == nil || r.Repeated || r.Loop {
		return
	}
	terms, _ := spf.Parse(r.Text)
	for i := range terms {
		t := &terms[i]
		name, _, ok := t.Target(r.Domain, a.result.Domain)
		if !ok || t.Sign == '+' || t.Kind != spf.KindMX && t.Kind != spf.KindA {
			continue
		}
		hosts := []string{name}
		if t.Kind == spf.KindMX {
			by[[2]string{name, "MX"}] = t.Text
			hosts = nil
			if name == a.result.Domain && a.domain != nil {
				for _, e := range a.domain.Exchanges {
					hosts = append(hosts, e.Name)
				}
			}
		}
		for _, host := range hosts {
			by[[2]string{host, "A"}], by[[2]string{host, "AAAA"}] = t.Text, t.Text
		}
	}
	for i := range r.Terms {
		a.excluding(r.Terms[i].Record, by)
	}
}
