package reply

import (
	"strconv"
	"strings"

	"mailworthy/internal/lazyre"
)

// MaxText is how many bytes of a text are read. Replies are a few hundred bytes; what
// comes after this says nothing more.
const MaxText = 8 << 10

// wrapper is how a sending server quotes a reply. The groups host, ip, cmd and said
// are read if they are there.
type wrapper struct {
	re *lazyre.Regexp
	// need is a lower-case text that the pattern cannot match without; it is looked
	// for first, because it is fast.
	need string
	// speaker of what is quoted.
	speaker Speaker
	// stage if the text has no command.
	stage Stage
	// inside: after a reply code these are words of whoever gave it, about a server
	// behind it (a callout, a relay), and no answer of that server.
	inside bool
}

const (
	hostRE = `(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}))`
	ipRE   = `[\[(](?P<ip>[0-9A-Fa-f.:]{3,45}|IPv6:[0-9A-Fa-f.:]+)[\])](?::\d{1,5})?`
)

// wrappers in the order in which they are tried; the first that matches decides.
var wrappers = []wrapper{
	// sendmail: its own line around a line of its resolver.
	{need: "<", re: lazyre.New(`^[45]\d\d <[^>]*>\.\.\. (?P<said>[45]\d\d .*?)(?: (?:>>>|While talking) .*|$)`), speaker: Local},
	// Postfix: the remote server.
	{need: "[", re: lazyre.New(`(?i)(?:host|server) ` + hostRE + ` ?` + ipRE + ` (?:said|refused to talk to me): (?P<said>.*?)(?: ?\(in reply to (?P<cmd>[A-Za-z ]{3,40}?)(?: command)?\)|$)`), speaker: Remote},
	{need: "refused to talk", re: lazyre.New(`(?i)connect to ` + hostRE + ipRE + `: server refused to talk to me: (?P<said>.*)`), speaker: Remote, stage: StageBanner},
	{need: "sasl auth", re: lazyre.New(`(?i)SASL authentication failed; server ` + hostRE + ipRE + ` said: (?P<said>.*)`), speaker: Remote, stage: StageAuth},
	{need: "delivery via", re: lazyre.New(`(?i)delivery via ` + hostRE + ipRE + `: (?P<said>.*)`), speaker: Remote},
	// Exim: host first or last, and the hosted Exim of 1&1.
	{need: "smtp error from", re: lazyre.New(`(?i)host ` + hostRE + ` ?` + ipRE + `:? SMTP error from remote (?:mail )?server after (?P<cmd>[A-Za-z ]+?)(?: ?:<[^>]*>| [^ :]+\.[^ :]*)?(?: [A-Z0-9]+=[^ :]*)*: (?P<said>.*)`), speaker: Remote},
	{need: "smtp error from", re: lazyre.New(`(?i)SMTP error from remote (?:mail )?server after (?P<cmd>[A-Za-z ]+?)(?: ?:<[^>]*>| [^ :]+\.[^ :]*)?(?: [A-Z0-9]+=[^ :]*)*: host ` + hostRE + ` ?` + ipRE + `: (?P<said>.*)`), speaker: Remote},
	{need: "smtp error from", re: lazyre.New(`(?i)SMTP error from remote (?:mail )?server after (?P<cmd>[A-Za-z ]+?)(?: ?:<[^>]*>| [^ :]+\.[^ :]*)?(?: [A-Z0-9]+=[^ :]*)*: (?P<said>.*)`), speaker: Remote},
	{need: "smtp error from", re: lazyre.New(`(?i)SMTP error from remote server (?:for|after|in) (?P<cmd>[A-Za-z ]+?)(?: command)?,? host: ?` + hostRE + ` ?` + ipRE + ` reason: (?P<said>.*)`), speaker: Remote},
	// qmail.
	{need: "most progress", re: lazyre.New(`(?i)most progress was (?P<cmd>[A-Za-z ]+?) response; remote host (?P<ip>[0-9A-Fa-f.:]{3,45}) said: (?P<said>.*?)(?: ?\(Other MXes tried|$)`), speaker: Remote},
	{need: "does not like recipient", re: lazyre.New(`(?i)(?P<ip>[0-9A-Fa-f.:]{7,45}) does not like recipient\.? ?Remote host said: (?P<said>.*?)(?: ?Giving up on .*|$)`), speaker: Remote, stage: StageRcpt},
	{need: "sender was rejected", re: lazyre.New(`(?i)Connected to (?P<ip>[0-9A-Fa-f.:]{7,45}) but sender was rejected\.? ?Remote host said: (?P<said>.*?)(?: ?I'm not going to try again.*|$)`), speaker: Remote, stage: StageMail},
	{need: "my name was rejected", re: lazyre.New(`(?i)Connected to (?P<ip>[0-9A-Fa-f.:]{7,45}) but my name was rejected\.? ?Remote host said: (?P<said>.*?)(?: ?I'm not going to try again.*|$)`), speaker: Remote, stage: StageEHLO},
	{need: "greeting failed", re: lazyre.New(`(?i)Connected to (?P<ip>[0-9A-Fa-f.:]{7,45}) but greeting failed\.? ?Remote host said: (?P<said>.*?)(?: ?I'm not going to try again.*|$)`), speaker: Remote, stage: StageBanner},
	{need: "remote host said", re: lazyre.New(`(?i)(?P<ip>[0-9A-Fa-f.:]{7,45}) failed (?:on|after) (?:DATA command|I sent the message)\.? ?Remote host said: (?P<said>.*)`), speaker: Remote, stage: StageEndOfData},
	{need: "remote host said", re: lazyre.New(`(?i)Remote host said: (?P<said>.*?)(?: \[(?P<cmd>RCPT_TO|MAIL_FROM|DATA|BODY|HELO|EHLO|CONNECT|GREETING)\].*|$)`), speaker: Remote},
	// DragonFly Mail Agent.
	{need: "did not like our", re: lazyre.New(`(?i)` + hostRE + ` ` + ipRE + ` did not like our (?P<cmd>[A-Za-z ]+?): ?(?P<said>.*)`), speaker: Remote},
	// Google.
	{need: "rejected by the server for", re: lazyre.New(`(?i)rejected by the server for the recipient domain \S+ by ` + hostRE + `\. ` + ipRE + `\.? The error that the other server returned was: (?P<said>.*)`), speaker: Remote},
	{need: "other server returned", re: lazyre.New(`(?i)The error that the other server returned was: (?P<said>.*?)(?: \((?:state (?P<state>\d+))\).*|$)`), speaker: Remote},
	{need: "remote server was", re: lazyre.New(`(?i)The response from the remote server was: (?P<said>.*)`), speaker: Remote},
	{need: "the response was", re: lazyre.New(`(?i)The response was: (?P<said>\[?[245]\d\d.*)`), speaker: Remote},
	// The mail libraries of .NET.
	{need: "exception", re: lazyre.New(`(?i)(?:server response was|SmtpCommandException): (?P<said>[245]\.\d\.\d.*)`), speaker: Remote},
	// Exchange.
	{need: "remote server", re: lazyre.New(`(?i)Remote Server(?: at ` + hostRE + `(?: ` + ipRE + `)?)? returned:? '(?P<said>[^']*)'?`), speaker: Remote},
	{re: lazyre.New(`(?i)` + hostRE + ` (?:gave this error|rejected your message to the following e-?mail addresses): (?P<said>.*)`), speaker: Remote},
	// A host has a dot, or stands first: the word before "#" may be a reply code.
	{need: "#", re: lazyre.New(`(?:^[\s<]*(?P<host>[A-Z][A-Z0-9-]{1,62})|(?:^|[\s<])(?P<host>[A-Za-z0-9-]+\.[A-Za-z0-9._-]{1,254})) #(?P<said><?#?[245]\.\d\.\d+ .*)`), speaker: Remote},
	// SMTP transcripts of sendmail, Courier and others.
	{need: ">>>", re: lazyre.New(`(?i)(?:while talking to ` + hostRE + `\.?:? )?>>> (?P<cmd>[A-Za-z]{4}(?: from| to)?)\b.{0,300}? <<< (?P<said>[245]\d\d.*)`), speaker: Remote},
	{need: "<<<", re: lazyre.New(`(?i)while talking to ` + hostRE + `\.?:? <<< (?P<said>[245]\d\d.*)`), speaker: Remote},
	{need: "<<<", re: lazyre.New(`(?i)^(?:.{0,200} )?<<< (?P<said>[245]\d\d.*)`), speaker: Remote},
	{need: "smtp server <", re: lazyre.New(`(?i)SMTP Server <` + hostRE + `> rejected .{0,300}?\(Error following (?P<cmd>[A-Za-z ]+?) command\)\. It responded as follows: \[(?P<said>[^\]]*)`), speaker: Remote},
	{re: lazyre.New(`(?i)(?:destination|recipient's|remote|receiving) (?:mail )?(?:server|host|system) (?:said|responded|replied|returned)(?: with)?:? (?P<said>.*)`), speaker: Remote},
	{need: "failed to send", re: lazyre.New(`(?i)Failed to send to identified host, \S+ ` + ipRE + `, (?P<said>.*)`), speaker: Remote},
	{re: lazyre.New(`(?i):? ?(?P<ip>[0-9.]{7,15}) : ` + hostRE + `:` + `\[[0-9A-Fa-f.:]+\] : (?P<said>[245]\d\d.*?)(?: in [A-Z]|$)`), speaker: Remote},
	// AsyncOS (IronPort, Amazon SES): its own code around the receiver's words.
	{need: " - ", re: lazyre.New(`(?P<outer>[45]\.\d\.\d) - [A-Za-z ]{3,60}?(?: ?(?P<code>[45]\d\d)-?)? ?'(?P<said>[^']{3,})'`), speaker: Remote},
	{need: "error_code", re: lazyre.New(`ERROR_CODE ?: ?(?P<code>[245]\d\d), ERROR_CODE ?: ?(?P<said>.*)`), speaker: Remote},
	// Amazon WorkMail: the answer that made it give up.
	{need: "message expired", re: lazyre.New(`(?i)message expired: [^<]{0,80}<(?P<said>[45]\d\d [45]\.\d\.\d[^>]*)>`), speaker: Local},
	// The transcript of Postfix's own server: the last failure in it.
	{need: "out: ", re: lazyre.New(`^.*Out: (?P<said>[45]\d\d .*?)(?: In: .*|$)`), speaker: Local},
	{need: "response", re: lazyre.New(`(?i)Response ?Code:? ?(?P<code>[45]\d\d)(?P<said>$|[^,}\d].*)`), speaker: Remote},
	// The own server: a host that could not be used.
	{need: "connect to", re: lazyre.New(`(?i)connect to ` + hostRE + ipRE + `: (?P<said>.*)`), speaker: Local, stage: StageConnect, inside: true},
	{need: " with ", re: lazyre.New(`(?i)(?P<said>(?:lost connection|conversation) with ` + hostRE + ipRE + `.*)`), speaker: Local, inside: true},
	{need: "tls is required", re: lazyre.New(`(?i)(?P<said>TLS is required, but was not offered by host ` + hostRE + ipRE + `.*)`), speaker: Local, stage: StageSTARTTLS, inside: true},
	{need: "message size", re: lazyre.New(`(?i)(?P<said>message size \d+ exceeds size limit \d+ of server ` + hostRE + ipRE + `.*)`), speaker: Local, stage: StageMail, inside: true},
}

