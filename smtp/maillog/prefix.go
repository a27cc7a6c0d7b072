package maillog

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// readHead takes what stands before the message off a line: priority, time, host,
// program. It returns false if the line has no form that is known; h.msg is the whole
// line then.
func (l *Log) readHead(line []byte, h *head) bool {
	*h = head{msg: line, zone: noZone}
	if len(line) == 0 {
		return false
	}
	switch line[0] {
	case '{':
		return l.readJSON(line, h, 0)
	case '<':
		if rest, ok := priority(line); ok {
			if len(rest) > 2 && rest[0] == '1' && rest[1] == ' ' {
				return l.readRFC5424(rest[2:], h)
			}
			line = rest
		}
	case '@':
		return l.readTAI(line, h)
	}
	return l.readStamped(line, h)
}

// priority takes "<22>" off a line (RFC 3164, section 4.1.1).
func priority(line []byte) ([]byte, bool) {
	for i := 1; i < len(line) && i < 6; i++ {
		if line[i] == '>' && i > 1 {
			return line[i+1:], true
		}
		if line[i] < '0' || line[i] > '9' {
			break
		}
	}
	return line, false
}

// readStamped reads a time and what follows it: host and program, or the message of a
// server that writes its own file.
func (l *Log) readStamped(line []byte, h *head) bool {
	rest, iso, ok := l.readTime(line, h)
	if !ok {
		h.msg = line
		// journalctl -o cat, and files without a time: the program may stand there.
		if name, pid, msg, ok := tag(line); ok && knownProgram(name) {
			h.program, h.pid, h.msg = name, pid, msg
			return true
		}
		return false
	}
	h.msg = rest
	if l.usual(rest, h) {
		return true
	}
	if iso {
		if r, ok := criStream(rest); ok {
			// A container wrote a whole line of its own behind the time of the log.
			inner := *h
			if l.readHead(r, h) && (h.hasTime || h.program != nil) {
				if !h.hasTime {
					h.sec, h.nsec, h.zone, h.hasTime = inner.sec, inner.nsec, inner.zone, true
				}
				return true
			}
			*h = inner
			h.msg = r
			return true
		}
		if eximOwn(rest, h) {
			return true
		}
	}
	// FreeBSD writes the facility before the host.
	if len(rest) > 0 && rest[0] == '<' {
		if i := bytes.Index(rest, []byte("> ")); i > 0 && i < 32 {
			rest = rest[i+2:]
		}
	}
	if name, pid, msg, ok := tag(rest); ok {
		h.program, h.pid, h.msg = name, pid, msg
		return true
	}
	i := bytes.IndexByte(rest, ' ')
	if i <= 0 || i > 255 {
		return true
	}
	host, after := rest[:i], rest[i+1:]
	for len(after) > 0 && after[0] == ' ' {
		after = after[1:]
	}
	// Some daemons put their own time behind that of syslog.
	if name, pid, msg, ok := tag(after); ok && isHost(host) {
		h.host, h.program, h.pid, h.msg = host, name, pid, msg
		return true
	}
	if bytes.HasPrefix(after, []byte("message repeated ")) && isHost(host) {
		h.host, h.msg = host, after
		return true
	}
	if looksQmail(after) && isHost(host) {
		h.host, h.program, h.msg = host, []byte("qmail"), after
	}
	return true
}

// usual reads "HOST PROGRAM[PID]: " if the program is that of the line before, or one
// that is known. It is what nearly all lines have.
func (l *Log) usual(b []byte, h *head) bool {
	i := bytes.IndexByte(b, ' ')
	if i <= 0 || i > 255 || !isHost(b[:i]) {
		return false
	}
	name, pid, msg, ok := tag(b[i+1:])
	if !ok || !bytes.Equal(name, l.lastProgram) && !knownProgram(name) {
		return false
	}
	h.host, h.program, h.pid, h.msg = b[:i], name, pid, msg
	return true
}

// isHost reports whether a word can be the name of a host.
func isHost(b []byte) bool {
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_', c == ':', c >= 0x80:
		default:
			return false
		}
	}
	return len(b) > 0 && b[len(b)-1] != ':'
}

