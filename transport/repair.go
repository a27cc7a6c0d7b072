package transport

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
)

// reading is what the text of a record was meant to say, field by field: also where a name
// is in other letters or mistyped, a colon or spaces stand for the equals sign, or a comma,
// a space or nothing for the semicolon.
type reading struct {
	version string
	// values are those of the fields that are known, in their order.
	values map[string][]string
	// rest are the other fields, as they stand, each behind a semicolon.
	rest string
	// left are pieces that are none of these.
	left []string
	// body is the text behind the version.
	body string
}

// fieldsOf are the names of the fields that are read, by version.
var fieldsOf = map[string][]string{"v=STSv1": {"id"}, "v=TLSRPTv1": {"rua"}, "v=BIMI1": {"l", "a", "avp"}}

var (
	// anyField is a name and what ties it to its value.
	anyField = lazyre.New(`^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})( *[=:]+[ =:]*)`)
	// knownField are the names that are known, with a sign, wherever a field may begin.
	knownField = map[string]*lazyre.Regexp{
		"v=STSv1":    lazyre.New(`^(?i)(id)( *[-_+\[\]]?[=:]+[-_+\[\] =:]*)`),
		"v=TLSRPTv1": lazyre.New(`^(?i)(rua)( *[-_+\[\]]?[=:]+[-_+\[\] =:]*)`),
		"v=BIMI1":    lazyre.New(`^(?i)(l|a|avp)( *[-_+\[\]]?[=:]+[-_+\[\] =:]*)`),
	}
)

// readFields reads the text of a record of the version.
func readFields(text, version string) *reading {
	r := &reading{version: version, values: map[string][]string{}}
	text = unwrapped(text[:min(len(text), maxRecord)], version)
	begins := versionEnd(text, version)
	r.body = text[begins:]
	last, strong := "", true // a semicolon, or the start, came before
	exact := map[string]bool{}
	for field := range strings.SplitSeq(r.body, ";") {
		if name, _, ok := strings.Cut(strings.TrimSpace(field), "="); ok {
			exact[name] = true
		}
	}
	for s, n := r.body, 0; s != "" && n < 4*maxTags; n++ {
		if strings.IndexByte(" \t;,|", s[0]) >= 0 || strong && strings.IndexByte(".:'\"\\", s[0]) >= 0 {
			strong = strong || s[0] == ';'
			s = s[1:]
			continue
		}
		name, from, known := r.fieldAt(s, strong, exact)
		to := r.endOfField(s, from)
		value := strings.Trim(s[from:to], " \t")
		switch {
		case known:
			value = strings.Trim(value, ",\"\\ ")
			if to < len(s) && s[to] != ';' && !strings.HasSuffix(s[from:to], ",") {
				value = r.untied(value)
			}
			r.values[name] = append(r.values[name], value)
			last = name
		case name == "v":
			if last = ""; begins > 0 && otherVersion(value, version) {
				r.rest += "; " + toCorrect("v="+value) // another record begins there
			}
		case name != "":
			r.other(name, value)
			last = ""
		case last != "" && strings.Trim(value, ".,'\"\\") != "" && r.values[last][len(r.values[last])-1] != "":
			// A piece behind a stray semicolon belongs to the value before.
			list := r.values[last]
			list[len(list)-1] += ";" + value
		case len(r.left) < maxProblems && (strings.ContainsAny(value, "/.@") || len(value) > 3):
			r.left = append(r.left, value)
		}
		s, strong = s[to:], false
	}
	return r
}

// otherVersion reports whether a text is the version of a record of another kind.
func otherVersion(value, version string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	return !strings.EqualFold("v="+word, version) && slices.ContainsFunc(strings.Split(versions, "|"), func(v string) bool {
		return strings.EqualFold(v, word)
	})
}

// versions are those of the records of mail.
const versions = "DMARC1|DKIM1|spf1|STSv1|TLSRPTv1|BIMI1"

