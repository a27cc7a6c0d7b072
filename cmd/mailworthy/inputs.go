package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"mailworthy/audit"
	"mailworthy/internal/checkpoint"
	"mailworthy/internal/show"
)

// maxLine is the longest line of a list that is looked at: a domain has 253
// characters, a URL around it may have more.
const maxLine = 4 << 10

// listed is a domain to audit and the line of -f that it stands on; 0 where it
// comes from the command line.
type listed struct {
	domain string
	line   int64
}

// list is the domains of the command line and of -f, read as they are wanted, so
// that it may be of any length. What is no domain is reported where it stands, and
// the rest goes on.
type list struct {
	args []string
	// name of the file of -f for messages; reader is nil without one.
	name    string
	reader  *bufio.Reader
	close   func() error
	reading *checkpoint.Reading
	stderr  io.Writer
	// parse reads an argument; held says why a domain cannot be audited.
	parse func(string) (string, error)
	held  func(domain string) error

	// seen are hashes of the domains that have come: of forty million, two differ
	// and collide with a probability of one in twenty thousand.
	seen map[uint64]struct{}
	seed maphash.Seed

	// found counts the domains that are to be audited or were so before a resume;
	// bad the entries that were none.
	found, bad int
	// doubles counts the lines left out because the domain had come before;
	// the first is kept for the message.
	doubles int
	double  listed
	// err is what ended the reading before the end of the list.
	err error
}

// list opens the list that the flags describe. Whoever opens it closes it.
func (f *auditFlags) list(cmd *cobra.Command, args []string, stderr io.Writer, parse func(string) (string, error), held func(string) error) (*list, error) {
	l := &list{args: args, stderr: stderr, parse: parse, held: held, close: func() error { return nil },
		seen: make(map[uint64]struct{}), seed: maphash.MakeSeed()}
	switch {
	case f.file == "" && len(args) == 0:
		return nil, withHint(errors.New("no domain given"), "usage: %s", cmd.UseLine())
	case f.file == "-":
		l.open("standard input", &patient{ctx: cmd.Context(), from: cmd.InOrStdin()})
	case f.file != "":
		file, reader, err := openInput(cmd.Context(), f.file)
		if err != nil {
			return nil, fmt.Errorf("-f: %w", err)
		}
		if info, err := file.Stat(); err == nil && info.IsDir() {
			file.Close()
			return nil, fmt.Errorf("-f %s is a folder, not a list", f.file)
		}
		l.close = file.Close
		l.open(f.file, reader)
	}
	return l, nil
}

func (l *list) open(name string, r io.Reader) {
	l.name = name
	l.reader = bufio.NewReaderSize(r, maxLine+len("\r\n"))
	l.reading = checkpoint.NewReading(name, nil)
}

// all yields the domains, each once, in the order of the list.
func (l *list) all() iter.Seq[listed] {
	return func(yield func(listed) bool) {
		for len(l.args) > 0 {
			text := l.args[0]
			l.args = l.args[1:]
			domain, err := l.parse(text)
			if err == nil {
				err = l.held(domain)
			}
			if err != nil {
				l.bad++
				fmt.Fprintf(l.stderr, "error: %s\n", show.Escape(err.Error()))
			} else if l.first(listed{domain: domain}) && !yield(listed{domain: domain}) {
				return
			}
		}
		for in, ok := l.next(); ok; in, ok = l.next() {
			if !yield(in) {
				return
			}
		}
	}
}

// again are the domains of the lines that the run before has read and not
// finished. It reads as far as that one did, and no further.
func (l *list) again() []listed {
	var pending []listed
	for l.reading.Again() {
		in, ok := l.next()
		if !ok {
			break
		}
		pending = append(pending, in)
	}
	return pending
}

// next reads on to the next domain to audit. It is false at the end of the list,
// and between the lines that the run before read and those that follow.
func (l *list) next() (listed, bool) {
	for l.reader != nil && l.err == nil {
		again := l.reading.Again()
		text, err := l.line()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				l.err = err
			}
			break
		}
		in, changed, wrong := l.entry(text)
		if wrong == nil && in.domain != "" {
			if wrong = l.held(in.domain); wrong != nil {
				in.domain = ""
			}
		}
		in.line = l.reading.Lines() + 1
		item := in.domain != "" && l.first(in)
		_, todo := l.reading.EndLine(item)
		switch {
		case wrong != nil:
			l.bad++
			if !again {
				fmt.Fprintf(l.stderr, "error: %s:%d: %s\n", show.Escape(l.name), in.line, show.Escape(wrong.Error()))
			}
		case changed != "" && !again:
			fmt.Fprintf(l.stderr, "warning: %s:%d: %s\n", show.Escape(l.name), in.line, show.Escape(changed))
		}
		if todo {
			return in, true
		}
		if again && !l.reading.Again() {
			break
		}
	}
	return listed{}, false
}

