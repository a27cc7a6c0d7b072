package typo

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/export"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// Harm is something that a proposal of a report does to the domain.
type Harm struct {
	// Kind is one of Kinds.
	Kind string
	Text string
}

// Kinds are the kinds of harm, with what they mean.
var Kinds = map[string]string{
	"new-finding":  "all complete fixes published together leave an error or a critical finding that was not there",
	"disagree":     "two complete fixes put different records in the place of one",
	"not-a-zone":   "no name server loads the zone with the fixes in it",
	"not-there":    "a fix removes a record that is not published",
	"lost-sender":  "an address that passed SPF, or was meant to, does not pass with the fixes",
	"weaker-spf":   "SPF allows a stranger more than was published or meant",
	"weaker-dmarc": "the DMARC policy or alignment is weaker than was published or meant",
	"lost-mailbox": "a mailbox that the owner named gets no reports any more",
	"lost-named":   "a destination of TLS reports, or a file of BIMI, that the owner named is not in what is called a complete record",
	"lost-key":     "a DKIM key that was there, or was meant, is not there with the fixes",
	"lost-mx":      "a host that took mail is no MX any more",
	"invented":     "a fix has a name, address or mailbox that stands nowhere in the records",
	"profile":      "the fixes change what the domain is for",
	"plan":         "the outcome of the plan does one of these, or loses a sender or selector of the audit",
	"incomplete":   "a fix that is not complete is an active line of the zone format, or is applied by the plan",
}

// Case is a domain with mistakes in it.
type Case struct {
	Template Template
	Mistakes []Mistake
	Records  []finding.Record
}

// NewCase types mistakes into a template; nil if the result is no zone.
func NewCase(t Template, mistakes []Mistake) *Case {
	c := &Case{Template: t, Mistakes: mistakes, Records: Apply(t.Records, mistakes)}
	if wrong := unloadable(c.Records); wrong != "" {
		return nil
	}
	return c
}

// String is the template and its mistakes.
func (c *Case) String() string {
	var b strings.Builder
	b.WriteString(c.Template.Name)
	for _, m := range c.Mistakes {
		b.WriteString("\n    " + m.Text)
	}
	return b.String()
}

// unloadable says why no name server loads the records.
func unloadable(records []finding.Record) string {
	types := make(map[string][]string)
	for _, r := range records {
		if _, err := parsed(r); err != nil {
			return fmt.Sprintf("%s %s %q: %v", r.Name, r.Type, r.Value, err)
		}
		name := strings.ToLower(r.Name)
		if !isName(name) {
			return "the name " + r.Name
		}
		host := r.Value
		if r.Type == "MX" {
			_, host, _ = strings.Cut(host, " ")
		}
		if r.Type != "TXT" && host != "." && !isName(strings.TrimSuffix(host, ".")) {
			return fmt.Sprintf("%s %s %q: not a host", r.Name, r.Type, r.Value)
		}
		types[name] = append(types[name], r.Type)
	}
	for name, t := range types {
		if slices.Contains(t, "CNAME") && (len(t) > 1 || slices.Contains(zones, name)) {
			return "a CNAME beside other records at " + name
		}
	}
	return ""
}

// isName reports whether a panel takes a text for a name.
func isName(s string) bool {
	return len(s) <= 253 && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) &&
		!slices.ContainsFunc(strings.Split(s, "."), func(l string) bool { return l == "" || len(l) > 63 })
}

// inspection is the work on one case.
type inspection struct {
	*Case
	ctx   context.Context
	world *World
	harms []Harm

	meant, published facts
	// parts are the zones with some of the mistakes, all included, once needed.
	subsets []subset
	ideal   *report.Report
}

func (x *inspection) harm(kind, format string, args ...any) {
	if Kinds[kind] == "" {
		panic("typo: no kind " + kind)
	}
	x.harms = append(x.harms, Harm{kind, fmt.Sprintf(format, args...)})
}

// subset is the zone with some of the mistakes.
type subset struct {
	n      int
	facts  facts
	report *report.Report
	// mended are the facts with its complete fixes.
	mended facts
}

