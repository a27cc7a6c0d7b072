package maillog

import "bytes"

// sendmail reads a line of sendmail.
func (l *Log) sendmail(b []byte, r *record) verdict {
	if hasPrefix(b, "STARTTLS=client") {
		relay, version := sendmailValue(b, "relay="), sendmailValue(b, "version=")
		if len(version) > 0 {
			r.kind, r.tls = recTLS, version
			r.relay = bytes.TrimRight(relay, ".")
		}
		return understood
	}
	id, rest, ok := queueID(b)
	if !ok || len(id) < 7 {
		if hasAnyPrefix(b, sendmailNotes) {
			return understood
		}
		if hasPrefix(b, "ruleset=") {
			return sendmailRefusal(b, r)
		}
		return notUnderstood
	}
	noqueue := string(id) == "NOQUEUE"
	if !noqueue {
		r.id = id
	}
	switch {
	case hasPrefix(rest, "from="):
		addr, _, ok := address(rest[5:])
		if !ok {
			return notUnderstood
		}
		r.kind, r.sender, r.hasSender = recSender, addr, true
		r.nrcpt = leadingInt(sendmailValue(rest, "nrcpts="))
		r.messageID = unbracket(sendmailValue(rest, "msgid="))
		return understood
	case hasPrefix(rest, "to="):
		return l.sendmailDelivery(rest[3:], r)
	case hasPrefix(rest, "ruleset="), hasPrefix(rest, "Milter") && bytes.Contains(rest, []byte("reject")):
		return sendmailRefusal(rest, r)
	case hasPrefix(rest, "done; delay="):
		r.kind = recClosed
		return understood
	case hasPrefix(rest, "<"):
		// "<addr>... User unknown" at RCPT.
		if addr, after, ok := address(rest); ok && hasPrefix(after, "... ") {
			r.kind, r.recipient, r.text = recRejected, addr, after[4:]
			return understood
		}
	}
	if newID, after, ok := queueID(rest); ok {
		r.newID = newID
		if bytes.Contains(after, []byte("Cannot send message for ")) || bytes.Contains(after, []byte("Cannot send message within ")) {
			r.kind, r.text = recExpired, after
		}
		return understood
	}
	if noqueue || hasAnyPrefix(rest, sendmailNotes) {
		return understood
	}
	return notUnderstood
}

var sendmailNotes = []string{
	"lost input channel", "collect: ", "timeout ", "SYSERR", "alias ", "AUTH", "STARTTLS", "clone ", "unable to qualify", "---", "Milter", "starting daemon",
	"alias database", "rejecting connections", "accepting connections", "gethostby", "/etc/", "restarting ", "NOQUEUE", "sender notify", "Authentication-Warning",
	"locked", "owned process", "discarded", "quarantine", "held", "Losing ", "runqueue", "grew ", "forward ", "headers too", "hash map", "makeconnection", "Truncated ",
	"truncated ", "low on space", "daemon ", "problem ", "started as", "stopping ", "did not issue", "possible ", "Null connection", "tls_", "My unqualified", "size=", "dropped ",
	"database ", "putoutmsg", "SMTP outgoing connect", "load average", "ldap", "done", "to error", "removed", "DSN", "postmaster notify", "return to sender", "recipient", "rcpt",
}

// sendmailValue returns the value of "key=" up to the next ", ".
func sendmailValue(b []byte, key string) []byte {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(key))
		if i < 0 {
			return nil
		}
		i += from
		if i == 0 || b[i-1] == ' ' {
			v := b[i+len(key):]
			if j := bytes.Index(v, []byte(", ")); j >= 0 {
				v = v[:j]
			}
			return v
		}
		from = i + 1
	}
}

