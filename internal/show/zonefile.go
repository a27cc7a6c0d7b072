package show

import (
	"fmt"
	"strings"

	"mailworthy/finding"
)

// maxString is the length of a character string (RFC 1035, 3.3).
const maxString = 255

// masterString writes one character string of a master file (RFC 1035, 5.1):
// quoted, with quotes and backslashes escaped and every other byte outside
// printable ASCII as \DDD, so that it can be pasted and moves no terminal.
func masterString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c > 0x7e:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// ZoneName writes an owner or target name: absolute, with the bytes that mean
// something in a master file escaped. A place to fill in, <the name of …>, stays
// legible: such a record is never one to paste as it stands.
func ZoneName(name string) string {
	if name == "" || name == "." {
		return "."
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '<' && legible(name[i:]) > 0:
			n := legible(name[i:])
			b.WriteString(name[i : i+n])
			i += n - 1
		case isDDD(name[i:]):
			// A dot or backslash inside a label is written so already.
			b.WriteString(name[i : i+4])
			i += 3
		case strings.IndexByte(`"();@$\`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c <= 0x20 || c > 0x7e:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	if !strings.HasSuffix(name, ".") && !strings.HasSuffix(name, ">") {
		b.WriteByte('.')
	}
	return b.String()
}

// legible is the length of a place to fill in at the start of s that can stand in a
// line as it is, of printable ASCII without what a master file reads; 0: there is none.
func legible(s string) int {
	n := finding.Placeholder(s)
	if n < 3 || s[1] == ' ' || strings.ContainsFunc(s[:n], func(r rune) bool { return r < 0x20 || r > 0x7e || strings.ContainsRune("\"();@$\\", r) }) {
		return 0
	}
	return n
}

// isDDD reports whether s starts with a byte written as \DDD.
func isDDD(s string) bool {
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	return len(s) >= 4 && s[0] == '\\' && digit(s[1]) && digit(s[2]) && digit(s[3])
}

// IsText reports whether records of the type hold character strings.
func IsText(rtype string) bool { return rtype == "TXT" || rtype == "SPF" }

// ZoneData writes the data of a record: text as quoted strings, each within
// 255 bytes; the name that ends an MX, CNAME, NS or PTR absolute; everything
// else as it is, without what a terminal obeys.
func ZoneData(rtype, value string) string {
	if !IsText(rtype) {
		switch rtype {
		case "MX", "CNAME", "NS", "PTR":
			if value != "" && !strings.HasSuffix(value, ".") && !strings.HasSuffix(value, ">") {
				value += "."
			}
		}
		return Escape(value)
	}
	parts := splitText(value, maxString, maxString)
	for i, p := range parts {
		parts[i] = masterString(p)
	}
	return strings.Join(parts, " ")
}

// ZoneLine writes a record on one line, as it can be pasted into a zone file.
func ZoneLine(r finding.Record) string {
	return ZoneName(r.Name) + " " + Escape(r.Type) + " " + ZoneData(r.Type, r.Value)
}

// ZoneLines writes a record for a screen of limit cells. If one line is
// too long, the text goes into several strings inside parentheses, which join
// to the same value: still ready to paste into a zone file.
func ZoneLines(r finding.Record, limit int) []string {
	one := ZoneLine(r)
	if Width(one) <= limit || !IsText(r.Type) {
		return []string{one}
	}
	const indent = "    "
	lines := []string{ZoneName(r.Name) + " " + Escape(r.Type) + " ("}
	for _, part := range splitText(r.Value, max(limit-len(indent)-4, 20), maxString) {
		lines = append(lines, indent+masterString(part))
	}
	lines[len(lines)-1] += " )"
	return lines
}

// OldZoneLines writes a record that goes, as masterLines does: enough of it to find it.
// What is left out of a long text is said in a comment, so that the rest still is
// master-file syntax.
func OldZoneLines(r finding.Record, limit int) []string {
	left := ""
	if short := Cut(r.Value, MaxAnswer); short != r.Value && IsText(r.Type) {
		r.Value, left = strings.TrimSuffix(short, "…"), "  ; … shortened"
	}
	lines := ZoneLines(r, limit)
	lines[len(lines)-1] += left
	return lines
}

// splitText cuts text into parts whose quoted form takes about limit cells and
// which hold at most most bytes: after a space if there is one beyond the
// first quarter.
func splitText(text string, limit, most int) []string {
	if text == "" {
		return []string{""}
	}
	var parts []string
	for len(text) > 0 {
		n, cells := 0, 0
		for n < len(text) && n < most {
			w := len(masterString(text[n:n+1])) - 2
			if cells+w > limit {
				break
			}
			cells += w
			n++
		}
		n = max(n, 1)
		if n < len(text) {
			if at := strings.LastIndexByte(text[:n], ' ') + 1; at > n/4 {
				n = at
			}
		}
		parts = append(parts, text[:n])
		text = text[n:]
	}
	return parts
}

const MaxAnswer = 300

// Quoted is the data of a record for reading: text in quotes.
func Quoted(rtype, data string) string {
	if IsText(rtype) {
		return `"` + Escape(data) + `"`
	}
	return Escape(data)
}
