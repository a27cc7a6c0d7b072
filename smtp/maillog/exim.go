package maillog

import "bytes"

// eximID returns the length of the message id at the beginning: 16 characters, 23
// since Exim 4.97; 0 if there is none.
func eximID(b []byte) int {
	if len(b) < 16 || b[6] != '-' {
		return 0
	}
	n := 0
	switch {
	case len(b) >= 23 && b[18] == '-':
		n = 23
	case b[13] == '-':
		n = 16
	default:
		return 0
	}
	if len(b) > n && b[n] != ' ' {
		return 0
	}
	for i, c := range b[:n] {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case c == '-' && (i == 6 || i == 13 && n == 16 || i == 18 && n == 23):
		default:
			return 0
		}
	}
	return n
}

// eximOwn recognises what Exim writes behind the time in its own files, and sets the
// program, pid and message.
func eximOwn(b []byte, h *head) bool {
	rest, pid := eximPID(b)
	if eximID(rest) == 0 && !hasAnyPrefix(rest, eximStarts) && !bytes.Contains(rest, []byte(" authenticator failed for ")) {
		return false
	}
	h.program, h.pid, h.msg = []byte("exim"), pid, rest
	return true
}

// eximPID takes "[1487] " off.
func eximPID(b []byte) (rest, pid []byte) {
	if len(b) > 3 && b[0] == '[' {
		if i := bytes.Index(b, []byte("] ")); i > 1 && i < 12 && atoi(b[1:i]) > 0 {
			return b[i+2:], b[1:i]
		}
	}
	return b, nil
}

var eximStarts = []string{
	"H=", "SMTP ", "exim ", "Start queue run", "End queue run", "no host name found", "no IP address found", "Warning: ", "TLS ", "unexpected disconnection",
	"rejected ", "ident connection", "DKIM: ", "refused ", "daemon", "queue run", "SIGHUP", "pid ", "Connection from", "lowest numbered", "[1/", "[1\\",
	"Exim", "failed to ", "(", "relay not permitted", "connection from", "unable to", "cwd=", "socket bind", "listening", "Sender verify",
	"Failed ", "error: ", "auth", "LOG: ", "sender verify", "routing", "locally", "remote host", "host name", "from ", "U=", "1 ",
}

// exim reads a line of Exim's main, reject or panic log.
func (l *Log) exim(b []byte, r *record) verdict {
	// Over syslog the line may have its own time and pid.
	if len(b) > 20 && b[0] == '2' && b[4] == '-' {
		var h head
		if rest, ok := l.readISO(b, &h); ok {
			b = rest
		}
	}
	b, _ = eximPID(b)
	n := eximID(b)
	if n == 0 {
		return eximSession(b, r)
	}
	r.id = b[:n]
	b = bytes.TrimLeft(b[n:], " ")
	if len(b) > 2 && b[2] == ' ' {
		switch flag := string(b[:2]); flag {
		case "<=", "(=":
			return eximArrival(b[3:], r)
		case "=>", "->", ">>", "**", "==", "*>":
			return eximDelivery(flag, b[3:], r)
		}
	}
	switch {
	case hasPrefix(b, "Completed"):
		r.kind = recClosed
		return understood
	case bytes.Contains(b, []byte(" rejected ")), hasPrefix(b, "rejected "), hasPrefix(b, "F=") && bytes.Contains(b, []byte("rejected")):
		return eximRefusal(b, r)
	case bytes.Contains(b, []byte("SMTP error from remote mail")), bytes.Contains(b, []byte("SMTP timeout")),
		bytes.Contains(b, []byte("Remote host closed connection")), bytes.Contains(b, []byte("emote host ")) && hasPrefix(b, "H="),
		hasPrefix(b, "TLS session: "), hasPrefix(b, "H=") && bytes.Contains(b, []byte("TLS error")), hasPrefix(b, "H=") && bytes.Contains(b, []byte("Connection ")):
		eximAttempt(b, r)
		return understood
	case hasAnyPrefix(b, eximNotes):
		return understood
	}
	return notUnderstood
}

var eximNotes = []string{
	"Frozen", "Unfrozen", "frozen", "unfrozen", "Message is frozen", "cancelled by", "error ignored", "DKIM: ", "no immediate delivery", "Spool file ",
	"removed by", "Sender identification", "original recipients", "Warning: ", "U=", "H=", "no recipients", "Format error", "remote delivery", "malware",
	"PRDR", "TLS error", "ACL ", "delivery ", "message ", "Message ", "SPF", "DMARC", "spam", "Spam", "X-", "Subject: ", "Delivery ", "dkim", "From: ",
	"To: ", "discarded", "moved to", "added ", "Added ", "Greylist", "greylist", "failed to ", "Failed to ", "unable to ", "cannot ", "ARC", "lowest numbered ", "retry ",
	"<", "string_", "expansion", "defer", "data ", "SMTP ", "Starting", "suppressed", "removing", "sender address", "error", "Found ", "Envelope", "internal problem", "returning",
}

