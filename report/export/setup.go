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
	if len(r.Add) == 0 && len(view.SetupOccupied(l).Add) == 0 {
		b.WriteString("; nothing to publish\n")
	}
	for _, rec := range r.Remove {
		fmt.Fprintf(&b, "; remove: %s\n", show.Cut(show.ZoneLine(rec), show.MaxRecordText))
	}
	for _, rec := range r.Add {
		writeZoneRecord(&b, rec)
	}
	occupied := view.SetupOccupied(l)
	for _, rec := range occupied.Remove {
		fmt.Fprintf(&b, "; make sure whose it is: %s\n", show.Cut(show.ZoneLine(rec), show.MaxRecordText))
	}
	for _, rec := range occupied.Add {
		fmt.Fprintf(&b, "; if nobody needs it: %s\n", show.ZoneLine(rec))
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

// WriteProposalZone writes the records for a new domain in master-file syntax: what can
// be published now as lines, all else as comments with its condition.
func WriteProposalZone(w io.Writer, p *setup.Proposal) error {
	var b strings.Builder
	fmt.Fprintf(&b, "; Mail for %s, proposed by mailworthy\n", zoneComment(p.Domain))
	if p.Audit != nil && p.AtEnd != nil {
		fmt.Fprintf(&b, "; The proposal audits as %s, and with the last stage of DMARC as %s; SPF takes %d of 10 DNS lookups.\n", zoneComment(p.Audit.Verdict), zoneComment(p.AtEnd.Verdict), p.Lookups)
	}
	for i := range p.Records {
		r := &p.Records[i]
		line := strings.Builder{}
		writeZoneRecord(&line, r.Record())
		text := line.String()
		switch {
		case r.Whose != "":
			text = "; for " + zoneComment(r.Whose) + ": " + strings.TrimPrefix(text, "; fill in: ")
		case r.Later != "":
			text = "; when " + zoneComment(r.Later) + ": " + strings.TrimPrefix(text, "; fill in: ")
		}
		b.WriteString(text)
	}
	for line := range strings.Lines(p.Policy) {
		fmt.Fprintf(&b, "; mta-sts.txt: %s\n", zoneComment(strings.TrimSpace(line)))
	}
	for i, s := range p.Steps {
		verify := ""
		if s.Verify != "" {
			verify = " Verify: " + s.Verify
		}
		fmt.Fprintf(&b, "; step %d: %s%s\n", i+1, zoneComment(s.Do), zoneComment(verify))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
