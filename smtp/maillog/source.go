package maillog

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"sort"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"mailworthy/internal/readfile"
)

// Limits of what a compressed file may grow to. Logs shrink to a tenth, those of a
// loop to a hundredth.
const (
	// maxRatio of what comes out to what went in, after the first maxFree bytes.
	maxRatio = 500
	maxFree  = 64 << 20
	// maxWindow is how much memory a decompressor may ask for.
	maxWindow = 64 << 20
)

// The errors of files that are no log.
var (
	ErrEmpty  = errors.New("the file is empty")
	ErrBinary = errors.New("this is no text: a log is expected, compressed by gzip, bzip2, xz or zstd perhaps")
	ErrBomb   = errors.New("the file grows more than 500-fold when it is decompressed; the rest is not read")
	ErrNoLog  = errors.New("no line is of a mail server that is known (postfix, exim, sendmail, opensmtpd, qmail, mox)")
	ErrCopy   = errors.New("the same lines as in another file; read once")
)

// OtherLogError is the error of a file of which no line is of the program that was stated.
// It is ErrNoLog, too.
type OtherLogError struct {
	// Stated is that program; Other the one that most lines look like, "" if none does,
	// Lines how many.
	Stated, Other MTA
	Lines         int64
}

func (e *OtherLogError) Error() string {
	if e.Other == "" {
		return fmt.Sprintf("no line is of %s", e.Stated)
	}
	return fmt.Sprintf("no line is of %s; %s like %s", e.Stated, looks(e.Lines), e.Other)
}

func looks(lines int64) string {
	if lines == 1 {
		return "1 line looks"
	}
	return fmt.Sprintf("%d lines look", lines)
}

func (e *OtherLogError) Unwrap() error { return ErrNoLog }

// Hint says how to read the file.
func (e *OtherLogError) Hint() string {
	if e.Other == "" {
		return "leave --mta out, and the program is found out"
	}
	return fmt.Sprintf("--mta %s, or leave --mta out", e.Other)
}

// File is what was read of one file.
type File struct {
	Name string `json:"name"`
	// Compression is "gzip", "bzip2", "xz" or "zstd", nil if there is none.
	Compression *string `json:"compression"`
	Lines       int64   `json:"lines"`
	// Understood is how many of the lines were.
	Understood int64 `json:"understood"`
	// Err says why the file was not read, or not to its end; Error is its text.
	Err   error   `json:"-"`
	Error *string `json:"error"`

	stdin bool
}

// Decompress returns a reader of what is inside r, told apart by its first bytes, and
// the name of the compression, "" for none. What comes out is bounded (ErrBomb).
func Decompress(r io.Reader) (io.Reader, string, error) {
	in := &countingReader{r: r}
	b := bufio.NewReaderSize(in, 64<<10)
	magic, err := b.Peek(6)
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	var out io.Reader
	name := ""
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		name = "gzip"
		out, err = gzip.NewReader(b)
	case bytes.HasPrefix(magic, []byte("BZh")):
		name = "bzip2"
		out, err = bzip2.NewReader(b), nil
	case bytes.HasPrefix(magic, []byte("\xfd7zXZ\x00")):
		name = "xz"
		if err = xzWindow(b); err == nil {
			out, err = xz.ReaderConfig{DictCap: 8 << 20}.NewReader(b)
		}
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")), len(magic) >= 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:4], []byte("\x2a\x4d\x18")):
		name = "zstd"
		var d *zstd.Decoder
		d, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(4*maxWindow))
		if err == nil {
			out = d.IOReadCloser()
		}
	default:
		return b, "", nil
	}
	if err != nil {
		return nil, name, fmt.Errorf("%s: %w", name, err)
	}
	return &bounded{r: out, in: in, name: name}, name, nil
}