// Meant is what a template means, the same for all its cases.
type Meant struct {
	facts  facts
	report *report.Report
}

// Learn finds out what a template means. What is wrong with it is an error.
func (w *World) Learn(ctx context.Context, t Template) (*Meant, error) {
	r, err := w.With(t.Records)
	if err != nil {
		return nil, err
	}
	m := &Meant{learn(ctx, r, t), run(ctx, r, t.Target, nil)}
	for _, f := range m.report.Findings {
		if f.Severity.AtLeast(finding.Error) || f.Severity == finding.Unknown {
			return nil, fmt.Errorf("%s: %s %s: %s", t.Name, f.Check, f.Subject, f.Detail)
		}
	}
	for c, result := range m.facts.spf {
		if (result == spf.Pass) != (c.ip != stranger) {
			return nil, fmt.Errorf("%s: %s for %v", t.Name, result, c)
		}
	}
	return m, nil
}

// Inspect audits the zone of a case, publishes every complete fix, and the plan,
// and returns what harm that does.
func (w *World) Inspect(ctx context.Context, c *Case, m *Meant) ([]Harm, error) {
	base, err := w.With(c.Records)
	if err != nil {
		return nil, err
	}
	x := &inspection{Case: c, ctx: ctx, world: w, meant: m.facts, ideal: m.report}
	base = resolver.NewSession(base, 0)
	before := run(ctx, base, c.Template.Target, nil)
	for i := range before.Findings {
		if before.Findings[i].Fix != nil {
			x.names(&before.Findings[i])
		}
	}
	fixes := complete(before)
	x.published = learn(ctx, base, c.Template)
	if len(fixes) > 0 {
		x.publish(before, fixes)
	}
	x.plan(base, before)
	return x.harms, nil
}

// complete are the complete fixes of a report, each once.
func complete(r *report.Report) []*finding.Fix {
	var fixes []*finding.Fix
	keys := make(map[string]bool)
	for i := range r.Findings {
		if f := r.Findings[i].Fix; f != nil && f.Complete && !keys[f.Key()] {
			keys[f.Key()] = true
			fixes = append(fixes, f)
		}
	}
	return fixes
}

// removedBy are the records that fixes remove.
func removedBy(fixes []*finding.Fix) (out []finding.Record) {
	for _, f := range fixes {
		out = append(out, f.Remove...)
	}
	return out
}

// with is what is published with fixes, and what they add.
func with(records []finding.Record, fixes []*finding.Fix) (out, added []finding.Record) {
	out = slices.Clone(records)
	for _, f := range fixes {
		for _, r := range f.Remove {
			out = slices.DeleteFunc(out, func(have finding.Record) bool { return same(have, r) })
		}
		for _, r := range f.Records() {
			added = add(added, r)
		}
	}
	for _, r := range added {
		out = add(out, r)
	}
	return out, added
}

// publish is what the owner does who pastes everything.
func (x *inspection) publish(before *report.Report, fixes []*finding.Fix) {
	records, added := with(x.Records, fixes)
	replaced := make(map[finding.Record][]finding.Record)
	for _, f := range fixes {
		for _, r := range f.Remove {
			if !slices.ContainsFunc(x.Records, func(have finding.Record) bool { return same(have, r) }) && x.own(r) {
				x.harm("not-there", "%s: removes %s", f.Summary, text(r))
			}
			for _, a := range f.Records() {
				if a.Name == r.Name && a.Type == r.Type && len(f.Records()) == 1 {
					replaced[r] = append(replaced[r], a)
				}
			}
		}
	}
	for was, is := range replaced {
		for _, other := range is[1:] {
			if !same(is[0], other) {
				x.harm("disagree", "%s becomes %s by one fix and %s by another", text(was), text(is[0]), text(other))
				return // what follows from it is no further harm
			}
		}
	}
	if wrong := unloadable(records); wrong != "" {
		x.harm("not-a-zone", "with the fixes: %s", wrong)
		return
	}
	r, err := x.world.With(records)
	if err != nil {
		x.harm("not-a-zone", "with the fixes: %v", err)
		return
	}
	r = resolver.NewSession(r, 0)
	(&comparison{inspection: x, before: before, after: run(x.ctx, r, x.Template.Target, nil), now: learn(x.ctx, r, x.Template), added: added, removed: removedBy(fixes)}).all()
}

