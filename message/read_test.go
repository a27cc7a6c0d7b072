package message

import (
	"bufio"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func read(t *testing.T, text string) *Message {
	t.Helper()
	m, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return m
}

func TestReadFields(t *testing.T) {
	type field struct {
		name, value string
		line        int
		offset      int64
	}
	for _, tt := range []struct {
		name, in  string
		want      []field
		malformed []Text
		ended     bool
	}{
		{"crlf", "From: a@acme.example\r\nSubject: x\r\n\r\nbody\r\n",
			[]field{{"From", " a@acme.example", 1, 0}, {"Subject", " x", 2, 22}}, nil, true},
		{"lf", "From: a@acme.example\nSubject: x\n\nbody\n",
			[]field{{"From", " a@acme.example", 1, 0}, {"Subject", " x", 2, 21}}, nil, true},
		{"folded", "Subject: a\r\n\tb\r\n  c\r\nDate: now\r\n\r\n",
			[]field{{"Subject", " a\r\n\tb\r\n  c", 1, 0}, {"Date", " now", 4, 21}}, nil, true},
		{"no body", "From: a@acme.example\r\n", []field{{"From", " a@acme.example", 1, 0}}, nil, false},
		{"no line end", "From: a@acme.example", []field{{"From", " a@acme.example", 1, 0}}, nil, false},
		{"empty value", "Subject:\r\n\r\n", []field{{"Subject", "", 1, 0}}, nil, true},
		{"space before the colon", "Subject \t: x\r\n\r\n", []field{{"Subject", " x", 1, 0}}, nil, true},
		{"no colon", "From: x\r\nnonsense\r\n more\r\nTo: y\r\n\r\n",
			[]field{{"From", " x", 1, 0}, {"To", " y", 4, 26}}, []Text{{2, "nonsense"}, {3, " more"}}, true},
		{"name with a space", "From: x\r\nMy Field: y\r\n\r\n", []field{{"From", " x", 1, 0}}, []Text{{2, "My Field: y"}}, true},
		{"name beyond ASCII", "From: x\r\nSübject: y\r\n\r\n", []field{{"From", " x", 1, 0}}, []Text{{2, "Sübject: y"}}, true},
		{"continuation first", " x\r\nFrom: x\r\n\r\n", []field{{"From", " x", 2, 4}}, []Text{{1, " x"}}, true},
		{"mailbox file", "From a@acme.example Sat Nov 21 09:00:00 2026\nTo: y\n\nhi\n", []field{{"To", " y", 2, 45}}, nil, true},
		{"byte order mark", "\xef\xbb\xbfTo: y\n\n", []field{{"To", " y", 1, 3}}, nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := read(t, tt.in)
			var got []field
			for _, f := range m.Fields {
				got = append(got, field{f.Name, f.Value, f.Line, f.Offset})
				if !strings.HasPrefix(tt.in[f.Offset:], f.Name) {
					t.Errorf("%s is not at offset %d", f.Name, f.Offset)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if !reflect.DeepEqual(m.Malformed, tt.malformed) {
				t.Errorf("malformed %+v, want %+v", m.Malformed, tt.malformed)
			}
			if m.Ended != tt.ended {
				t.Errorf("ended %t, want %t", m.Ended, tt.ended)
			}
			if !strings.HasPrefix(tt.in, string(m.Prefix)+string(m.Header)) {
				t.Errorf("prefix and header are not the start of the message: %q %q", m.Prefix, m.Header)
			}
		})
	}
	if f := read(t, "Subject \t: x\r\nTo: y\r\n\r\n").Fields; !f[0].Spaced || f[1].Spaced {
		t.Error("space before the colon is not told from none")
	}
}

func TestReadBodyFollows(t *testing.T) {
	br := bufio.NewReader(strings.NewReader("From: x\r\n\r\nthe body\r\n"))
	if _, err := ReadHeader(br); err != nil {
		t.Fatal(err)
	}
	if rest, _ := io.ReadAll(br); string(rest) != "the body\r\n" {
		t.Errorf("the reader is at %q", rest)
	}
}

func TestReadLayout(t *testing.T) {
	long, limit := strings.Repeat("x", 999), strings.Repeat("x", 998)
	for _, tt := range []struct {
		name, in string
		got      func(l Layout) any
		want     any
	}{
		{"crlf", "A: b\r\n\r\nc\r\n", func(l Layout) any { return []Count{l.CRLF, l.LF} }, []Count{{3, 1, 1}, {}}},
		{"lf", "A: b\n\nc\n", func(l Layout) any { return []Count{l.CRLF, l.LF} }, []Count{{}, {3, 1, 1}}},
		{"mixed", "A: b\r\n\r\nc\nd\n", func(l Layout) any { return l.LF }, Count{2, 3, 2}},
		{"bare cr", "A: b\rc\r\n\r\nd\r\re\r\n", func(l Layout) any { return l.BareCR }, Count{3, 1, 2}},
		{"cr at the end of the file", "A: b\r\n\r\nx\r", func(l Layout) any { return l.BareCR }, Count{1, 3, 1}},
		{"nul", "A: b\x00\r\n\r\n\x00\x00\r\n", func(l Layout) any { return l.NUL }, Count{3, 1, 2}},
		{"998 octets", "A: b\r\n\r\n" + limit + "\r\n", func(l Layout) any { return []any{l.TooLong, l.Long, l.Longest} }, []any{Count{}, Count{1, 3, 1}, 998}},
		{"999 octets", "A: b\r\n\r\n" + long + "\r\n", func(l Layout) any { return []any{l.TooLong, l.Long, l.Longest} }, []any{Count{1, 3, 1}, Count{}, 999}},
		{"999 octets in the header", "A: " + long[3:] + "\n\nx\n", func(l Layout) any { return l.TooLong }, Count{1, 1, 0}},
		{"78 octets", "A: b\n\n" + long[:78] + "\n", func(l Layout) any { return l.Long }, Count{}},
		{"79 octets", "A: b\n\n" + long[:79] + "\n", func(l Layout) any { return l.Long }, Count{1, 3, 1}},
		{"8 bit", "A: ü\n\na\nü\nü\n", func(l Layout) any { return l.EightBit }, Count{2, 4, 2}},
		{"sizes", "A: b\r\n\r\nbody\r\n", func(l Layout) any { return []int64{l.HeaderOctets, l.BodyOctets, int64(l.Lines)} }, []int64{8, 6, 3}},
		{"no body", "A: b\r\n\r\n", func(l Layout) any { return []int64{l.BodyOctets, int64(l.Lines)} }, []int64{0, 2}},
		{"longer than a buffer", "A: b\n\n" + strings.Repeat("y", 200_000) + "\r\nz\n", func(l Layout) any { return []any{l.Longest, l.Lines, l.CRLF, l.BareCR} },
			[]any{200_000, 4, Count{1, 3, 1}, Count{}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.got(read(t, tt.in).Layout); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			// However the octets arrive, they are counted the same.
			m, err := Read(iotest.OneByteReader(strings.NewReader(tt.in)))
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.got(m.Layout); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("octet by octet: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestReadBounds(t *testing.T) {
	zeros := func(n int64) io.Reader { return io.LimitReader(endless{}, n) }
	for name, tt := range map[string]struct{ in, want string }{
		"nothing":                          {"", "it is empty"},
		"no field":                         {"hello\nworld\n", "no line of it is a header field"},
		"a byte order mark":                {"\xef\xbb\xbf", "no line of it is a header field"},
		"an empty line first":              {"\n\nFrom: x\n", "it begins with an empty line, so it has no header"},
		"a picture":                        {"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "it is binary data, without a header field"},
		"long binary data":                 {"\x7fELF" + strings.Repeat("\x00", MaxHeader), "it is binary data, without a header field"},
		"long lines, none of them a field": {strings.Repeat("hello world\n", MaxHeader/12+1), "no line of it is a header field"},
	} {
		_, err := Read(strings.NewReader(tt.in))
		if !errors.Is(err, ErrNotMessage) || err.Error() != "message: this is no message: "+tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, tt := range []struct {
		name string
		in   io.Reader
		want error
	}{
		{"a header without end", io.MultiReader(strings.NewReader("A: b\n"), zeros(MaxHeader)), ErrTooLarge},
		{"a field without end", strings.NewReader("A: " + strings.Repeat("b", MaxHeader)), ErrTooLarge},
		{"too many fields", strings.NewReader(strings.Repeat("A: b\n", MaxFields+1) + "\n"), ErrTooLarge},
		{"too long a body", io.MultiReader(strings.NewReader("A: b\n\n"), zeros(MaxBody+1)), ErrTooLarge},
		{"a broken reader", io.MultiReader(strings.NewReader("A: b\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
		{"a broken reader in the body", io.MultiReader(strings.NewReader("A: b\n\nx"), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Read(tt.in); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if m := read(t, strings.Repeat("A: b\n", MaxFields)+"\n"); len(m.Fields) != MaxFields {
		t.Errorf("%d fields, want %d", len(m.Fields), MaxFields)
	}
}

// endless reads as lines of x.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
		if i%1000 == 999 {
			p[i] = '\n'
		}
	}
	return len(p), nil
}
