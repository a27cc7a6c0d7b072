package export

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/internal/show"
	"mailworthy/report"
	"mailworthy/report/view"
)

// defaultTTL is that of a proposed record which replaces none.
const defaultTTL = 3600

// WriteZone writes the records that the plans propose in master-file syntax,
// with what they are for and what they replace as comments. Records that belong
// into another zone, those of a fix that is not complete, those that the plan holds
// back and those of a step for later are comments too.
func WriteZone(w io.Writer, reports []*report.Report) error {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteByte('\n')
		}
		p := view.PlanOf(r)
		fmt.Fprintf(&b, "; Changes for %s proposed by mailworthy %s on %s\n", zoneComment(r.Domain), zoneComment(r.Version), show.RFC3339(r.Started))
		fmt.Fprintf(&b, "; %s\n", zoneComment(view.PlanOutcome(p)))
		n := 0 // of what is shown: an action without records has no place in a zone file
		for _, a := range p.Actions {
			if len(a.Add)+len(a.Remove) == 0 {
				continue
			}
			n++
			fmt.Fprintf(&b, "\n; %d. %s\n;    %s\n", n, zoneComment(strings.Join(a.Summary, " ")), zoneComment(view.ActionMeta(a)))
			if a.Objection != "" {
				fmt.Fprintf(&b, ";    %s\n", zoneComment(a.Objection))
			}
			held := heldBack(a)
			for _, rec := range a.Remove {
				fmt.Fprintf(&b, "; %s: %s\n", removal(held), show.Cut(show.ZoneLine(rec), show.MaxRecordText))
			}
			for _, rec := range a.Add {
				comment := ""
				switch {
				case rec.HasPlaceholder():
					comment = "; fill in: "
				case held != "":
					comment = "; " + held + ": "
				}
				ttl := a.TTL
				if ttl == 0 {
					ttl = defaultTTL
				}
				fmt.Fprintf(&b, "%s%s %d IN %s %s\n", comment, show.ZoneName(rec.Name), ttl, show.Escape(rec.Type), show.ZoneData(rec.Type, rec.Value))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// heldBack says why the records of an action are comments; "" if they are active lines.
func heldBack(a report.Action) string {
	switch {
	case a.Who != report.WhoDNS:
		return "for " + zoneComment(a.Whom)
	case a.When != "":
		return "later"
	case a.Objection != "":
		return "not as it is"
	case a.Template:
		return "once filled in"
	case !a.Complete:
		return "not complete"
	}
	return ""
}

// removal is what a comment says of a record to remove. Only beside active lines is it
// an instruction to follow now: who removes what stands in another block has nothing in
// its place.
func removal(held string) string {
	if held == "" {
		return "remove"
	}
	return held + ", remove"
}

// zoneComment is text that stays within its line.
func zoneComment(s string) string { return show.Line(s) }
