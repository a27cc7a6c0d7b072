package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"mailworthy/internal/ascii"
	"mailworthy/spf"
)

// plainText turns look-alikes from word processors into ASCII and white space
// into spaces, and removes quotation marks around the whole.
func plainText(s string) string {
	s = unlike(s)
	s = cutOwner(strings.TrimSpace(s))
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') {
		// Strings as a zone file has them: "…" "…" join without a space.
		quote := s[:1]
		parts := strings.Split(s, quote+" "+quote)
		for i := 1; i+1 < len(parts); i++ {
			if term := strings.TrimSpace(parts[i]); term != "" && valid(term) && wholeEnd(parts[i-1]) && startsTerm(parts[i+1]) {
				parts[i] = " " + parts[i] + " " // a term in marks of its own is no part of the one before it
			}
		}
		s = strings.TrimSpace(strings.Trim(strings.Join(parts, ""), quote))
	}
	return strings.TrimSpace(s)
}

// wholeEnd reports whether a text ends in a term, or in the version.
func wholeEnd(text string) bool {
	fields := strings.Fields(strings.Trim(text, "\"'"))
	return len(fields) > 0 && (valid(fields[len(fields)-1]) || spf.IsRecord(fields[len(fields)-1]))
}

// unlike is a text with what looks like a character of ASCII written as that, letters of other
// alphabets as well.
func unlike(s string) string { return ascii.Latin(lookAlikes.Replace(s)) }

var lookAlikes = strings.NewReplacer(append(append(append(ascii.LookAlikes(), ascii.Entities()...), "\u00ad", "-", "\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
	"\u2015", "-", "\ufe58", "-", "\ufe63", "-", "\uff0d", "-",
	"\u2000", " ", "\u2001", " ", "\u2002", " ", "\u2003", " ", "\u2004", " ", "\u2005", " ", "\u2006", " ", "\u2007", " ", "\u2008", " ", "\u2009", " ",
	"\u200a", " ", "\u202f", " ", "\u205f", " ", "\u3000", " ", "\u0085", " ", "\u2028", " ", "\u2029", " ", "\v", " ", "\f", " ", "\u200b", "", "\u200c", "", "\u200d", "", "\ufeff", "", "\u2060", "",
	"\u2018", "'", "\u2019", "'", "\u02dc", "~", "\u223c", "~", "\uff5e", "~", "\uff1f", "?", "\uff0b", "+", "\uff0e", ".", "\u3002", ".", "\uff0f", "/", "\u2044", "/", "\u2215", "/", "\u2236", ":", "\ua789", ":", "\u2024", ".", "\uff61", ".", "\t", " ", "\r", " ", "\n", " ", "\x00", ""), fullWidth()...)...)

// blankAlone reports whether a blank that is no space stands between two spaces: of a term that
// was typed over nothing else may be left.
func blankAlone(text string) bool {
	return slices.ContainsFunc(strings.Split(text, " "), func(word string) bool {
		return word != "" && strings.TrimSpace(lookAlikes.Replace(word)) == ""
	})
}

// fullWidth returns pairs of the figures and letters as wide as those of Chinese or Japanese, and
// those of ASCII.
func fullWidth() (pairs []string) {
	for c := rune('0'); c <= 'z'; c++ {
		if b := byte(c); ascii.IsAlphanumeric(b) {
			pairs = append(pairs, string(c+0xfee0), string(c))
		}
	}
	return pairs
}

// entities are the characters that HTML writes as something else.
var entities = strings.NewReplacer(ascii.Entities()...)

// unseen are characters that take no room.
const unseen = "\u200b\u200c\u200d\ufeff\u2060\x00"

// oddCharacters says which characters of a text stand in place of others, or have no
// place in a record: "a tab stands where a space belongs".
func oddCharacters(text string) string {
	var said []string
	say := func(s string) {
		if !slices.Contains(said, s) && len(said) < 4 {
			said = append(said, s)
		}
	}
	for _, c := range strings.TrimSpace(text) {
		plain := lookAlikes.Replace(string(c))
		if plain == string(c) {
			continue
		}
		s := characterName(c) + " stands where "
		switch plain {
		case "":
			s = characterName(c) + " has no place in a record"
		case "\"", "'":
			s = "quotation marks have no place in a record"
		case " ":
			s += "a space belongs"
		case "-":
			s += "a hyphen belongs"
		default:
			s += quote(plain) + " belongs"
		}
		say(s)
	}
	written := []rune(lookAlikes.Replace(text))
	for i, c := range []rune(ascii.Latin(string(written))) {
		if was := written[i]; was != c {
			say(fmt.Sprintf("a %s letter (%U) stands where %s belongs", alphabet(was), was, quote(string(c))))
		}
	}
	if said == nil && entities.Replace(text) != text {
		return "HTML entities, such as &quot; or &nbsp;, have no place in a record"
	}
	if said == nil {
		return "quotation marks have no place in a record"
	}
	return strings.Join(said, "; ")
}

// alphabet names that of a letter which looks like one of ASCII.
func alphabet(c rune) string {
	switch {
	case unicode.Is(unicode.Cyrillic, c):
		return "Cyrillic"
	case unicode.Is(unicode.Greek, c):
		return "Greek"
	}
	return "Turkish"
}

// characterName is how a character that is no ASCII text is called.
func characterName(c rune) string {
	switch c {
	case '\t':
		return "a tab"
	case '\r', '\n', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return "a line break"
	case '\u00a0':
		return "a no-break space"
	case 0:
		return "a NUL character"
	}
	switch lookAlikes.Replace(string(c)) {
	case "":
		return fmt.Sprintf("an invisible character (%U)", c)
	case " ":
		return fmt.Sprintf("a space of a word processor (%U)", c)
	case "-":
		return fmt.Sprintf("a dash of a word processor (%U)", c)
	}
	return fmt.Sprintf("%s (%U)", quote(string(c)), c)
}

// typography reads what a word processor put in place of ASCII: "\u2013all",
// "include:esp\u2013mail.example". A sign that may be the dash of a list, and a digit
// that may be hidden by what cannot be seen, are left to the owner.
func typography(s string) ([]string, string) {
	plain := unlike(s)
	if terms := strings.Fields(plain); plain != s && !doubtfulSign(terms) && !(startsAddress(plain) && strings.ContainsAny(s, unseen)) {
		return terms, "a character of a word processor stands for another one"
	}
	return nil, ""
}
