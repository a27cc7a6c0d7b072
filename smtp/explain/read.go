package explain

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"mailworthy/internal/lazyre"

	"mailworthy/smtp/bounce"
	"mailworthy/smtp/reply"
)

// MaxInput is how many bytes of one input are read.
const MaxInput = 256 << 20

// Stated is what the user says of the message, besides the input.
type Stated struct {
	// Domain is the author domain, and the user's own.
	Domain string
	IP     netip.Addr
	HELO   string
	// Selectors of the DKIM signatures, and their domain.
	Selectors  []string
	DKIMDomain string
	// MailFrom is the envelope domain, Recipient that of the recipient.
	MailFrom, Recipient string
}

// Explainer reads inputs with what it knows.
type Explainer struct {
	// Knowledge; nil: what is built in.
	Knowledge *reply.Knowledge
	Stated    Stated
}

// The reasons why an input cannot be read.
var (
	ErrEmpty  = errors.New("it is empty")
	ErrBinary = errors.New("it is a binary file, no text, mail or log")
	// ErrOtherLog is the error of a log that no mail server wrote.
	ErrOtherLog = errors.New("it is a log of programs that are no mail server that is known, and nothing in it is about the delivery of mail")
)

func (x *Explainer) knowledge() *reply.Knowledge {
	if x.Knowledge == nil {
		return reply.Default()
	}
	return x.Knowledge
}

// Read explains one input; an mbox file is several. The error says why nothing can be
// read.
func (x *Explainer) Read(name string, data []byte) ([]Input, error) {
	if compressed(data) != "" {
		var err error
		if data, err = unpack(data); err != nil {
			return nil, err
		}
	}
	data = unUTF16(data)
	if len(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))) == 0 {
		return nil, ErrEmpty
	}
	if binary(data) {
		return nil, ErrBinary
	}
	if bounce.IsMail(data) {
		mails := bounce.Split(data)
		out := make([]Input, 0, len(mails))
		for i, m := range mails {
			n := name
			if len(mails) > 1 {
				n = fmt.Sprintf("%s:%d", name, i+1)
			}
			out = append(out, x.mail(n, m))
		}
		return out, nil
	}
	k := x.knowledge()
	if len(data) < 64 {
		if h, ok := k.Help(string(data)); ok {
			return []Input{x.code(name, string(data), h)}, nil
		}
	}
	if in, ok := x.webhook(name, data); ok && !x.isLog(data) {
		return []Input{in}, nil
	}
	switch kind := bounce.KindOf(data, k); {
	case kind == bounce.KindLog, kind == bounce.KindText && x.isLog(data):
		return []Input{x.log(name, data)}, nil
	case kind == bounce.KindText && pasted(data):
		header := "From: MAILER-DAEMON\nSubject: Delivery failure\nReturn-Path: <>\n\n"
		if in := x.mail(name, append([]byte(header), data...)); in.Kind == bounce.KindBounce && told(&in) {
			return []Input{in}, nil
		}
		fallthrough
	default:
		in := x.text(name, string(data), kind)
		if kind == bounce.KindText && x.otherLog(data) && !slices.ContainsFunc(in.Items, func(i Item) bool { return i.Reason != reply.Unknown || i.ReplyCode != nil || i.EnhancedCode != nil }) {
			return nil, ErrOtherLog
		}
		return []Input{in}, nil
	}
}

var pastedRE = lazyre.New(`(?i)\b(?:final-recipient:|(?:could|can) ?not be delivered|wasn't delivered|was not delivered|undeliver|delivery (?:has |to .{0,80} |status |of .{0,80} )?(?:failed|notification|failure)|permanent (?:fatal )?error|this is the mail system at|returned to sender|generating server:|your message .{0,200}(?:rejected|delayed|not delivered))`)

// pasted reports whether a text looks like that of a bounce without its header.
func pasted(data []byte) bool {
	head := data[:min(len(data), 32<<10)]
	return bytes.IndexByte(head, '@') >= 0 && bytes.Count(head, []byte("\n")) > 1 && pastedRE.Match(head)
}

// told reports whether an input names a recipient and why.
func told(in *Input) bool {
	return slices.ContainsFunc(in.Items, func(i Item) bool { return i.Recipient != nil && (i.Reason != reply.Unknown || i.ReplyCode != nil) })
}

// text explains replies and sentences.
func (x *Explainer) text(name, all string, kind bounce.Kind) Input {
	in := Input{Name: name, Kind: kind, Items: []Item{}, Notes: []string{}}
	pieces := reply.Split(all)
	if len(pieces) == reply.MaxReplies {
		in.Notes = append(in.Notes, fmt.Sprintf("Only the first %d replies were read.", reply.MaxReplies))
	}
	for _, p := range pieces {
		recipient := recipientIn(p)
		e := x.knowledge().Explain(p, reply.Context{Recipient: cmp.Or(recipient, x.Stated.recipientAddress())})
		item := newItem(&e)
		item.Recipient, item.Text = text(recipient), cutText(p)
		item.Action = text(string(actionOf(&e)))
		x.fill(&item, &e, nil, false)
		in.Items = append(in.Items, item)
	}
	return in
}

// Reply explains one reply of a server, of which the caller knows where it was said.
func (x *Explainer) Reply(said string, c reply.Context) Input {
	e := x.knowledge().Explain(said, c)
	item := newItem(&e)
	item.Recipient, item.Text = text(c.Recipient), cutText(said)
	item.Action = text(string(actionOf(&e)))
	x.fill(&item, &e, nil, false)
	return Input{Name: "reply", Kind: bounce.KindReply, Items: []Item{item}, Notes: []string{}}
}

