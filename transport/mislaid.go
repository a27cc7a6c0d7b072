package transport

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// kind is one of the records of this package that stand at a name of their own.
type kind struct {
	what, version string
	// name is where the record stands, before the domain.
	name string
	// alike are what is left of its misspelt names without dots, hyphens and underscores.
	alike []string
	// missing are the checks that say that there is none, misplaced the one that it stands
	// elsewhere.
	missing   []string
	misplaced string
}

var kinds = [...]kind{
	{"MTA-STS", "v=STSv1", "_mta-sts", []string{"mtasts", "stsmta", "mta", "sts", "mtast", "mtastss", "mtasst"}, []string{"mta-sts-missing", "mta-sts-policy-without-record"}, "mta-sts-wrong-name"},
	{"TLS-RPT", "v=TLSRPTv1", "_smtp._tls", []string{"smtptls", "tlssmtp", "tls", "smtp", "tlsrpt", "smtptlsrpt", "tlsrptsmtp"}, []string{"tls-rpt-missing"}, "tls-rpt-wrong-name"},
	{"BIMI", "v=BIMI1", DefaultSelector + "._bimi", []string{"bimi", "defaultbimi", "bimidefault"}, []string{"bimi-record-missing"}, "bimi-wrong-name"},
}

// meant returns the texts that are records of the kind, and were meant to be.
func (k *kind) meant(t *Texts) []string {
	if k.version == "v=BIMI1" {
		return slices.Concat(bimiRecords(t))
	}
	return slices.Concat(versioned(t.Records, k.version))
}

// stray is the answer for a name at which a record may stand by mistake.
type stray struct {
	kind    *kind
	doubled bool
	Texts
}

// The bounds on names of a zone that are searched for records.
const (
	mostNames  = 5000
	mostStrays = 20
)

// strays are names of the loaded zone that look like those of the kinds, and are not. What
// stands at the domain itself is looked at, too.
func strays(domain string, names []string) []stray {
	out := []stray{{kind: &kinds[0], Texts: Texts{Name: domain}}, {kind: &kinds[1], Texts: Texts{Name: domain}}}
	first, _, _ := strings.Cut(domain, ".")
	bare := strings.NewReplacer(".", "", "-", "", "_", "")
	for _, name := range names {
		relative, doubled := strings.TrimSuffix(name, "."+domain), false
		for _, again := range []string{"." + domain, "." + first} {
			if cut, ok := strings.CutSuffix(relative, again); ok && !doubled {
				relative, doubled = cut, true
			}
		}
		plain := bare.Replace(relative)
		for i := range kinds {
			k := &kinds[i]
			right := relative == k.name || k.version == "v=BIMI1" && strings.HasSuffix(relative, "._bimi") && strings.Count(relative, ".") == 1
			if (right && doubled || !right && slices.Contains(k.alike, plain)) && len(out) < mostStrays {
				out = append(out, stray{kind: k, doubled: doubled, Texts: Texts{Name: name}})
			}
		}
	}
	return out
}

// askStrays asks for what stands at names of the loaded zone that look like those of records.
func (f *Facts) askStrays(b *resolver.Batch, domain string, names func(string, int) []string) {
	if names == nil {
		return
	}
	listed := names(domain, mostNames)
	if len(listed) == 0 {
		return
	}
	f.strays = strays(domain, listed)
	for i := range f.strays {
		s := &f.strays[i]
		askTexts(b, s.Name, func(t Texts) { s.Texts = t })
	}
}

// misplaced turns the findings that a record is missing into those that it stands at a
// wrong name.
func (f *Facts) misplaced(findings []finding.Finding, arriving ...string) []finding.Finding {
	for i := range kinds {
		k := &kinds[i]
		at := slices.IndexFunc(findings, func(found finding.Finding) bool {
			return slices.Contains(k.missing, found.Check) && found.Severity != finding.Pass
		})
		if at < 0 {
			continue
		}
		for _, s := range f.candidates(k) {
			if s.kind != k || len(k.meant(&s.Texts)) != 1 {
				continue
			}
			findings[at] = f.wrongName(&s, &findings[at], arriving)
			break
		}
	}
	return findings
}

