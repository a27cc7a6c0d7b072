package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"strings"

	"mailworthy/audit"
	"mailworthy/internal/checkpoint"
	"mailworthy/internal/field"
)

// maxLine is the longest line of a list that is looked at: a domain has 253
// characters, a URL around it may have more.
const maxLine = 4 << 10

// Entry is a domain to audit and the line of the list that it stands on, from 1; 0 if
// it was given by itself.
type Entry struct {
	Domain string
	Line   int64
}

// Source is where the domains of a List come from.
type Source struct {
	// Given are domains by themselves, ahead of those of Reader.
	Given []string
	// Name is that of the list for messages; Reader is nil if there is none.
	Name   string
	Reader io.Reader
	// Parse reads a domain that was given by itself; those of Reader are read as
	// audit.ParseListed does.
	Parse func(string) (string, error)
	// Held returns why a domain cannot be audited, or nil; nil: all can.
	Held func(domain string) error
	// Remark is called with what is to be said of the list, in its order; nil: nobody
	// hears it. It is called by whoever ranges over All.
	Remark func(Remark)
}

// Remark is something to be said of a list. Its texts are those of the list, and are to
// be escaped.
type Remark struct {
	// Bad: the entry is no domain to audit, and is left out.
	Bad bool
	// List and Line are where; "" and 0: a domain that was given by itself, or the list
	// as a whole.
	List string
	Line int64
	Text string
}

// String is the text with its place before it.
func (r Remark) String() string {
	switch {
	case r.List == "":
		return r.Text
	case r.Line == 0:
		return r.List + ": " + r.Text
	}
	return fmt.Sprintf("%s:%d: %s", r.List, r.Line, r.Text)
}

// ListError is why a list cannot be read, or not to its end.
type ListError struct {
	// Name is that of the list.
	Name string
	// What follows the name in the message.
	What string
	// Help says what to do about it; empty: nothing more is known.
	Help string
}

func (e *ListError) Error() string { return e.Name + " " + e.What }

// As makes it an error of the field that states the list.
func (e *ListError) As(target any) bool {
	to, ok := target.(**field.Error)
	if ok {
		*to = &field.Error{Field: "file", What: " " + e.Error(), Help: e.Help, Err: e}
	}
	return ok
}

// Hint says what to do about it; empty: nothing more is known.
func (e *ListError) Hint() string { return e.Help }

// List is domains to audit, read as they are wanted, so that there may be any number of
// them. A line that is not a domain is remarked on with its number, and the rest goes on. One
// goroutine reads at a time; Done may be called by another.
type List struct {
	source  Source
	given   []string
	reader  *bufio.Reader
	reading *checkpoint.Reading

	// seen are hashes of the domains that have come: of forty million, two differ
	// and collide with a probability of one in twenty thousand.
	seen map[uint64]struct{}
	seed maphash.Seed

	// found counts the domains that are to be audited or were so before a resume;
	// bad the entries that were none.
	found, bad int
	// strange counts the lines that are no domain.
	strange int
	// doubles counts the lines left out because the domain had come before;
	// the first is kept for the message.
	doubles int
	double  Entry
	// err is what ended the reading before the end of the list.
	err error
}

// NewList is the list of a source. The source's Reader stays the caller's to close.
func NewList(s Source) *List {
	l := &List{source: s, given: s.Given, seen: make(map[uint64]struct{}), seed: maphash.MakeSeed()}
	if s.Reader != nil {
		l.reader = bufio.NewReaderSize(s.Reader, maxLine+len("\r\n"))
		l.reading = checkpoint.NewReading(s.Name, nil)
	}
	return l
}

// Found is how many domains have come so far; those that a run before has done are among
// them.
func (l *List) Found() int { return l.found }

// Bad is how many entries so far were no domain to audit.
func (l *List) Bad() int { return l.bad }

func (l *List) remark(r Remark) {
	if r.Bad {
		l.bad++
	}
	if l.source.Remark != nil {
		l.source.Remark(r)
	}
}

func (l *List) held(domain string) error {
	if l.source.Held == nil {
		return nil
	}
	return l.source.Held(domain)
}