// The places of a text at which an address is the recipient's for sure: what a server
// says of it, the command that named it, and the beginning of a line of a bounce.
var recipientRE = []*lazyre.Regexp{
	lazyre.New(`(?i)<([^\s<>@]{1,128}@[^\s<>@]{1,253})>(?::|\.\.\.) (?:recipient|user|relay|mailbox)`),
	lazyre.New(`(?i)\b(?:unknown user|user unknown|user not found|no such user|mailbox not found|invalid recipient)[: ]+<?([^\s<>@]{1,128}@[^\s<>@()\[\]]{1,253})`),
	lazyre.New(`(?i)\bRCPT TO: ?<([^\s<>@]{1,128}@[^\s<>@]{1,253})>`),
	lazyre.New(`^\s*<([^\s<>@]{1,128}@[^\s<>@]{1,253})>: (?:host |connect to |Host |lost |conversation |mail for |delivery |unknown user|temporary |TLS |Server |Cannot |Domain |message size |User )`),
}

// recipientIn is the recipient that a text names, "" if it names none or more than one.
func recipientIn(s string) string {
	s, found := s[:min(len(s), maxSaid)], ""
	for _, re := range recipientRE {
		for _, m := range re.FindAllStringSubmatch(s, 4) {
			if found != "" && !strings.EqualFold(found, m[1]) {
				return ""
			}
			found = cmp.Or(found, m[1])
		}
	}
	return found
}

// recipientAddress is an address of the stated recipient's domain, for the receiver.
func (s *Stated) recipientAddress() string {
	if s.Recipient == "" {
		return ""
	}
	return "x@" + s.Recipient
}

// actionOf is what a reply did to the message: "" if it does not say.
func actionOf(e *reply.Explanation) bounce.Action {
	class := e.Code / 100
	if class == 0 && e.Enhanced != "" {
		class = int(e.Enhanced[0] - '0')
	}
	switch {
	case e.Reason == reply.Delivered:
		return bounce.Delivered
	case class == 5:
		return bounce.Failed
	case class == 4:
		if e.Permanent != nil && *e.Permanent {
			return bounce.Failed
		}
		return bounce.Delayed
	case class == 0 && e.Permanent != nil && *e.Permanent:
		return bounce.Failed
	}
	return ""
}

// maxSaid bounds the text of an item.
const maxSaid = 4 << 10

func cutText(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= maxSaid {
		return s
	}
	s = s[:maxSaid]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + " …"
}

// code explains a code that stands alone.
func (x *Explainer) code(name, asked string, h reply.Help) Input {
	e := x.knowledge().Explain(asked, reply.Context{Recipient: x.Stated.recipientAddress()})
	e.Reason, e.Who, e.Meaning, e.Next, e.Proofs = h.Reason, h.Who, h.Meaning, h.Next, h.Proofs
	item := newItem(&e)
	item.Text = strings.TrimSpace(asked)
	item.SaidBy = reply.SpeakerUnknown
	item.Action = text(string(actionOf(&e)))
	x.fill(&item, &e, nil, false)
	c := &Code{Asked: h.Asked, Class: h.Class, Codes: []CodeMeaning{}, Receivers: []ReceiverMeaning{}}
	for _, o := range h.Codes {
		c.Codes = append(c.Codes, CodeMeaning{o.Code, o.Title, o.Meaning, o.Reference})
	}
	for _, r := range h.Receivers {
		m, _ := x.knowledge().Meaning(r.Reason)
		if r.Meaning != "" {
			m = r.Meaning
		}
		one := ReceiverMeaning{Receivers: append([]string{}, r.Receivers...), Reason: r.Reason, Meaning: m}
		if !slices.ContainsFunc(c.Receivers, func(o ReceiverMeaning) bool {
			return o.Meaning == one.Meaning && slices.Equal(o.Receivers, one.Receivers)
		}) {
			c.Receivers = append(c.Receivers, one)
		}
	}
	return Input{Name: name, Kind: bounce.KindReply, Items: []Item{item}, Notes: []string{}, Code: c}
}

// unUTF16 turns a text that begins with the mark of UTF-16 into UTF-8.
func unUTF16(data []byte) []byte {
	if len(data) < 2 || len(data) > 8<<20 {
		return data
	}
	big := data[0] == 0xFE && data[1] == 0xFF
	if !big && !(data[0] == 0xFF && data[1] == 0xFE) {
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		a, b := uint16(data[i]), uint16(data[i+1])
		if big {
			a, b = b, a
		}
		units = append(units, b<<8|a)
	}
	return []byte(string(utf16.Decode(units)))
}

// binary reports whether an input is no text: NUL bytes, or many of the control
// characters that texts do not have. A mail may have some.
func binary(data []byte) bool {
	head := data[:min(len(data), 16<<10)]
	nul, control := 0, 0
	for _, c := range head {
		switch {
		case c == 0:
			nul++
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != 0x0c && c != 0x1b, c == 0x7f:
			control++
		}
	}
	if nul+control == 0 {
		return false
	}
	return (nul > 0 || control*20 > len(head)) && !(bounce.IsMail(data) && (nul+control)*20 < len(head))
}

// compressed names the format of a file that is packed.
func compressed(data []byte) string {
	for _, f := range []struct{ magic, name string }{{"\x1f\x8b", "gzip"}, {"\xfd7zXZ\x00", "xz"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"BZh", "bzip2"}} {
		if bytes.HasPrefix(data, []byte(f.magic)) && (f.name != "bzip2" || len(data) > 10 && string(data[4:10]) == "1AY&SY") {
			return f.name
		}
	}
	return ""
}

// IsCode reports whether a text is a code that stands alone: "421", "550-5.7.26".
func (x *Explainer) IsCode(s string) bool {
	_, ok := x.knowledge().Help(s)
	return ok
}
