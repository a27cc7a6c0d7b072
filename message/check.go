package message

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
)

// Context is what the checks need to know beside the facts.
type Context struct {
	// Now is the time to judge the date by.
	Now time.Time
	// Signatures are the outcomes of the DKIM signatures.
	Signatures []Signature
}

// Signature is the outcome of one DKIM signature.
type Signature struct {
	Domain string
	// Headers are the names in h=, in lower case.
	Headers []string
	Passes  bool
	// Unknown says that the DNS did not say whether it passes.
	Unknown bool
	// Disputed says that it passes only at receivers that accept l=.
	Disputed bool
}

// Check turns the facts of the header into findings. Those of the
// authentication are not among them.
func Check(f *Facts, c Context) *finding.Sheet {
	k := &checker{sheet: finding.NewSheet(checkList, "message"), f: f, c: c}
	k.from()
	k.addresses()
	k.dates()
	k.messageID()
	k.subject()
	k.structure()
	k.octets()
	k.lines()
	k.mime()
	k.precedence()
	k.unsubscribe()
	k.services()
	return k.sheet
}

type checker struct {
	sheet *finding.Sheet
	f     *Facts
	c     Context
}

// add records a finding about a field.
func (k *checker) add(id, subject string, severity finding.Severity, detail, fix string) {
	out := finding.Finding{Subject: subject, Severity: severity, Detail: detail}
	if fix != "" {
		out.Fix = &finding.Fix{Summary: fix}
	}
	k.sheet.Add(id, out)
}

func (k *checker) from() {
	from := k.f.From
	k.sheet.Decided("message-from-missing")
	if len(from) == 0 {
		k.add("message-from-missing", "From", "", "The header has no From field, so the message has no author.",
			"Add one From field with the author's address.")
		return
	}
	k.sheet.Decided("message-from-multiple", "message-from-invalid", "message-from-several-addresses", "message-from-group")
	if i := slices.IndexFunc(k.f.Repeated, func(r Repeated) bool { return r.Name == "From" }); i >= 0 {
		k.add("message-from-multiple", "From", "", fmt.Sprintf("There are %d From fields, in %s.", k.f.Repeated[i].Count, lines(k.f.Repeated[i])),
			"Leave out all From fields but one.")
	}
	for i := range from {
		k.fromField(&from[i])
	}
}

func (k *checker) fromField(field *AddressField) {
	if len(field.Groups) > 0 {
		k.add("message-from-group", "From", "", fmt.Sprintf("From in line %d holds the group %q.", field.Line, field.Groups[0]),
			"Write the author's address alone.")
	}
	if field.Count == 0 {
		k.add("message-from-invalid", "From", "", fmt.Sprintf("From in line %d holds no address.", field.Line),
			"Write From: Name <local@domain.example>.")
		return
	}
	if wrong := field.wrong(); wrong != nil {
		k.add("message-from-invalid", "From", "", fmt.Sprintf("From in line %d holds %q: %s.", field.Line, show.Cut(wrong.Address, maxQuoted), wrong.Error),
			fromFix(field, wrong))
	}
	if n := field.valid(); n > 1 {
		severity, which := finding.Error, ""
		if domains := domainsOf(field); len(domains) > 1 {
			severity, which = finding.Critical, " of several domains ("+strings.Join(domains[:min(len(domains), 5)], ", ")+")"
		}
		k.add("message-from-several-addresses", "From", severity, fmt.Sprintf("From in line %d holds %d addresses%s.", field.Line, n, which),
			"Name one author in From, and the others in Reply-To.")
	}
}

// fromFix repairs the commonest mistake, a name that needs quotation marks.
func fromFix(field *AddressField, wrong *Address) string {
	if at := strings.LastIndexByte(field.Text, '<'); at > 0 && !strings.ContainsAny(field.Text[:at], "\"<>") && field.Count > 1 {
		if name := strings.TrimSpace(field.Text[:at]); ascii.Only(name) && len(name) < maxQuoted {
			return "Write From: " + quoteString(name) + " " + show.Cut(field.Text[at:], maxQuoted)
		}
	}
	if strings.Contains(wrong.Error, "one label") {
		return "Write the whole domain after the @."
	}
	return "Write From: Name <local@domain.example>."
}

func domainsOf(field *AddressField) []string {
	var out []string
	for _, a := range field.Addresses {
		if a.Domain != "" && !slices.Contains(out, a.Domain) {
			out = append(out, a.Domain)
		}
	}
	return out
}

