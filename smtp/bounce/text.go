package bounce

import (
	"html"
	"strings"

	"mailworthy/internal/lazyre"
)

// copyMarks begin the copy of the original message in a mail without parts.
var copyMarks = []*lazyre.Regexp{
	lazyre.New(`(?i)^[\s\-_*=>#+|:.]*(?:this is|included is|here is|enclosed is|below is)?\s*(?:a|the)?\s*(?:copy|header|text|first \d+ lines|beginning|start) of (?:the|your|a)? ?(?:original|returned|undelivered|rejected|message|e-?mail|mail)`),
	lazyre.New(`(?i)^[\s\-_*=>#+|]*below this line is`),
	lazyre.New(`(?i)^[\s\-_*=>#+|]*(?:the )?(?:original|returned|unsent|undelivered|undeliverable|rejected|failed) (?:e-?mail )?(?:message|mail)(?: (?:text|headers?|body))?(?: follows| below)?[\s\-_*=>#+|:.]*$`),
	lazyre.New(`(?i)^[\s\-_*=>#+|]*(?:the )?(?:original|returned|unsent|undelivered|undeliverable|rejected) (?:message|mail)(?: headers?)? (?:follows|is (?:below|attached|included|enclosed))`),
	lazyre.New(`(?i)^[\s\-_*=>#+|]*(?:message|mail) (?:header|headers|text|body)s? follows?`),
	lazyre.New(`(?i)^[\s\-_*=>#+|]*included is a copy`),
	lazyre.New(`(?i)^[\s\-_*=>#+|]*(?:original|returned) message header`),
	lazyre.New(`(?i)^[\s\-_*=>#+|]*a copy of (?:the|your) `),
	lazyre.New(`(?i)^-{2,}\s*original message\s*-{2,}`),
	lazyre.New(`(?i)^content-type:\s*message/rfc822`),
}

var (
	copyFieldRE = lazyre.New(`(?i)^(?:received|return-path|message-id|from|to|subject|date|mime-version|reply-to|delivered-to|x-[a-z0-9-]+|content-type|dkim-signature|sender|references|in-reply-to|cc|content-transfer-encoding)\s*:`)
	proofRE     = lazyre.New(`(?i)^(?:received|return-path|message-id|mime-version|dkim-signature)\s*:`)
	tagRE       = lazyre.New(`(?s)<(?:style|script|head)\b.*?</(?:style|script|head)>|<!--.*?-->`)
	breakRE     = lazyre.New(`(?i)<(?:br|/p|/div|/tr|/li|/h\d|/table)\b[^>]*>`)
	anyTagRE    = lazyre.New(`<[A-Za-z/!][^<>@]{0,1000}>`)
)

// plain returns the text of an HTML body.
func plain(s string) string {
	s = tagRE.ReplaceAllString(s, " ")
	s = breakRE.ReplaceAllString(s, "\n")
	s = anyTagRE.ReplaceAllString(s, " ")
	return html.UnescapeString(s)
}

// cutCopy divides a text before the copy of the original message.
func cutCopy(text string) (said, copied string) {
	ls := strings.Split(text, "\n")
	at, skip := len(ls), 0
	for i, l := range ls {
		if i < at && len(l) < 200 {
			for _, re := range copyMarks {
				if re.MatchString(l) && followed(ls, i) {
					at, skip = i, 1
					break
				}
			}
		}
		if i >= at {
			break
		}
		// A header by its look: four fields together, one of them of a transport.
		if copyFieldRE.MatchString(l) && i+2 < len(ls) {
			n, sure := 0, false
			for j := i; j < len(ls) && j < i+40; j++ {
				switch {
				case copyFieldRE.MatchString(ls[j]):
					n++
					sure = sure || proofRE.MatchString(ls[j])
				case strings.HasPrefix(ls[j], " "), strings.HasPrefix(ls[j], "\t"):
				default:
					j = len(ls)
				}
			}
			if n >= 3 && sure {
				at, skip = i, 0
			}
		}
	}
	if at == len(ls) {
		return text, ""
	}
	return strings.Join(ls[:at], "\n"), strings.Join(ls[at+skip:], "\n")
}

// followed reports whether a header or nothing of weight follows a line that says that
// a copy follows: sentences speak of the original message too.
func followed(ls []string, i int) bool {
	for _, l := range ls[i+1 : min(len(ls), i+12)] {
		l = strings.TrimSpace(l)
		if l == "" || strings.Trim(l, "-_*=#>|") == "" {
			continue
		}
		if copyFieldRE.MatchString(l) || strings.HasPrefix(l, "From ") {
			return true
		}
	}
	return i+3 >= len(ls)
}

// The lines that name a recipient, most certain first.
var recipientLines = []*lazyre.Regexp{
	// The transcript of Postfix's own server.
	lazyre.New(`^\s*In:\s+RCPT TO:<(` + addressPattern + `)>`),
	// <user@example.com>: or alone on its line, with a bullet.
	lazyre.New(`^[\s*•·\-]*<?(` + addressPattern + `)>?\s*:?\s*$`),
	lazyre.New(`^\s*<(` + addressPattern + `)>\s*(?::|\(|\.\.\.|\s-\s|,)`),
	lazyre.New(`^[\s*•·\-]*(` + addressPattern + `)(?:\s*[:(,\[]|\s+on \w|\s+Invalid|\s+-|\s+\d{3}\b|\s+\.\.\.)`),
	lazyre.New(`(?i)^\s*(?:failed |final |original )?(?:recipients?|addressed to|your message to|rcpt|rcpt to|to|user|e-?mail address|address|destination|mailbox|account)\s*(?:address)?\s*[:=]?\s*<?(` + addressPattern + `)>?`),
	lazyre.New(`(?i)(?:unknown user|exceeds allowed size|final delivery userid|deliver(?:ed)? (?:your |the )?(?:message|mail|e-mail) to|message to|delivered to|unknown recipient|rejected recipient|wasn't delivered to|not deliver to)[: ]+<?(` + addressPattern + `)>?`),
}

