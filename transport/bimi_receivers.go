package transport

import (
	"slices"
	"strings"

	"mailworthy/bimi"
)

// BIMIVerdict is whether a receiver would show the logo.
type BIMIVerdict struct {
	Receiver string `json:"receiver"`
	// Needs is the evidence that it wants: "VMC", "VMC or CMC" or "none".
	Needs string `json:"needs"`
	// Shows is Present if nothing speaks against it; the reputation of the sender counts
	// as well, and nobody can see it from here. Why says what speaks against it.
	Shows State  `json:"shows"`
	Why   string `json:"why"`
}

// bimiReceivers are those that show logos, and the marks that they want certified.
var bimiReceivers = []struct {
	name  string
	needs string
	marks []bimi.Mark
}{
	{"Gmail", "VMC or CMC", []bimi.Mark{bimi.VMC, bimi.CMC}},
	{"Apple Mail", "VMC", []bimi.Mark{bimi.VMC}},
	{"Yahoo", "none", nil},
	{"Fastmail", "none", nil},
}

// obstacles are what speaks against a logo, or leaves it open.
type obstacles struct{ against, open []string }

func (o *obstacles) add(state State, why string) {
	switch state {
	case Absent:
		o.against = append(o.against, why)
	case Unknown:
		o.open = append(o.open, why)
	}
}

// state is what obstacles amount to, and the first of them.
func (o *obstacles) state() (State, string) {
	switch {
	case len(o.against) > 0:
		return Absent, firstOf(o.against, 0)
	case len(o.open) > 0:
		return Unknown, firstOf(o.open, 0)
	}
	return Present, ""
}

// fetchState is whether a file is there for receivers. What is behind a redirect is not
// known.
func fetchState(get *Fetch) State {
	switch get.Outcome {
	case Fetched:
		return Present
	case Unanswered, TLSFailed, NotFetched, Redirected:
		return Unknown
	}
	return Absent
}

// verdicts are those of all receivers.
func (f *BIMIFacts) verdicts() []BIMIVerdict {
	all, certified := f.obstacles()
	out := make([]BIMIVerdict, 0, len(bimiReceivers))
	for _, r := range bimiReceivers {
		o := obstacles{slices.Clone(all.against), slices.Clone(all.open)}
		if len(r.marks) > 0 {
			o.against, o.open = append(o.against, certified.against...), append(o.open, certified.open...)
			if e := f.Evidence; e != nil && e.Certificates > 0 && !slices.Contains(r.marks, e.Mark) {
				if e.Mark == bimi.OtherMark {
					o.add(Unknown, "the kind of the mark certificate is not known")
				} else {
					o.add(Absent, "the certificate is a "+string(e.Mark))
				}
			}
		}
		v := BIMIVerdict{Receiver: r.name, Needs: r.needs}
		v.Shows, v.Why = o.state()
		out = append(out, v)
	}
	return out
}

// obstacles are those of all receivers, and those of receivers that want a certificate.
func (f *BIMIFacts) obstacles() (all, certified obstacles) {
	t := f.applying()
	switch {
	case t.State == Unknown:
		all.add(Unknown, "the record is not known")
	case f.From == "":
		all.add(Absent, "there is no record")
	case f.Declined:
		all.add(Absent, "the domain declines")
	case f.LogoFetch == nil:
		all.add(Absent, "the record names no logo")
	}
	if len(all.against)+len(all.open) > 0 {
		return all, certified
	}
	if records, _ := bimiRecords(t); len(records) != 1 || len(ParseBIMI(records[0]).Problems) > 0 {
		all.add(Absent, "the record has a syntax error")
	}
	enforced, why := f.enforced()
	all.add(enforced, strings.Join(why, "; "))
	all.add(fetchState(f.LogoFetch), "the logo was not fetched")
	if f.Logo != nil && f.Logo.Faults.Grave() {
		all.add(Absent, "the logo has faults")
	}
	if f.EvidenceFetch == nil {
		certified.add(Absent, "there is no certificate")
		return all, certified
	}
	certified.add(fetchState(f.EvidenceFetch), "the certificate was not fetched")
	if f.Evidence != nil && slices.ContainsFunc(f.Evidence.Faults, func(fault bimi.Fault) bool {
		return !slices.Contains([]bimi.Kind{bimi.Expiring, bimi.Requirements, bimi.PrivateKey}, fault.Kind)
	}) {
		certified.add(Absent, "the certificate has faults")
	}
	return all, certified
}