// xzWindow refuses a file of xz whose first block asks for too much memory.
func xzWindow(b *bufio.Reader) error {
	head, err := b.Peek(12 + 8)
	if err != nil {
		return nil // too short: the reader says so
	}
	// Stream header (12), block header: size, flags, filter id 0x21, size of its
	// properties, dictionary size (xz file format, 3.1 and 5.3.1).
	if head[14] == 0x21 && head[13]&0xC3 == 0 {
		bits := head[16] & 0x3F
		if bits > 40 || (2|uint64(bits&1))<<(bits/2+11) > maxWindow {
			return errors.New("the file asks for more than 64 MB of memory to be decompressed")
		}
	}
	return nil
}

// countingReader counts what is read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded ends a stream that grows too much.
type bounded struct {
	r    io.Reader
	in   *countingReader
	n    int64
	name string
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.n > maxFree && b.n/maxRatio > b.in.n {
		return n, ErrBomb
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", b.name, err)
	}
	return n, err
}

// Read reads lines to the end of r. A last line without its end is read, too. The
// error is of r or of the context.
func (l *Log) Read(ctx context.Context, r io.Reader) error {
	b, ok := r.(*bufio.Reader)
	if !ok || b.Size() < MaxLine {
		b = bufio.NewReaderSize(r, MaxLine)
	}
	for n := 0; ; n++ {
		if n&0xFFF == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		line, err := b.ReadSlice('\n')
		if len(line) > 0 {
			l.Line(line)
		}
		if err == bufio.ErrBufferFull {
			for err == bufio.ErrBufferFull {
				_, err = b.ReadSlice('\n')
			}
		}
		if err == io.EOF {
			l.Close()
			return nil
		}
		if err != nil {
			l.Close()
			return err
		}
	}
}

// headSize is how much of a file is looked at before it is read.
const headSize = 64 << 10

// source is a file that is going to be read.
type source struct {
	File
	open  func() (io.ReadCloser, error)
	mtime time.Time
	size  int64
	first time.Time
	// start is the digest of the beginning of the file.
	start [32]byte
	whole bool
}

