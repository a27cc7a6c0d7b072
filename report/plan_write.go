package report

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
)

// plan is the plan of the report, or one made from its fixes alone.
func (r *Report) plan() *Plan {
	if r.Plan != nil {
		return r.Plan
	}
	return MakePlan(r, nil)
}

// WritePlan writes what to do for a person at a terminal.
func WritePlan(w io.Writer, r *Report, o TableOptions) error {
	s := newScreen(o)
	p := r.plan()
	name := s.text(r.Domain)
	s.hang(s.bold(name)+"  ", "  ", s.fold(planOutcome(p)), nil)
	if len(p.Actions) == 0 {
		s.para("", "Nothing to do: no finding has a fix.")
		return s.writeTo(w)
	}
	for i, a := range p.Actions {
		s.blank()
		lead := fmt.Sprintf("%d. ", i+1)
		s.hang(s.bold(lead), strings.Repeat(" ", len(lead)), s.text(strings.Join(a.Summary, " ")), nil)
		indent := strings.Repeat(" ", len(lead))
		s.hang(indent, indent, s.text(actionMeta(a)), s.dim)
		for _, rec := range a.Remove {
			for j, l := range oldLines(rec, s.wide-len(indent)-2) {
				mark := "- "
				if j > 0 {
					mark = "  "
				}
				s.line(indent + s.style("31", s.fold(mark+l)))
			}
		}
		for _, rec := range a.Add {
			for j, l := range masterLines(rec, s.wide-len(indent)-2) {
				mark := "+ "
				if j > 0 {
					mark = "  "
				}
				s.line(indent + s.style(sgrGreen, s.fold(mark+l)))
			}
		}
		if a.Objection != "" {
			s.hang(indent+s.mark(finding.Warning)+" ", indent+"  ", s.text(a.Objection), nil)
		}
		s.hang(indent, indent, s.text(a.Verify), s.dim)
	}
	return s.writeTo(w)
}

// planOutcome says where the plan leads.
func planOutcome(p *Plan) string {
	if p.After == nil {
		return outcomeText(p.Before)
	}
	return outcomeText(p.Before) + " → " + outcomeText(*p.After) + " with the audited changes"
}

func outcomeText(o Outcome) string {
	if o.Score == nil {
		return string(o.Verdict) + ", no score"
	}
	return fmt.Sprintf("%s %d/100 %s", o.Verdict, *o.Score, o.Grade)
}

// actionMeta says who acts, what is gained and which checks close.
func actionMeta(a Action) string {
	parts := []string{a.Whom}
	if a.Points > 0 {
		parts = append(parts, fmt.Sprintf("+%.3g points", a.Points))
	}
	if checks := closedChecks(a.Closes); len(checks) > 0 {
		parts = append(parts, "closes "+strings.Join(checks, ", "))
	}
	if a.Audited {
		parts = append(parts, "audited")
	}
	return strings.Join(parts, " · ")
}

// closedChecks are the checks of findings, each once.
func closedChecks(list []Closed) []string {
	var out []string
	seen := make(map[string]bool)
	for _, c := range list {
		if !seen[c.Check] {
			seen[c.Check] = true
			out = append(out, c.Check)
		}
	}
	return out
}

// defaultTTL is that of a proposed record which replaces none.
const defaultTTL = 3600

// WriteZone writes the records that the plans propose in master-file syntax,
// with what they are for and what they replace as comments. Records that belong
// into another zone, and those of a fix that is not complete, are comments too.
func WriteZone(w io.Writer, reports []*Report) error {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteByte('\n')
		}
		p := r.plan()
		fmt.Fprintf(&b, "; Changes for %s proposed by mailworthy %s on %s\n", zoneComment(r.Domain), zoneComment(r.Version), rfc3339(r.Started))
		fmt.Fprintf(&b, "; %s\n", zoneComment(planOutcome(p)))
		for n, a := range p.Actions {
			if len(a.Add)+len(a.Remove) == 0 {
				continue
			}
			fmt.Fprintf(&b, "\n; %d. %s\n;    %s\n", n+1, zoneComment(strings.Join(a.Summary, " ")), zoneComment(actionMeta(a)))
			if a.Objection != "" {
				fmt.Fprintf(&b, ";    %s\n", zoneComment(a.Objection))
			}
			for _, rec := range a.Remove {
				fmt.Fprintf(&b, "; remove: %s\n", clip(masterLine(rec), maxRecordText))
			}
			for _, rec := range a.Add {
				comment := ""
				switch {
				case rec.HasPlaceholder():
					comment = "; fill in: "
				case a.Who != WhoDNS:
					comment = "; for " + zoneComment(a.Whom) + ": "
				case !a.Complete:
					comment = "; not complete: "
				case a.Objection != "":
					comment = "; not as it is: "
				}
				ttl := a.TTL
				if ttl == 0 {
					ttl = defaultTTL
				}
				fmt.Fprintf(&b, "%s%s %d IN %s %s\n", comment, masterName(rec.Name), ttl, Escape(rec.Type), masterData(rec.Type, rec.Value))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// zoneComment is text that stays within its line.
func zoneComment(s string) string { return shown(s) }