// untied is the value of a field behind which the semicolon is missing: its last character
// may have been typed for it.
func (r *reading) untied(value string) string {
	if value = strings.TrimRight(value, ".:'"); r.version != "v=BIMI1" || value == "" {
		return value
	}
	file, _, _ := strings.Cut(ascii.ToLower(value), "?")
	if !slices.ContainsFunc([]string{".svg", ".svg.gz", ".svgz", ".pem"}, func(end string) bool { return strings.HasSuffix(file, end) }) {
		return value + ";" // its owner knows
	}
	return value
}

// other keeps a field that nobody knows, if the grammar allows it: it is the owner's all the
// same. Of those of one name BIMI knows the first alone.
func (r *reading) other(name, value string) {
	loose := r.version == "v=BIMI1"
	if loose && strings.Contains(r.rest+";", "; "+name+"=") || value == "" || wrongIn(value, loose, false) >= 0 {
		return
	}
	r.rest += "; " + name + "=" + value
}

// fieldAt says which field a text begins with, where its value begins, and whether it is
// one that is known; the name of a piece that is no field is empty.
func (r *reading) fieldAt(s string, strong bool, exact map[string]bool) (name string, from int, known bool) {
	if m := knownField[r.version].FindStringSubmatch(s); m != nil && (strong || r.begins(m[1], s[len(m[0]):])) {
		return ascii.ToLower(m[1]), len(m[0]), true
	}
	if !strong {
		return "", 0, false
	}
	if m := anyField.FindStringSubmatch(s); m != nil && !(strings.Contains(m[2], ":") && isWebScheme(m[1])) {
		value, _, _ := strings.Cut(s[len(m[0]):], ";")
		if meant := r.meantName(m[1], value, exact); meant != "" {
			return meant, len(m[0]), true
		}
		if m[2] == "=" || strings.TrimSpace(m[2]) == "=" && r.version == "v=BIMI1" {
			return m[1], len(m[0]), false
		}
	}
	return r.bare(s, exact)
}

// bare reads a field whose sign is lost: "id20260101", "l https://…", "https://….svg".
func (r *reading) bare(s string, exact map[string]bool) (name string, from int, known bool) {
	field, _, _ := strings.Cut(s, ";")
	switch r.version {
	case "v=STSv1":
		if rest := strings.TrimLeft(field[min(2, len(field)):], "-_+[] "); strings.EqualFold(field[:min(2, len(field))], "id") && rest != "" && ascii.IsDigit(rest[0]) && !exact["id"] {
			return "id", len(field) - len(rest), true
		}
	case "v=BIMI1":
		if bare := strings.TrimSpace(field); slices.Contains([]string{"l", "a"}, ascii.ToLower(bare)) {
			return "v", len(field), false // a name without a value says nothing
		}
		for _, avatar := range avatars {
			if i := strings.Index(ascii.ToLower(field), avatar); i > 1 && i < 6 && !exact["avp"] && hint.Distance(strings.Trim(ascii.ToLower(field[:i]), "-_+[] "), "avp") <= 1 {
				return "avp", i, true
			}
		}
		for from := 0; from < min(4, len(field)); from++ {
			if _, _, ok := webAt(field[from:]); !ok {
				continue
			}
			if meant := r.meantName(strings.Trim(field[:from], "-_+[] "), field[from:], exact); meant != "" {
				return meant, from, true
			}
		}
	}
	return "", 0, false
}

// begins reports whether a value of the field can begin so, where nothing else tells that
// it is one.
func (r *reading) begins(name, value string) bool {
	value = strings.TrimLeft(value, " \"'<")
	switch ascii.ToLower(name) {
	case "l", "a":
		_, _, ok := webAt(value)
		return ok || value == "" || value[0] == ';' || knownField["v=BIMI1"].FindStringIndex(value) != nil
	}
	return value != ""
}

