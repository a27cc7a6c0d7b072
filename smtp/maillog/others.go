package maillog

import "bytes"

// opensmtpd reads a line of OpenSMTPD's smtpd.
func (l *Log) opensmtpd(b []byte, r *record) verdict {
	if rest, ok := bytes.CutPrefix(b, []byte("delivery: ")); ok { // before 5.9
		return opensmtpdOld(rest, r)
	}
	if hasPrefix(b, "smtp-out: Error on session ") {
		r.kind = recAttempt
		if _, text, ok := bytes.Cut(b[len("smtp-out: Error on session "):], []byte(": ")); ok {
			r.text = text
		}
		return understood
	}
	if len(b) < 18 || !isHex(b[:16]) || b[16] != ' ' {
		if hasAnyPrefix(b, opensmtpdNotes) {
			return understood
		}
		return notUnderstood
	}
	b = b[17:]
	who, rest, _ := bytes.Cut(b, []byte(" "))
	switch string(who) {
	case "smtp", "mta", "mda", "bounce", "queue", "scheduler", "mfa", "lka", "filter", "smtp-in", "smtp-out", "control", "mail", "--", "map", "rcpt":
	default:
		return notUnderstood
	}
	verb, fields, _ := bytes.Cut(rest, []byte(" "))
	verb = bytes.TrimPrefix(verb, []byte("event="))
	switch string(verb) {
	case "message":
		r.kind = recArrived
		r.id = logfmt(fields, "msgid")
		r.nrcpt = leadingInt(logfmt(fields, "nrcpt"))
	case "envelope":
		r.id = messageOfEnvelope(logfmt(fields, "evpid"))
		r.kind, r.sender, r.hasSender = recSender, unbracket(logfmt(fields, "from")), true
	case "delivery":
		return opensmtpdDelivery(who, fields, r)
	case "failed-command":
		r.kind, r.text = recRejected, logfmt(fields, "result")
		if i := bytes.Index(fields, []byte("RCPT TO:")); i >= 0 {
			r.recipient, _, _ = address(fields[i+len("RCPT TO:"):])
		}
	case "error":
		r.kind, r.text = recAttempt, logfmt(fields, "reason")
	}
	return understood
}

var opensmtpdNotes = []string{
	"info: ", "warn: ", "debug: ", "fatal", "smtp-in: ", "smtp-out: ", "mta: ", "mda: ", "queue: ", "scheduler: ", "control: ", "lookup: ", "filter: ", "smtp: ", "limit: ",
	"dispatcher", "lookup", "pony", "klondike", "OpenSMTPD", "bounce: ", "setting ", "table", "warn-", "parent", "startup", "ca: ", "crypto: ", "imsg", "relay: ", "host: ", "exiting", "smtpd: ", "lka",
}

func messageOfEnvelope(evpid []byte) []byte {
	if len(evpid) >= 8 {
		return evpid[:8]
	}
	return evpid
}

// opensmtpdDelivery reads evpid= from= to= rcpt= source= relay= delay= result= stat=.
func opensmtpdDelivery(who, b []byte, r *record) verdict {
	evpid := logfmt(b, "evpid")
	if len(evpid) < 8 {
		return notUnderstood
	}
	r.kind, r.id = recDelivery, evpid[:8]
	if from := logfmt(b, "from"); from != nil {
		r.sender, r.hasSender = unbracket(from), true
	}
	r.recipient = unbracket(logfmt(b, "to"))
	r.delay = span(logfmt(b, "delay"))
	r.text = logfmt(b, "stat")
	relay := logfmt(b, "relay")
	if i := bytes.Index(relay, []byte(" (")); i >= 0 {
		r.relayIP = relay[:i]
		r.relay = bytes.TrimSuffix(relay[i+2:], []byte(")"))
	} else if len(relay) > 0 && string(relay) != "-" {
		r.relay = relay
	}
	if string(who) == "mda" {
		r.local = true
		if m := logfmt(b, "method"); string(m) == "lmtp" {
			r.handover = true
		}
	}
	if isLoopback(r.relayIP) {
		r.handover = true
	}
	return opensmtpdResult(logfmt(b, "result"), r)
}