// sendmailDelivery reads "<a>,<b>, delay=…, mailer=…, relay=HOST. [IP], dsn=…, stat=…".
func (l *Log) sendmailDelivery(b []byte, r *record) verdict {
	l.more = l.more[:0]
	rest := b
	for {
		addr, after, ok := address(rest)
		if !ok {
			return notUnderstood
		}
		if len(addr) > 0 {
			l.more = append(l.more, addr)
		}
		rest = after
		if len(rest) > 1 && rest[0] == ',' && rest[1] != ' ' && len(l.more) < maxRecipientsPerLine {
			rest = rest[1:]
			continue
		}
		break
	}
	i := bytes.Index(rest, []byte("stat="))
	if i < 0 || len(l.more) == 0 {
		return notUnderstood
	}
	fields, stat := rest[:i], rest[i+5:]
	r.kind = recDelivery
	r.recipient = l.more[0]
	r.delay = sendmailDelay(sendmailValue(fields, "delay="))
	r.dsn = sendmailValue(fields, "dsn=")
	relay := sendmailValue(fields, "relay=")
	if j := bytes.IndexByte(relay, '['); j >= 0 {
		if k := bytes.IndexByte(relay[j:], ']'); k > 0 {
			r.relayIP = bytes.TrimPrefix(relay[j+1:j+k], []byte("IPv6:"))
		}
		relay = relay[:j]
	}
	r.relay = bytes.TrimRight(relay, " .")
	r.text = stat
	switch mailer := sendmailValue(fields, "mailer="); {
	case string(mailer) == "local", string(mailer) == "prog", string(mailer) == "*file*", string(mailer) == "cyrus", string(mailer) == "procmail":
		r.local = true
	case bytes.Contains(mailer, []byte("lmtp")):
		r.handover = true
	}
	if isLoopback(r.relayIP) {
		r.handover = true
	}
	switch {
	case hasPrefix(stat, "Sent"):
		r.status = statusSent
		if hasPrefix(stat, "Sent (") {
			r.text = bytes.TrimSuffix(stat[6:], []byte(")"))
			if r.newID = queuedAs(r.text); r.newID == nil {
				word, after, _ := bytes.Cut(r.text, []byte(" "))
				if hasPrefix(after, "Message accepted") {
					r.newID = word
				}
			}
		}
	case hasPrefix(stat, "queued"), hasPrefix(stat, "Queued"):
		r.kind = recNote
	case hasPrefix(stat, "Deferred"), len(r.dsn) > 0 && r.dsn[0] == '4':
		r.status = statusDeferred
		if after, ok := bytes.CutPrefix(stat, []byte("Deferred: ")); ok {
			r.text = after
		}
	case len(r.dsn) > 0 && r.dsn[0] == '2':
		r.status = statusSent
	default:
		r.status = statusBounced
	}
	if r.status != statusSent && r.kind == recDelivery {
		// Since 8.16 the answer itself stands before what sendmail makes of it.
		if _, said, ok := bytes.Cut(fields, []byte("reply=")); ok && len(said) > 3 && (said[0] == '4' || said[0] == '5') && said[1] <= '9' && said[1] >= '0' {
			r.text = bytes.TrimRight(said, ", ")
		}
	}
	return understood
}

const maxRecipientsPerLine = 1000

// sendmailDelay reads "[D+]HH:MM:SS".
func sendmailDelay(b []byte) float64 {
	days := 0
	if d, after, ok := bytes.Cut(b, []byte("+")); ok {
		days, b = leadingInt(d), after
	}
	sec, ok := clockTime(b)
	if !ok {
		return -1
	}
	return float64(days*86400) + float64(sec)
}

// sendmailRefusal reads "ruleset=check_rcpt, arg1=<R>, relay=HOST [IP], reject=TEXT".
func sendmailRefusal(b []byte, r *record) verdict {
	i := bytes.Index(b, []byte("reject="))
	if i < 0 {
		return understood
	}
	r.kind, r.text = recRejected, b[i+len("reject="):]
	if hasPrefix(b, "ruleset=check_rcpt") {
		r.recipient = unbracket(sendmailValue(b, "arg1="))
	} else if hasPrefix(b, "ruleset=check_mail") {
		r.sender, r.hasSender = unbracket(sendmailValue(b, "arg1=")), true
	} else if to := sendmailValue(b, "to="); to != nil {
		r.recipient = unbracket(to)
	}
	relay := sendmailValue(b, "relay=")
	if j := bytes.IndexByte(relay, '['); j >= 0 {
		if k := bytes.IndexByte(relay[j:], ']'); k > 0 {
			r.relayIP = relay[j+1 : j+k]
		}
		relay = relay[:j]
	}
	r.relay = bytes.TrimRight(relay, " .")
	return understood
}
