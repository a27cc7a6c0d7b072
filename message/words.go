package message

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
)

// maxEncodedWord is the longest encoded-word (RFC 2047, 2).
const maxEncodedWord = 75

// encodedWord: =?charset?encoding?text?=, with a language after the charset
// (RFC 2231, 5). What looks like one but is wrong inside is found too.
var (
	encodedWord = lazyre.New(`=\?([^?\s]*)\?([^?\s]*)\?([^?]*)\?=`)
	wordHere    = lazyre.New(`^=\?[^?\s]*\?[^?\s]*\?[^?]*\?=`)
)

// decodeWords replaces the encoded-words of a text by what they stand for. White
// space between two of them is no part of the text (RFC 2047, 6.2). The second
// result says what is wrong with the first that is not right.
func decodeWords(s string) (text, wrong string) {
	var b strings.Builder
	at, after := 0, false
	for _, m := range encodedWord.FindAllStringSubmatchIndex(s, -1) {
		word := s[m[0]:m[1]]
		decoded, bad := decodeWord(s[m[2]:m[3]], s[m[4]:m[5]], s[m[6]:m[7]])
		switch {
		case bad != "":
			wrong = cmp.Or(wrong, show.Cut(word, maxQuoted)+": "+bad)
			decoded = word
		case len(word) > maxEncodedWord:
			wrong = cmp.Or(wrong, fmt.Sprintf("%s: it has %d characters, at most %d are allowed", show.Cut(word, maxQuoted), len(word), maxEncodedWord))
		}
		if between := s[at:m[0]]; !after || strings.Trim(between, " \t") != "" || bad != "" {
			b.WriteString(between)
		}
		b.WriteString(decoded)
		at, after = m[1], bad == ""
	}
	b.WriteString(s[at:])
	return b.String(), wrong
}

// decodeWord decodes the parts of one encoded-word.
func decodeWord(charset, encoding, text string) (decoded, wrong string) {
	charset, _, _ = strings.Cut(charset, "*")
	var raw []byte
	switch encoding {
	case "B", "b":
		var err error
		if raw, err = base64.StdEncoding.DecodeString(text); err != nil {
			if raw, err = base64.RawStdEncoding.DecodeString(text); err != nil {
				return "", "its text is not base64"
			}
		}
	case "Q", "q":
		if raw, wrong = decodeQ(text); wrong != "" {
			return "", wrong
		}
	default:
		return "", fmt.Sprintf("its encoding is %q, and only B and Q exist", show.Cut(encoding, 20))
	}
	switch strings.ToLower(charset) {
	case "utf-8", "utf8":
		if !utf8.Valid(raw) {
			return "", "its text is not UTF-8; a character must not be split between two encoded-words"
		}
		return string(raw), ""
	case "us-ascii", "ascii":
		for _, c := range raw {
			if c >= 0x80 {
				return "", "its text is not US-ASCII"
			}
		}
		return string(raw), ""
	}
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return "", fmt.Sprintf("its character set %q is not known", show.Cut(charset, 40))
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil || strings.ContainsRune(string(out), utf8.RuneError) {
		return "", "its text does not fit its character set " + show.Cut(charset, 40)
	}
	return string(out), ""
}

// decodeQ decodes the Q encoding (RFC 2047, 4.2).
func decodeQ(text string) (raw []byte, wrong string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '_':
			raw = append(raw, ' ')
		case c == '=':
			if i+2 >= len(text) {
				return nil, "its text ends inside =XX"
			}
			hi, lo := unhex(text[i+1]), unhex(text[i+2])
			if hi < 0 || lo < 0 {
				return nil, fmt.Sprintf("%q in its text is no octet", text[i:i+3])
			}
			raw = append(raw, byte(hi<<4|lo))
			i += 2
		case c <= ' ' || c >= 0x7f:
			return nil, "its text holds a space or an octet that must be encoded"
		default:
			raw = append(raw, c)
		}
	}
	return raw, ""
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