// eximAttempt reads "H=NAME [IP]: TEXT".
func eximAttempt(b []byte, r *record) {
	r.kind = recAttempt
	r.text = b
	if hasPrefix(b, "H=") {
		r.text = eximFields(b, r)
		r.delay = -1
	}
}

// eximArrival reads "SENDER H=… id=… T="…" for R…".
func eximArrival(b []byte, r *record) verdict {
	addr, rest, ok := address(b)
	if !ok {
		return notUnderstood
	}
	r.kind, r.sender, r.hasSender = recSender, addr, true
	// The subject may hold anything: it and what precedes id= are skipped as fields.
	for len(rest) > 0 {
		if rest[0] == ' ' {
			rest = rest[1:]
			continue
		}
		if rest[0] == '<' { // "from <…>"
			if _, after, ok := address(rest); ok {
				rest = after
				continue
			}
		}
		end := bytes.IndexByte(rest, ' ')
		if end < 0 {
			end = len(rest)
		}
		word := rest[:end]
		switch {
		case hasPrefix(word, "id="):
			r.messageID = word[3:]
		case hasPrefix(word, `T="`), hasPrefix(word, `DN="`):
			i := bytes.IndexByte(rest, '"')
			if n := quoted(rest[i:]); n > 0 {
				rest = rest[i+n:]
				continue
			}
		case string(word) == "for":
			list := bytes.Fields(rest[end:])
			r.nrcpt = len(list)
			return understood
		case hasPrefix(word, "R=") && eximID(word[2:]) > 0:
			r.newID = word[2:] // the message that bounced
		}
		rest = rest[end:]
	}
	return understood
}

// eximDelivery reads "ADDR [(parent)] [<orig>] FIELDS[: TEXT]".
func eximDelivery(flag string, b []byte, r *record) verdict {
	r.kind = recDelivery
	switch flag {
	case "=>", "->", ">>":
		r.status = statusSent
	case "*>":
		r.status = statusProbe
	case "**":
		r.status = statusBounced
	case "==":
		r.status = statusDeferred
	}
	final, rest := eximAddress(b)
	r.recipient = final
	special := len(final) > 0 && (final[0] == '|' || final[0] == '/' || final[0] == ':') || string(final) == "discarded"
	if special {
		// A pipe may have arguments: the original address is the last in brackets
		// before the fields.
		if i := bytes.Index(b, []byte(" <")); i >= 0 {
			if addr, after, ok := address(b[i+1:]); ok {
				r.recipient, rest = addr, after
			}
		}
		r.local = true
		if final[0] == ':' || final[0] == 'd' {
			r.handover = true
		}
	}
	for len(rest) > 1 && rest[0] == ' ' && (rest[1] == '(' || rest[1] == '<') {
		if rest[1] == '(' {
			i := bytes.IndexByte(rest, ')')
			if i < 0 {
				break
			}
			rest = rest[i+1:]
			continue
		}
		addr, after, ok := address(rest[1:])
		if !ok {
			break
		}
		if bytes.IndexByte(r.recipient, '@') < 0 {
			r.recipient = addr
			r.local = true
		}
		rest = after
	}
	if len(r.recipient) == 0 {
		return notUnderstood
	}
	if len(rest) > 0 && rest[0] == ':' {
		r.text = bytes.TrimLeft(rest[1:], " ")
	} else {
		r.text = eximFields(rest, r)
	}
	if r.status == statusSent {
		if len(r.relay) == 0 && len(r.relayIP) == 0 {
			r.local = true
		}
		if isLoopback(r.relayIP) {
			r.handover = true
		}
	}
	if r.status == statusBounced && bytes.Contains(r.text, []byte("retry timeout exceeded")) {
		r.status = statusExpired
	}
	return understood
}

// eximAddress reads the first address of a delivery line.
func eximAddress(b []byte) (addr, rest []byte) {
	if len(b) > 0 && b[0] == '<' {
		if a, after, ok := address(b); ok {
			return a, after
		}
	}
	i := 0
	for i < len(b) && b[i] != ' ' {
		if b[i] == '"' {
			if n := quoted(b[i:]); n > 0 {
				i += n
				continue
			}
		}
		i++
	}
	addr, rest = b[:i], b[i:]
	if n := len(addr); n > 1 && addr[n-1] == ':' && addr[0] != ':' {
		return addr[:n-1], b[i-1:]
	}
	return addr, rest
}

