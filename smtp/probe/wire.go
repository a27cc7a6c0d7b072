package probe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/redact"
	"mailworthy/internal/show"
)

// Bounds on what is read of a server and kept of it.
const (
	maxLine       = 2048 // RFC 5321, 4.5.3.1.5 permits 512
	maxLines      = 128  // of one reply
	maxTranscript = 200
	maxSaid       = 512
)

// MaxRead is how many bytes of one connection are worth reading: for Dialer.MaxRead.
const MaxRead = 256 << 10

// errProtocol is the failure of an answer that the protocol does not have.
type errProtocol struct {
	why string
	// line: the last line that came belongs behind it.
	line bool
}

func (e *errProtocol) Error() string { return e.why }

// answer is a reply of a server: its code and its lines without codes.
type answer struct {
	code  int
	lines []string
}

// text is the reply on one line, with its code and enhanced code once.
func (a *answer) text() string {
	if a.code == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", a.code, strings.Join(a.lines, " "))
}

// full is the reply with its line breaks.
func (a *answer) full() string {
	return fmt.Sprintf("%d %s", a.code, strings.Join(a.lines, "\n"))
}

// readAnswer reads a reply of one or more lines (RFC 5321, 4.2.1). The error is an
// *errProtocol if what came is no reply; heard is called with each line.
func readAnswer(r *bufio.Reader, heard func(line string)) (answer, error) {
	var a answer
	for {
		line, err := readLine(r)
		if line != "" || err == nil {
			heard(line)
		}
		if err != nil {
			return a, err
		}
		if len(line) < 3 || !digits(line[:3]) || line[0] < '2' || line[0] > '5' || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
			return a, &errProtocol{why: "no reply of SMTP: ", line: true}
		}
		code := int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
		if a.code != 0 && code != a.code {
			return a, &errProtocol{why: fmt.Sprintf("the lines of one reply have the codes %d and %d", a.code, code)}
		}
		a.code = code
		text := ""
		if len(line) > 4 {
			text = line[4:]
		}
		if a.lines = append(a.lines, text); len(line) == 3 || line[3] == ' ' {
			return a, nil
		}
		if len(a.lines) == maxLines {
			return a, &errProtocol{why: fmt.Sprintf("a reply of more than %d lines", maxLines)}
		}
	}
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// readLine reads up to a line feed and returns the line without it and without the
// carriage return before it.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return string(line[:maxLine]), &errProtocol{why: fmt.Sprintf("a line of more than %d bytes", maxLine)}
		}
		switch {
		case err == nil:
			return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return string(line), err
		}
	}
}

// transcript is what was said, bounded, and without secrets: a line of the client that
// has one is recorded in other words.
type transcript struct {
	start time.Time
	said  []finding.Said
	left  int // lines not kept
	// secrets: what the server says may repeat what was sent, and is not shown.
	secrets *redact.Secrets
	// heard are the lines of the server as they came, shown what they were shown as before
	// later lines came, and at their places in said, behind its end if they are not kept.
	heard, shown []string
	at           []int
}

func (t *transcript) add(by, text string) {
	if len(t.said) >= maxTranscript {
		t.left++
		return
	}
	t.said = append(t.said, finding.Said{MS: time.Since(t.start).Milliseconds(), By: by, Text: show.Cut(text, maxSaid)})
}

// hear takes a line of the server.
func (t *transcript) hear(line string) {
	t.heard, t.at = append(t.heard, line), append(t.at, len(t.said))
	t.add("server", "")
}

// reply returns the lines that came since the last call, without the secrets, of which a
// part may stand in earlier replies.
func (t *transcript) reply() []string {
	before := len(t.shown)
	t.shown = append(t.shown, t.secrets.Lines(t.heard)[before:]...)
	return t.shown[before:]
}

// lines returns the transcript, and what hides in a text made of its replies the parts of
// secrets that only later replies told.
func (t *transcript) lines() (said []finding.Said, hide func(string) string) {
	t.reply()
	said = []finding.Said{}
	var pairs []string
	for i, line := range t.secrets.Lines(t.heard) {
		if old := textOf(t.shown[i]); line != t.shown[i] && old != "" {
			pairs = append(pairs, old, textOf(line))
		}
		if t.at[i] < len(t.said) {
			t.said[t.at[i]].Text = show.Cut(line, maxSaid)
		}
	}
	r := strings.NewReplacer(pairs...)
	for _, s := range t.said {
		if s.By == "" {
			s.Text = r.Replace(s.Text)
		}
		said = append(said, s)
	}
	if t.left > 0 {
		said = append(said, finding.Said{MS: time.Since(t.start).Milliseconds(), Text: show.Counted(t.left, "more line")})
	}
	return said, r.Replace
}

// textOf is a line of a reply without its code.
func textOf(line string) string {
	if len(line) > 3 && digits(line[:3]) && (line[3] == ' ' || line[3] == '-') {
		return line[4:]
	}
	return line
}

// wire is the connection of a session. Every step sets its own deadline, so that a
// server that sends a byte now and then gains nothing by it.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	t    *transcript
}

func newWire(conn net.Conn, t *transcript) *wire {
	return &wire{conn: conn, r: bufio.NewReaderSize(conn, 4096), t: t}
}

// send writes a command. A shown text takes its place in the transcript if it is not
// empty.
func (w *wire) send(command, shown string) error {
	if shown == "" {
		shown = command
	}
	w.t.add("client", shown)
	_, err := io.WriteString(w.conn, command+"\r\n")
	return err
}

func (w *wire) read() (answer, error) {
	a, err := readAnswer(w.r, w.t.hear)
	shown := w.t.reply()
	for i := range a.lines {
		a.lines[i] = textOf(shown[i])
	}
	var wrong *errProtocol
	if errors.As(err, &wrong) && wrong.line {
		wrong.why += show.Cut(shown[len(shown)-1], 100)
	}
	return a, err
}