// concludedRE finds the line in which sendmail sums up an answer, such as "550 5.1.1
// <joe@acme.example>... User unknown", which it writes for every 550.
var concludedRE = lazyre.New(` [45]\d\d (?:[45]\.\d\.\d{1,3} )?<[^<>\s]*>\.\.\. `)

var (
	spaces    = lazyre.New(`\s+`)
	prefixRE  = lazyre.New(`(?i)^(?:diagnostic-code: *)?(?:smtp|esmtp|x-postfix|x-unix|x-notes|x-exim|lmtp) *; *`)
	leadingRE = lazyre.New(`^[\s"'<\[(#]*([2-5][0-5]\d|5[6-9]\d)(?:[ \-:,]|$)[ :\-]*(?:cuda_nsu )?(?:b?['"])?[#(<\[]*(?:([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.(?:\D|$)|$))?`)
	pairRE    = lazyre.New(`(?:^|[^\d.])([2-5][0-5]\d|5[6-9]\d)(?:[ \-:]+|, ?b?['"])#?([245]\.\d{1,3}\.\d{1,3})(?:$|[^\d.])`)
	enhRE     = lazyre.New(`(?:^|[\s(\[<#:='"\-,;])([245]\.\d{1,3}\.\d{1,3})(?:$|[\s)\]>#:,;'"\-]|\.(?:$|\D))`)
	codeRE    = lazyre.New(`(?:^|[\s:;,'"(\[#/])(421|45[0-9]|50[0-4]|52[0-9]|53[0-9]|54[0-9]|55[0-7]|571|250)(?:[ :\-]+[A-Za-z<'"#(=\[\p{L}]|, ?b?['"]|['"\])]|$)`)
	// labelledRE finds the code that a program writes as a field of its own: in the JSON
	// of a sending service, in the error of a library.
	labelledRE  = lazyre.New(`(?i)(?:\b(?:response_?code|status_?code|reply_?code|smtp[ _-]?(?:reply[ _-]?|response[ _-]?|status[ _-]?)?code|got code)|['"]code)['"]?\s?[:=]?\s?['"]?([45]\d\d)\b`)
	finalCodeRE = lazyre.New(`^4\d\d [A-Za-z][^<>]{0,80}? (?:<<< )?(55[0-3]) [A-Za-z<]`)
	countRE     = lazyre.New(`(?i)^(?:bytes|messages?|seconds?|recipients?|minutes?|hours?|days?|hops?|hosts?|[kmg]i?b|characters|times|connections?|mails?|per)\b`)
)