// eximFields reads "R=… T=… H=NAME [IP]:25 … defer (N): TEXT" and returns the text.
func eximFields(b []byte, r *record) []byte {
	for len(b) > 0 {
		if b[0] == ' ' {
			b = b[1:]
			continue
		}
		end := bytes.IndexByte(b, ' ')
		if end < 0 {
			end = len(b)
		}
		word := b[:end]
		last := word[len(word)-1] == ':'
		if last {
			word = word[:len(word)-1]
		}
		switch {
		case hasPrefix(word, "H="):
			r.relay = word[2:]
		case hasPrefix(word, "["):
			if i := bytes.IndexByte(word, ']'); i > 0 {
				r.relayIP = word[1:i]
			}
		case hasPrefix(word, `C="`), hasPrefix(word, `DN="`):
			i := bytes.IndexByte(b, '"')
			n := quoted(b[i:])
			if n == 0 {
				n = len(b) - i
			}
			if word[0] == 'C' && n > 2 {
				r.text = b[i+1 : i+n-1]
				r.newID = eximNext(r.text)
			}
			b = b[i+n:]
			continue
		case hasPrefix(word, "QT="):
			r.delay = span(word[3:])
		case hasPrefix(word, "X="):
			r.tls, _, _ = bytes.Cut(word[2:], []byte(":"))
		case hasPrefix(word, "T="):
			if bytes.Contains(word, []byte("lmtp")) {
				r.handover = true
			}
		case hasPrefix(word, "("):
			if n := atoi(bytes.Trim(word, "()")); n <= -51 && n >= -54 {
				r.untried = true
			}
		}
		b = b[end:]
		if last {
			return bytes.TrimLeft(b, " ")
		}
	}
	return r.text
}

// eximNext returns the id under which the next hop has the message.
func eximNext(text []byte) []byte {
	if id := queuedAs(text); id != nil {
		return id
	}
	if i := bytes.LastIndex(text, []byte(" id=")); i >= 0 {
		if n := eximID(text[i+4:]); n > 0 {
			return text[i+4 : i+4+n]
		}
	}
	return nil
}

// eximSession reads a line without a message id.
func eximSession(b []byte, r *record) verdict {
	switch {
	case bytes.Contains(b, []byte(" rejected ")), hasPrefix(b, "rejected "), bytes.HasSuffix(b, []byte(": rejected")):
		return eximRefusal(b, r)
	case bytes.Contains(b, []byte(" authenticator failed for ")), hasAnyPrefix(b, eximStarts):
		return understood
	}
	return notUnderstood
}

// eximRefusal reads "H=… F=<S> rejected RCPT <R>: TEXT".
func eximRefusal(b []byte, r *record) verdict {
	r.kind = recRejected
	r.text = b
	at := bytes.Index(b, []byte("rejected "))
	if at < 0 {
		return understood
	}
	before, after := b[:at], b[at+len("rejected "):]
	if i := bytes.Index(before, []byte("F=<")); i >= 0 {
		if addr, _, ok := address(before[i+2:]); ok {
			r.sender, r.hasSender = addr, true
		}
	}
	if i := bytes.Index(before, []byte("[")); i >= 0 {
		if j := bytes.IndexByte(before[i:], ']'); j > 0 {
			r.relayIP = before[i+1 : i+j]
		}
	}
	if i := bytes.Index(before, []byte("H=")); i >= 0 {
		r.relay, _, _ = bytes.Cut(before[i+2:], []byte(" "))
	}
	if hasPrefix(after, "RCPT ") {
		if addr, _, ok := address(after[len("RCPT "):]); ok {
			r.recipient = bytes.TrimRight(addr, ":")
		}
	}
	if i := bytes.Index(after, []byte(": ")); i >= 0 {
		r.text = bytes.Trim(after[i+2:], `"`)
	} else {
		r.text = b[at:]
	}
	return understood
}

// span reads a duration such as 1d2h3m4s, 0.5s or 1w, in seconds; negative if it is
// none.
func span(b []byte) float64 {
	total, start := 0.0, 0
	if len(b) == 0 {
		return -1
	}
	for i, c := range b {
		if c >= '0' && c <= '9' || c == '.' {
			continue
		}
		n := decimal(b[start:i])
		if n < 0 {
			return -1
		}
		switch c {
		case 's':
		case 'm':
			n *= 60
		case 'h':
			n *= 3600
		case 'd':
			n *= 86400
		case 'w':
			n *= 7 * 86400
		default:
			return -1
		}
		total += n
		start = i + 1
	}
	if start < len(b) {
		n := decimal(b[start:])
		if n < 0 {
			return -1
		}
		total += n
	}
	return total
}
