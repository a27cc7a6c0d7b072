package rbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// Context is what the checks need to know beside the survey.
type Context struct {
	Profile finding.Profile
	// AddressesUnknown: the DNS did not say all addresses that send.
	AddressesUnknown bool
	// AddressesLeftOut: some addresses that send were not looked up because of a bound.
	AddressesLeftOut bool
}

// Bounds on what a finding shows.
const (
	maxNamed    = 6
	maxShown    = 300
	maxEvidence = 8
)

// Check turns a survey into findings: one for each subject and list that has an
// entry for it, one for each list that gave no verdict, naming its subjects.
func Check(s *Survey, c Context) *finding.Sheet {
	j := &judge{survey: s, sheet: finding.NewSheet(checkList, s.mainSubject())}
	j.listed()
	j.silent()
	j.dead()
	j.notAsked()
	j.addresses(c)
	if c.AddressesUnknown || c.AddressesLeftOut {
		j.sheet.Undecided("rbl-listed")
	}
	return j.sheet
}

type judge struct {
	survey *Survey
	sheet  *finding.Sheet
}

func (s *Survey) mainSubject() string {
	switch {
	case len(s.Domains) > 0:
		return s.Domains[0].Name
	case len(s.Addresses) == 1:
		return s.Addresses[0].String()
	case len(s.Addresses) == 0 && len(s.NotPublic) == 1:
		return s.NotPublic[0].String()
	case len(s.Addresses) > 1:
		return fmt.Sprintf("%d addresses", len(s.Addresses))
	}
	return ""
}

// about is the name that was asked about.
func (l *Listing) about() string {
	if l.Name != "" {
		return l.Name
	}
	return l.Subject
}

// listed adds the entries, for better or worse.
func (j *judge) listed() {
	var first map[[2]string]int
	for i := range j.survey.Listings {
		l := &j.survey.Listings[i]
		id := "rbl-listed"
		if l.Kind == Domain {
			id = "rbl-domain-listed"
		}
		switch {
		case l.Allow:
		case l.Verdict == Clean || l.Verdict == Listed:
			j.sheet.Decided(id)
		case l.Verdict == Unknown || l.Verdict == Blocked:
			// The subject may be on that list.
			j.sheet.Undecided(id)
		}
		if !l.credit() && l.Verdict != Listed {
			continue
		}
		if first == nil {
			first = j.survey.firsts()
		}
		switch {
		case first[[2]string{l.about(), l.Zone}] != i:
			// Said of the first.
		case l.credit():
			j.sheet.Add("rbl-allow-listed", finding.Finding{Subject: l.about(), Title: "Listed on the allow list " + l.listName() + " (DNSWL)",
				Detail: l.entryText(j.survey), Evidence: l.Evidence})
		default:
			j.sheet.Add(id, l.finding(j.survey))
		}
	}
}

