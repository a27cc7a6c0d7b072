package export

import (
	"fmt"
	"io"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider/setup"
	"mailworthy/report/view"
)

// WriteSetupZone writes the records that a checklist has to publish in master-file
// syntax. Those with a place to fill in, and what is to be removed, are comments.
func WriteSetupZone(w io.Writer, l *setup.Checklist) error {
	var b strings.Builder
	fmt.Fprintf(&b, "; %s for %s\n", zoneComment(l.Provider), zoneComment(l.Domain))
	r := view.SetupRecords(l)
	if len(r.Add) == 0 {
		b.WriteString("; nothing to publish\n")
	}
	for _, rec := range r.Remove {
		fmt.Fprintf(&b, "; remove: %s\n", show.Clip(show.ZoneLine(rec), show.MaxRecordText))
	}
	for _, rec := range r.Add {
		writeZoneRecord(&b, rec)
	}
	for _, n := range l.Next {
		fmt.Fprintf(&b, "; next: %s\n", zoneComment(n))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeZoneRecord writes a record to publish; one with a place to fill in as a comment.
func writeZoneRecord(b *strings.Builder, rec finding.Record) {
	comment := ""
	if rec.HasPlaceholder() {
		comment = "; fill in: "
	}
	fmt.Fprintf(b, "%s%s %d IN %s %s\n", comment, show.ZoneName(rec.Name), defaultTTL, show.Escape(rec.Type), show.ZoneData(rec.Type, rec.Value))
}