// own reports whether a record is in a zone of the owner.
func (x *inspection) own(r finding.Record) bool {
	return slices.ContainsFunc(zones, func(z string) bool { return within(r.Name, z) })
}

// plan makes the plan and looks at where it leads.
func (x *inspection) plan(base resolver.Resolver, before *report.Report) {
	proposed := func(changes []report.Change) (resolver.Resolver, error) {
		r := base
		for _, c := range changes {
			var err error
			if r, err = resolver.Amend(r, c.Remove, c.Add); err != nil {
				return nil, err
			}
		}
		return r, nil
	}
	plan := report.MakePlan(before, func(changes []report.Change) *report.Report {
		r, err := proposed(changes)
		if err != nil {
			x.harm("plan", "a change cannot be audited: %v", err)
			return nil
		}
		return run(x.ctx, r, x.Template.Target, before)
	})
	var added, removed []finding.Record
	for _, a := range plan.Actions {
		if a.Audited {
			added, removed = append(added, a.Add...), append(removed, a.Remove...)
			if slices.ContainsFunc(a.Add, finding.Record.HasPlaceholder) {
				x.harm("incomplete", "the plan applies %s", text(a.Add[0]))
			}
		}
	}
	x.zoneFormat(before, plan)
	if len(added) == 0 {
		return
	}
	changes := plan.Changes()
	last, err := proposed(changes)
	if err != nil {
		x.harm("plan", "its changes cannot be audited: %v", err)
		return
	}
	last = resolver.NewSession(last, 0)
	after := run(x.ctx, last, x.Template.Target, before)
	(&comparison{inspection: x, as: "plan", before: before, after: after, now: learn(x.ctx, last, x.Template), added: added, removed: removed}).all()
	for _, s := range before.Examined.Senders {
		if !slices.ContainsFunc(after.Examined.Senders, func(o audit.Sender) bool { return o.Addr == s.Addr }) && slices.Contains(x.Template.Senders, s.Addr) {
			x.harm("plan", "its audit leaves out the sender %s", s.Addr)
		}
	}
}

// zoneFormat reads the plan as it is written for a zone: its active lines are records
// of complete fixes, and so are the records that it says to remove.
func (x *inspection) zoneFormat(before *report.Report, plan *report.Plan) {
	planned := *before
	planned.Plan = plan
	var b strings.Builder
	if err := export.WriteZone(&b, []*report.Report{&planned}); err != nil {
		x.harm("incomplete", "the zone format: %v", err)
		return
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		if old, ok := strings.CutPrefix(line, "; remove: "); ok && !slices.ContainsFunc(plan.Actions, func(a report.Action) bool {
			return a.Complete && slices.ContainsFunc(a.Remove, func(r finding.Record) bool { return show.Cut(show.ZoneLine(r), show.MaxRecordText) == old })
		}) {
			x.harm("incomplete", "a removal of the zone format: %.200s", old)
		}
		if line == "" || strings.HasPrefix(line, ";") {
			continue
		}
		owner, _, _ := strings.Cut(line, " ")
		owner = strings.TrimSuffix(owner, ".")
		if strings.Contains(line, "<") || !slices.ContainsFunc(plan.Actions, func(a report.Action) bool {
			return a.Complete && slices.ContainsFunc(a.Add, func(r finding.Record) bool { return strings.EqualFold(r.Name, owner) })
		}) {
			x.harm("incomplete", "an active line of the zone format: %.200s", line)
		}
	}
}

// token is a mailbox, a name, an address or a key in a record.
var token = lazyre.New(`[A-Za-z0-9_][A-Za-z0-9_.+-]*@[A-Za-z0-9_.-]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+|[A-Za-z0-9+/=]{24,}`)