// maxLongLine is how long a line may be for the list to go on behind it. What has no
// line ends at all, such as a device, has no end either.
const maxLongLine = 1 << 20

var errLongLine = fmt.Errorf("the line has more than %d bytes and is left out", maxLine)

// line reads one line. Of one that is too long it returns what fits.
func (l *list) line() ([]byte, error) {
	line, err := l.reader.ReadSlice('\n')
	_, _ = l.reading.Write(line)
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		length := len(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			var more []byte
			more, err = l.reader.ReadSlice('\n')
			_, _ = l.reading.Write(more)
			if length += len(more); length > maxLongLine {
				return nil, fmt.Errorf("-f %s is no list of domains: line %d has more than %d bytes", l.name, l.reading.Lines()+1, maxLongLine)
			}
		}
	}
	if bytes.IndexByte(line, 0) >= 0 && !isUTF16(line) {
		return nil, fmt.Errorf("-f %s is no list of domains: line %d has a byte that no text has (NUL)", l.name, l.reading.Lines()+1)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		return line, nil
	}
	return line, err
}

// entry turns a line into its domain. All it returns is empty where the line has
// nothing to say.
func (l *list) entry(line []byte) (in listed, changed string, err error) {
	if l.reading.Lines() == 0 && isUTF16(line) {
		l.err = withHint(fmt.Errorf("-f %s is UTF-16", l.name), "save it as UTF-8")
		return listed{}, "", nil
	}
	text := strings.TrimRight(string(line), "\r\n")
	if len(text) > maxLine {
		return listed{}, "", errLongLine
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	for i := range text {
		if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
			text = strings.TrimSpace(text[:i])
			break
		}
	}
	if text == "" {
		return listed{}, "", nil
	}
	in.domain, changed, err = audit.ParseListed(text)
	return in, changed, err
}

// isUTF16 reports whether a file that starts with the line is in that encoding.
func isUTF16(line []byte) bool {
	return bytes.HasPrefix(line, []byte{0xff, 0xfe}) || bytes.HasPrefix(line, []byte{0xfe, 0xff})
}

// first reports whether the domain has not come before.
func (l *list) first(in listed) bool {
	hash := maphash.String(l.seed, in.domain)
	if _, ok := l.seen[hash]; ok {
		if in.line > 0 {
			if l.doubles == 0 {
				l.double = in
			}
			l.doubles++
		}
		return false
	}
	l.seen[hash] = struct{}{}
	l.found++
	return true
}

// done says that the report of the domain is written.
func (l *list) done(in listed) {
	if in.line > 0 {
		l.reading.Done(in.line)
	}
}

// finish says what is to be said at the end of the list, and returns the error
// that ended it early or that there was nothing in it.
func (l *list) finish() error {
	if l.doubles > 0 {
		repeat := "1 line repeats a domain and is left out,"
		if l.doubles > 1 {
			repeat = fmt.Sprintf("%d lines repeat a domain and are left out, the first", l.doubles)
		}
		fmt.Fprintf(l.stderr, "warning: %s: %s line %d (%s)\n", show.Escape(l.name), repeat, l.double.line, show.Escape(l.double.domain))
	}
	switch {
	case l.err != nil:
		return l.err
	case l.found == 0 && l.bad == 0:
		return fmt.Errorf("no domain given: there is none in %s", l.name)
	}
	return nil
}

// patient reads from where there may be nothing for a long time, as from a
// terminal, and ends with the context.
type patient struct {
	ctx  context.Context
	from io.Reader
	// got is the read under way, where one is.
	got  chan struct{}
	buf  [maxLine]byte
	n    int
	err  error
	rest []byte
}

func (p *patient) Read(to []byte) (int, error) {
	if len(p.rest) == 0 {
		if p.got == nil {
			p.got = make(chan struct{})
			// It ends with the read, which nothing can end from here: where the
			// context ends first, that is with the process.
			go func() {
				p.n, p.err = p.from.Read(p.buf[:])
				close(p.got)
			}()
		}
		select {
		case <-p.got:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
		p.got, p.rest = nil, p.buf[:p.n]
		if len(p.rest) == 0 {
			return 0, p.err
		}
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
