package bounce

import (
	"net/url"
	"strings"

	"mailworthy/internal/lazyre"
)

// group is one block of fields of a delivery report.
type group = header

// groups reads the body of a message/delivery-status: blocks of fields with empty
// lines between them (RFC 3464, section 2.1). A block in which Final-Recipient
// repeats is cut there: some systems write no empty line.
func (r *reader) groups(body []byte) []group {
	var out []group
	for len(body) > 0 && len(out) < maxRecipients+1 {
		h, rest := r.split(body)
		if len(rest) == len(body) {
			// A line that is no field: skipped.
			_, rest, _ = cutLine(body)
		}
		body = rest
		if len(h) == 0 {
			continue
		}
		start, seen := 0, false
		for i := range h {
			if h[i].name == "final-recipient" {
				if seen {
					out = append(out, h[start:i])
					start = i
				}
				seen = true
			}
		}
		out = append(out, h[start:])
	}
	return out
}

func cutLine(b []byte) (line, rest []byte, found bool) {
	for i, c := range b {
		if c == '\n' {
			return b[:i], b[i+1:], true
		}
	}
	return b, nil, false
}

// about reports whether a group is of a recipient.
func about(g group) bool {
	return g.get("final-recipient") != "" || g.get("original-recipient") != "" ||
		(g.get("action") != "" && (g.get("status") != "" || g.get("diagnostic-code") != ""))
}

var (
	commentRE = lazyre.New(`\s*\([^()]*\)`)
	statusRE  = lazyre.New(`[245]\.\d{1,3}\.\d{1,3}`)
	xtextRE   = lazyre.New(`\+[0-9A-F]{2}`)
	unitextRE = lazyre.New(`\\x\{([0-9A-Fa-f]{1,6})\}`)
)

// typed cuts "dns; host" at its type.
func typed(value string) (kind, rest string) {
	k, v, ok := strings.Cut(value, ";")
	if !ok || strings.ContainsAny(strings.TrimSpace(k), " \t@") {
		return "", strings.TrimSpace(value)
	}
	return strings.ToLower(strings.TrimSpace(k)), strings.TrimSpace(v)
}

// reportAddress reads a recipient field: "rfc822; user@example.com", in utf-8 with the
// escapes of RFC 6533, section 3, or xtext (RFC 3461, section 4).
func reportAddress(value string) string {
	kind, a := typed(value)
	a = strings.TrimSpace(a)
	if kind != "utf-8" && kind != "utf8" {
		if m := addressInRE.FindString(a); m != "" {
			a = m
		}
	}
	switch kind {
	case "utf-8", "utf8":
		a = unitextRE.ReplaceAllStringFunc(a, func(s string) string {
			n := 0
			for _, c := range strings.ToLower(s[3 : len(s)-1]) {
				n = n*16 + strings.IndexRune("0123456789abcdef", c)
			}
			if n == 0 || n > 0x10FFFF {
				return s
			}
			return string(rune(n))
		})
	case "rfc822":
		if xtextRE.MatchString(a) && strings.Contains(a, "+40") && !strings.Contains(a, "@") {
			a, _ = url.PathUnescape(xtextRE.ReplaceAllStringFunc(a, func(s string) string { return "%" + s[1:] }))
		}
	}
	return strings.Trim(a, "<> \t'")
}

var hostIPRE = lazyre.New(`([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)?[^A-Za-z0-9.]*[\[(]?((?:\d{1,3}\.){3}\d{1,3}|(?:IPv6:)?[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)?`)

// remote reads a Remote-MTA field.
func remote(value string) (host, ip string) {
	_, v := typed(value)
	m := hostIPRE.FindStringSubmatch(v)
	if m == nil {
		return "", ""
	}
	host, ip = strings.ToLower(m[1]), strings.TrimPrefix(m[2], "IPv6:")
	if strings.Trim(host, "0123456789.") == "" && host != "" {
		host, ip = "", host
	}
	return host, ip
}

// actionOf reads an Action field (RFC 3464, section 2.3.3), also words that systems
// use instead; "" if it is not one.
func actionOf(value string) Action {
	value = strings.ToLower(strings.TrimSpace(commentRE.ReplaceAllString(value, "")))
	value = strings.Trim(value, " <>\"'.;")
	switch {
	case strings.HasPrefix(value, "fail"), value == "undeliverable", value == "bounced":
		return Failed
	case strings.HasPrefix(value, "delay"), value == "deferred", value == "expir":
		return Delayed
	case strings.HasPrefix(value, "deliver"):
		return Delivered
	case strings.HasPrefix(value, "relay"):
		return Relayed
	case strings.HasPrefix(value, "expand"):
		return Expanded
	case strings.HasPrefix(value, "expire"):
		return Failed
	}
	return ""
}

var statusFieldRE = lazyre.New(`(?im)^[> \t]*(?:reporting-mta|original-recipient|final-recipient|original-envelope-id):`)

// statusInText returns the fields of a delivery report that stands in a text, as in a
// bounce that was forwarded or lost its boundaries; nil if there are none.
func statusInText(text string) []byte {
	m := statusFieldRE.FindStringIndex(text)
	if m == nil || !strings.Contains(strings.ToLower(text[m[0]:]), "final-recipient:") {
		return nil
	}
	text = text[m[0]:]
	if text[0] == '>' {
		var b strings.Builder
		for l := range strings.SplitSeq(text, "\n") {
			b.WriteString(strings.TrimPrefix(strings.TrimPrefix(l, ">"), " "))
			b.WriteByte('\n')
		}
		text = b.String()
	}
	return []byte(text)
}

// recipientOf reads the group of one recipient. The text is the Diagnostic-Code, or
// what systems write it into instead.
func recipientOf(g group) Recipient {
	var r Recipient
	r.Address = reportAddress(g.get("final-recipient"))
	given := reportAddress(g.get("original-recipient"))
	if r.Address == "" || !strings.Contains(r.Address, "@") && strings.Contains(given, "@") {
		r.Address = given
	}
	if local, domain, _ := strings.Cut(r.Address, "@"); strings.Contains(given, ".") && (local == "" || !strings.Contains(domain, ".")) {
		// A name inside of the receiving system; the sender knows the other.
		r.Address = given
	}
	if actual := reportAddress(g.get("x-actual-recipient")); r.Address == "" && strings.Contains(actual, "@") {
		r.Address = actual
	}
	if given != r.Address {
		r.Given = given
	}
	r.Action = actionOf(g.get("action"))
	r.Status = statusRE.FindString(g.get("status"))
	r.RemoteHost, r.RemoteIP = remote(g.get("remote-mta"))
	r.RetryUntil = g.get("will-retry-until")
	diag := g.get("diagnostic-code")
	kind, text := typed(diag)
	if kind == "smtp" || kind == "esmtp" || kind == "lmtp" {
		diag = text
	}
	r.Text = diag
	if extra := g.get("x-supplementary-info"); extra != "" && (text == "" || strings.HasSuffix(r.Status, ".0.0") && !statusRE.MatchString(text)) {
		r.Text = strings.TrimSpace(diag + " " + extra)
	}
	return r
}
