package dkim

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// mostEvidence bounds the answers attached to one finding.
const mostEvidence = 10

// Context is what a judgement of keys needs to know besides them.
type Context struct {
	// Profile is what the domain is for; empty: Sender.
	Profile finding.Profile
	// Stated: the user said so, and it is not guessed from the records.
	Stated bool
	// Kin are the keys of other domains that may sign for one without a key; nil: there is
	// none, or a signature of theirs would not align.
	Kin *Kin
	// Envelopes are the keys that a loaded zone has for the envelope domains of services, whose
	// mail is signed with them.
	Envelopes []*Discovery
}

func (c Context) sends() bool { return c.Profile == "" || c.Profile == finding.Sender }

// Check turns the facts into findings. A domain that does not send is not judged
// for having no keys, only for what would let others sign in its name.
func Check(d *Discovery, c Context) *finding.Sheet {
	j := &judge{Sheet: finding.NewSheet(checkList, d.Domain), d: d, c: c, sends: c.sends()}
	if j.sends {
		observed := j.observed()
		if j.wrongNames(d); len(j.d.Mislaid) == 0 {
			j.presence(observed)
		}
		j.envelopes()
		j.unanswered(observed)
		j.stated()
		j.dangling()
		j.denied()
		j.several()
	}
	alike := d.alike()
	if !j.sends && alike != nil {
		alike = alike[1:] // one shows whether others can sign
	}
	for i := range d.Keys {
		switch k := &d.Keys[i]; {
		case slices.Contains(alike, k):
			// What a wildcard answers is no selector of the domain's: the unknown says it.
		case j.sends:
			j.key(k)
		default:
			j.parked(k)
		}
	}
	j.wildcard()
	j.open()
	return j.Sheet
}

// envelopes judges the keys of the envelope domains: what is no key there, or stands where
// nobody looks.
func (j *judge) envelopes() {
	for _, d := range j.c.Envelopes {
		j.wrongNames(d)
		if j.kinBroken && slices.ContainsFunc(j.c.Kin.Domains, func(kin *Discovery) bool { return kin.Domain == d.Domain }) {
			continue
		}
		for i := range d.Keys {
			if k := &d.Keys[i]; !k.Live() && !k.Wildcard {
				j.key(k)
			}
		}
	}
}

// open takes the passes back that a question without an answer leaves open: a
// selector that did not answer may have a key in which anything is wrong.
func (j *judge) open() {
	d := j.d
	if slices.ContainsFunc(d.Selectors, func(s Selector) bool { return s.Status == SelectorUnresolved }) {
		j.Undecided(keyChecks...)
		j.Undecided("dkim-shared-key", "dkim-cname-dangling", "dkim-ed25519-only", "dkim-parked-key", "dkim-single-selector", "dkim-ent-broken")
	}
	if slices.ContainsFunc(d.Evidence, unanswered) || d.openNames {
		j.Undecided("dkim-wrong-name")
	}
	if slices.ContainsFunc(d.Wildcard.Evidence, unanswered) {
		j.Undecided("dkim-wildcard")
		j.Undecided(keyChecks...) // a wildcard's answer is that of every selector
	}
}

func unanswered(e finding.Evidence) bool { return !isAnswer(e.Status) }

// judge applies the checks to one discovery.
type judge struct {
	*finding.Sheet
	d     *Discovery
	c     Context
	sends bool
	// kinBroken: the keys of kin that are no keys were judged.
	kinBroken bool
}

// exists reports whether a selector of its own was seen: a record or an alias.
func (s *Selector) exists() bool {
	return !s.Wildcard && (s.Status == SelectorFound || len(s.CNAMEs) > 0)
}

// observed reports whether any selector exists, at the domain or where a stated
// one was asked.
func (j *judge) observed() bool {
	for i := range j.d.Selectors {
		if s := &j.d.Selectors[i]; s.exists() || s.Stated && j.d.answered(s) {
			return true
		}
	}
	return false
}