// notAsked adds the subjects that no list was asked about: no answer is no clearance.
func (j *judge) notAsked() {
	for _, n := range j.survey.NotAsked {
		id := "rbl-listed"
		if n.Kind == Domain {
			id = "rbl-domain-listed"
		}
		j.sheet.Undecided(id)
		j.sheet.Add("rbl-not-asked", finding.Finding{Subject: n.Subject,
			Detail: fmt.Sprintf("No block list was asked about %s: %s.", n.Subject, n.Why),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Name a list of %s; mailworthy rbl lists shows them.", n.Kind.plural())}})
	}
}

// firsts has the place of the first listing of each name that was asked about.
func (s *Survey) firsts() map[[2]string]int {
	out := make(map[[2]string]int)
	for i := len(s.Listings) - 1; i >= 0; i-- {
		l := &s.Listings[i]
		out[[2]string{l.about(), l.Zone}] = i
	}
	return out
}

// credit: the entry speaks for the subject.
func (l *Listing) credit() bool {
	if l.Allow {
		return l.Verdict == Listed
	}
	return l.Verdict == Clean && slices.ContainsFunc(l.Codes, func(c Code) bool { return c.Effect == Credit })
}

// title says that the subject is listed, and where.
func (l *Listing) title(sublists []string) string {
	what, where := "Sending IP", "DNSBL"
	if l.Kind == Domain {
		what = "Domain"
	}
	if len(sublists) > 0 {
		where += ": " + strings.Join(sublists, ", ")
	}
	return what + " listed on " + l.listName() + " (" + where + ")"
}

// finding is the entry as a finding, with the way out of the list.
func (l *Listing) finding(s *Survey) finding.Finding {
	f := finding.Finding{Subject: l.about(), Severity: l.Weight, Evidence: l.Evidence}
	var sublists []string
	delisting := l.list.Delisting
	for _, c := range l.Codes {
		if c.Sublist != "" && !slices.Contains(sublists, c.Sublist) {
			sublists = append(sublists, c.Sublist)
		}
		if c.Weight == l.Weight && c.Delisting != (Delisting{}) {
			delisting = c.Delisting
		}
	}
	f.Title = l.title(sublists)
	f.Detail = l.entryText(s)
	if l.list.UsedBy != "" {
		f.Detail += fmt.Sprintf(" Known to reject by the list: %s.", l.list.UsedBy)
	}
	if delisting.Steps != "" {
		f.Detail += " " + delisting.Steps
	}
	switch {
	case l.Weight == finding.Info:
		f.Detail += " It is shown as context only: no receiver is known to reject by it."
	case delisting.URL != "":
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Fix the cause, then request delisting: %s", delisting.URL)}
	default:
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Fix the cause, then ask the operator of %s for delisting.", l.Zone)}
	}
	return f
}

func (l *Listing) listName() string {
	if l.list != nil && l.list.Name != "" {
		return l.list.Name
	}
	return l.Zone
}

// entryText says what the list answered and what that means.
func (l *Listing) entryText(s *Survey) string {
	var b strings.Builder
	subject := l.about()
	if l.Kind == Domain {
		if roles := s.roles(l); roles != "" {
			subject += " (" + roles + ")"
		}
	}
	fmt.Fprintf(&b, "%s is listed on %s", subject, l.Zone)
	for i, c := range l.Codes {
		// Of a mask, one answer is several codes.
		answer := []string{c.Answer}
		if i > 0 && l.Codes[i-1].Answer == c.Answer {
			answer = nil
		}
		for _, text := range []string{c.Sublist, c.Meaning} {
			if text != "" {
				answer = append(answer, text)
			}
		}
		switch {
		case i == 0:
			b.WriteString(": ")
		case len(answer) > 0:
			b.WriteString("; ")
		}
		b.WriteString(strings.Join(answer, ", "))
	}
	b.WriteString(".")
	if len(l.Reasons) > 0 {
		fmt.Fprintf(&b, " The list says: \"%s\".", show.Cut(strings.Join(l.Reasons, " / "), maxShown))
	}
	return b.String()
}

// roles says what the domains are for that the entry is about.
func (s *Survey) roles(l *Listing) string {
	var roles []string
	for _, other := range s.Listings {
		if other.Zone != l.Zone || other.about() != l.about() {
			continue
		}
		for _, d := range s.Domains {
			if d.Name != other.Subject || d.Role == "" {
				continue
			}
			role := d.Role
			if d.Name != l.about() {
				role += " " + d.Name
			}
			roles = append(roles, role)
		}
	}
	return named(roles)
}

// silence is why lists said nothing, by the check that reports it.
type silence struct {
	check    string
	first    *Listing
	subjects []string
	evidence []finding.Evidence
	couldBe  finding.Severity
}

// silent adds the lists that gave no verdict. A section in which no list of
// weight gave one cannot be judged.
func (j *judge) silent() {
	if len(j.survey.Listings) > 0 {
		j.sheet.Decided("rbl-unresolved")
	}
	for i := range j.survey.Lists {
		h := &j.survey.Lists[i]
		switch h.State {
		case Usable, Refused, Unhealthy:
			j.sheet.Decided("rbl-list-blocked", "rbl-list-unhealthy")
		case Unresolved:
			j.sheet.Undecided("rbl-list-blocked", "rbl-list-unhealthy")
		}
	}
	rewriting := &silence{check: "rbl-resolver-rewrites", couldBe: finding.Warning}
	var health map[healthKey]*ListHealth
	var silences []*silence
	var heavy, decided int
	for i := range j.survey.Listings {
		l := &j.survey.Listings[i]
		weighs := l.list != nil && l.list.worst().AtLeast(finding.Error) && l.Verdict != Dead
		if weighs {
			heavy++
		}
		if l.Verdict != Unknown && l.Verdict != Blocked {
			if weighs {
				decided++
			}
			continue
		}
		if health == nil {
			health = j.survey.health()
		}
		h := health[healthKey{zone: l.Zone, kind: l.Kind}]
		s := rewriting
		if !j.survey.Resolver.Rewrites || h == nil || !h.Outside {
			s = &silence{check: checkOf(l, h), first: l, couldBe: finding.Info}
			same := func(o *silence) bool {
				return o.check == s.check && o.first.Zone == l.Zone && o.first.Kind == l.Kind && o.first.Why == l.Why
			}
			if at := slices.IndexFunc(silences, same); at >= 0 {
				s = silences[at]
			} else {
				silences = append(silences, s)
			}
		}
		s.add(l, h)
	}
	if j.survey.Resolver.Known {
		j.sheet.Decided("rbl-resolver-rewrites")
	}
	var found []finding.Finding
	if j.survey.Resolver.Rewrites {
		found = append(found, j.rewriting(rewriting))
	}
	for _, s := range silences {
		found = append(found, s.finding())
	}
	for i := range found {
		if heavy > 0 && decided == 0 && found[i].CouldBe.AtLeast(finding.Error) {
			found[i].Undecides = true
			break
		}
	}
	for _, f := range found {
		j.sheet.Add(f.Check, f)
	}
}

// health has the lists as they were found.
func (s *Survey) health() map[healthKey]*ListHealth {
	out := make(map[healthKey]*ListHealth)
	for i := range s.Lists {
		h := &s.Lists[i]
		out[healthKey{zone: h.Zone, kind: h.Kind}] = h
	}
	return out
}

// checkOf is the check that reports why a listing has no verdict.
func checkOf(l *Listing, h *ListHealth) string {
	switch {
	case l.Verdict == Blocked:
		return "rbl-list-blocked"
	case h != nil && h.State == Unhealthy:
		return "rbl-list-unhealthy"
	case l.Answers != nil:
		// The list passed its test and then answered what cannot be an entry.
		return "rbl-list-unhealthy"
	}
	return "rbl-unresolved"
}

func (s *silence) add(l *Listing, h *ListHealth) {
	if !slices.Contains(s.subjects, l.Subject) {
		s.subjects = append(s.subjects, l.Subject)
	}
	if l.list != nil && l.list.worst().Rank() > s.couldBe.Rank() {
		s.couldBe = l.list.worst()
	}
	from := l.Evidence
	if h != nil && h.State != Usable {
		if len(s.evidence) > 0 && s.first != nil {
			return
		}
		from = h.Evidence
	}
	if room := maxEvidence - len(s.evidence); room > 0 {
		s.evidence = append(s.evidence, from[:min(room, len(from))]...)
	}
}

func (s *silence) finding() finding.Finding {
	l := s.first
	f := finding.Finding{Check: s.check, Subject: l.Zone, CouldBe: s.couldBe, Evidence: s.evidence}
	f.Detail = fmt.Sprintf("%s did not answer about %s: %s.", l.listName(), named(s.subjects), l.Why)
	if l.Allow {
		f.Detail += " It is an allow list: without it only credit is missing."
	}
	if l.Advice != "" {
		f.Fix = &finding.Fix{Summary: l.Advice}
	}
	return f
}

// rewriting explains all lists that a rewriting resolver spoils at once.
func (j *judge) rewriting(s *silence) finding.Finding {
	r := j.survey.Resolver
	f := finding.Finding{Check: s.check, CouldBe: s.couldBe, Evidence: append(slices.Clone(r.Evidence), s.evidence...)}
	if len(f.Evidence) > maxEvidence {
		f.Evidence = f.Evidence[:maxEvidence]
	}
	f.Detail = "The resolver gave an address for a name that does not exist. What it says about absent records cannot be believed."
	if len(s.subjects) > 0 {
		f.Detail += fmt.Sprintf(" So the lists say nothing about %s.", named(s.subjects))
	}
	f.Fix = &finding.Fix{Summary: "Use another resolver (--resolver), best one of your own."}
	return f
}

// dead adds the lists that were closed.
func (j *judge) dead() {
	if len(j.survey.Lists) > 0 {
		j.sheet.Decided("rbl-list-dead")
	}
	seen := make(map[string]bool)
	for i := range j.survey.Lists {
		h := &j.survey.Lists[i]
		if h.State == Unresolved {
			j.sheet.Undecided("rbl-list-dead") // it may be shut down, too
		}
		if h.State != Closed || seen[h.Zone] {
			continue
		}
		seen[h.Zone] = true
		f := finding.Finding{Subject: h.Zone, Evidence: h.Evidence,
			Detail: fmt.Sprintf("%s is not asked: %s.", h.List.Name, h.Why),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Take %s out of your lists, and out of every mail server that still asks it.", h.Zone)}}
		switch {
		case !h.Asked:
			f.Severity, f.Fix = finding.Info, nil
		case h.byTest:
			f.Title = "DNSBL does not exist for this resolver"
			f.Fix.Summary = fmt.Sprintf("Ask another resolver (--resolver): one that blocks the zone answers the same. If it says so too, take %s out of your lists, and out of every mail server that still asks it.", h.Zone)
		}
		j.sheet.Add("rbl-list-dead", f)
	}
}

// addresses says where the question "which addresses" has no answer.
func (j *judge) addresses(c Context) {
	if !j.survey.AddressesAsked {
		return
	}
	none := len(j.survey.Addresses) == 0
	private := addrList(j.survey.NotPublic)
	switch {
	case c.AddressesUnknown:
		f := finding.Finding{Title: "Sending IPs unknown: MX or SPF lookup failed", CouldBe: finding.Critical, Undecides: none,
			Detail: "Questions that could have named sending addresses were not answered, so addresses may be missing that are on a block list.",
			Fix:    &finding.Fix{Summary: "State the sending addresses with --ip, or try again."}}
		if none {
			f.Detail = "Questions that could have named sending addresses were not answered, so no address could be looked up."
		}
		j.sheet.Add("rbl-unresolved", f)
	case private != "":
		f := finding.Finding{Severity: finding.Info, Subject: private, Title: "Private or reserved IP: not looked up on DNSBLs",
			Detail: fmt.Sprintf("%s is not a public address (private, loopback or reserved): it is another host in every network, so no block list holds it and none was asked.", private),
			Fix:    &finding.Fix{Summary: "State the public addresses that mail leaves from with --ip."}}
		if len(j.survey.NotPublic) > 1 {
			f.Detail = fmt.Sprintf("%s are not public addresses (private, loopback or reserved): they are other hosts in every network, so no block list holds them and none was asked.", private)
		}
		if none && c.Profile != finding.Parked && c.Profile != finding.Receiver {
			f.Severity = finding.Notice
		}
		j.sheet.Add("rbl-no-addresses", f)
	case none && c.Profile != finding.Parked && c.Profile != finding.Receiver:
		j.sheet.Add("rbl-no-addresses", finding.Finding{
			Detail: "No sending address was stated, and neither MX nor SPF names single ones, so no address could be looked up on the block lists.",
			Fix:    &finding.Fix{Summary: "State the addresses that your mail leaves from with --ip."}})
	default:
		j.sheet.Decided("rbl-no-addresses")
	}
}

func addrList(addrs []netip.Addr) string {
	var names []string
	for _, a := range addrs {
		names = append(names, a.String())
	}
	return named(names)
}

// named lists the first few of many.
func named(names []string) string { return show.Listed(names, maxNamed) }