func opensmtpdResult(result []byte, r *record) verdict {
	switch string(result) {
	case "Ok", "ok":
		r.status = statusSent
		// "250 2.0.0: f6e94209 Message accepted for delivery"
		if i := bytes.Index(r.text, []byte(" Message accepted")); i >= 8 {
			j := bytes.LastIndexByte(r.text[:i], ' ')
			r.newID = r.text[j+1 : i]
		} else {
			r.newID = queuedAs(r.text)
		}
	case "TempFail", "tempfail":
		r.status = statusDeferred
	case "PermFail", "permfail", "LoopError", "RejectError":
		r.status = statusBounced
		if bytes.Contains(r.text, []byte("nvelope expired")) {
			r.status = statusExpired
		}
	case "Expire", "Expired", "expire":
		r.status = statusExpired
	default:
		return notUnderstood
	}
	return understood
}

// opensmtpdOld reads "RESULT for EVPID: from=<S>, to=<R>, …, relay=…, delay=…, stat=…".
func opensmtpdOld(b []byte, r *record) verdict {
	result, rest, ok := bytes.Cut(b, []byte(" for "))
	evpid, fields, ok2 := bytes.Cut(rest, []byte(": "))
	if !ok || !ok2 || len(evpid) < 8 {
		return notUnderstood
	}
	r.kind, r.id = recDelivery, evpid[:8]
	r.sender, r.hasSender = unbracket(sendmailValue(fields, "from=")), true
	r.recipient = unbracket(sendmailValue(fields, "to="))
	r.delay = span(sendmailValue(fields, "delay="))
	if i := bytes.Index(fields, []byte("stat=")); i >= 0 {
		r.text = fields[i+5:]
	}
	relay := sendmailValue(fields, "relay=")
	if i := bytes.Index(relay, []byte(" (")); i >= 0 {
		r.relayIP, relay = bytes.TrimSuffix(relay[i+2:], []byte(")")), relay[:i]
		r.relay = relay
	} else {
		r.relay = relay
	}
	if sendmailValue(fields, "user=") != nil {
		r.local = true
	}
	return opensmtpdResult(result, r)
}