func (k *checker) addresses() {
	k.sheet.Decided("message-sender-invalid", "message-address-invalid", "message-recipients-missing")
	f := k.f
	for i := range f.Sender {
		s := &f.Sender[i]
		switch wrong := s.wrong(); {
		case s.Count != 1 || len(s.Groups) > 0:
			k.add("message-sender-invalid", "Sender", "", fmt.Sprintf("Sender in line %d holds %s; it must hold one.", s.Line, show.Counted(s.Count, "address")),
				"Give Sender one address, or leave it out.")
		case wrong != nil:
			k.add("message-sender-invalid", "Sender", "", fmt.Sprintf("Sender in line %d holds %q: %s.", s.Line, show.Cut(wrong.Address, maxQuoted), wrong.Error),
				"Write Sender: local@domain.example.")
		}
	}
	if len(f.Sender) == 0 && len(f.From) == 1 && f.From[0].Count > 1 && f.From[0].wrong() == nil {
		k.add("message-sender-invalid", "Sender", "", "From holds several addresses, and there is no Sender to say which of them sent the message.",
			"Name one author in From, or add Sender with one address.")
	}
	for _, group := range []struct {
		name   string
		fields []AddressField
	}{{"Reply-To", f.ReplyTo}, {"To", f.To}, {"Cc", f.CC}, {"Bcc", f.BCC}} {
		for i := range group.fields {
			k.recipients(group.name, &group.fields[i])
		}
	}
	if len(f.To)+len(f.CC)+len(f.BCC) == 0 {
		k.add("message-recipients-missing", "To", "", "There is neither To nor Cc nor Bcc.", "Name the recipient in To.")
	}
}

func (k *checker) recipients(name string, field *AddressField) {
	wrong := field.wrong()
	switch {
	case wrong != nil:
		k.add("message-address-invalid", name, "", fmt.Sprintf("%s in line %d holds %q: %s.", name, field.Line, show.Cut(wrong.Address, maxQuoted), wrong.Error),
			"Write "+name+": Name <local@domain.example>.")
	case field.Count == 0 && len(field.Groups) == 0 && name != "Bcc":
		// An empty Bcc is allowed (RFC 5322, 3.6.3).
		k.add("message-address-invalid", name, "", fmt.Sprintf("%s in line %d is empty.", name, field.Line), "Leave "+name+" out where it has no address.")
	}
}

// The spans within which a date is not remarkable: those of the common filters.
const (
	maxAhead  = 24 * time.Hour
	maxBehind = 96 * time.Hour
)

func (k *checker) dates() {
	k.sheet.Decided("message-date-missing")
	if len(k.f.Date) == 0 {
		k.add("message-date-missing", "Date", "", "The header has no Date field.", "Add Date: "+k.c.Now.UTC().Format(time.RFC1123Z)+", at the time of writing.")
		return
	}
	k.sheet.Decided("message-date-invalid")
	d := k.f.Date[0]
	if d.Error != "" {
		severity := finding.Error
		if d.Time != nil {
			severity = finding.Warning
		}
		k.add("message-date-invalid", "Date", severity, fmt.Sprintf("Date in line %d is %q: %s.", d.Line, d.Text, d.Error),
			"Write Date: "+k.c.Now.UTC().Format(time.RFC1123Z)+".")
	}
	if d.Time == nil {
		return
	}
	k.sheet.Decided("message-date-skewed")
	than, what := k.c.Now, "the time it is judged at"
	for i := range k.f.Received {
		if t := k.f.Received[i].Date; t != nil {
			than, what = *t, fmt.Sprintf("the delivery that the Received field in line %d states", k.f.Received[i].Line)
			break
		}
	}
	switch ahead := d.Time.Sub(than); {
	case ahead > maxAhead:
		k.add("message-date-skewed", "Date", "", fmt.Sprintf("Date in line %d, %s, is %s after %s.", d.Line, d.Time.UTC().Format(time.RFC1123Z), span(ahead), what),
			"Set the clock and the time zone of the host that writes the message.")
	case ahead < -maxBehind:
		k.add("message-date-skewed", "Date", "", fmt.Sprintf("Date in line %d, %s, is %s before %s.", d.Line, d.Time.UTC().Format(time.RFC1123Z), span(-ahead), what),
			"Set Date when the message is sent.")
	}
}

// span is a duration in the unit that tells most.
func span(d time.Duration) string {
	if d < 72*time.Hour {
		return show.Counted(int(d.Hours()), "hour")
	}
	return show.Counted(int(d.Hours()/24), "day")
}