var (
	sessionRE  = lazyre.New(`(?i)^\s*(?:>>> ?RCPT TO: ?<|[245]\d\d[ -](?:[245]\.\d+\.\d+ )?<)(` + addressPattern + `)>`)
	quoteRE    = lazyre.New(`^\s*(?:>>>|<<<)`)
	boringLine = lazyre.New(`(?i)^\s*(?:hi\.? |hello|dear |this is (?:the|an? automatic)|i'm (?:afraid|sorry)|please |for further|if you|you can|content-|charset|received:|date:|subject:|sent:|-{3,}$|={3,}$)`)
)

// piece is the part of a text that is about one recipient.
type piece struct {
	address string
	text    string
}

// pieces divides what a mail says between the recipients that it names. own are
// addresses that are not recipients: the sender's, the postmaster's.
func pieces(text string, known []string, own func(string) bool) []piece {
	ls := strings.Split(text, "\n")
	var marks []mark
	if len(known) > 0 {
		marks = marksOf(ls, known)
	} else {
		marks = findMarks(ls, own)
	}
	var out []piece
	seen := map[string]bool{}
	before := 0
	for i, m := range marks {
		key := strings.ToLower(m.address)
		if seen[key] {
			continue
		}
		seen[key] = true
		end := len(ls)
		for _, next := range marks[i+1:] {
			if !strings.EqualFold(next.address, m.address) {
				end = lead(ls, next.line, m.line+1)
				break
			}
		}
		start := lead(ls, m.line, before)
		before = end
		out = append(out, piece{m.address, strings.TrimSpace(strings.Join(ls[start:max(end, start)], "\n"))})
	}
	if len(out) > 1 && len(out) <= 50 {
		for i := range out {
			if answers := transcript(ls, out[i].address); answers != "" && !strings.Contains(out[i].text, strings.TrimSpace(answers)) {
				out[i].text += "\n" + answers
			}
		}
	}
	return out
}

// mark is a line that names a recipient.
type mark struct {
	line    int
	address string
}

// marksOf returns the lines that have one of the addresses.
func marksOf(ls, addresses []string) []mark {
	var marks []mark
	for i, l := range ls {
		for _, a := range addresses {
			if strings.Contains(strings.ToLower(l), strings.ToLower(a)) && len(marks) < maxRecipients {
				marks = append(marks, mark{i, a})
				break
			}
		}
	}
	return marks
}

// findMarks returns the lines that name a recipient in the first form that the mail has.
func findMarks(ls []string, own func(string) bool) []mark {
	find := func(own func(string) bool, res ...*lazyre.Regexp) []mark {
		var marks []mark
		for i, l := range ls {
			if len(l) > 1000 || quoteRE.MatchString(l) {
				continue
			}
			for _, re := range res {
				if m := re.FindStringSubmatch(l); m != nil && !own(m[1]) && len(marks) < maxRecipients {
					marks = append(marks, mark{i, m[1]})
					break
				}
			}
		}
		return marks
	}
	for _, re := range recipientLines {
		// A second form in the same mail is usually the session of the first.
		if marks := find(own, re); len(marks) > 0 {
			return marks
		}
	}
	if marks := find(own, sessionRE); len(marks) > 0 {
		return marks
	}
	// A mail to oneself: its recipient is one of the addresses left out.
	self := func(a string) bool { return !own(a) || strings.HasPrefix(strings.ToLower(a), "postmaster@") }
	if marks := find(self, recipientLines[1:4]...); len(marks) > 0 {
		return marks
	}
	return find(own, addressAnyRE)
}

// transcript returns what servers answered about an address in the transcript of a
// session, which comes after the list of recipients.
func transcript(ls []string, address string) string {
	var b strings.Builder
	for i, l := range ls {
		if strings.Contains(strings.ToLower(l), strings.ToLower(address)) && (quoteRE.MatchString(l) || sessionRE.MatchString(l)) {
			b.WriteString(l + "\n")
			if i+1 < len(ls) && strings.HasPrefix(strings.TrimSpace(ls[i+1]), "<<<") {
				b.WriteString(ls[i+1] + "\n")
			}
		}
	}
	return b.String()
}

var addressAnyRE = lazyre.New(`(` + addressPattern + `)`)

var codedRE = lazyre.New(`^\s*[245]\d\d `)

// lead returns the line at which what is said of a recipient begins: sendmail writes
// the session first, and then the line that names the recipient.
func lead(ls []string, line, after int) int {
	if !codedRE.MatchString(ls[line]) {
		return line
	}
	for line > after && (quoteRE.MatchString(ls[line-1]) || (codedRE.MatchString(ls[line-1]) && !strings.Contains(ls[line-1], "@")) || strings.Contains(strings.ToLower(ls[line-1]), "while talking")) {
		line--
	}
	return line
}

// useful returns the lines of a text that may say why: greetings and hints are left
// out.
func useful(text string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		if t := strings.TrimSpace(l); t != "" && !boringLine.MatchString(l) {
			b.WriteString(t)
			b.WriteByte('\n')
		}
	}
	return b.String()
}
