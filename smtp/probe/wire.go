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

// errProtocol is the failure of an answer that is none of the protocol.
type errProtocol struct{ why string }

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
// *errProtocol if what came is no reply; said is called with each line, and returns it as it
// may be shown.
func readAnswer(r *bufio.Reader, said func(line string) string) (answer, error) {
	var a answer
	for {
		line, err := readLine(r)
		shown := line
		if line != "" || err == nil {
			shown = said(line)
		}
		if err != nil {
			return a, err
		}
		if len(line) < 3 || !digits(line[:3]) || line[0] < '2' || line[0] > '5' || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
			return a, &errProtocol{"no reply of SMTP: " + show.Cut(shown, 100)}
		}
		code := int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
		if a.code != 0 && code != a.code {
			return a, &errProtocol{fmt.Sprintf("the lines of one reply have the codes %d and %d", a.code, code)}
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
			return a, &errProtocol{fmt.Sprintf("a reply of more than %d lines", maxLines)}
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
			return string(line[:maxLine]), &errProtocol{fmt.Sprintf("a line of more than %d bytes", maxLine)}
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
}

func (t *transcript) add(by, text string) {
	if len(t.said) >= maxTranscript {
		t.left++
		return
	}
	t.said = append(t.said, finding.Said{MS: time.Since(t.start).Milliseconds(), By: by, Text: show.Cut(text, maxSaid)})
}

func (t *transcript) lines() []finding.Said {
	if t.left > 0 {
		return append(t.said, finding.Said{MS: time.Since(t.start).Milliseconds(), Text: show.Counted(t.left, "more line")})
	}
	return append([]finding.Said{}, t.said...)
}

// wire is the connection of a session. Every step sets its own deadline, so that a
// server that sends a byte now and then gains nothing by it.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	t    *transcript
	// secrets: what the server says may repeat what was sent, and is not kept.
	secrets *redact.Secrets
}

func newWire(conn net.Conn, t *transcript, secrets *redact.Secrets) *wire {
	return &wire{conn: conn, r: bufio.NewReaderSize(conn, 4096), t: t, secrets: secrets}
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
	var lines []string
	first := len(w.t.said)
	a, err := readAnswer(w.r, func(line string) string {
		w.t.add("server", "")
		lines = append(lines, line)
		// What began in a line may go on in this one.
		said := w.secrets.Lines(lines)
		for i := first; i < len(w.t.said); i++ {
			w.t.said[i].Text = show.Cut(said[i-first], maxSaid)
		}
		return said[len(said)-1]
	})
	a.lines = w.secrets.Lines(a.lines)
	return a, err
}
