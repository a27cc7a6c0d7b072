package message

import (
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
)

// Facts are what the header says, field by field, without opinions.
type Facts struct {
	// Notes are about the file rather than the message: a "From " line ahead.
	Notes  []string `json:"notes"`
	Layout Layout   `json:"layout"`
	// Fields is how many there are.
	Fields int `json:"fields"`

	From    []AddressField `json:"from"`
	Sender  []AddressField `json:"sender"`
	ReplyTo []AddressField `json:"reply_to"`
	To      []AddressField `json:"to"`
	CC      []AddressField `json:"cc"`
	BCC     []AddressField `json:"bcc"`
	// AuthorDomains are those of the From addresses, each once.
	AuthorDomains []string `json:"author_domains"`

	Date      []Date      `json:"date"`
	MessageID []MessageID `json:"message_id"`
	// Subject decoded.
	Subject    []Text `json:"subject"`
	ReturnPath []Path `json:"return_path"`
	// Received from the top, up to a bound; the last server's comes first.
	Received              []Hop  `json:"received"`
	ReceivedLeftOut       int    `json:"received_left_out"`
	AuthenticationResults []Text `json:"authentication_results"`
	// ReceivedSPF are the Received-SPF fields (RFC 7208, 9.1).
	ReceivedSPF []Text           `json:"received_spf"`
	Signatures  []SignatureField `json:"dkim_signatures"`
	Unsubscribe Unsubscribe      `json:"unsubscribe"`
	Precedence  []Text           `json:"precedence"`
	// ListID are the List-Id fields: the message is one of a list (RFC 2919).
	ListID      []Text `json:"list_id"`
	MIMEVersion []Text `json:"mime_version"`
	// MIMEFields are the names of the Content- fields.
	MIMEFields []string `json:"mime_fields"`

	// Repeated are fields that may stand once and stand several times.
	Repeated []Repeated `json:"repeated"`
	// Malformed are lines of the header that are no field.
	Malformed []Text `json:"malformed"`
	// Spaced are fields with white space before the colon.
	Spaced []Text `json:"space_before_colon"`
	// EightBit are fields with octets over 127.
	EightBit []EightBit `json:"fields_with_8bit"`
	// International: an address or a Received field shows that the message
	// travels by SMTPUTF8 (RFC 6531), where such fields are in order.
	International bool `json:"smtputf8"`
	// BadWords are encoded-words that cannot be read as they are meant.
	BadWords []BadWord `json:"bad_encoded_words"`
	// Service are fields for a sending service.
	Service []ServiceField `json:"service_fields"`
	// delivered are the fields in which servers note the recipient of the envelope.
	delivered []Text
}

// deliveredTo are the fields in which servers note the recipient of the envelope.
var deliveredTo = []string{"Delivered-To", "X-Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RCPT-To"}

// Date is a Date field.
type Date struct {
	Line int        `json:"line"`
	Text string     `json:"text"`
	Time *time.Time `json:"time"`
	// Error says why it is no date, or no right one.
	Error string `json:"error" empty:"null"`
}

// MessageID is a Message-ID field.
type MessageID struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	// Error says what is wrong. Broken: not even its outline is there, "<", "@", ">".
	Error  string `json:"error" empty:"null"`
	Broken bool   `json:"broken"`
}

// Path is a Return-Path field: the envelope sender, written by the last server
// (RFC 5321, 4.4).
type Path struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	// Address without angle brackets; empty with Null for "<>".
	Address string `json:"address"`
	Null    bool   `json:"null"`
	Error   string `json:"error" empty:"null"`
}

// SignatureField is a DKIM-Signature field, unverified.
type SignatureField struct {
	Line     int    `json:"line"`
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	// Headers are the names in h=, in lower case, up to a bound.
	Headers []string `json:"headers"`
	// Expires is the time in x=; zero: none, or none that can be read.
	Expires time.Time `json:"-"`
}

// Repeated is a field that stands more often than it may (RFC 5322, 3.6).
type Repeated struct {
	Name string `json:"name"`
	// Count is how often, Lines where, up to a bound.
	Count int   `json:"count"`
	Lines []int `json:"lines"`
	// Same: all say the same.
	Same bool `json:"same"`
}