// tag reads "program[pid]: " or "program: " and returns the message behind it.
func tag(b []byte) (name, pid, msg []byte, ok bool) {
	i := 0
loop:
	for ; i < len(b); i++ {
		c := b[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '/', c == '-', c == '_', c == '.', c == '@', c == '+':
		default:
			break loop
		}
		if i > 127 {
			return nil, nil, nil, false
		}
	}
	if i == 0 || i >= len(b) {
		return nil, nil, nil, false
	}
	name = b[:i]
	if b[i] == '[' {
		j := bytes.IndexByte(b[i:], ']')
		if j < 0 || j > 24 {
			return nil, nil, nil, false
		}
		pid = b[i+1 : i+j]
		i += j + 1
	}
	if i >= len(b) || b[i] != ':' {
		return nil, nil, nil, false
	}
	if i+1 < len(b) && b[i+1] != ' ' {
		return nil, nil, nil, false
	}
	if !hasLetter(name) {
		return nil, nil, nil, false
	}
	msg = b[i+1:]
	for len(msg) > 0 && msg[0] == ' ' {
		msg = msg[1:]
	}
	if bytes.HasPrefix(msg, []byte("[ID ")) { // Solaris
		if j := bytes.Index(msg, []byte("] ")); j > 0 && j < 40 {
			msg = msg[j+2:]
		}
	}
	return name, pid, msg, true
}

func hasLetter(b []byte) bool {
	for _, c := range b {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return true
		}
	}
	return false
}

// criStream takes "stdout F " off what follows the time (the log format of CRI).
func criStream(b []byte) ([]byte, bool) {
	if len(b) > 9 && (bytes.HasPrefix(b, []byte("stdout ")) || bytes.HasPrefix(b, []byte("stderr "))) &&
		(b[7] == 'F' || b[7] == 'P') && b[8] == ' ' {
		return b[9:], true
	}
	return b, false
}

// readRFC5424 reads "TIME HOST APP PID MSGID SD MSG" (RFC 5424, section 6).
func (l *Log) readRFC5424(b []byte, h *head) bool {
	h.msg = b
	var f [5][]byte
	for i := range f {
		j := bytes.IndexByte(b, ' ')
		if j <= 0 || j > 255 {
			return false
		}
		f[i], b = b[:j], b[j+1:]
	}
	if string(f[0]) != "-" {
		if _, _, ok := l.readTime(append(append(l.scratch[:0], f[0]...), ' '), h); !ok {
			return false
		}
	}
	// Structured data: "-" or [ID name="value"]…, with \" inside values.
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	} else {
		for len(b) > 0 && b[0] == '[' {
			quoted := false
			i := 1
			for ; i < len(b); i++ {
				if b[i] == '\\' && quoted {
					i++
				} else if b[i] == '"' {
					quoted = !quoted
				} else if b[i] == ']' && !quoted {
					break
				}
			}
			if i >= len(b) {
				return false
			}
			b = b[i+1:]
		}
	}
	b = bytes.TrimPrefix(bytes.TrimLeft(b, " "), []byte("\xEF\xBB\xBF"))
	unnil := func(v []byte) []byte {
		if string(v) == "-" {
			return nil
		}
		return v
	}
	h.host, h.program, h.pid, h.msg = unnil(f[1]), unnil(f[2]), unnil(f[3]), b
	return true
}

// taiOffset is 2^62 and the ten seconds that TAI was ahead of UTC in 1970, as the
// programs of daemontools count them.
const taiOffset = 1<<62 + 10

// readTAI reads "@" and a TAI64N label.
func (l *Log) readTAI(line []byte, h *head) bool {
	if len(line) < 26 || line[25] != ' ' {
		return false
	}
	sec, err := strconv.ParseUint(string(line[1:17]), 16, 64)
	if err != nil {
		return false
	}
	nsec, err := strconv.ParseUint(string(line[17:25]), 16, 32)
	if err != nil || sec < taiOffset || sec-taiOffset > 1<<34 || nsec >= 1e9 {
		return false
	}
	at := head{sec: int64(sec - taiOffset), nsec: int32(nsec), zone: 0, hasTime: true}
	rest := line[26:]
	if name, pid, msg, ok := tag(rest); ok && knownProgram(name) {
		at.program, at.pid, at.msg = name, pid, msg
	} else {
		at.program, at.msg = nil, rest
		if looksQmail(rest) {
			at.program = []byte("qmail")
		}
	}
	*h = at
	return true
}