// allRevoked reports whether all that was found are keys that were revoked: the
// domain signed once, and a key of today was not seen. What was stated is judged by
// itself, and an alias that did not answer may lead to a key.
func (j *judge) allRevoked() bool {
	for i := range j.d.Selectors {
		if s := &j.d.Selectors[i]; s.Stated || s.exists() && s.Status != SelectorFound {
			return false
		}
	}
	return len(j.d.Keys) > 0 && !slices.ContainsFunc(j.d.Keys, func(k PublishedKey) bool { return !k.Revoked })
}

// live returns the first live key at the domain itself, and how many there are.
func (j *judge) live() (first *PublishedKey, n int) {
	for i := range j.d.Keys {
		if k := &j.d.Keys[i]; k.Live() && k.Domain == j.d.Domain {
			if n++; n == 1 {
				first = k
			}
		}
	}
	return first, n
}

// statedOpen reports whether a question for a stated selector was not answered.
func (j *judge) statedOpen() bool {
	return slices.ContainsFunc(j.d.Selectors, func(s Selector) bool { return s.Stated && s.Status == SelectorUnresolved })
}

// aliasOpen reports whether a selector is an alias whose target did not answer.
func (j *judge) aliasOpen() bool {
	return slices.ContainsFunc(j.d.Selectors, func(s Selector) bool { return s.Status == SelectorUnresolved && len(s.CNAMEs) > 0 })
}

// anyStated reports whether a selector was stated.
func (j *judge) anyStated() bool { return len(j.d.Selectors) > 0 && j.d.Selectors[0].Stated }

// presence judges whether the domain has keys at all.
func (j *judge) presence(observed bool) {
	d := j.d
	switch {
	case observed && j.allRevoked():
		j.noneObserved()
		j.Decided("dkim-proved-absent")
	case observed:
		j.Decided("dkim-none-observed", "dkim-proved-absent")
	case d.Proof == ProofAbsent && j.kin():
		// Mail may be signed in the name of another domain.
	case d.Proof == ProofAbsent && !j.statedOpen():
		j.Add("dkim-proved-absent", finding.Finding{
			Detail: fmt.Sprintf("The DNS answers NXDOMAIN for _domainkey.%s: the name does not exist, and so no selector below it can exist. "+
				"None of the %s asked was found either.", d.Domain, show.Counted(d.Tried, "selector")),
			Evidence: d.Evidence, Fix: j.fixAbsent(),
		})
	case j.anyStated():
		// What is stated is judged by itself.
	case d.Unresolved < d.Tried:
		j.noneObserved()
		if d.Proof == ProofExists {
			j.Decided("dkim-proved-absent")
		}
	}
}

func (j *judge) noneObserved() {
	d := j.d
	if j.c.Kin.Live() != nil && j.kin() {
		return
	}
	open := ""
	if d.Unresolved > 0 {
		open = fmt.Sprintf(", of which %d got no answer", d.Unresolved)
	}
	what := "No key was"
	if len(d.Keys) > 0 {
		what = "Only revoked keys were"
	}
	detail := fmt.Sprintf("%s observed at the %s tried%s. Selectors cannot be listed, so this does not mean that the domain does not sign.",
		what, show.Counted(d.Tried, "selector"), open)
	switch d.Wildcard.Status {
	case WildcardRevoked:
		detail += " A wildcard answers every selector with a revoked key."
	case WildcardOther:
		detail += " A wildcard answers every selector with a record that is no key."
	case WildcardKey:
		detail += " A wildcard answers every selector with the same key."
	}
	var tried, random []string
	for _, inferred := range d.Providers {
		if p := loaded().byName[inferred.Provider]; len(p.Selectors) > 0 {
			tried = append(tried, p.Name)
		} else {
			random = append(random, p.Name)
		}
	}
	if len(tried) > 0 {
		detail += fmt.Sprintf(" Those of %s are among them, which MX or SPF point to.", list(tried))
	}
	if len(random) > 0 {
		detail += fmt.Sprintf(" MX or SPF also point to %s, whose selectors differ from customer to customer.", list(random))
	}
	if d.LeftOut > 0 {
		detail += fmt.Sprintf(" The bound on questions left out %s.", show.Counted(d.LeftOut, "more selector"))
	}
	j.Add("dkim-none-observed", finding.Finding{
		Detail: detail, Evidence: d.Evidence, Undecides: true, CouldBe: finding.Error, VerdictAs: finding.Warning,
		Fix:  &finding.Fix{Summary: "Look up s= in the DKIM-Signature header of a message that was sent, and state it: --selector NAME."},
		Hint: "--selector NAME states a DKIM selector: s= in the DKIM-Signature of a message sent",
	})
}

