package maillog

import (
	"bytes"
	"time"

	"mailworthy/smtp/reply"
)

// MaxLine is how many bytes of a line are read; the rest of a longer one is skipped.
const MaxLine = 64 << 10

// MaxSamples is how many lines that were not understood are kept as examples.
const MaxSamples = 10

// Options are how a log is read.
type Options struct {
	// Knowledge explains replies; nil takes reply.Default.
	Knowledge *reply.Knowledge
	// MTA reads every line as one of this program; "" finds out.
	MTA MTA
	// Location is the zone of times without one; nil is time.Local.
	Location *time.Location
	// Year is the year of the first line whose time has none; 0 infers it from Latest.
	Year int
	// Latest is when the log was last written (the time of the file, or now): no line
	// is later. Zero leaves the year of such a line to 1970 plus what Year says.
	Latest time.Time
	// Since and Until limit what is counted, if not zero: Since is the first moment,
	// Until the first one after. Lines before Since still name senders.
	Since, Until time.Time
	// Senders counts by sender, too.
	Senders bool
	// Event, if not nil, is called for each event. The event is valid until it returns.
	Event func(*Event)
	// MaxBounced is the percentage of recipients from which on too many have failed for good;
	// nil: none is too many.
	MaxBounced *float64
}

// Log reads lines and counts what they say. It is not safe for concurrent use.
type Log struct {
	o     Options
	know  *reply.Knowledge
	zone  *time.Location
	years years
	fixed map[int]*time.Location

	zoneHour, zoneOffset int64
	zoneKnown            bool

	scratch []byte
	key     []byte
	more    [][]byte
	rec     record
	head    head

	// times is how often syslog had the line that is being read.
	times   int64
	export  *exported
	splits  map[string]*split
	queue   queue
	causes  causes
	tallies tallies
	tls     map[string]session

	// Of the program of the line before, which is asked for most often.
	lastProgram []byte
	lastMTA     MTA
	lastDaemon  []byte

	// vague are the lines that wait for one that is surely of the program of Options.MTA.
	vague vague
}

// New returns a Log that has read nothing.
func New(o Options) *Log {
	l := &Log{o: o, know: o.Knowledge, zone: o.Location, fixed: map[int]*time.Location{}, scratch: make([]byte, 0, 512)}
	if l.know == nil {
		l.know = reply.Default()
	}
	if l.zone == nil {
		l.zone = time.Local
	}
	l.restart(o.Latest)
	l.splits = map[string]*split{}
	l.tls = map[string]session{}
	l.queue.init()
	l.causes.init(l.know)
	l.tallies.init(l.know, o.Senders)
	return l
}

// restart prepares for the lines of another file, last written at latest.
func (l *Log) restart(latest time.Time) {
	l.years = years{latest: latest.In(l.zone), base: 1970}
	if l.o.Year > 0 {
		l.years.base, l.years.fixed = l.o.Year, true
	}
	l.vague = vague{}
}

// Line reads one line, without its line break.
func (l *Log) Line(line []byte) {
	line = bytes.TrimRight(line, "\r\n\x00")
	for len(line) > 0 && line[0] == 0 { // A file that a crash left has blocks of zeros.
		line = line[1:]
	}
	line = bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF"))
	if l.exportLine(line) {
		return
	}
	if len(bytes.TrimLeft(line, " \t")) == 0 {
		return
	}
	l.tallies.lines.Read++
	l.readHead(line, &l.head)
	v, sample := l.body(line)
	l.settle(v, sample)
}

// settle counts a line as what it was found to be.
func (l *Log) settle(v verdict, line []byte) {
	switch v {
	case understood:
		l.tallies.lines.Understood += 1 + l.vague.count
		l.vague = vague{sure: true}
	case mayBe:
		l.vague.add(line)
	case otherProgram:
		l.tallies.lines.Other++
	default:
		l.tallies.notUnderstood(line)
	}
}

// body reads the message of the line whose head was read.
func (l *Log) body(line []byte) (verdict, []byte) {
	h := &l.head
	l.times = 1
	if hasPrefix(h.msg, "message repeated ") {
		if n, inner, ok := repeated(h.msg); ok {
			l.times, h.msg = int64(n), inner
		}
	}
	if len(h.msg) > 3 && h.msg[0] == '[' {
		joined, wait := l.joinSplit(h)
		if wait {
			return understood, line
		}
		h.msg = joined
	}
	return l.message(h), line
}