// Join returns the lines of a text as one: the code that each line of a multi-line
// reply repeats is kept once (RFC 5321, section 4.2.1), white space is one space.
func Join(text string) string {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = spaces.ReplaceAllString(text, " ")
	text = strings.TrimSpace(text)
	return dropRepeats(text)
}

// dropRepeats removes the "550-" and "550-5.7.26" that further lines begin with,
// whether the line breaks are still there or not.
func dropRepeats(text string) string {
	m := continuedRE.FindStringSubmatchIndex(text)
	if m == nil {
		return text
	}
	code := text[m[2]:m[3]]
	head, rest := text[:m[1]], text[m[1]:]
	enhanced := ""
	if m[4] >= 0 {
		enhanced = text[m[4]:m[5]]
	}
	var b strings.Builder
	b.WriteString(head)
	for {
		i := strings.Index(rest, " "+code)
		if i < 0 {
			break
		}
		end := i + 1 + len(code)
		if end >= len(rest) || (rest[end] != '-' && rest[end] != ' ') {
			b.WriteString(rest[:end])
			rest = rest[end:]
			continue
		}
		last := rest[end] == ' '
		b.WriteString(rest[:i])
		rest = strings.TrimLeft(rest[end+1:], " ")
		if enhanced != "" && strings.HasPrefix(rest, enhanced) {
			rest = strings.TrimLeft(rest[len(enhanced):], " ")
		}
		b.WriteByte(' ')
		if last {
			break
		}
	}
	b.WriteString(rest)
	return strings.ReplaceAll(b.String(), "  ", " ")
}