func isHex(b []byte) bool {
	for _, c := range b {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}

// logfmt returns the value of key in "key=value key="quoted value"", nil if it is not
// there. A quoted value is returned without its quotes, escapes as they are.
func logfmt(b []byte, key string) []byte {
	for len(b) > 0 {
		if b[0] == ' ' {
			b = b[1:]
			continue
		}
		i := 0
		for i < len(b) && b[i] != '=' && b[i] != ' ' {
			i++
		}
		name := b[:i]
		if i == len(b) || b[i] == ' ' {
			b = b[i:]
			continue
		}
		b = b[i+1:]
		var v []byte
		switch {
		case len(b) > 0 && b[0] == '"':
			n := quoted(b)
			if n == 0 {
				v, b = b[1:], nil
			} else {
				v, b = b[1:n-1], b[n:]
			}
		case len(b) > 0 && b[0] == '<':
			if _, after, ok := address(b); ok {
				v, b = b[:len(b)-len(after)], after
				break
			}
			fallthrough
		default:
			j := bytes.IndexByte(b, ' ')
			if j < 0 {
				j = len(b)
			}
			v, b = b[:j], b[j:]
		}
		if string(name) == key {
			return v
		}
	}
	return nil
}

// looksQmail recognises the lines of qmail-send.
func looksQmail(b []byte) bool {
	switch {
	case hasPrefix(b, "new msg "), hasPrefix(b, "info msg "), hasPrefix(b, "end msg "), hasPrefix(b, "bounce msg "),
		hasPrefix(b, "triple bounce"), hasPrefix(b, "double bounce"), hasPrefix(b, "status: local "), hasPrefix(b, "status: exiting"), hasPrefix(b, "status: qmail"):
		return true
	case hasPrefix(b, "starting delivery "):
		return bytes.Contains(b, []byte(": msg "))
	case hasPrefix(b, "delivery "):
		return bytes.Contains(b, []byte(": success: ")) || bytes.Contains(b, []byte(": deferral: ")) || bytes.Contains(b, []byte(": failure: ")) ||
			bytes.Contains(b, []byte(": report mangled"))
	}
	return false
}

// qmail reads a line of qmail-send.
func (l *Log) qmail(b []byte, r *record) verdict {
	// splogger puts the time before the message.
	if len(b) > 11 && b[10] == '.' {
		if i := bytes.IndexByte(b, ' '); i > 11 && i < 28 && leadingInt(b[:9]) > 0 {
			b = b[i+1:]
		}
	}
	if !looksQmail(b) {
		if hasAnyPrefix(b, qmailNotes) {
			return understood
		}
		return notUnderstood
	}
	switch {
	case hasPrefix(b, "new msg "):
		r.kind, r.id = recArrived, digits(b[len("new msg "):])
	case hasPrefix(b, "info msg "):
		r.id = digits(b[len("info msg "):])
		if i := bytes.Index(b, []byte(" from ")); i >= 0 {
			if addr, _, ok := address(b[i+6:]); ok {
				r.kind, r.sender, r.hasSender = recSender, addr, true
			}
		}
	case hasPrefix(b, "end msg "):
		r.kind, r.id = recClosed, digits(b[len("end msg "):])
	case hasPrefix(b, "bounce msg "):
		r.id = digits(b[len("bounce msg "):])
	case hasPrefix(b, "starting delivery "):
		r.newID = digits(b[len("starting delivery "):])
		i := bytes.Index(b, []byte(": msg "))
		r.id = digits(b[i+len(": msg "):])
		for _, kind := range []string{" to remote ", " to local "} {
			if j := bytes.Index(b, []byte(kind)); j >= 0 {
				r.kind, r.recipient = recStarted, b[j+len(kind):]
				r.local = kind == " to local "
			}
		}
	case hasPrefix(b, "delivery "):
		r.newID = digits(b[len("delivery "):])
		_, rest, _ := bytes.Cut(b, []byte(": "))
		outcome, text, _ := bytes.Cut(rest, []byte(": "))
		r.kind, r.text = recEnded, text
		switch string(outcome) {
		case "success":
			r.status = statusSent
		case "deferral":
			r.status = statusDeferred
		case "failure":
			r.status = statusBounced
			if bytes.Contains(text, []byte("this_message_has_been_in_the_queue_too_long")) {
				r.status = statusExpired
			}
		default:
			r.kind = recNote
		}
	}
	return understood
}

var qmailNotes = []string{"warning: ", "alert: ", "running", "status: ", "cannot ", "hiss", "number of ", "unable ", "trouble "}

func digits(b []byte) []byte {
	i := 0
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return b[:i]
}

// qmailText turns "Remote_host_said:_550_…/" into words.
func qmailText(dst, b []byte) []byte {
	for _, c := range b {
		switch c {
		case '_', '/':
			c = ' '
		}
		dst = append(dst, c)
	}
	return bytes.TrimRight(dst, " ")
}

// mox reads a line of mox.
func (l *Log) mox(b []byte, r *record) verdict {
	m := logfmt(b, "m")
	if m == nil {
		m = logfmt(b, "msg")
	}
	if m == nil {
		return notUnderstood
	}
	deliver := true
	switch {
	case string(m) == "delivered from queue":
		r.kind, r.status = recDelivery, statusSent
	case hasPrefix(m, "temporary failure delivering from queue"):
		r.kind, r.status = recDelivery, statusDeferred
	case hasPrefix(m, "permanent failure delivering from queue"), hasPrefix(m, "delivery failure, no more"):
		r.kind, r.status = recDelivery, statusBounced
	case string(m) == "delivering to remote":
		deliver = false
		if from := logfmt(b, "from"); from != nil {
			r.kind, r.sender, r.hasSender = recSender, unbracket(from), true
		}
	default:
		return understood
	}
	r.id = logfmt(b, "msgid")
	if len(r.id) == 0 {
		r.kind = recNote
		return understood
	}
	if !deliver {
		return understood
	}
	r.recipient = unbracket(logfmt(b, "recipient"))
	if len(r.recipient) == 0 {
		r.kind = recNote
		return notUnderstood
	}
	r.text = logfmt(b, "err")
	if remote := logfmt(b, "remote"); remote != nil {
		r.relay = remote
	}
	if from := logfmt(b, "from"); from != nil {
		r.sender, r.hasSender = unbracket(from), true
	}
	return understood
}
