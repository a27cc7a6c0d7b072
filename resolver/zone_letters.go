package resolver

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"mailworthy/internal/ascii"
)

// typedLabels are the labels that a registry takes (RFC 5891, 4). Nothing is mapped but capitals: a server
// serves a label with what cannot be seen in it as another name.
var typedLabels = idna.New(idna.ValidateForRegistration(), idna.BidiRule(), idna.StrictDomainName(false))

// typed is a name of the file with its labels in other letters than those of ASCII as A-labels (RFC 5890),
// by which everybody asks for them. What is none, or written octet by octet, stays as it is.
func (p *zoneParser) typed(text string) string {
	if ascii.Only(text) || len(text) > maxName || !utf8.ValidString(text) {
		return text
	}
	labels := strings.Split(text, ".")
	for i, label := range labels {
		if ascii.Only(label) {
			continue
		}
		a, err := typedLabels.ToASCII(strings.ToLower(label))
		if err != nil || !ascii.Only(a) || strings.ContainsAny(a, ".") || strings.ContainsRune(label, '\\') {
			p.noteLetters(text, "is no name that anybody can ask for, and is taken as its octets")
			return text
		}
		labels[i] = a
	}
	name := strings.Join(labels, ".")
	if len(name) > maxName {
		p.noteLetters(text, "is too long a name by its A-labels, and is taken as its octets")
		return text
	}
	p.noteLetters(text, "is read as "+name+", by which everybody asks for it: servers want it written so")
	return name
}

// noteLetters says once of a file how names in other letters are read.
func (p *zoneParser) noteLetters(text, how string) {
	if !p.letters {
		p.letters = true
		p.warn(p.line, "%q %s", clip(text), how)
	}
}
