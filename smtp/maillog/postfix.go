package maillog

import (
	"bytes"
)

// postfix reads a line of Postfix. daemon is empty if the line has no program.
func (l *Log) postfix(name, msg []byte, r *record) verdict {
	kind := daemonUnknown
	if len(name) > 0 {
		kind = postfixDaemon(name)
	}
	id, rest, hasID := queueID(msg)
	if !hasID {
		return l.postfixSession(kind, msg, r)
	}
	if string(id) == "NOQUEUE" {
		return postfixRefusal(rest, r)
	}
	r.id = id
	switch {
	case hasPrefix(rest, "to="):
		return postfixDelivery(kind, name, rest, r)
	case hasPrefix(rest, "from="):
		addr, after, ok := address(rest[5:])
		if !ok {
			return notUnderstood
		}
		r.kind, r.sender, r.hasSender = recSender, addr, true
		if i := bytes.Index(after, []byte("nrcpt=")); i >= 0 {
			r.nrcpt = leadingInt(after[i+6:])
		}
		if i := bytes.Index(after, []byte("status=")); i >= 0 {
			s := after[i+7:]
			if hasPrefix(s, "expired") || hasPrefix(s, "force-expired") {
				r.kind = recExpired
				r.text = s
			}
		}
		return understood
	case hasPrefix(rest, "client="):
		r.kind = recArrived
		return understood
	case hasPrefix(rest, "uid="):
		r.kind = recArrived
		if i := bytes.Index(rest, []byte("from=")); i >= 0 {
			if addr, _, ok := address(rest[i+5:]); ok {
				r.sender, r.hasSender = addr, true
			}
		}
		return understood
	case hasPrefix(rest, "message-id="):
		r.kind, r.messageID = recMessageID, unbracket(rest[len("message-id="):])
		return understood
	case hasPrefix(rest, "resent-message-id="):
		r.kind, r.messageID = recMessageID, unbracket(rest[len("resent-message-id="):])
		return understood
	case string(rest) == "removed":
		r.kind = recClosed
		return understood
	case refusalVerb(rest):
		return postfixRefusal(rest, r)
	}
	if attemptText(rest, r) {
		return understood
	}
	if i := bytes.Index(rest, []byte(" notification: ")); i >= 0 {
		r.kind = recNote
		r.newID = rest[i+len(" notification: "):]
		return understood
	}
	if kind == daemonKeeps || hasAnyPrefix(rest, postfixNotes) {
		return understood
	}
	return notUnderstood
}

// postfixNotes are lines about a message that say nothing of its fate.
var postfixNotes = []string{
	"sender ", "postmaster ", "skipped, still being delivered", "released from hold", "placed on hold", "requeued", "hold: ",
	"warning: ", "info: ", "prepend: ", "replace: ", "filter: ", "redirect: ", "bcc: ", "warn: ", "milter-hold: ", "strip: ", "ignore: ",
	"header ", "body ", "enabling PIX", "moved to ", "expired", "status=", "Message-ID", "passing ", "queued as ", "clone", "pass: ",
	"dkim", "add header", "SMTPUTF8", "smtp_",
}

// postfixSession reads a line that names no message.
func (l *Log) postfixSession(kind daemon, msg []byte, r *record) verdict {
	switch {
	case len(msg) == 0:
		return notUnderstood
	case hasPrefix(msg, "connect from "), hasPrefix(msg, "disconnect from "):
		return understood
	case hasPrefix(msg, "to=") && bytes.Contains(msg, []byte("status=")):
		// A line whose queue id was cut off by whoever copied it.
		return postfixDelivery(kind, nil, msg, r)
	case hasPrefix(msg, "message-id="), hasPrefix(msg, "resent-message-id="), hasPrefix(msg, "uid="):
		return understood
	case hasPrefix(msg, "from=") && (bytes.Contains(msg, []byte("(queue active)")) || bytes.Contains(msg, []byte("nrcpt="))):
		return understood
	case hasAnyPrefix(msg, postfixLevels):
		return understood
	}
	if i := bytes.Index(msg, []byte(" TLS connection ")); i >= 0 && i < 16 {
		rest := msg[i+len(" TLS connection "):]
		for _, verb := range []string{"established to ", "reused to "} {
			if hasPrefix(rest, verb) {
				host, ip, after := relayOf(rest[len(verb):])
				if j := bytes.Index(after, []byte(": ")); j >= 0 {
					after = after[j+2:]
				}
				version, _, _ := bytes.Cut(after, []byte(" "))
				r.kind, r.relay, r.relayIP, r.tls = recTLS, host, ip, version
				return understood
			}
		}
		return understood
	}
	if attemptText(msg, r) {
		return understood
	}
	if kind == daemonKeeps || hasAnyPrefix(msg, postfixSessionNotes) {
		return understood
	}
	return notUnderstood
}