// candidates are where a record of the kind may stand by mistake.
func (f *Facts) candidates(k *kind) []stray { return append(f.exchanged(k), f.strays...) }

// askMoved asks about the hosts of records of TLS reporting that may be moved to the right name.
func (f *Facts) askMoved(b *resolver.Batch) {
	k := &kinds[1]
	if f.Reporting.record() != nil {
		return
	}
	for _, s := range f.candidates(k) {
		if s.kind != k {
			continue
		}
		if meant := k.meant(&s.Texts); len(meant) == 1 {
			f.Reporting.askHoped(b, proposedFor(k, meant[0]))
		}
	}
}

// proposedFor is the record that a text of the kind is put right as.
func proposedFor(k *kind, text string) string {
	if len(text) > maxRecord {
		return text
	}
	out := text
	for _, found := range Lint(strings.ToLower(k.what), []byte(text)) {
		if found.Severity.AtLeast(finding.Error) && found.Fix != nil && found.Fix.Value != "" {
			out = found.Fix.Value
		}
	}
	return out
}

// exchanged is what stands at the names of the other kinds, and of DMARC: a record of the kind
// may have been published there.
func (f *Facts) exchanged(k *kind) []stray {
	var out []stray
	at := []*Texts{&f.STS.Record, &f.Reporting.Record}
	if f.BIMI != nil {
		at = append(at, &f.BIMI.Record, &f.BIMI.DMARC[0].Texts)
	}
	for _, t := range at {
		if !strings.HasPrefix(t.Name, k.name+".") && len(t.Evidence.CNAMEs) == 0 {
			out = append(out, stray{kind: k, Texts: *t})
		}
	}
	return out
}

// wrongName is said of a record that stands at a wrong name, in place of that it is missing.
func (f *Facts) wrongName(s *stray, missing *finding.Finding, arriving []string) finding.Finding {
	k := s.kind
	right := k.name + "." + missing.Subject
	text := k.meant(&s.Texts)[0]
	why := "nobody looks there"
	if s.doubled {
		why = "the domain is in the name twice: the control panel adds it to what is typed"
	}
	out := finding.Finding{Evidence: append(slices.Clip(missing.Evidence), s.Evidence),
		Detail: fmt.Sprintf("The %s record %s is published at %s: %s. It belongs at %s.", k.what, quote(text), s.Name, why, right)}
	fix := &finding.Fix{Summary: fmt.Sprintf("Move the record to %s.", right), Name: right, Type: "TXT", Value: text,
		Remove: []finding.Record{{Name: s.Name, Type: "TXT", Value: text}}}
	meant := proposedFor(k, text)
	switch {
	case len(s.Evidence.CNAMEs) > 0:
		fix.Type, fix.Value, fix.Remove[0] = "CNAME", s.Evidence.CNAMEs[0], finding.Record{Name: s.Name, Type: "CNAME", Value: s.Evidence.CNAMEs[0]}
	case len(text) > maxRecord:
		fix = &finding.Fix{Summary: fmt.Sprintf("Move the record to %s, without what is wrong in it.", right)}
	case meant != text:
		fix.Summary, fix.Value = fmt.Sprintf("Move the record to %s, in the right form.", right), meant
	}
	if k.version == "v=STSv1" && f.STS.Policy == nil && f.STS.Host.State == Absent {
		// The record alone would announce a policy that nobody can fetch.
		fix.Summary = fmt.Sprintf("Serve the policy at %s first. %s", f.STS.Host.Name, fix.Summary)
		fix.When = "the policy is served at " + f.STS.Host.Name
	}
	if at := f.at(right); fix.When == "" && at != nil && len(at.Evidence.CNAMEs) > 0 && !at.wild(f.other(right)) {
		fix.When = fmt.Sprintf("the alias at %s, which leads to %s, is removed", right, show.Escape(at.Evidence.CNAMEs[len(at.Evidence.CNAMEs)-1]))
	}
	if version := recordWithin(text, k.version); fix.When == "" && version != "" {
		fix.When = fmt.Sprintf("what stands behind %s in it is published as a record of its own", version)
	}
	for i := range f.strays {
		if other := &f.strays[i]; fix.When == "" && other.kind == k && other.Name != s.Name && len(k.meant(&other.Texts)) == 1 && k.meant(&other.Texts)[0] != text {
			fix.When = fmt.Sprintf("%s at %s is not what was meant", quote(k.meant(&other.Texts)[0]), other.Name)
		}
	}
	if k.version == "v=TLSRPTv1" {
		f.Reporting.wait(fix, meant, arriving...)
	}
	out.Fix = fix
	list := checkList
	if k.version == "v=BIMI1" {
		list, out.Title = bimiList, "BIMI record at the wrong name (must be default._bimi)"
	}
	sheet := finding.NewSheet(list, missing.Subject)
	sheet.Add(k.misplaced, out)
	return sheet.Findings()[0]
}