// ReadFiles reads files in the order of their first lines, whatever their names, and
// returns what became of each, in the order of the names. "-" is stdin. The error is
// of the context alone.
func (l *Log) ReadFiles(ctx context.Context, names []string, stdin io.Reader) ([]File, error) {
	sources := make([]*source, len(names))
	for i, name := range names {
		s := &source{File: File{Name: name}}
		sources[i] = s
		if name == "-" {
			s.Name, s.stdin = "standard input", true
			s.open = func() (io.ReadCloser, error) { return io.NopCloser(readfile.Patient(ctx, stdin)), nil }
			s.mtime = l.o.Latest
			continue
		}
		info, err := os.Stat(name)
		if err == nil && info.IsDir() {
			err = errors.New("this is a directory")
		}
		if err != nil {
			var path *os.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			s.Err = err
			continue
		}
		s.mtime, s.size = info.ModTime(), info.Size()
		s.open = func() (io.ReadCloser, error) {
			file, r, err := readfile.Open(ctx, name) // it may be a pipe
			return struct {
				io.Reader
				io.Closer
			}{r, file}, err
		}
		if info.Mode().IsRegular() {
			l.peek(s)
		}
	}
	order := append([]*source(nil), sources...)
	sort.SliceStable(order, func(i, j int) bool {
		a, b := order[i], order[j]
		if a.first.IsZero() != b.first.IsZero() {
			return b.first.IsZero()
		}
		return a.first.Before(b.first)
	})
	markCopies(order)
	for _, s := range order {
		if s.Err != nil {
			continue
		}
		if err := l.readSource(ctx, s); err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	files := make([]File, len(sources))
	for i, s := range sources {
		files[i] = s.File
		if s.Err != nil {
			files[i].Error = said(s.Err.Error())
		}
	}
	return files, nil
}

// peek reads the beginning of a file: the time of its first line, and whether it is
// text at all.
func (l *Log) peek(s *source) {
	f, err := s.open()
	if err != nil {
		s.Err = errors.Unwrap(err)
		return
	}
	defer f.Close()
	r, name, err := Decompress(f)
	s.Compression = said(name)
	if err != nil {
		s.Err = err
		return
	}
	if c, ok := closer(r); ok {
		defer c.Close()
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	s.whole = err != nil
	switch {
	case n == 0 && (err == io.EOF || err == nil):
		s.Err = ErrEmpty
	case n == 0:
		s.Err = err
	case isBinary(head):
		s.Err = ErrBinary
	default:
		s.start = sha256.Sum256(head)
		s.first = l.firstTime(head, s.mtime)
	}
}

// closer returns what a decompressor must be closed by.
func closer(r io.Reader) (io.Closer, bool) {
	b, ok := r.(*bounded)
	if !ok {
		return nil, false
	}
	c, ok := b.r.(io.Closer)
	return c, ok
}

// isBinary reports whether bytes are no text: a tenth of them are control characters, or
// a quarter is not UTF-8.
// Zeros that a crash left do not count.
func isBinary(b []byte) bool {
	control, all, invalid := 0, 0, 0
	for rest := b; len(rest) > 0; {
		c, n := utf8.DecodeRune(rest)
		if c == utf8.RuneError && n == 1 {
			invalid++
		}
		rest = rest[n:]
	}
	for _, c := range b {
		if c == 0 {
			continue
		}
		all++
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != 0x1b {
			control++
		}
	}
	return all == 0 || control*10 > all || invalid*4 > all
}

// firstTime returns the time of the first line that has one.
func (l *Log) firstTime(text []byte, mtime time.Time) time.Time {
	one := New(Options{Knowledge: l.know, MTA: l.o.MTA, Location: l.zone, Year: l.o.Year, Latest: mtime})
	for line := range bytes.Lines(text) {
		var h head
		one.readHead(bytes.TrimRight(line, "\r\n"), &h)
		if h.hasTime {
			return one.timeOf(&h)
		}
	}
	return time.Time{}
}

// markCopies leaves out files that begin as another does, such as mail.log.1 beside
// mail.log.1.gz. Of two that differ in length the longer is read.
func markCopies(list []*source) {
	seen := map[[32]byte]*source{}
	for _, s := range list {
		if s.Err != nil || s.start == [32]byte{} {
			continue
		}
		if other := seen[s.start]; other != nil && other.whole == s.whole {
			s.Err = ErrCopy
			continue
		}
		seen[s.start] = s
	}
}

// readSource reads one file.
func (l *Log) readSource(ctx context.Context, s *source) error {
	f, err := s.open()
	if err != nil {
		s.Err = err
		return err
	}
	defer f.Close()
	r, name, err := Decompress(f)
	s.Compression = said(name)
	if err != nil {
		s.Err = err
		return err
	}
	if c, ok := closer(r); ok {
		defer c.Close()
	}
	l.restart(s.mtime)
	before, like := l.tallies.lines, maps.Clone(l.tallies.like)
	b := bufio.NewReaderSize(r, headSize)
	if s.first.IsZero() {
		// What is there already: a pipe may be slow.
		_, _ = b.Peek(1)
		head, _ := b.Peek(b.Buffered())
		switch {
		case len(head) == 0:
			_, s.Err = b.Peek(1)
			if s.Err == nil || s.Err == io.EOF {
				s.Err = ErrEmpty
			}
			return s.Err
		case isBinary(head):
			s.Err = ErrBinary
			return s.Err
		}
	}
	err = l.Read(ctx, b)
	l.endVague()
	after := l.tallies.lines
	s.Lines, s.Understood = after.Read-before.Read, after.Understood-before.Understood
	switch {
	case err != nil:
		s.Err = err
	case s.Understood == 0 && l.o.MTA != "":
		other, n := l.tallies.mostLike(l.o.MTA, like)
		s.Err = &OtherLogError{l.o.MTA, other, n}
	case s.Understood == 0:
		s.Err = ErrNoLog
	}
	return err
}