// prefixes stand before names and addresses, and are part of neither.
var prefixes = lazyre.New(`(?i)\bip[46]:|%2c|!`)

// names looks for what a fix, complete or not, has made up.
func (x *inspection) names(f *finding.Finding) {
	var known strings.Builder
	for _, r := range append(slices.Clone(x.Records), x.Template.Records...) {
		known.WriteString(r.Name + " " + r.Value + "\n")
	}
	plain := strings.ToLower(known.String())
	plain += strings.NewReplacer("–", "-", "—", "-").Replace(plain) // the hyphen that an editor made a dash of
	squeezed := strings.Join(strings.FieldsFunc(plain, func(c rune) bool { return strings.ContainsRune(" \t\"\\'\u00a0\u200b", c) }), "")
	plussed := strings.ReplaceAll(plain, " ", "+") // of a key that a form made spaces in
	dotted := strings.NewReplacer(",", ".", ";", ".", "..", ".", "(at)", "@").Replace(squeezed)
	tied := strings.NewReplacer("@@", "@", ",@", "@", ";@", "@", ".@", "@", ":@", "@", "@,", "@", "@;", "@", "@.", "@", "@:", "@", "(at)", "@").Replace(squeezed) // no mailbox ends so, and no host begins so
	coloned := strings.ReplaceAll(squeezed, "=", ":")                                                                                                             // of an IPv6 address
	services := strings.ToLower(master())
	for _, r := range f.Fix.Records() {
		value := r.Value
		for {
			before, rest, ok := strings.Cut(value, "<")
			_, end, closed := strings.Cut(rest, ">")
			if !ok || !closed {
				break
			}
			value = before + " " + end
		}
		value = prefixes.ReplaceAllString(value, " ")
		for _, word := range token.FindAllString(value, -1) {
			w := strings.TrimPrefix(strings.ToLower(strings.Trim(word, ".")), "p=") // of a key, not its tag
			if strings.Contains(plain, w) || strings.Contains(squeezed, w) || strings.Contains(dotted, w) || strings.Contains(tied, w) || strings.Count(w, ":") > 1 && strings.Contains(coloned, w) || len(w) > 100 && (strings.Contains(plussed, w) || halved(plain, w)) || x.serves(services, w) || strings.Contains(services, ":"+w) {
				continue
			}
			if local, host, mailbox := strings.Cut(w, "@"); mailbox && host == Domain && slices.ContainsFunc([]string{":" + local + "@", "=" + local + "@", ":" + local + "(at)"}, func(s string) bool { return strings.Contains(plain, s) }) {
				continue // it stands there letter by letter, and the host is the owner's
			}
			if a, err := netip.ParseAddr(w); err == nil && slices.ContainsFunc(token.FindAllString(prefixes.ReplaceAllString(plain, " "), -1), func(s string) bool { h, err := netip.ParseAddr(s); return err == nil && a == h }) {
				continue // written in another way
			}
			x.harm("invented", "%s: %q in %s", f.Check, word, text(r))
		}
	}
}

// halved reports whether a key stands in the lines in two parts, each the end of a record.
func halved(lines, key string) bool {
	for i := 1; i < len(key); i++ {
		if strings.Contains(lines, key[:i]+"\n") && (strings.Contains(lines, " "+key[i:]+"\n") || strings.Contains(lines, " "+key[i:]+";")) {
			return true
		}
	}
	return false
}

// serves reports whether a name is one of the services.
func (x *inspection) serves(zones, name string) bool {
	for origin := name; strings.Contains(origin, "."); _, origin, _ = strings.Cut(origin, ".") {
		if strings.Contains(zones, "$origin "+origin+".") {
			rest := strings.TrimSuffix(strings.TrimSuffix(name, origin), ".")
			return rest == "" || strings.Contains(zones, "\n"+rest+" ")
		}
	}
	return false
}

// text is a record in a line.
func text(r finding.Record) string {
	value := r.Value
	if len(value) > 200 {
		value = value[:200] + "…"
	}
	return fmt.Sprintf("%s %s %q", r.Name, r.Type, value)
}