func (k *checker) messageID() {
	k.sheet.Decided("message-id-missing")
	example := "<20261121090000.4711@domain.example>"
	if len(k.f.AuthorDomains) > 0 && len(k.f.AuthorDomains[0]) < maxQuoted {
		example = strings.Replace(example, "domain.example", k.f.AuthorDomains[0], 1)
	}
	if len(k.f.MessageID) == 0 {
		k.add("message-id-missing", "Message-ID", "", "The header has no Message-ID field.", "Add Message-ID: "+example+", another one for each message.")
		return
	}
	k.sheet.Decided("message-id-invalid")
	if id := k.f.MessageID[0]; id.Error != "" {
		severity := finding.Warning
		if id.Broken {
			severity = finding.Error
		}
		k.add("message-id-invalid", "Message-ID", severity, fmt.Sprintf("Message-ID in line %d is %q: %s.", id.Line, show.Cut(id.Text, maxQuoted), id.Error),
			"Write Message-ID: "+example+".")
	}
}

func (k *checker) subject() {
	k.sheet.Decided("message-subject-missing")
	switch {
	case len(k.f.Subject) == 0:
		k.add("message-subject-missing", "Subject", "", "The header has no Subject field.", "Add a Subject.")
	case strings.TrimSpace(k.f.Subject[0].Text) == "":
		k.add("message-subject-missing", "Subject", "", fmt.Sprintf("Subject in line %d is empty.", k.f.Subject[0].Line), "Say in Subject what the message is about.")
	}
}

// structure checks fields as such: repeated, malformed.
func (k *checker) structure() {
	k.sheet.Decided("message-duplicate-field", "message-header-syntax")
	for _, r := range k.f.Repeated {
		if r.Name == "From" {
			continue
		}
		saying := "which say different things"
		if r.Same {
			saying = "which all say the same"
		}
		k.add("message-duplicate-field", r.Name, "", fmt.Sprintf("%s stands %d times, in %s, %s; it may stand once.", r.Name, r.Count, lines(r), saying),
			"Leave out all "+r.Name+" fields but one.")
	}
	for i, m := range k.f.Malformed {
		if i == 5 {
			break
		}
		k.add("message-header-syntax", "line "+strconv.Itoa(m.Line), "", fmt.Sprintf("In the header, line %d is no field: %q.", m.Line, show.Cut(m.Text, 100)),
			"Write it as Name: value, start it with a space to continue the field above, or leave it out.")
	}
	for i, s := range k.f.Spaced {
		if i == 5 {
			break
		}
		k.add("message-header-syntax", s.Text, finding.Warning, fmt.Sprintf("In line %d white space stands between %s and its colon.", s.Line, s.Text),
			"Write "+s.Text+": without a space before the colon.")
	}
}

// octets checks what is beyond ASCII in the header, and encoded-words.
func (k *checker) octets() {
	k.sheet.Decided("message-header-8bit", "message-encoded-word")
	for _, e := range k.f.EightBit {
		severity, what := finding.Error, "which are not UTF-8 either"
		switch {
		case e.UTF8 && k.f.International:
			severity, what = finding.Notice, "as UTF-8; the message travels by SMTPUTF8, where that is allowed"
		case e.UTF8:
			severity, what = finding.Warning, "as UTF-8, which is allowed only where every server on the way takes SMTPUTF8"
		}
		k.add("message-header-8bit", e.Name, severity, fmt.Sprintf("%s in line %d holds octets over 127, %s.", e.Name, e.Line, what),
			"Encode the text of "+e.Name+" by RFC 2047.")
	}
	for _, w := range k.f.BadWords {
		k.add("message-encoded-word", w.Name, "", fmt.Sprintf("%s in line %d holds %s.", w.Name, w.Line, w.Error), "Let a mail library encode the text of "+w.Name+".")
	}
}

