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
// into another zone, those of a fix that is not complete, and those of a step for later
// are comments too.
func WriteZone(w io.Writer, reports []*report.Report) error {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteByte('\n')
		}
		p := view.PlanOf(r)
		fmt.Fprintf(&b, "; Changes for %s proposed by mailworthy %s on %s\n", zoneComment(r.Domain), zoneComment(r.Version), show.RFC3339(r.Started))
		fmt.Fprintf(&b, "; %s\n", zoneComment(view.PlanOutcome(p)))
		n := 0 // of what is shown: an action without records is none for a zone file
		for _, a := range p.Actions {
			if len(a.Add)+len(a.Remove) == 0 {
				continue
			}
			n++
			fmt.Fprintf(&b, "\n; %d. %s\n;    %s\n", n, zoneComment(strings.Join(a.Summary, " ")), zoneComment(view.ActionMeta(a)))
			if a.Objection != "" {
				fmt.Fprintf(&b, ";    %s\n", zoneComment(a.Objection))
			}
			remove := "remove"
			if a.When != "" {
				remove = "remove later"
			}
			for _, rec := range a.Remove {
				fmt.Fprintf(&b, "; %s: %s\n", remove, show.Cut(show.ZoneLine(rec), show.MaxRecordText))
			}
			for _, rec := range a.Add {
				comment := ""
				switch {
				case rec.HasPlaceholder():
					comment = "; fill in: "
				case a.Who != report.WhoDNS:
					comment = "; for " + zoneComment(a.Whom) + ": "
				case a.When != "":
					comment = "; later: "
				case !a.Complete:
					comment = "; not complete: "
				case a.Objection != "":
					comment = "; not as it is: "
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

// zoneComment is text that stays within its line.
func zoneComment(s string) string { return show.Line(s) }