// unanswered reports the questions that the DNS did not answer, apart from stated
// selectors.
func (j *judge) unanswered(observed bool) {
	d := j.d
	for _, e := range d.Evidence {
		if isAnswer(e.Status) {
			continue
		}
		f := finding.Finding{Subject: e.Name, Evidence: []finding.Evidence{e}, CouldBe: finding.Error,
			Detail: fmt.Sprintf("The question whether _domainkey.%s exists was not answered (%s).", d.Domain, e.Status)}
		if !observed {
			f.Detail += " Its absence would prove that the domain has no key."
			f.Undecides = !j.anyStated()
		}
		j.Add("dkim-unresolved", f)
	}
	var open []string
	var evidence []finding.Evidence
	for i := range d.Selectors {
		if s := &d.Selectors[i]; s.Status == SelectorUnresolved && !s.Stated {
			open = append(open, s.Name)
			if len(evidence) < mostEvidence {
				evidence = append(evidence, *s.Evidence)
			}
		}
	}
	switch {
	case len(open) == 0:
	case !observed && d.Proof == ProofAbsent:
		// What is below a name that does not exist need not be asked.
	default:
		f := finding.Finding{Evidence: evidence, CouldBe: finding.Warning,
			Detail: fmt.Sprintf("Of the %s tried, %d got no answer: %s. There may be a key or none.", show.Counted(d.Tried, "selector"), len(open), list(open))}
		if _, live := j.live(); !observed || live == 0 && j.aliasOpen() {
			f.CouldBe, f.Undecides = finding.Error, !j.anyStated()
		}
		j.Add("dkim-unresolved", f)
	}
	if d.Wildcard.Status == WildcardUnknown && !(d.Proof == ProofAbsent && !observed) {
		f := finding.Finding{Subject: "*._domainkey." + d.Domain, Evidence: d.Wildcard.Evidence, CouldBe: finding.Warning,
			Detail: "Selectors that nobody publishes were asked for to find a wildcard, and got no answer."}
		if alike := d.alike(); alike != nil {
			f.Detail += fmt.Sprintf(" %d of the %s tried have the same record, as one gives it: %s", len(alike), show.Counted(d.Tried, "selector"), show.Quote(strings.Join(alike[0].texts, "\n"), 120))
			f.Evidence = append(bounded(f.Evidence), alike[0].evidence)
		}
		j.Add("dkim-unresolved", f)
	}
	j.Decided("dkim-unresolved")
}

// fewAlike is how many selectors of different services with one record are no wildcard's yet.
const fewAlike = 5

// alike are the keys at selectors that were guessed if most of these have the same record, and whether a
// wildcard answers for them was not answered.
func (d *Discovery) alike() []*PublishedKey {
	if d.Wildcard.Status != WildcardUnknown || !slices.ContainsFunc(d.Wildcard.Evidence, unanswered) {
		return nil
	}
	var alike []*PublishedKey
	first := -1
	for i := range d.Keys {
		k := &d.Keys[i]
		same := 0
		for n := range d.Keys {
			if slices.Equal(k.texts, d.Keys[n].texts) {
				same++
			}
		}
		if same > fewAlike && 2*same > d.Tried {
			first = i
			break
		}
	}
	for i := range d.Keys {
		if k := &d.Keys[i]; first >= 0 && !k.Stated && k.Domain == d.Domain && slices.Equal(k.texts, d.Keys[first].texts) {
			alike = append(alike, k)
		}
	}
	return alike
}

// isAnswer reports that an evidence's status is an answer of the DNS.
func isAnswer(status string) bool {
	switch SelectorStatus(status) {
	case SelectorFound, SelectorNoData, SelectorNXDomain:
		return true
	}
	return false
}

