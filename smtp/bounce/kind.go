package bounce

import (
	"bytes"
	"strings"

	"mailworthy/internal/lazyre"

	"mailworthy/smtp/reply"
)

var (
	syslogRE = lazyre.New(`(?i)^(?:<\d{1,3}>)?(?:\d )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*)\s+\S+\s+(?:postfix|sendmail|sm-mta|exim|smtpd|opensmtpd|qmail|mox|amavis|opendkim|dovecot|spamd|policyd|postgrey|rspamd|haraka|kernel|milter)[\w/.-]*(?:\[\d+\])?:`)
	eximRE   = lazyre.New(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])? (?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} |H=|no host name|SMTP |Start queue|End queue|rejected |unexpected |TLS )`)
	qmailRE  = lazyre.New(`^@[0-9a-f]{24} |^\d{10}\.\d{3,9} (?:new msg|info msg|starting delivery|delivery \d|status:|end msg|bounce msg)`)
	moxRE    = lazyre.New(`^l=(?:debug|info|error|warn|trace)\w* m=|^(?:\S+ )?level=\w+ msg=|^[a-z]=\w+ m="`)
	bareRE   = lazyre.New(`^(?:postfix|sendmail|exim|smtpd)/?\w*\[\d+\]: |^[0-9A-F]{6,15}: to=<[^>]*>, `)
	fieldRE  = lazyre.New(`(?i)^(?:return-path|received|from|to|subject|date|message-id|delivered-to|x-[a-z0-9-]+|mime-version|content-type|reply-to|auto-submitted|authentication-results|arc-[a-z-]+|dkim-signature|envelope-to|x-original-to|sender|precedence|newsgroups|path|importance|thread-topic)[ \t]*:`)
	replyRE  = lazyre.New(`^\s*(?:(?:smtp|esmtp|diagnostic-code);?:?\s*)*[2-5][0-5]\d(?:[ -]|$)`)
)

// KindOf says what an input is by its first lines. A mail is read: bounce, complaint,
// auto-reply or not-a-bounce.
func KindOf(data []byte, k *reply.Knowledge) Kind {
	if kind := shape(data); kind != "" {
		return kind
	}
	return Parse(Split(data)[0], k).Kind
}

// IsMail reports whether an input looks like a raw message or an mbox file.
func IsMail(data []byte) bool { return shape(data) == "" }

// shape returns the kind of an input that is no mail, "" for a mail.
func shape(data []byte) Kind {
	head := lines(data[:min(len(data), 64<<10)])
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	text := strings.TrimLeft(string(head), "\n \t")
	if bytes.HasPrefix(head, []byte("From ")) && mboxRE.Match(head[:min(len(head), 200)]) {
		return ""
	}
	fields, logs, n := 0, 0, 0
	inHeader := true
	for l := range strings.SplitSeq(text, "\n") {
		if n++; n > 60 {
			break
		}
		if isLog(l) {
			logs++
		}
		switch {
		case !inHeader:
		case fieldRE.MatchString(l):
			fields++
		case l == "" || (l[0] != ' ' && l[0] != '\t' && !strings.Contains(l, ":")):
			inHeader = false
		}
	}
	switch {
	case logs > 0 && fields < 2:
		return KindLog
	case fields >= 2:
		return ""
	case replyRE.MatchString(text):
		return KindReply
	}
	return KindText
}

// isLog reports whether a line is of a mail log.
func isLog(l string) bool {
	return syslogRE.MatchString(l) || eximRE.MatchString(l) || qmailRE.MatchString(l) || moxRE.MatchString(l) || bareRE.MatchString(l)
}
