package ascii

import (
	"strings"
	"unicode"
)

// sameShape are letters of other alphabets, and of Turkish, that are drawn as those of ASCII
// are (Unicode Technical Standard 39, confusables.txt), and what they are drawn as.
var sameShape = map[rune]byte{
	'\u0430': 'a', '\u0441': 'c', '\u0501': 'd', '\u0435': 'e', '\u04bb': 'h', '\u0456': 'i', '\u0458': 'j', '\u043a': 'k', '\u04cf': 'l', '\u043c': 'm', '\u043e': 'o', '\u0440': 'p', '\u051b': 'q', '\u0455': 's', '\u0442': 't', '\u0475': 'v', '\u051d': 'w', '\u0445': 'x', '\u0443': 'y',
	'\u0410': 'A', '\u0412': 'B', '\u0421': 'C', '\u0415': 'E', '\u041d': 'H', '\u0406': 'I', '\u0408': 'J', '\u041a': 'K', '\u041c': 'M', '\u041e': 'O', '\u0420': 'P', '\u0405': 'S', '\u0422': 'T', '\u051c': 'W', '\u0425': 'X', '\u0423': 'Y',
	'\u03b1': 'a', '\u03b9': 'i', '\u03ba': 'k', '\u03bf': 'o', '\u03c1': 'p', '\u03bd': 'v',
	'\u0391': 'A', '\u0392': 'B', '\u0395': 'E', '\u0396': 'Z', '\u0397': 'H', '\u0399': 'I', '\u039a': 'K', '\u039c': 'M', '\u039d': 'N', '\u039f': 'O', '\u03a1': 'P', '\u03a4': 'T', '\u03a5': 'Y', '\u03a7': 'X',
}

// Latin returns a text with the letters of Cyrillic and Greek that look like those of ASCII
// written as these, where nothing else can be meant: in a word with a letter of ASCII, and in
// a word that stands by itself or before ":" or "=", as the names of terms and tags do. There
// the dotless i of Turkish, and its capital with a dot, are an i as well. A word with a letter
// that looks like none stays as it is, and so does a label of one alphabet: both may be names
// of their own (RFC 5890).
func Latin(s string) string {
	if Only(s) {
		return s
	}
	var out strings.Builder
	for rest := s; rest != ""; {
		n := strings.IndexFunc(rest, inWord)
		if n < 0 {
			n = len(rest)
		}
		out.WriteString(rest[:n])
		before := out.String()
		if rest = rest[n:]; rest == "" {
			break
		}
		if n = strings.IndexFunc(rest, func(c rune) bool { return !inWord(c) }); n < 0 {
			n = len(rest)
		}
		word := rest[:n]
		rest = rest[n:]
		alone := (before == "" || strings.ContainsAny(before[len(before)-1:], " +-~?;=\"'")) && (rest == "" || strings.IndexByte(" ;/\"'", rest[0]) >= 0)
		named := strings.HasPrefix(strings.TrimLeft(rest, " "), ":") || strings.HasPrefix(strings.TrimLeft(rest, " "), "=")
		out.WriteString(latinWord(word, alone || named))
	}
	return out.String()
}

// inWord reports whether a character is one of a label.
func inWord(c rune) bool {
	return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
}

// latinWord is a word in ASCII, if every letter of it looks like one and it has one of ASCII;
// name says that it is no label, so that it needs none.
func latinWord(word string, name bool) string {
	latin := false
	out := strings.Map(func(c rune) rune {
		if c < 0x80 {
			latin = latin || IsLetter(byte(c))
			return c
		}
		if as, ok := sameShape[c]; ok {
			return rune(as)
		}
		switch {
		case name && c == '\u0131':
			return 'i'
		case name && c == '\u0130':
			return 'I'
		}
		return c
	}, word)
	if !Only(out) || !latin && !name {
		return word
	}
	return out
}

// MixesScripts reports whether a label has letters of Latin beside those of Cyrillic, Greek or
// a kin of theirs, whose letters look alike. No registry takes one (Unicode Technical Standard
// 39, section 5).
func MixesScripts(label string) bool {
	var latin, other bool
	for _, c := range label {
		latin = latin || unicode.Is(unicode.Latin, c)
		other = other || unicode.In(c, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Coptic)
	}
	return latin && other
}