// several judges the keys of the domain together.
func (j *judge) several() {
	k, live := j.live()
	if live == 1 && j.d.Unresolved == 0 && !j.d.HintsIncomplete && len(k.CNAMEs) == 0 && !k.Wildcard {
		j.Add("dkim-single-selector", finding.Finding{Subject: k.QueryName(), Evidence: []finding.Evidence{k.evidence},
			Detail: fmt.Sprintf("%s is the only live key observed at the %s tried.", k.Selector, show.Counted(j.d.Tried, "selector")),
			Fix: &finding.Fix{Summary: "Publish a second key under another selector, so that keys can be changed without a gap.",
				Name: "<new-selector>._domainkey." + j.d.Domain, Type: "TXT", Value: "v=DKIM1; k=rsa; p=<2048-bit public key in base64>"}})
		j.Decided("dkim-single-selector")
	} else if live > 1 {
		j.Decided("dkim-single-selector")
	}
	alive := false
	for i := range j.d.Keys {
		if k := &j.d.Keys[i]; k.Live() && !k.Wildcard {
			alive = true
			j.shared(i)
		}
	}
	j.ed25519Only()
	if alive {
		j.Decided("dkim-shared-key")
	}
}

// ed25519Only judges live keys of which none is an RSA key. An RSA key may stand at
// a selector that did not answer.
func (j *judge) ed25519Only() {
	var first *PublishedKey
	var names []string
	for i := range j.d.Keys {
		k := &j.d.Keys[i]
		switch {
		case k.RecordCount > 1:
			return // which of its keys counts is not known
		case !k.Live():
		case k.Algorithm == algorithmRSA:
			j.Decided("dkim-ed25519-only")
			return
		default:
			if first == nil {
				first = k
			}
			names = append(names, k.QueryName())
		}
	}
	if first == nil || slices.ContainsFunc(j.d.Selectors, func(s Selector) bool { return s.Status == SelectorUnresolved }) {
		return
	}
	j.Add("dkim-ed25519-only", finding.Finding{Subject: names[0], Evidence: []finding.Evidence{first.evidence},
		Detail: fmt.Sprintf("The only %s observed %s at %s, of the type Ed25519. Gmail and Microsoft do not verify ed25519-sha256: for them the mail has no DKIM signature. "+
			"RFC 8463 has both signatures side by side for this reason.", show.Plural(len(names), "key"), isAre(len(names)), list(names)),
		Fix: &finding.Fix{Summary: "Sign with a 2048-bit RSA key as well, under a selector of its own, and keep the Ed25519 key.",
			Name: newSelector + "._domainkey." + first.Domain, Type: "TXT", Value: placeholderNew}})
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// shared judges a live key that stands at several names, at the first of them.
func (j *judge) shared(at int) {
	first := &j.d.Keys[at]
	var others []*PublishedKey
	for i := range j.d.Keys {
		k := &j.d.Keys[i]
		if i == at || k.Fingerprint != first.Fingerprint || !k.Live() || k.Wildcard {
			continue
		}
		if i < at {
			return
		}
		others = append(others, k)
	}
	if others == nil {
		return
	}
	names := []string{first.QueryName()}
	evidence := []finding.Evidence{first.evidence}
	for _, k := range others {
		names = append(names, k.QueryName())
		if len(evidence) < mostEvidence {
			evidence = append(evidence, k.evidence)
		}
	}
	j.Add("dkim-shared-key", finding.Finding{Subject: names[0], Evidence: evidence,
		Detail: fmt.Sprintf("The same public key (SHA-256 %s…) is published at %s.", first.Fingerprint[:16], list(names))})
}

// parked judges a key of a domain that does not send: what matters there is only
// whether others can sign in its name.
func (j *judge) parked(k *PublishedKey) {
	if k.Wildcard {
		return
	}
	j.strength(k)
	if k.Live() {
		j.Add("dkim-parked-key", finding.Finding{Subject: k.QueryName(), Evidence: []finding.Evidence{k.evidence},
			Detail: fmt.Sprintf("%s has a live %d-bit %s key, although the domain says that it sends nothing.", k.QueryName(), k.Bits, k.Algorithm),
			Fix:    j.fixLock("remove the key, and revoke every selector", k.fixRemoval().Remove...)})
	}
	j.Decided("dkim-parked-key")
}

// bounded copies the first of many answers.
func bounded(e []finding.Evidence) []finding.Evidence {
	return slices.Clone(e[:min(len(e), mostEvidence)])
}