// EightBit is a field with octets over 127.
type EightBit struct {
	Name string `json:"name"`
	Line int    `json:"line"`
	// UTF8 says that they are UTF-8 (RFC 6532).
	UTF8 bool `json:"utf8"`
}

// BadWord is an encoded-word that is wrong.
type BadWord struct {
	Name  string `json:"name"`
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// maxListed bounds the lists of facts.
const maxListed = 20

// appendUpTo appends unless the list is as long as it may be.
func appendUpTo[T any](list []T, most int, item T) []T {
	if len(list) < most {
		list = append(list, item)
	}
	return list
}

// once are the fields that may stand once: RFC 5322, 3.6; RFC 2045 for MIME;
// RFC 5321, 4.4 for Return-Path; RFC 2369, 3 and RFC 8058, 3.1 for the list's.
var once = []string{"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Return-Path", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"}

// humanText are fields that encoded-words belong into (RFC 2047, 5).
var humanText = []string{"Subject", "Comments", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Content-Description"}

// Facts takes the header apart. The layout is that of what was read so far.
func (m *Message) Facts() *Facts {
	f := &Facts{Layout: m.Layout, Fields: len(m.Fields), Malformed: m.Malformed,
		From: m.addresses("From"), Sender: m.addresses("Sender"), ReplyTo: m.addresses("Reply-To"),
		To: m.addresses("To"), CC: m.addresses("Cc"), BCC: m.addresses("Bcc"),
		AuthorDomains: []string{}, Date: []Date{}, MessageID: []MessageID{}, ReturnPath: []Path{}, Received: []Hop{},
		AuthenticationResults: m.texts("Authentication-Results"), ReceivedSPF: m.texts("Received-SPF"), Subject: m.texts("Subject"),
		Signatures: []SignatureField{}, Unsubscribe: m.unsubscribe(), Precedence: m.texts("Precedence"),
		ListID: m.texts("List-Id"), MIMEVersion: m.texts("MIME-Version"), MIMEFields: []string{}}
	for _, name := range deliveredTo {
		f.delivered = append(f.delivered, m.texts(name)...)
	}
	slices.SortStableFunc(f.delivered, func(a, b Text) int { return a.Line - b.Line })
	f.note(m)
	for _, field := range f.From {
		for _, a := range field.Addresses {
			if a.Domain != "" && a.Domain[0] != '[' && !slices.Contains(f.AuthorDomains, a.Domain) {
				f.AuthorDomains = append(f.AuthorDomains, a.Domain)
			}
		}
	}
	for i := range f.Subject {
		f.Subject[i].Text, _ = decodeWords(f.Subject[i].Text)
	}
	for i := range m.Fields {
		f.read(&m.Fields[i])
	}
	f.International = f.International || f.international()
	f.repeated(m)
	f.Service = m.serviceFields()
	return f
}

// note says what precedes the header.
func (f *Facts) note(m *Message) {
	prefix := string(m.Prefix)
	if rest, ok := strings.CutPrefix(prefix, "\xef\xbb\xbf"); ok {
		f.Notes = append(f.Notes, "the file starts with a byte order mark, which is no part of the message")
		prefix = rest
	}
	if prefix != "" {
		f.Notes = append(f.Notes, `the file starts with the "From " line of a mailbox file, which is no part of the message`)
	}
	if len(m.named("X-MS-Journal-Report")) > 0 {
		f.Notes = append(f.Notes, "this is a journal report of Exchange (X-MS-Journal-Report), and the message that it reports is attached: save that as a file of its own and examine it")
	}
	if !m.Ended {
		f.Notes = append(f.Notes, "the file ends inside the header: there is no empty line after it, and no body")
	}
}

// read takes one field over into the facts.
func (f *Facts) read(field *Field) {
	switch strings.ToLower(field.Name) {
	case "date":
		f.Date = appendUpTo(f.Date, maxListed, readDate(field))
	case "message-id":
		f.MessageID = appendUpTo(f.MessageID, maxListed, readMessageID(field))
	case "return-path":
		f.ReturnPath = appendUpTo(f.ReturnPath, maxListed, readPath(field))
	case "received":
		if len(f.Received) == maxHops {
			f.ReceivedLeftOut++
			break
		}
		h := readHop(field)
		f.Received = append(f.Received, h)
		f.International = f.International || strings.HasPrefix(strings.ToUpper(h.With), "UTF8")
	case "dkim-signature":
		f.Signatures = appendUpTo(f.Signatures, maxListed, readSignature(field))
	default:
		if strings.HasPrefix(strings.ToLower(field.Name), "content-") {
			f.MIMEFields = appendUpTo(f.MIMEFields, maxListed, show.Cut(field.Name, maxName))
		}
	}
	if field.Spaced {
		f.Spaced = appendUpTo(f.Spaced, maxListed, Text{field.Line, show.Cut(field.Name, maxName)})
	}
	f.octets(field)
	f.words(field)
}

// octets notes a field with octets over 127.
func (f *Facts) octets(field *Field) {
	for i := range len(field.Value) {
		if field.Value[i] < 0x80 {
			continue
		}
		f.EightBit = appendUpTo(f.EightBit, maxListed, EightBit{show.Cut(field.Name, maxName), field.Line, utf8.ValidString(field.Value)})
		return
	}
}

// international reports whether an address has a local part beyond ASCII, which
// SMTPUTF8 alone can carry (RFC 6531, 3.3).
func (f *Facts) international() bool {
	for _, list := range [][]AddressField{f.From, f.Sender, f.ReplyTo, f.To, f.CC} {
		for _, a := range list {
			for _, address := range a.Addresses {
				if local, _, _ := strings.Cut(address.Address, "@"); address.Error == "" && !ascii.Only(local) {
					return true
				}
			}
		}
	}
	return false
}

// words notes what is wrong with the encoded-words of a field.
func (f *Facts) words(field *Field) {
	if len(f.BadWords) == maxListed || !slices.ContainsFunc(humanText, field.Is) || !strings.Contains(field.Value, "=?") {
		return
	}
	text := field.Unfolded()
	_, wrong := decodeWords(text)
	if wrong == "" && !field.Is("Subject") && !field.Is("Comments") {
		if word := quotedWord(text); word != "" {
			wrong = show.Cut(word, maxQuoted) + ": it stands in quotation marks, where it is no encoded-word but plain text"
		}
	}
	if wrong != "" {
		f.BadWords = append(f.BadWords, BadWord{field.Name, field.Line, wrong})
	}
}

// quotedWord returns an encoded-word that stands in a quoted-string (RFC 2047, 5
// forbids it).
func quotedWord(text string) string {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case quoted && strings.HasPrefix(text[i:], "=?"):
			if word := wordHere.FindString(text[i:]); word != "" {
				return word
			}
		}
	}
	return ""
}

// repeated finds the fields that stand more often than they may.
func (f *Facts) repeated(m *Message) {
	for _, name := range once {
		fields := m.named(name)
		if name == "Return-Path" {
			fields = m.ownPaths(fields)
		}
		if len(fields) < 2 {
			continue
		}
		r, text := Repeated{Name: name, Count: len(fields), Same: true}, fields[0].Unfolded()
		for _, field := range fields {
			r.Lines = appendUpTo(r.Lines, maxListed, field.Line)
			r.Same = r.Same && field.Unfolded() == text
		}
		f.Repeated = append(f.Repeated, r)
	}
}

// ownPaths are the Return-Path fields that count as repeated: each delivery writes one on
// top (RFC 5321, 4.4), as at a mailbox that forwards, and no sender can help that.
func (m *Message) ownPaths(fields []*Field) []*Field {
	var last int
	for _, f := range m.named("Received") {
		last = f.Line
	}
	for len(fields) > 1 && fields[1].Line < last {
		fields = fields[1:]
	}
	return fields
}

// texts are the fields with the name as text.
func (m *Message) texts(name string) []Text {
	out := []Text{}
	for _, f := range m.named(name) {
		out = appendUpTo(out, maxListed, Text{f.Line, show.Cut(f.Unfolded(), maxText)})
	}
	return out
}

// addresses are the fields of addresses with the name.
func (m *Message) addresses(name string) []AddressField {
	out := []AddressField{}
	for _, f := range m.named(name) {
		if len(out) < maxListed {
			out = append(out, readAddresses(f))
		}
	}
	return out
}

// readDate reads an RFC 5322 date, obsolete forms included.
func readDate(f *Field) Date {
	text := f.Unfolded()
	d := Date{Line: f.Line, Text: show.Cut(text, maxQuoted)}
	t, err := mail.ParseDate(text)
	switch {
	case text == "":
		d.Error = "it is empty"
	case err != nil:
		d.Error = "it has not the form Mon, 02 Jan 2006 15:04:05 +0000"
	default:
		d.Time = &t
		if day, _, ok := strings.Cut(text, ","); ok && !strings.EqualFold(strings.TrimSpace(day), t.Weekday().String()[:3]) {
			d.Error = "that day is a " + t.Weekday().String()
		}
	}
	return d
}

// readMessageID checks the syntax of a msg-id (RFC 5322, 3.6.4).
func readMessageID(f *Field) MessageID {
	text := f.Unfolded()
	id := MessageID{Line: f.Line, Text: show.Cut(text, maxText)}
	inside, ok := strings.CutPrefix(text, "<")
	if ok {
		inside, ok = strings.CutSuffix(inside, ">")
	}
	left, right, at := strings.Cut(inside, "@")
	switch {
	case text == "":
		id.Error, id.Broken = "it is empty", true
	case !ok:
		id.Error, id.Broken = "it does not stand in angle brackets", true
	case !at:
		id.Error, id.Broken = "there is no @ in it", true
	case left == "" || right == "":
		id.Error, id.Broken = "one side of the @ is empty", true
	case strings.ContainsAny(inside, " \t\r\n<>"):
		id.Error, id.Broken = "it has white space or an angle bracket inside", true
	case !dotAtom(left):
		id.Error = "what precedes the @ is not pieces of letters, digits and signs with single dots between them"
	case !dotAtom(right) && !(strings.HasPrefix(right, "[") && strings.HasSuffix(right, "]")):
		id.Error = "what follows the @ is not pieces of letters, digits and signs with single dots between them"
	}
	return id
}

// dotAtom: atoms with single dots between them (RFC 5322, 3.2.3).
func dotAtom(s string) bool {
	for piece := range strings.SplitSeq(s, ".") {
		if piece == "" {
			return false
		}
		for i := range len(piece) {
			if !isAtext(piece[i]) {
				return false
			}
		}
	}
	return true
}

// readPath reads a Return-Path.
func readPath(f *Field) Path {
	text := f.Unfolded()
	p := Path{Line: f.Line, Text: show.Cut(text, maxText)}
	if strings.ReplaceAll(text, " ", "") == "<>" {
		p.Null = true
		return p
	}
	list := readAddresses(f)
	switch {
	case text == "":
		p.Error = "it is empty"
	case list.Count != 1 || len(list.Groups) > 0:
		p.Error = "it holds not exactly one address"
	case list.Addresses[0].Domain == "" || list.Addresses[0].Error != "":
		p.Error = list.Addresses[0].Error
	default:
		p.Address = list.Addresses[0].Address
	}
	return p
}

// maxSigned bounds the names kept of h=.
const maxSigned = 200

// readSignature reads the tags of a DKIM-Signature that say who signed what.
func readSignature(f *Field) SignatureField {
	s := SignatureField{Line: f.Line, Headers: []string{}}
	squeeze := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")
	for tag := range strings.SplitSeq(f.Value, ";") {
		name, value, _ := strings.Cut(tag, "=")
		value = squeeze.Replace(value)
		switch squeeze.Replace(name) {
		case "d":
			s.Domain = show.Cut(strings.ToLower(value), maxQuoted)
		case "s":
			s.Selector = show.Cut(value, maxQuoted)
		case "x":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
				s.Expires = time.Unix(n, 0)
			}
		case "h":
			for name := range strings.SplitSeq(value, ":") {
				if len(s.Headers) < maxSigned {
					s.Headers = append(s.Headers, show.Cut(strings.ToLower(name), maxQuoted))
				}
			}
		}
	}
	return s
}