// message reads the message of a head by the grammar of its program.
func (l *Log) message(h *head) verdict {
	mta, daemon := l.program(h)
	r := &l.rec
	r.reset()
	v := notUnderstood
	switch mta {
	case Postfix:
		v = l.postfix(daemon, h.msg, r)
	case Exim:
		v = l.exim(h.msg, r)
	case Sendmail:
		v = l.sendmail(h.msg, r)
	case OpenSMTPD:
		v = l.opensmtpd(h.msg, r)
	case Qmail:
		v = l.qmail(h.msg, r)
	case Mox:
		v = l.mox(h.msg, r)
	default:
		if len(h.program) > 0 {
			if l.o.MTA != "" {
				other, _ := programOf(h.program)
				l.tallies.like[other]++
			}
			return otherProgram
		}
		return notUnderstood
	}
	if v != understood {
		if l.o.MTA != "" {
			l.tallies.like[guess(h.msg)]++
		}
		return v
	}
	if len(h.program) == 0 {
		h.program = nil
		if l.o.MTA != "" && !l.vague.sure && !r.names() && guess(h.msg) != mta {
			return mayBe
		}
	}
	l.apply(mta, h, r)
	return v
}

// program returns the mail server that a line is of, "" if of none.
func (l *Log) program(h *head) (MTA, []byte) {
	if len(h.program) == 0 {
		if l.o.MTA != "" {
			return l.o.MTA, nil
		}
		return guess(h.msg), nil
	}
	if bytes.Equal(h.program, l.lastProgram) {
		return l.lastMTA, l.lastDaemon
	}
	mta, daemon := programOf(h.program)
	if l.o.MTA != "" && mta != l.o.MTA {
		mta, daemon = "", nil
		// Any name may be given to a program: what is said to be of this one is.
		if !knownProgram(h.program) {
			mta = l.forced(h)
		}
	}
	l.lastProgram = append(l.lastProgram[:0], h.program...)
	l.lastMTA = mta
	l.lastDaemon = append(l.lastDaemon[:0], daemon...)
	return mta, l.lastDaemon
}

// forced returns the program that the caller names, if the line reads as one of it.
func (l *Log) forced(h *head) MTA {
	if guess(h.msg) == l.o.MTA {
		return l.o.MTA
	}
	return ""
}

// guess returns the mail server that a message without a program is of, "" if it is
// not recognised.
func guess(b []byte) MTA {
	switch {
	case len(b) == 0:
		return ""
	case hasPrefix(b, "l=") && bytes.Contains(b, []byte(" m=")), hasPrefix(b, "level=") && bytes.Contains(b, []byte(" pkg=")):
		return Mox
	case looksQmail(b):
		return Qmail
	case eximID(b) > 0:
		return Exim
	case len(b) > 21 && b[16] == ' ' && isHex(b[:16]) && (hasPrefix(b[17:], "mta ") || hasPrefix(b[17:], "smtp ") || hasPrefix(b[17:], "mda ")):
		return OpenSMTPD
	case bytes.Contains(b, []byte(" authenticator failed for ")), hasPrefix(b, "H=") && bytes.Contains(b, []byte("rejected ")):
		return Exim
	}
	if _, rest, ok := queueID(b); ok {
		if (hasPrefix(rest, "to=") || hasPrefix(rest, "from=")) && (bytes.Contains(rest, []byte("stat=")) || bytes.Contains(rest, []byte("nrcpts="))) {
			return Sendmail
		}
		return Postfix
	}
	if hasAnyPrefix(b, postfixSessionNotes) || hasAnyPrefix(b, postfixLevels) || hasPrefix(b, "connect from ") || hasPrefix(b, "lost connection with ") ||
		hasPrefix(b, "conversation with ") || hasPrefix(b, "SSL_connect error to ") || bytes.Contains(b, []byte(" TLS connection ")) ||
		hasPrefix(b, "to=") && bytes.Contains(b, []byte("status=")) || hasPrefix(b, "message-id=") || hasPrefix(b, "resent-message-id=") ||
		hasPrefix(b, "from=<") && bytes.Contains(b, []byte("nrcpt=")) || hasPrefix(b, "uid=") {
		return Postfix
	}
	return ""
}