var continuedRE = lazyre.New(`(?:^|[\s:'"])([2-5]\d\d)-(?: ?([245]\.\d{1,3}\.\d{1,3}))? ?`)

// Parse takes a reply apart. A text without a code is not an error: Code is 0 then.
func Parse(text string) Reply {
	whole := Join(unescape(text))
	r := Reply{Whole: whole, Text: whole, Speaker: SpeakerUnknown}
	said := prefixRE.ReplaceAllString(whole, "")
	body, outer := said, ""
	if i := strings.Index(body, "delivery temporarily suspended: "); i >= 0 {
		body = body[i+len("delivery temporarily suspended: "):]
	}
	lower := strings.ToLower(body)
	for i := range wrappers {
		w := &wrappers[i]
		if !strings.Contains(lower, w.need) || w.inside && leadingRE.MatchString(body) {
			continue
		}
		m := w.re.FindStringSubmatch(body)
		if m == nil {
			continue
		}
		code := ""
		r.wrapped = true
		r.Speaker, r.Stage = w.speaker, w.stage
		for j, name := range w.re.SubexpNames() {
			switch name {
			case "host":
				if m[j] != "" {
					r.RemoteHost = strings.ToLower(strings.TrimRight(m[j], "."))
				}
			case "ip":
				r.RemoteIP = strings.TrimPrefix(m[j], "IPv6:")
			case "cmd":
				if s := stageOf(m[j]); s != "" {
					r.Stage = s
				}
			case "code":
				code = m[j]
			case "outer":
				outer = m[j]
			case "said":
				said = strings.TrimSpace(m[j])
			}
		}
		if code != "" {
			said = code + " " + said
		}
		if strings.Contains(w.need, "<<<") || w.need == ">>>" {
			// What sendmail concludes stands below what it was told.
			if m := concludedRE.FindStringIndex(said); m != nil {
				said = said[:m[0]]
			}
		}
		if r.Stage == "" && strings.Contains(m[0], "refused to talk to me") {
			r.Stage = StageBanner
		}
		break
	}
	said = prefixRE.ReplaceAllString(said, "")
	at := r.codes(said)
	if r.Code == 0 && r.Enhanced == "" && said != whole {
		r.codes(whole)
	} else {
		said = said[at:]
	}
	if r.Enhanced == "" {
		r.Enhanced = outer
	}
	if r.Speaker == SpeakerUnknown && r.Code != 0 && at == 0 && leadingRE.MatchString(said) {
		r.Speaker = Remote
	}
	r.Text = r.strip(said)
	return r
}