// jsonLine is a line of a log in JSON: journalctl -o json, Docker, collectors.
type jsonLine struct {
	Message    json.RawMessage `json:"MESSAGE"`
	Realtime   string          `json:"__REALTIME_TIMESTAMP"`
	Identifier string          `json:"SYSLOG_IDENTIFIER"`
	PID        string          `json:"_PID"`
	SyslogPID  string          `json:"SYSLOG_PID"`
	Hostname   string          `json:"_HOSTNAME"`
	Comm       string          `json:"_COMM"`

	Log       json.RawMessage `json:"log"`
	Time      string          `json:"time"`
	Timestamp string          `json:"timestamp"`
	AtTime    string          `json:"@timestamp"`
	Host      json.RawMessage `json:"host"`
	HostName  string          `json:"hostname"`
	Program   string          `json:"program"`
	ProgName  string          `json:"programname"`
	Tag       string          `json:"syslogtag"`
}

// readJSON reads a line of JSON. What is inside may be a line with a head of its own.
func (l *Log) readJSON(line []byte, h *head, depth int) bool {
	var j jsonLine
	if err := json.Unmarshal(line, &j); err != nil {
		if _, wrongType := err.(*json.UnmarshalTypeError); !wrongType {
			return false
		}
	}
	msg := journalText(j.Message)
	if msg == nil {
		msg = journalText(j.Log)
	}
	if msg == nil || depth > 2 {
		return false
	}
	msg = bytes.TrimRight(msg, "\r\n")
	outer := head{zone: noZone}
	if us, err := strconv.ParseInt(j.Realtime, 10, 64); err == nil && us > 0 && us < 1<<54 {
		outer.sec, outer.nsec, outer.zone, outer.hasTime = us/1e6, int32(us%1e6)*1000, 0, true
	} else {
		for _, s := range []string{j.Time, j.Timestamp, j.AtTime} {
			if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
				_, off := t.Zone()
				outer.sec, outer.nsec, outer.zone, outer.hasTime = t.Unix(), int32(t.Nanosecond()), int32(off), true
				break
			}
		}
	}
	outer.host = []byte(firstOf(j.Hostname, j.HostName, string(journalText(j.Host))))
	outer.program = []byte(firstOf(j.Identifier, j.Program, j.ProgName, j.Comm))
	outer.pid = []byte(firstOf(j.PID, j.SyslogPID))
	if name, pid, _, ok := tag(append([]byte(j.Tag), ' ')); ok && len(outer.program) == 0 {
		outer.program, outer.pid = name, pid
	}
	outer.msg = msg
	if len(outer.program) > 0 && knownProgram(outer.program) {
		*h = outer
		return true
	}
	// The program writes its own head, as Postfix does on standard output.
	inner := head{zone: noZone}
	if l.readHead(msg, &inner) && inner.program != nil {
		if !inner.hasTime {
			inner.sec, inner.nsec, inner.zone, inner.hasTime = outer.sec, outer.nsec, outer.zone, outer.hasTime
		}
		if inner.host == nil {
			inner.host = outer.host
		}
		*h = inner
		return true
	}
	*h = outer
	return true
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// journalText reads a text that may be an array of bytes, as journald writes what is
// not UTF-8; nil if it is neither.
func journalText(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return nil
	}
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return []byte(s)
		}
	case '[':
		var list []int
		if json.Unmarshal(raw, &list) != nil {
			return nil
		}
		b := make([]byte, 0, len(list))
		for _, n := range list {
			if n < 0 || n > 255 {
				return nil
			}
			b = append(b, byte(n))
		}
		return b
	}
	return nil
}
