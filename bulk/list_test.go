package bulk

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"mailworthy/audit"
)

// read reads a list to its end: what is yielded, what is remarked on, how it ended.
func read(from Source) (got, said []string, l *List, err error) {
	from.Parse = audit.ParseAuthorDomain
	from.Remark = func(r Remark) { said = append(said, fmt.Sprintf("%v %s", r.Bad, r)) }
	l = NewList(from)
	for in := range l.All() {
		got = append(got, fmt.Sprintf("%d %s", in.Line, in.Domain))
		l.Done(in)
	}
	err = l.Finish()
	return got, said, l, err
}

func TestList(t *testing.T) {
	long := strings.Repeat("a", maxLine+1)
	for _, tt := range []struct {
		name, text string
		given      []string
		got, said  []string
		err        string
	}{
		{name: "plain", text: "acme.example\nesp.example\n", got: []string{"1 acme.example", "2 esp.example"}},
		{name: "no line break at the end, others of Windows", text: "acme.example\r\nesp.example", got: []string{"1 acme.example", "2 esp.example"}},
		{name: "comments, blanks, a byte order mark", text: "\ufeff# all\n\n  acme.example\t# ours\n#\nesp.example", got: []string{"3 acme.example", "5 esp.example"}},
		{name: "a URL and an address", text: "https://acme.example/a#b\nada@esp.example\n", got: []string{"1 acme.example", "2 esp.example"},
			said: []string{`false list.txt:1: "https://acme.example/a#b" is a URL: acme.example is audited`, `false list.txt:2: "ada@esp.example" is an address: esp.example is audited`}},
		{name: "none", text: "no domain\nacme.example\n", got: []string{"2 acme.example"}, said: []string{"true list.txt:1: "}},
		{name: "a line that is too long", text: long + "\nacme.example\n", got: []string{"2 acme.example"}, said: []string{"true list.txt:1: the line has more than 4096 bytes"}},
		{name: "doubles", text: "acme.example\nACME.example.\nesp.example\nacme.example\n", got: []string{"1 acme.example", "3 esp.example"},
			said: []string{"false list.txt: 2 lines repeat a domain and are left out, the first line 2 (acme.example)"}},
		{name: "one double", text: "acme.example\nacme.example\n", got: []string{"1 acme.example"},
			said: []string{"false list.txt: 1 line repeats a domain and is left out, line 2 (acme.example)"}},
		{name: "given ones first", given: []string{"tidy.example", "-", "acme.example", "tidy.example"}, text: "acme.example\nesp.example\n",
			got: []string{"0 tidy.example", "0 acme.example", "2 esp.example"}, said: []string{"true ", "false list.txt: 1 line repeats"}},
		{name: "held back", text: "held.example\nacme.example\n", got: []string{"2 acme.example"}, said: []string{"true list.txt:1: no zone holds it"}},
		{name: "empty", text: "# nothing\n", err: "no domain given: there is none in list.txt"},
		{name: "UTF-16", text: "\xff\xfea\x00", err: "list.txt is UTF-16"},
		{name: "no text", text: "acme.example\na\x00b\n", got: []string{"1 acme.example"}, err: "list.txt is no list of domains: line 2 has a byte"},
		{name: "no end of a line", text: strings.Repeat("x", maxLongLine+2*maxLine), err: "list.txt is no list of domains: line 1 has more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, said, l, err := read(Source{Given: tt.given, Name: "list.txt", Reader: iotest.OneByteReader(strings.NewReader(tt.text)),
				Held: func(domain string) error {
					if domain == "held.example" {
						return errors.New("no zone holds it")
					}
					return nil
				}})
			if fmt.Sprint(got) != fmt.Sprint(tt.got) || l.Found() != len(tt.got) {
				t.Errorf("%q, want %q (%d found)", got, tt.got, l.Found())
			}
			bad := 0
			for i, s := range said {
				if i >= len(tt.said) || !strings.HasPrefix(s, tt.said[i]) {
					t.Errorf("said %q, want %q", said, tt.said)
					break
				}
				if strings.HasPrefix(s, "true") {
					bad++
				}
			}
			if len(said) != len(tt.said) || bad != l.Bad() {
				t.Errorf("said %q, want %q; %d bad", said, tt.said, l.Bad())
			}
			if (err != nil) != (tt.err != "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("%v, want %q", err, tt.err)
			}
		})
	}
}

// TestNoList: a file of other lines is no list, and is not read to its end; one domain makes
// it one, and so do domains that cannot be audited.
func TestNoList(t *testing.T) {
	held := func(string) error { return errors.New("no zone holds it") }
	for _, tt := range []struct {
		name, text string
		held       func(string) error
		bad        int
		err        string
	}{
		{"a zone file", strings.Repeat("www 300 A 192.0.2.1\n", 5000), nil, mostStrange, "list.txt is no list of domains: its first 1000 entries are none"},
		{"one domain", "acme.example\n" + strings.Repeat("www 300 A 192.0.2.1\n", 5000), nil, 5000, ""},
		{"one fewer", strings.Repeat("www 300 A 192.0.2.1\n", mostStrange-1), nil, mostStrange - 1, ""},
		{"domains that no zone holds", strings.Repeat("acme.example\n", 5000), held, 5000, ""},
	} {
		_, said, l, err := read(Source{Name: "list.txt", Reader: strings.NewReader(tt.text), Held: tt.held})
		if l.Bad() != tt.bad || len(said) != tt.bad || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %d bad, %d said, %v", tt.name, l.Bad(), len(said), err)
		}
	}
}

// TestListReadError: what the reader could not read ends the list and is its error.
func TestListReadError(t *testing.T) {
	broken := errors.New("the disk is broken")
	got, _, _, err := read(Source{Name: "list.txt", Reader: io.MultiReader(strings.NewReader("acme.example\nesp"), iotest.ErrReader(broken))})
	if fmt.Sprint(got) != "[1 acme.example]" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzList: whatever the bytes, each line is at most one domain, each domain comes once
// and can be audited, and reading ends.
func FuzzList(f *testing.F) {
	f.Add("acme.example\nhttps://esp.example/\n# x\n\r\nbücher.example")
	f.Add("\xff\xfe\x00a\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[string]bool{}
		last := int64(0)
		l := NewList(Source{Name: "list", Reader: strings.NewReader(text)})
		for in := range l.All() {
			if in.Line <= last || seen[in.Domain] {
				t.Errorf("line %d %q after line %d", in.Line, in.Domain, last)
			}
			if again, err := audit.ParseAuthorDomain(in.Domain); err != nil || again != in.Domain {
				t.Errorf("%q is no domain: %v", in.Domain, err)
			}
			last, seen[in.Domain] = in.Line, true
			l.Done(in)
		}
		_ = l.Finish()
		if int(last) > strings.Count(text, "\n")+1 {
			t.Errorf("line %d of %q", last, text)
		}
	})
}
