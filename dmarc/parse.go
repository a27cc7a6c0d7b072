package dmarc

import (
	"strconv"
	"strings"

	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
)

// Bounds on what is read of one record: far above any real one.
const (
	maxTags = 100
	maxURIs = 100
)

// syntaxError is why the value of a tag is not used that a Problem is about.
const syntaxError = "a syntax error"

// The tags of the registry (RFC 9989, 9.3).
var tagStatus = map[string]string{
	"v": "active", "p": "active", "sp": "active", "np": "active", "rua": "active", "ruf": "active",
	"adkim": "active", "aspf": "active", "fo": "active", "psd": "active", "t": "active",
	"pct": "historic", "rf": "historic", "ri": "historic",
}

// lostSeparator finds the start of another tag inside a value.
var lostSeparator = lazyre.New(`(?i)[ \t,]+(v|p|sp|np|rua|ruf|adkim|aspf|fo|psd|t|pct|rf|ri)[ \t]*=`)

// ParseRecord reads a TXT record, its strings joined. The error is nil or a
// *NotPolicyError; all else that is wrong is in the Record, which stands with
// what remains (RFC 9989, 4.8).
//
// Tag names and keywords are read without regard to case, as ABNF strings are;
// the version alone is case-sensitive. Of tags that occur twice the first stands.
func ParseRecord(text string) (*Record, error) {
	if err := checkVersion(text); err != nil {
		return nil, err
	}
	return readRecord(text), nil
}

// readRecord reads a text that begins with the version.
func readRecord(text string) *Record {
	whole := len(text)
	if whole > maxRepair {
		text = show.Cut(text, maxRepair)
	}
	r := &Record{Text: text, ADKIM: Relaxed, ASPF: Relaxed, FO: []string{"0"}, PSD: "u",
		Tags: make([]Tag, 0, min(maxTags, 1+strings.Count(text, ";")))}
	if whole > maxRepair {
		r.Problems = append(r.Problems, Problem{Offset: maxRepair, Text: "…",
			Reason: "the record has " + strconv.Itoa(whole) + " bytes, of which " + strconv.Itoa(maxRepair) + " are read"})
		text = text[:maxRepair]
	}
	for start, n := 0, 0; start <= len(text); n++ {
		end := len(text)
		if i := strings.IndexByte(text[start:], ';'); i >= 0 {
			end = start + i
		}
		if n == maxTags {
			r.Problems = append(r.Problems, Problem{Offset: start, Text: show.Cut(text[start:], 40),
				Reason: "more than " + strconv.Itoa(maxTags) + " tags: the rest is not read"})
			break
		}
		r.readTag(start, end)
		start = end + 1
	}
	return r
}

// readTag reads the tag in text[start:end], between two semicolons.
func (r *Record) readTag(start, end int) {
	from, to := trimmed(r.Text, start, end)
	if from == to {
		// One semicolon may end the record (RFC 9989, 4.8: [dmarc-sep]).
		if end < len(r.Text) {
			r.Problems = append(r.Problems, Problem{Offset: end, Text: ";", Harmless: true,
				Reason: "an empty tag: two semicolons with nothing between them"})
		}
		return
	}
	piece := r.Text[from:to]
	eq := strings.IndexByte(piece, '=')
	if eq < 0 || r.continuesURIs(piece) {
		r.Problems = append(r.Problems, r.noTag(piece, from))
		return
	}
	nameFrom, nameTo := trimmed(r.Text, from, from+eq)
	valueFrom, valueTo := trimmed(r.Text, from+eq+1, to)
	name := strings.ToLower(r.Text[nameFrom:nameTo])
	if !tagName(name) {
		r.Problems = append(r.Problems, Problem{Offset: from, Text: show.Cut(piece, 80),
			Reason: "a tag's name is made of letters"})
		return
	}
	t := Tag{Name: name, Value: r.Text[valueFrom:valueTo], Offset: from, ValueOffset: valueFrom, Status: "unknown"}
	if s := tagStatus[name]; s != "" {
		t.Status = s
	}
	t.Duplicate = r.indexOf(name) >= 0
	sound := r.checkValue(&t)
	if !t.Duplicate && t.Status != "unknown" {
		if sound {
			t.Invalid = r.set(&t)
		} else {
			t.Invalid = syntaxError
		}
	}
	r.Tags = append(r.Tags, t)
}

// continuesURIs reports that piece is a report address cut off from rua or ruf
// by a semicolon, which may have an "=" of its own.
func (r *Record) continuesURIs(piece string) bool {
	if len(r.Tags) == 0 || !strings.HasPrefix(strings.ToLower(piece), "mailto:") {
		return false
	}
	last := r.Tags[len(r.Tags)-1].Name
	return last == "rua" || last == "ruf"
}

// noTag says what a piece without "=" probably is.
func (r *Record) noTag(piece string, from int) Problem {
	p := Problem{Offset: from, Text: show.Cut(piece, 80), Reason: "not a tag: a tag is written name=value"}
	if last := len(r.Tags) - 1; last >= 0 && (r.Tags[last].Name == "rua" || r.Tags[last].Name == "ruf") &&
		strings.Contains(piece, "@") {
		p.Hint = "report addresses are separated by commas, not by semicolons"
		return p
	}
	name, value, ok := strings.Cut(strings.Join(strings.Fields(piece), " "), " ")
	if !ok {
		name, value, ok = strings.Cut(piece, ":")
	}
	if name = strings.ToLower(strings.Trim(name, ": ")); ok && tagStatus[name] != "" && value != "" {
		p.Hint = "probably meant: " + name + "=" + show.Cut(strings.Trim(value, ": "), 80)
	}
	return p
}

// checkValue notes what no value of any tag may be, and reports whether it is sound.
func (r *Record) checkValue(t *Tag) bool {
	if t.Value == "" {
		r.Problems = append(r.Problems, Problem{Offset: t.Offset, Text: t.Name + "=", Reason: "the tag has no value"})
		return false
	}
	for i := 0; i < len(t.Value); i++ {
		if c := t.Value[i]; c < ' ' && c != '\t' || c > '~' {
			r.Problems = append(r.Problems, Problem{Offset: t.ValueOffset + i, Text: show.Cut(t.Value, 80),
				Reason: "byte 0x" + strconv.FormatUint(uint64(c), 16) + " in the value of " + t.Name + ": only printable ASCII is allowed"})
			return false
		}
	}
	if t.Status == "unknown" {
		return true
	}
	if strings.IndexByte(t.Value, '=') < 0 || !strings.ContainsAny(t.Value, " \t,") {
		return true // without the expression, which takes much longer
	}
	if at := lostSeparator.FindStringSubmatchIndex(t.Value); at != nil {
		r.Problems = append(r.Problems, Problem{Offset: t.ValueOffset + at[2], Text: show.Cut(t.Value, 80),
			Reason: "a semicolon is missing before " + t.Value[at[2]:at[3]] + "="})
		return false
	}
	return true
}

// tagName reports whether s can name a tag. RFC 9989, 4.8 has letters alone;
// the tag lists of DKIM that it follows (RFC 6376, 3.2) also have digits and "_".
func tagName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || i > 0 && ('0' <= c && c <= '9' || c == '_')) {
			return false
		}
	}
	return s != ""
}

// trimmed narrows [from, to) by white space (WSP: spaces and tabs) at its ends.
func trimmed(s string, from, to int) (int, int) {
	for from < to && (s[from] == ' ' || s[from] == '\t') {
		from++
	}
	for from < to && (s[to-1] == ' ' || s[to-1] == '\t') {
		to--
	}
	return from, to
}