var postfixLevels = []string{"warning: ", "fatal: ", "error: ", "panic: ", "info: ", "statistics: ", "debug: "}

var postfixSessionNotes = []string{
	"lost connection after ", "timeout after ", "too many errors after ", "improper command pipelining ", "SSL_accept error ", "discarding EHLO ",
	"certificate verification failed ", "setting up TLS connection ", "proxy-reject: ", "proxy-accept: ", "proxy-", "initializing ", "auto_clnt_",
	"PASS ", "WHITELISTED ", "BLACKLISTED ", "ALLOWLISTED ", "DENYLISTED ", "WHITELIST VETO ", "ALLOWLIST VETO ", "PREGREET ", "DNSBL ", "HANGUP ",
	"COMMAND ", "NON-SMTP ", "BARE NEWLINE ", "CONNECT ", "DISCONNECT ", "cache ", "close database ", "addr ", "daemon started", "terminating on signal ",
	"reload ", "refreshing ", "starting the Postfix ", "stopping the Postfix ", "table ", "using backwards-compatible ", "host ", "rewriting ",
	"Deleted: ", "Requeued: ", "Released from hold: ", "Placed on hold: ", "Expired: ", "Renamed to match inode number: ", "read timeout ",
	"Untrusted: ", "Verified: ", "Trusted: ", "subject_CN=", "mapping DNS ", "verify error", "skipping ", "milter", "connect to ", "disconnect", "queue-", "reporting ",
	"TLS library", "Client certificate", "Peer ", "server ", "protocol error", "ehlo=", "helo=", "concurrency limit", "idle timeout", "maillog_file", "end of ",
}

// postfixDelivery reads "to=<R>, …, status=WORD (TEXT)".
func postfixDelivery(kind daemon, name, b []byte, r *record) verdict {
	addr, rest, ok := address(b[3:])
	if !ok {
		return notUnderstood
	}
	r.kind, r.recipient = recDelivery, addr
	word, port, ok := postfixFields(rest, r)
	if !ok {
		return notUnderstood
	}
	switch string(word) {
	case "sent":
		r.status = statusSent
	case "deferred", "SOFTBOUNCE", "softbounce":
		r.status = statusDeferred
	case "bounced":
		r.status = statusBounced
	case "expired", "force-expired":
		r.status = statusExpired
	case "undeliverable", "deliverable", "undeliverable-but-not-cached":
		r.status = statusProbe
	default:
		return notUnderstood
	}
	socket := bytes.IndexByte(r.relayIP, '/') >= 0
	if socket {
		r.relayIP = nil
	}
	switch {
	case kind == daemonHandsOver, socket, isLoopback(r.relayIP), port >= 10024 && port <= 10026:
		r.handover = true
	case kind == daemonLocal, kind == daemonUnknown && len(r.relayIP) == 0 && (string(r.relay) == "local" || string(r.relay) == "virtual"):
		r.local = true
		if hasPrefix(r.text, "forwarded as ") || string(name) == "discard" {
			r.handover = true
		}
	}
	if r.status == statusSent {
		r.newID = queuedAs(r.text)
	}
	if string(r.relay) == "none" {
		r.relay = nil
	}
	return understood
}

// postfixFields reads the fields behind the recipient up to the status, whose word it
// returns, and the port of the relay; ok is false if they are not written as Postfix does.
func postfixFields(rest []byte, r *record) (word []byte, port int, ok bool) {
	for len(rest) > 2 && rest[0] == ',' && rest[1] == ' ' {
		rest = rest[2:]
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 || eq > 16 {
			return nil, 0, false
		}
		key := rest[:eq]
		rest = rest[eq+1:]
		if string(key) == "status" {
			i := 0
			for i < len(rest) && rest[i] != ' ' {
				i++
			}
			word, rest = rest[:i], rest[i:]
			if len(rest) > 1 && rest[1] == '(' {
				r.text = bytes.TrimSuffix(rest[2:], []byte(")"))
			}
			return word, port, true
		}
		var v []byte
		if len(rest) > 0 && rest[0] == '<' {
			if v, rest, ok = address(rest); !ok {
				return nil, 0, false
			}
		} else {
			i := bytes.IndexByte(rest, ',')
			if i < 0 {
				return nil, 0, false
			}
			v, rest = rest[:i], rest[i:]
		}
		switch string(key) {
		case "relay":
			var after []byte
			r.relay, r.relayIP, after = relayOf(v)
			if len(after) > 1 && after[0] == ':' {
				port = leadingInt(after[1:])
			}
		case "delay":
			r.delay = decimal(v)
		case "dsn":
			r.dsn = v
		case "tls":
			r.tls = v
		}
	}
	return nil, 0, false
}

