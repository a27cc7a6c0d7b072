package explain

import (
	"fmt"
	"regexp"
	"strings"

	"mailworthy/smtp/bounce"
	"mailworthy/smtp/reply"
)

var (
	logToRE     = regexp.MustCompile(`\b(?:to|orig_to|rcpt)=<?([^\s<>,;]{1,320}@[^\s<>,;]{1,255})>?|(?: (?:\*\*|==|=>|->) )([^\s<>]{1,320}@[^\s<>]{1,255})|to remote ([^\s<>]{1,320}@[^\s<>]{1,255})`)
	logStatusRE = regexp.MustCompile(`\b(?:status|stat|result)="?([A-Za-z]+)|\b(?:delivery \d+: )(success|failure|deferral)|\bevent="?(\w+)`)
	logDSNRE    = regexp.MustCompile(`\bdsn=([245]\.\d{1,3}\.\d{1,3})`)
	logRelayRE  = regexp.MustCompile(`\brelay=([A-Za-z0-9._-]{1,253})`)
	logRejectRE = regexp.MustCompile(`\b(?:NOQUEUE: )?(?:milter-)?reject: [A-Z]+ from [^:]*: (.*)|rejected (?:RCPT|MAIL|EHLO|HELO|after DATA)\b.*?: (.*)|\bruleset=check_\w+,.*? reject=(.*)`)
)

// maxLogItems bounds the lines of a log that are explained one by one.
const maxLogItems = 1000

// log explains the lines of a mail log that are about a delivery.
func (x *Explainer) log(name string, data []byte) Input {
	in := Input{Name: name, Kind: bounce.KindLog, Items: []Item{}, Notes: []string{}}
	left := 0
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		l, ok := readLine(line)
		switch {
		case !ok:
			continue
		case len(in.Items) >= maxLogItems:
			left++
			continue
		}
		e := x.knowledge().Explain(l.said, reply.Context{Recipient: l.recipient, RemoteHost: l.relay, Enhanced: l.dsn,
			Delayed: l.action == bounce.Delayed, Final: l.action == bounce.Failed})
		item := newItem(&e)
		item.Recipient, item.Text = text(l.recipient), cutText(line)
		item.RemoteHost = text(first(e.RemoteHost, l.relay))
		if l.action == "" {
			l.action = actionOf(&e)
		}
		item.Action = text(string(l.action))
		x.fill(&item, &e, nil, false)
		in.Items = append(in.Items, item)
	}
	if left > 0 {
		in.Notes = append(in.Notes, fmt.Sprintf("%d more lines about deliveries were left out: mailworthy logs reads whole logs.", left))
	}
	if len(in.Items) == 0 {
		in.Notes = append(in.Notes, "No line is about the delivery of a message.")
	}
	return in
}

// logLine is what one line says of a delivery.
type logLine struct {
	recipient, relay, dsn, said string
	action                      bounce.Action
}

// readLine reads a line that tells of a delivery to a recipient, or of a refusal.
func readLine(line string) (logLine, bool) {
	var l logLine
	if len(line) > 16<<10 {
		line = line[:16<<10]
	}
	l.said = line
	if i := strings.Index(line, "]: "); i > 0 && i < 200 {
		l.said = line[i+3:]
	}
	if m := logToRE.FindStringSubmatch(line); m != nil {
		l.recipient = first(m[1], m[2], m[3])
	}
	if m := logRelayRE.FindStringSubmatch(line); m != nil && m[1] != "none" && strings.Contains(m[1], ".") {
		l.relay = strings.ToLower(m[1])
	}
	if m := logDSNRE.FindStringSubmatch(line); m != nil {
		l.dsn = m[1]
	}
	if m := logRejectRE.FindStringSubmatch(line); m != nil {
		l.said = first(m[1], m[2], m[3])
		return l, true
	}
	status := ""
	if m := logStatusRE.FindStringSubmatch(line); m != nil {
		status = strings.ToLower(first(m[1], m[2], m[3]))
	}
	switch {
	case status == "bounced" || status == "failure" || status == "permfail" || strings.Contains(line, " ** "):
		l.action = bounce.Failed
	case status == "deferred" || status == "deferral" || status == "tempfail" || strings.Contains(line, " == "):
		l.action = bounce.Delayed
	case status == "sent" || status == "success" || status == "ok" || strings.Contains(line, " => ") || strings.Contains(line, " -> "):
		l.action = bounce.Delivered
	case status == "":
		return l, false
	}
	// The text of Postfix stands in brackets at the end; the others' after the fields.
	if i := strings.Index(line, " ("); status != "" && i > 0 && strings.HasSuffix(line, ")") {
		l.said = line[i+2 : len(line)-1]
	} else if i := strings.Index(line, "stat="); i > 0 {
		l.said = line[i+5:]
	}
	return l, l.recipient != "" || status != ""
}