// unescape returns the words of a line that qmail-rspawn wrote with an underscore for
// each space; other texts as they are.
func unescape(text string) string {
	if t := strings.TrimSpace(text); strings.ContainsAny(t, " \n\t") || strings.Count(t, "_") < 3 {
		return text
	}
	return strings.ReplaceAll(text, "_", " ")
}

// codes reads the reply code and the enhanced code: at the beginning, then as a pair,
// then each where it is marked as a code. It returns where in the text they begin.
func (r *Reply) codes(said string) int {
	at := 0
	if m := leadingRE.FindStringSubmatch(said); m != nil {
		r.Code, _ = strconv.Atoi(m[1])
		r.Enhanced = m[2]
	}
	if r.Code == 0 || r.Code == 354 || r.Code == 220 {
		// A transcript that begins before the answer that counts, or words before it.
		if m := pairRE.FindStringSubmatchIndex(said); m != nil {
			at = m[2]
			r.Code, _ = strconv.Atoi(said[m[2]:m[3]])
			r.Enhanced = said[m[4]:m[5]]
		}
	}
	if r.Code/100 == 4 && r.Enhanced == "" {
		// A transcript: the final answer is the one that counts.
		if m := finalCodeRE.FindStringSubmatchIndex(said); m != nil {
			at = m[2]
			r.Code, _ = strconv.Atoi(said[m[2]:m[3]])
		}
	}
	if r.Code == 0 {
		if m := labelledRE.FindStringSubmatch(said); m != nil {
			r.Code, _ = strconv.Atoi(m[1])
		}
	}
	if r.Code == 0 {
		for _, m := range codeRE.FindAllStringSubmatchIndex(said, 8) {
			if rest := strings.TrimLeft(said[m[3]:], " :-"); countRE.MatchString(rest) {
				continue
			}
			at = m[2]
			r.Code, _ = strconv.Atoi(said[m[2]:m[3]])
			break
		}
	}
	if r.Enhanced == "" {
		if m := enhRE.FindStringSubmatch(said[at:]); m != nil && (r.Code == 0 || int(m[1][0]-'0') == r.Code/100) {
			r.Enhanced = m[1]
		}
	}
	if r.Enhanced != "" && !validEnhanced(r.Enhanced) {
		r.Enhanced = ""
	}
	return at
}

// validEnhanced reports whether a code has a subject that is registered (0 to 7).
func validEnhanced(code string) bool {
	_, rest, _ := strings.Cut(code, ".")
	subject, _, _ := strings.Cut(rest, ".")
	return len(subject) == 1 && subject[0] <= '7'
}