// meantName is the known field that a name was meant to be, by the name and its value; ""
// if that is not plain, or there is one that is written right.
func (r *reading) meantName(name, value string, exact map[string]bool) string {
	name = ascii.ToLower(name)
	if version := ascii.ToLower(r.version); hint.Distance(name, "v") <= 1 && hint.Distance(ascii.ToLower(strings.TrimSpace(value)), version[2:]) <= 1 {
		return ""
	}
	if r.version != "v=BIMI1" {
		field := fieldsOf[r.version][0]
		far := 1
		if strings.Contains(value, "@") || strings.Contains(value, "//") {
			far = 2
		}
		if !exact[field] && hint.Distance(name, field) <= far && (field != "id" || len(name) > 1 || value != "" && ascii.IsAlphanumeric(value[0])) {
			return field
		}
		return ""
	}
	if slices.Contains(fieldsOf[r.version], name) && !exact[name] {
		return name
	}
	file, _, _ := strings.Cut(ascii.ToLower(strings.Trim(value, " \t\"'<>")), "?")
	_, _, web := webAt(strings.TrimLeft(value, " \t\"'<"))
	switch {
	case len(name) > 2 || !web:
		if !exact["avp"] && len(name) > 1 && hint.Distance(name, "avp") <= 1 {
			return "avp"
		}
	case strings.HasSuffix(file, ".svg") || strings.HasSuffix(file, ".svg.gz") || strings.HasSuffix(file, ".svgz"):
		if !exact["l"] {
			return "l"
		}
	case strings.HasSuffix(file, ".pem"):
		if !exact["a"] {
			return "a"
		}
	}
	return ""
}

// endOfField is where the value that begins at from ends: at a semicolon, or where a known
// field follows.
func (r *reading) endOfField(s string, from int) int {
	for i := from; i < len(s); i++ {
		if s[i] == ';' {
			return i
		}
		if i > 0 && r.hidden(s, i, i == from) {
			return i
		}
	}
	return len(s)
}

// hidden reports whether a known field begins at i, within the value of another one or in its
// place.
func (r *reading) hidden(s string, i int, first bool) bool {
	if before := strings.TrimRight(s[:i], ":."); !first && strings.IndexByte(" \t,|", s[i-1]) < 0 && !slices.ContainsFunc([]string{"svg", "pem", "svgz", "svg.gz"}, func(end string) bool { return strings.HasSuffix(before, end) }) {
		return false
	}
	m := knownField[r.version].FindStringSubmatch(s[i:])
	return m != nil && r.begins(m[1], s[i+len(m[0]):])
}

// hiddenIn is where a tag of BIMI begins within the value of another one; -1 if none does.
func hiddenIn(value string) int {
	r := &reading{version: "v=BIMI1"}
	for i := 1; i < len(value); i++ {
		if r.hidden(value, i, false) {
			return i
		}
	}
	return -1
}

// cased is the name of a field as it stands in other letters than its own; "" if it does not.
func (r *Record) cased(name string) string {
	for _, t := range r.Tags {
		if t.Name != name && ascii.EqualFold(t.Name, name) {
			return t.Name
		}
	}
	return ""
}

// noField says that a field is missing.
func (r *Record) noField(name string) string {
	if cased := r.cased(name); cased != "" {
		return fmt.Sprintf("There is no %s=, but %s=: names are written in lower case, and any other is that of an unknown field", name, cased)
	}
	return fmt.Sprintf("There is no %s=", name)
}

// versionEnd is where the version at the beginning of a text ends, written right or nearly
// so; 0 if there is none.
func versionEnd(text, version string) int {
	squeeze := func(s string) string { return ascii.Alphanumeric(ascii.ToLower(s)) }
	want := squeeze(version)
	best, end := 2, 0
	for to := 2; to <= min(len(text), len(version)+6); to++ {
		if name, rest, ok := strings.Cut(text[:to], "="); ok && strings.HasPrefix(strings.TrimSpace(rest), ";") && strings.TrimSpace(name) != "v" {
			break // "l=; v=BIMI1"
		}
		got := squeeze(text[:to])
		off := min(hint.Distance(got, want), hint.Distance("v"+got, want))
		if to < len(text) && ascii.IsAlphanumeric(text[to]) && knownField[version].FindStringIndex(text[to:]) == nil {
			continue
		}
		if off < best {
			best, end = off, to
		}
	}
	return end
}