// anyVersion is that of a record of any kind.
var anyVersion = lazyre.New(`(?i)\bv *= *(?:` + versions + `)\b`)

// recordWithin is the version of a record of another kind that stands in the text of one; empty if
// there is none.
func recordWithin(text, version string) string {
	for _, found := range anyVersion.FindAllString(text, -1) {
		if found = strings.ReplaceAll(found, " ", ""); !strings.EqualFold(found, version) {
			return found
		}
	}
	return ""
}

// at is what stands at the right name of a record; nil if it was not asked for.
func (f *Facts) at(name string) *Texts {
	all := []*Texts{&f.STS.Record, &f.Reporting.Record}
	if f.BIMI != nil {
		all = append(all, &f.BIMI.Record)
	}
	for _, t := range all {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// other is what stands at the right name of another kind of record.
func (f *Facts) other(name string) *Texts {
	if f.STS.Record.Name == name {
		return &f.Reporting.Record
	}
	return &f.STS.Record
}

// wild reports whether the alias at a name is that of a wildcard: another name, at which
// other records belong, is an alias of the same.
func (t *Texts) wild(other *Texts) bool {
	return len(t.Evidence.CNAMEs) > 0 && len(other.Evidence.CNAMEs) > 0 && strings.EqualFold(t.Evidence.CNAMEs[0], other.Evidence.CNAMEs[0])
}

// inPlaceOfAlias has a fix remove the alias at the name of the record, beside which nothing
// may stand (RFC 1034, 3.6.2). That of a wildcard ends where a record is published (RFC 4592, 4.3).
func inPlaceOfAlias(fix *finding.Fix, t *Texts, other *Texts) {
	if len(t.Evidence.CNAMEs) > 0 && !t.wild(other) {
		fix.Summary = "Have the record published where the alias leads, or remove the alias. " + fix.Summary
		fix.Remove = append(fix.Remove, finding.Record{Name: t.Name, Type: "CNAME", Value: t.Evidence.CNAMEs[0]})
	}
}

// aliasText is the name that stands as text where a record belongs: an alias was meant. Label
// is one that the name of every such record has; "" if no text is one.
func (t *Texts) aliasText(label string) string {
	if len(t.Records) != 1 {
		return ""
	}
	name := strings.Trim(t.Records[0], " \t\"'")
	plain := strings.TrimSuffix(strings.ReplaceAll(name, "_", ""), ".")
	if !strings.Contains(strings.ToLower(name), label+".") || !isHost(plain) || !dmarc.IsKnownHost(plain) {
		return ""
	}
	return strings.TrimSuffix(name, ".")
}

// cutOff is what is said of a text that its zone file cuts off for want of quotes, with what
// the whole of it was meant to be; false if it is whole.
func (t *Texts) cutOff(what, text string, meant func(text string, hosts ...string) string, domain string) (f finding.Finding, ok bool) {
	whole := t.whole[text]
	if whole == "" {
		return f, false
	}
	fix := fixOf("Put the string in quotes.", meant(whole, domain))
	fix.Name, fix.Type, fix.Remove = t.Name, "TXT", []finding.Record{{Name: t.Name, Type: "TXT", Value: text}}
	return finding.Finding{Title: what + " TXT record cut off: no quotes in the zone file", Evidence: []finding.Evidence{t.Evidence}, Fix: fix,
		Detail: fmt.Sprintf("In the zone file the string has no quotes around it, so that the text behind the first semicolon is a comment (RFC 1035, 5.1): %s is published, %s was meant.", quote(text), quote(whole))}, true
}

// asAlias is what is said of a name that stands as text where a record belongs.
func (t *Texts) asAlias(what, target string) finding.Finding {
	return finding.Finding{Title: what + " alias published as text (TXT instead of CNAME)", Evidence: []finding.Evidence{t.Evidence},
		Detail: fmt.Sprintf("The TXT record at %s is the name %s: an alias was meant, and published with the type TXT.", t.Name, show.Escape(target)),
		Fix: &finding.Fix{Summary: "Publish it as an alias.", Name: t.Name, Type: "CNAME", Value: target, When: show.Escape(target) + " has the record",
			Remove: []finding.Record{{Name: t.Name, Type: "TXT", Value: t.Records[0]}}}}
}

// hosted turns each fix that replaces TXT at an alias into one that can be done: nothing may
// stand beside a CNAME (RFC 1034, 3.6.2), so that the record at its end must change, or the
// alias go.
func (t *Texts) hosted(found []*finding.Finding, domain string) {
	n := len(t.Evidence.CNAMEs)
	if n == 0 {
		return
	}
	here := func(r finding.Record) bool { return r.Name == t.Name && r.Type == "TXT" }
	target := show.Escape(t.Evidence.CNAMEs[n-1])
	for _, f := range found {
		if f.Fix == nil || !slices.ContainsFunc(f.Fix.Remove, here) {
			continue
		}
		fix := *f.Fix
		if f.Detail += fmt.Sprintf(" %s is an alias of %s.", t.Name, target); fix.Name == t.Name && resolver.Within(t.Evidence.CNAMEs[n-1], domain) {
			fix.Summary = fmt.Sprintf("Remove the alias at %s, which leads to %s, and publish the record in its place. %s", t.Name, target, fix.Summary)
			fix.Remove = append(slices.DeleteFunc(slices.Clone(fix.Remove), here), finding.Record{Name: t.Name, Type: "CNAME", Value: t.Evidence.CNAMEs[0]})
		} else {
			fix = finding.Fix{Summary: fmt.Sprintf("%s As %s is an alias, have the operator of %s change the record there to %s; or remove the alias and publish the record at %s yourself.",
				fix.Summary, t.Name, target, quote(fix.Value), t.Name)}
		}
		f.Fix = &fix
	}
}

// danglingAlias says of a name without a record that it is an alias, and where it leads. Other
// is a name at which another record belongs.
func danglingAlias(t *Texts, zone string, other *Texts) string {
	n := len(t.Evidence.CNAMEs)
	if n == 0 {
		return ""
	}
	target := t.Evidence.CNAMEs[n-1]
	what := "has no such record"
	if t.Evidence.Status == string(resolver.NXDomain) {
		what = "does not exist"
	}
	text := fmt.Sprintf(" %s is an alias of %s, which %s.", t.Name, target, what)
	if t.wild(other) {
		text = fmt.Sprintf(" A wildcard answers there, as for %s: an alias of %s, which %s. A record of its own at the name ends that.", other.Name, target, what)
	}
	if right := resolver.Undotted(target, zone, resolver.Registrable(zone)); right != "" {
		text += fmt.Sprintf(" Perhaps the zone added its own name to %s, because the final dot is missing.", right)
	}
	return text
}