// lines checks how the message is written down.
func (k *checker) lines() {
	k.sheet.Decided("message-line-too-long", "message-line-long", "message-bare-line-end", "message-nul")
	l := k.f.Layout
	if l.TooLong.Count > 0 {
		k.add("message-line-too-long", "message", "", fmt.Sprintf("The message has %s of over 998 octets, %s; the longest has %d.", show.Counted(l.TooLong.Count, "line"), where(l.TooLong), l.Longest),
			"Fold header fields, and send the body as quoted-printable or base64.")
	}
	if l.Long.Count > 0 {
		k.add("message-line-long", "message", "", fmt.Sprintf("The message has %s of over 78 octets, %s.", show.Counted(l.Long.Count, "line"), where(l.Long)), "")
	}
	if l.BareCR.Count > 0 {
		k.add("message-bare-line-end", "message", "", fmt.Sprintf("The message holds %s without a line feed behind, %s.", show.Counted(l.BareCR.Count, "carriage return"), where(l.BareCR)),
			"Remove the carriage returns that end no line.")
	}
	if l.CRLF.Count > 0 && l.LF.Count > 0 {
		k.add("message-bare-line-end", "message", "", fmt.Sprintf("The message has %s with a line feed alone at the end, %s, and %d with CRLF.",
			show.Counted(l.LF.Count, "line"), where(l.LF), l.CRLF.Count), "End every line in CRLF.")
	}
	if l.NUL.Count > 0 {
		k.add("message-nul", "message", "", fmt.Sprintf("The message holds %s, %s.", show.Counted(l.NUL.Count, "NUL octet"), where(l.NUL)), "Send binary content as base64.")
	}
}

// where says in which part of the message something was seen.
func where(c Count) string {
	first := "the first in line " + strconv.Itoa(c.Line)
	if c.Count == 1 {
		return "in line " + strconv.Itoa(c.Line) + map[bool]string{true: " (the body)", false: " (the header)"}[c.InBody > 0]
	}
	switch c.InBody {
	case 0:
		return "all in the header, " + first
	case c.Count:
		return "all in the body, " + first
	}
	return fmt.Sprintf("%d of them in the header, %s", c.Count-c.InBody, first)
}

func (k *checker) mime() {
	k.sheet.Decided("message-mime-version")
	f := k.f
	switch {
	case len(f.MIMEVersion) > 0:
		if version := withoutComments(f.MIMEVersion[0].Text); version != "1.0" {
			k.add("message-mime-version", "MIME-Version", "", fmt.Sprintf("MIME-Version in line %d is %q.", f.MIMEVersion[0].Line, show.Cut(version, 40)), "Set MIME-Version: 1.0.")
		}
	case len(f.MIMEFields) > 0:
		k.add("message-mime-version", "MIME-Version", "", fmt.Sprintf("There is %s, but no MIME-Version.", f.MIMEFields[0]), "Add MIME-Version: 1.0.")
	case f.Layout.EightBit.Count > 0:
		k.add("message-mime-version", "MIME-Version", "", fmt.Sprintf("The body holds octets over 127, the first in line %d, and no MIME-Version and Content-Type say what they are.", f.Layout.EightBit.Line),
			"Add MIME-Version: 1.0, Content-Type: text/plain; charset=utf-8 and Content-Transfer-Encoding.")
	}
}

// withoutComments is the text of a structured field without white space and comments.
func withoutComments(text string) string {
	var b strings.Builder
	for at := 0; at < len(text); {
		switch text[at] {
		case '(':
			at = skipComment(text, at)
		case ' ', '\t':
			at++
		default:
			b.WriteByte(text[at])
			at++
		}
	}
	return b.String()
}

func (k *checker) precedence() {
	k.sheet.Decided("message-precedence")
	for _, p := range k.f.Precedence {
		switch value := strings.ToLower(p.Text); value {
		case "bulk", "list":
		case "junk":
			k.add("message-precedence", "Precedence", "", fmt.Sprintf("Precedence in line %d is junk: filters may take it at its word.", p.Line), "Set Precedence: bulk.")
		default:
			k.add("message-precedence", "Precedence", "", fmt.Sprintf("Precedence in line %d is %q, which means nothing to receivers.", p.Line, show.Cut(p.Text, 40)), "Leave Precedence out.")
		}
	}
}

func (k *checker) services() {
	for _, s := range services {
		id := "message-service-" + s.name
		for _, f := range k.f.Service {
			if f.Service != s.name {
				continue
			}
			k.sheet.Decided(id)
			for _, p := range f.Problems {
				k.add(id, f.Name, "", fmt.Sprintf("%s in line %d: %s.", f.Name, f.Line, p), "Bring "+f.Name+" within the limits of "+s.title+".")
			}
		}
	}
}

// lines says where a field stands: "lines 3 and 7", "lines 3, 5 and 7".
func lines(r Repeated) string {
	texts := make([]string, len(r.Lines))
	for i, n := range r.Lines {
		texts[i] = strconv.Itoa(n)
	}
	if r.Count > len(r.Lines) {
		return "lines " + strings.Join(texts, ", ") + " and more"
	}
	last := len(texts) - 1
	return "lines " + strings.Join(texts[:last], ", ") + " and " + texts[last]
}