// repeated reads "message repeated 3 times: [ TEXT]" of rsyslog.
func repeated(b []byte) (n int, inner []byte, ok bool) {
	rest := b[len("message repeated "):]
	n = leadingInt(rest)
	i := bytes.Index(rest, []byte(" times: ["))
	if n < 1 || i < 0 || i > 10 {
		return 0, nil, false
	}
	inner = bytes.TrimSuffix(bytes.TrimLeft(rest[i+len(" times: ["):], " "), []byte("]"))
	return n, inner, true
}

// split is a line that Exim wrote to syslog in parts.
type split struct {
	next  int
	parts []byte
}

const maxSplits = 64

// joinSplit reads "[2/5] TEXT" and "[2\18] TEXT": the parts of a line of Exim that was
// too long for syslog, or had line breaks. It returns the joined line with the last
// part, and wait before.
func (l *Log) joinSplit(h *head) (msg []byte, wait bool) {
	b := h.msg
	i := 1
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == 1 || i >= len(b) || (b[i] != '/' && b[i] != '\\') {
		return b, false
	}
	sep := b[i]
	n := leadingInt(b[1:i])
	j := i + 1
	for j < len(b) && b[j] >= '0' && b[j] <= '9' {
		j++
	}
	of := leadingInt(b[i+1 : j])
	if of < 2 || n < 1 || n > of || of > 999 || j+1 >= len(b) || b[j] != ']' || b[j+1] != ' ' {
		return b, false
	}
	text := b[j+2:]
	key := string(h.host) + " " + string(h.pid)
	s := l.splits[key]
	if n == 1 {
		if len(l.splits) >= maxSplits {
			clear(l.splits)
		}
		s = &split{}
		l.splits[key] = s
	}
	if s == nil || s.next != n-1 {
		// The beginning is missing.
		delete(l.splits, key)
		return text, false
	}
	s.next = n
	if len(s.parts)+len(text) < MaxLine {
		if sep == '\\' && n > 1 {
			s.parts = append(s.parts, `\n`...)
		}
		s.parts = append(s.parts, text...)
	}
	if n < of {
		return nil, true
	}
	delete(l.splits, key)
	return s.parts, false
}

// exported is an entry of "journalctl -o export" that is being read.
type exported struct {
	head head
	n    int
}

// exportLine reads a line of the export format of journald and returns false if it is
// none. An entry ends with an empty line.
func (l *Log) exportLine(line []byte) bool {
	if l.export == nil {
		if !hasPrefix(line, "__CURSOR=") {
			return false
		}
		l.export = &exported{head: head{zone: 0}}
		return true
	}
	e := l.export
	if len(line) == 0 {
		l.endExport()
		return true
	}
	if e.n++; e.n > 200 {
		l.export = nil
		return false
	}
	key, value, ok := bytes.Cut(line, []byte("="))
	if !ok {
		return true
	}
	switch string(key) {
	case "__CURSOR":
		l.endExport()
		l.export = &exported{head: head{zone: 0}}
	case "__REALTIME_TIMESTAMP":
		if n, ok := num(value, len(value)); ok && len(value) < 18 {
			e.head.sec, e.head.nsec, e.head.hasTime = int64(n/1e6), int32(n%1e6)*1000, true
		}
	case "MESSAGE":
		e.head.msg = bytes.Clone(value)
	case "SYSLOG_IDENTIFIER":
		e.head.program = bytes.Clone(value)
	case "_PID", "SYSLOG_PID":
		e.head.pid = bytes.Clone(value)
	case "_HOSTNAME":
		e.head.host = bytes.Clone(value)
	}
	return true
}

// endExport reads the entry that is complete.
func (l *Log) endExport() {
	e := l.export
	l.export = nil
	if e == nil {
		return
	}
	l.tallies.lines.Read++
	l.head = e.head
	v, sample := l.body(e.head.msg)
	l.settle(v, sample)
}

// Close reads what waits for a line that does not come.
func (l *Log) Close() {
	l.endExport()
	l.endVague()
}

// Events reads a text of a few lines, such as one that somebody pasted, and returns its
// events and how many of its lines are of a mail server. It is what tells a log from
// other texts: Understood is 0 for those.
func Events(text []byte, o Options) ([]Event, Lines) {
	var list []Event
	o.Event = func(e *Event) { list = append(list, *e) }
	l := New(o)
	for line := range bytes.Lines(text) {
		l.Line(line[:min(len(line), MaxLine)])
	}
	l.Close()
	return list, l.tallies.lines
}
