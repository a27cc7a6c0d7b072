// Package ascii compares and classifies ASCII characters. Bytes above 0x7f have no case
// and are neither letters nor digits, as in names of the DNS (RFC 4343) and in the
// literals of ABNF (RFC 5234, 2.3); package unicode knows more letters than these.
package ascii

import "strings"

// IsLetter reports whether c is a letter.
func IsLetter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

// IsDigit reports whether c is a digit.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// IsAlphanumeric reports whether c is a letter or a digit.
func IsAlphanumeric(c byte) bool { return IsLetter(c) || IsDigit(c) }

// Only reports whether s has only ASCII characters.
func Only(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Lower returns c as a lower-case letter, and every other byte as it is.
func Lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// ToLower returns s with its letters in lower case. It allocates only if there is one to
// change.
func ToLower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = Lower(b[j])
			}
			return string(b)
		}
	}
	return s
}

// EqualFold reports whether two strings are equal but for the case of letters.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if Lower(a[i]) != Lower(b[i]) {
			return false
		}
	}
	return true
}

// Alphanumeric is a text without what is neither a letter of ASCII nor a digit.
func Alphanumeric(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x80 && IsAlphanumeric(byte(c)) {
			return c
		}
		return -1
	}, s)
}