// strip returns the text without the codes at its beginning.
func (r *Reply) strip(said string) string {
	said = prefixRE.ReplaceAllString(said, "")
	if r.Code != 0 {
		if m := leadingRE.FindStringIndex(said); m != nil {
			said = said[m[1]:]
		}
	} else if r.Enhanced != "" {
		said = strings.TrimPrefix(said, r.Enhanced)
	}
	said = strings.Trim(said, " -:;,")
	return strings.TrimSpace(strings.TrimPrefix(said, "#"))
}

// stageOf returns the stage that a command or a phrase such as "end of data" names.
func stageOf(cmd string) Stage {
	c := strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(cmd), "_", " "))
	switch {
	case strings.Contains(c, "END OF DATA"), strings.Contains(c, "END OF MESSAGE"), strings.Contains(c, "FINAL DATA"),
		c == "BODY", strings.Contains(c, "PIPELINED END"), c == "BDAT LAST":
		return StageEndOfData
	case strings.Contains(c, "RCPT"), strings.Contains(c, "RECIPIENT"):
		return StageRcpt
	case strings.Contains(c, "MAIL"), strings.Contains(c, "SENDER"):
		return StageMail
	case strings.Contains(c, "DATA"), strings.Contains(c, "BDAT"), c == "TEXT":
		return StageData
	case strings.Contains(c, "INITIAL"), strings.Contains(c, "GREETING"), strings.Contains(c, "CONNECT"):
		return StageBanner
	case strings.Contains(c, "EHLO"), strings.Contains(c, "HELO"), strings.Contains(c, "LHLO"):
		return StageEHLO
	case strings.Contains(c, "STARTTLS"):
		return StageSTARTTLS
	case strings.Contains(c, "AUTH"):
		return StageAuth
	case strings.Contains(c, "QUIT"):
		return StageQuit
	}
	return ""
}

var (
	startsReply = lazyre.New(`^\s*(?:(?:smtp|esmtp);\s*)?([2-5]\d\d)([ -]|$)`)
	wrappedLine = lazyre.New(`(?i)\b(?:host|server) \S+ ?\[[0-9a-f.:]+\] (?:said|refused to talk to me): |^SMTP error from remote|^connect to \S+\[`)
	// continuesRE finds the code of a multi-line reply that begins within a line.
	continuesRE = lazyre.New(`[\s:'"(]([2-5]\d\d)-(?:[245]\.\d|[^\d\s])`)
	// announcesRE matches words after which what a server said stands on the next line.
	announcesRE = lazyre.New(`[:>]\s*$`)
)

// MaxReplies is how many replies Split returns at most.
const MaxReplies = 1000

// Split cuts a pasted text into replies. The lines of a multi-line reply stay
// together, and with the words that announce them; a line without a code belongs to
// the reply before it. A text in which no line begins with a code is one reply, except
// for lines that each quote a server.
func Split(text string) []string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var out []string
	var now strings.Builder
	open := ""
	said := false // whether a server has spoken in what is collected
	flush := func() {
		if s := strings.TrimSpace(now.String()); s != "" && len(out) < MaxReplies {
			out = append(out, s)
		}
		now.Reset()
		said = false
	}
	quoted := 0
	lines := strings.Split(text, "\n")
	for _, line := range lines {
		if wrappedLine.MatchString(line) {
			quoted++
		}
	}
	for _, line := range lines {
		m := startsReply.FindStringSubmatch(line)
		wrapped := wrappedLine.MatchString(line)
		switch {
		case m != nil && m[1] == open:
			// another line of the same reply
		case m != nil && !said:
			// the reply that the words before announce
		case m != nil:
			flush()
		case quoted > 1 && wrapped, strings.TrimSpace(line) == "" && quoted > 1:
			flush()
		}
		switch {
		case m != nil:
			said, open = true, ""
			if m[2] == "-" {
				open = m[1]
			}
		case open == "" || wrapped:
			if c := continuesRE.FindAllStringSubmatch(line, -1); c != nil {
				said, open = true, c[len(c)-1][1]
			} else if wrapped {
				said = !announcesRE.MatchString(line)
			}
		}
		now.WriteString(line)
		now.WriteByte('\n')
	}
	flush()
	return out
}
