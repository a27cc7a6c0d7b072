package transport

import (
	"strings"
	"unicode"

	"mailworthy/internal/ascii"
	"mailworthy/internal/hint"
)

// unwrapped frees a record of what it was copied with, for the record that is proposed:
// the rest of the line of a zone file, quotation marks around the whole, its strings or a
// value, backslashes of a zone file, HTML entities. What stands within a value stays.
func unwrapped(text, version string) string {
	if len(text) > maxRecord {
		return text
	}
	plain := copied.Replace(text)
	at := strings.Index(ascii.ToLower(plain), strings.ToLower(version))
	if at < 0 || !isOwner(plain[:at]) {
		return text
	}
	open := strings.Contains(plain[:at], `"`)
	plain = strings.TrimSpace(plain[at:])
	if open {
		plain = strings.TrimRight(plain, `" )`)
		plain = strings.ReplaceAll(plain, `" "`, "") // the strings of one record
	}
	fields := strings.Split(plain, ";")
	for i, f := range fields {
		name, value, ok := strings.Cut(f, "=")
		if v := strings.TrimSpace(value); ok && len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			fields[i] = name + "=" + v[1:len(v)-1]
		}
	}
	return strings.Join(fields, ";")
}

// meantAs reports whether a text was meant as a record of a version: it begins with it in
// whatever letters, with another separator behind it, or with one slip in it.
func meantAs(text, version string) bool {
	plain := unwrapped(text, version)
	word := plain
	if i := strings.IndexAny(plain, ";,: \t"); i >= 0 {
		word = plain[:i]
		if word == "v" || strings.HasSuffix(word, "=") {
			rest := strings.TrimLeft(plain[i:], ";,: \t=")
			next, _, _ := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(rest, ";", " "), ",", " "), " ")
			word += next
		}
	}
	squeeze := func(s string) string { return ascii.Alphanumeric(strings.ToLower(s[:min(len(s), 40)])) }
	first, _, _ := strings.Cut(plain, ";")
	if strings.EqualFold(strings.Join(strings.Fields(first), ""), version) {
		return true
	}
	// Another number is another version.
	digits := func(s string) string { return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") }
	got, want := squeeze(word), squeeze(version)
	return hint.Distance(got, want) <= 1 && (digits(got) == "" || digits(got) == digits(want))
}

// copied has what stands for quotation marks, semicolons and spaces in other places than
// a record.
var copied = strings.NewReplacer(append(ascii.Pasted(), "\t", " ")...)

// isOwner reports whether a text is what a line of a zone file has before the data: a
// name, a time to live, a class and a type, a parenthesis, a quotation mark.
func isOwner(s string) bool {
	for i, f := range strings.FieldsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(`"'(`, c) }) {
		switch strings.ToUpper(f) {
		case "TXT", "IN", "@":
		default:
			if strings.Trim(f, "0123456789") != "" && (i > 0 || !strings.HasPrefix(f, "_") && !strings.Contains(f, "._") && !(strings.HasSuffix(f, ".") && isHost(f))) {
				return false
			}
		}
	}
	return true
}