// queuedAs returns the id under which the next hop has the message, nil if the text
// does not say.
func queuedAs(text []byte) []byte {
	i := bytes.LastIndex(text, []byte("queued as "))
	n := len("queued as ")
	if i < 0 {
		if !hasPrefix(text, "forwarded as ") {
			return nil
		}
		i, n = 0, len("forwarded as ")
	}
	id := text[i+n:]
	for j, c := range id {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-') {
			return id[:j]
		}
	}
	return id
}

// relayOf reads "NAME[IP]:PORT", "NAME[socket]" or a name.
func relayOf(b []byte) (host, ip, rest []byte) {
	i := bytes.IndexByte(b, '[')
	if i < 0 {
		if j := bytes.IndexAny(b, " ,:"); j >= 0 {
			return b[:j], nil, b[j:]
		}
		return b, nil, nil
	}
	j := bytes.IndexByte(b[i:], ']')
	if j < 0 {
		return b[:i], nil, nil
	}
	return b[:i], b[i+1 : i+j], b[i+j+1:]
}

// attemptText reads what an attempt at one host ended in. The outcome for the
// recipients is on other lines.
func attemptText(b []byte, r *record) bool {
	var at int
	switch {
	case hasPrefix(b, "host "):
		at = len("host ")
		if !bytes.Contains(b, []byte(" said: ")) && !bytes.Contains(b, []byte("refused to talk to me: ")) {
			return false
		}
	case hasPrefix(b, "connect to "):
		at = len("connect to ")
	case hasPrefix(b, "lost connection with "):
		at = len("lost connection with ")
	case hasPrefix(b, "conversation with "):
		at = len("conversation with ")
	case hasPrefix(b, "SSL_connect error to "):
		at = len("SSL_connect error to ")
	case hasPrefix(b, "SASL authentication failed; server "):
		at = len("SASL authentication failed; server ")
	case hasPrefix(b, "Cannot start TLS: "), hasPrefix(b, "TLS is required, "), hasPrefix(b, "Server certificate not "),
		hasPrefix(b, "breaking "), hasPrefix(b, "non-ESMTP response "), hasPrefix(b, "mail for "), hasPrefix(b, "network address conversion"):
		r.kind, r.text = recAttempt, b
		return true
	default:
		return false
	}
	host, ip, _ := relayOf(b[at:])
	if len(ip) == 0 || len(host) > 255 {
		return false
	}
	r.kind, r.relay, r.relayIP, r.text = recAttempt, host, ip, b
	return true
}

// refusalVerb reports whether a line of smtpd or cleanup begins with an action against
// mail that came in.
func refusalVerb(b []byte) bool {
	return hasPrefix(b, "reject: ") || hasPrefix(b, "milter-reject: ") || hasPrefix(b, "discard: ") || hasPrefix(b, "milter-discard: ") ||
		hasPrefix(b, "reject_warning: ")
}

// postfixRefusal reads "reject: RCPT from HOST[IP]: CODE TEXT; from=<S> to=<R> …".
func postfixRefusal(b []byte, r *record) verdict {
	verb, rest, ok := bytes.Cut(b, []byte(": "))
	if !ok {
		return notUnderstood
	}
	switch string(verb) {
	case "reject", "milter-reject":
		r.kind = recRejected
	default:
		// filter, warn, hold, discard, client=… : nothing was refused.
		return understood
	}
	// "RCPT from HOST[IP]:PORT: " stands before the text.
	text := rest
	if i := bytes.Index(rest, []byte(" from ")); i >= 0 && i < 40 {
		host, ip, after := relayOf(rest[i+6:])
		r.relay, r.relayIP = host, ip
		if j := bytes.Index(after, []byte(": ")); j >= 0 {
			text = after[j+2:]
		}
	}
	if i := bytes.LastIndex(text, []byte("; from=<")); i >= 0 {
		if addr, after, ok := address(text[i+len("; from="):]); ok {
			r.sender, r.hasSender = addr, true
			if hasPrefix(after, " to=") {
				r.recipient, _, _ = address(after[4:])
			}
		}
		text = text[:i]
	} else if i := bytes.LastIndex(text, []byte("; proto=")); i >= 0 {
		text = text[:i]
	} else if i := bytes.LastIndex(text, []byte("; to=<")); i >= 0 {
		r.recipient, _, _ = address(text[i+len("; to="):])
		text = text[:i]
	}
	r.text = text
	return understood
}