// All yields the domains that have not been yielded yet, each once, in the order of the
// list.
func (l *List) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for len(l.given) > 0 {
			text := l.given[0]
			l.given = l.given[1:]
			domain, err := l.source.Parse(text)
			if err == nil {
				err = l.held(domain)
			}
			if err != nil {
				l.remark(Remark{Bad: true, Text: err.Error()})
			} else if l.first(Entry{Domain: domain}) && !yield(Entry{Domain: domain}) {
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
func (l *List) again() []Entry {
	var pending []Entry
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
func (l *List) next() (Entry, bool) {
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
		if wrong != nil {
			l.strange++
		}
		if wrong == nil && in.Domain != "" {
			if wrong = l.held(in.Domain); wrong != nil {
				in.Domain = ""
			}
		}
		in.Line = l.reading.Lines() + 1
		item := in.Domain != "" && l.first(in)
		_, todo := l.reading.EndLine(item)
		switch {
		case wrong != nil && again:
			l.bad++ // the run before has said so
		case wrong != nil:
			l.remark(Remark{Bad: true, List: l.source.Name, Line: in.Line, Text: wrong.Error()})
		case changed != "" && !again:
			l.remark(Remark{List: l.source.Name, Line: in.Line, Text: changed})
		}
		if l.found == 0 && l.strange == mostStrange {
			l.err = l.noList("its first %d entries are none", mostStrange)
			break
		}
		if todo {
			return in, true
		}
		if again && !l.reading.Again() {
			break
		}
	}
	return Entry{}, false
}

// mostStrange is how many entries that are no domains, and no domain among them, show that a
// file is no list: one remark for each of the million lines of a zone file would help nobody.
const mostStrange = 1000

// maxLongLine is how long a line may be for the list to go on behind it. What has no
// line ends at all, such as a device, has no end either.
const maxLongLine = 1 << 20

var errLongLine = fmt.Errorf("the line has more than %d bytes and is left out", maxLine)

// line reads one line. Of one that is too long it returns what fits.
func (l *List) line() ([]byte, error) {
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
				return nil, l.noList("line %d has more than %d bytes", l.reading.Lines()+1, maxLongLine)
			}
		}
	}
	if bytes.IndexByte(line, 0) >= 0 && !isUTF16(line) {
		return nil, l.noList("line %d has a byte that no text has (NUL)", l.reading.Lines()+1)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		return line, nil
	}
	return line, err
}

func (l *List) noList(why string, args ...any) error {
	return &ListError{Name: l.source.Name, What: "is no list of domains: " + fmt.Sprintf(why, args...)}
}

// entry turns a line into its domain. All it returns is empty if the line has
// nothing to say.
func (l *List) entry(line []byte) (in Entry, changed string, err error) {
	if l.reading.Lines() == 0 && isUTF16(line) {
		l.err = &ListError{Name: l.source.Name, What: "is UTF-16", Help: "save it as UTF-8"}
		return Entry{}, "", nil
	}
	text := strings.TrimRight(string(line), "\r\n")
	if len(text) > maxLine {
		return Entry{}, "", errLongLine
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	for i := range text {
		if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
			text = strings.TrimSpace(text[:i])
			break
		}
	}
	if text == "" {
		return Entry{}, "", nil
	}
	in.Domain, changed, err = audit.ParseListed(text)
	return in, changed, err
}

// isUTF16 reports whether a file that starts with the line is in that encoding.
func isUTF16(line []byte) bool {
	return bytes.HasPrefix(line, []byte{0xff, 0xfe}) || bytes.HasPrefix(line, []byte{0xfe, 0xff})
}

// first reports whether the domain has not come before.
func (l *List) first(in Entry) bool {
	hash := maphash.String(l.seed, in.Domain)
	if _, ok := l.seen[hash]; ok {
		if in.Line > 0 {
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

// Done says that the report of the domain is written.
func (l *List) Done(in Entry) {
	if in.Line > 0 {
		l.reading.Done(in.Line)
	}
}

// Finish remarks on what is to be said at the end of the list, and returns the error
// that ended it early (a *ListError, or that of the reader), or that there was nothing
// in it.
func (l *List) Finish() error {
	if l.doubles > 0 {
		repeat := "1 line repeats a domain and is left out,"
		if l.doubles > 1 {
			repeat = fmt.Sprintf("%d lines repeat a domain and are left out, the first", l.doubles)
		}
		l.remark(Remark{List: l.source.Name, Text: fmt.Sprintf("%s line %d (%s)", repeat, l.double.Line, l.double.Domain)})
	}
	switch {
	case l.err != nil:
		return l.err
	case l.found == 0 && l.bad == 0:
		return fmt.Errorf("no domain given: there is none in %s", l.source.Name)
	}
	return nil
}
