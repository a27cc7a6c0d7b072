package message

import (
	"cmp"
	"net/url"
	"strings"

	"mailworthy/internal/show"
)

// Unsubscribe is how a reader can leave the list (RFC 2369, RFC 8058).
type Unsubscribe struct {
	// List are the List-Unsubscribe fields, Post the List-Unsubscribe-Post ones.
	List []Text `json:"list_unsubscribe"`
	Post []Text `json:"list_unsubscribe_post"`
	// URIs of the first List-Unsubscribe, in their order, up to a bound.
	URIs []URI `json:"uris"`
	// Error says what is wrong with the syntax of the first List-Unsubscribe.
	Error string `json:"error" empty:"null"`
}

// URI is one of List-Unsubscribe.
type URI struct {
	Text   string `json:"text"`
	Scheme string `json:"scheme"`
	// Error says why it is of no use.
	Error string `json:"error" empty:"null"`
}

const (
	maxURIs = 10
	// oneClick is the only value of List-Unsubscribe-Post (RFC 8058, 3.1).
	oneClick = "List-Unsubscribe=One-Click"
)

func (m *Message) unsubscribe() Unsubscribe {
	u := Unsubscribe{List: m.texts("List-Unsubscribe"), Post: m.texts("List-Unsubscribe-Post"), URIs: []URI{}}
	if list := m.named("List-Unsubscribe"); len(list) > 0 {
		u.read(list[0].Unfolded())
	}
	return u
}

// read takes a list of URIs in angle brackets apart; comments may stand between
// them (RFC 2369, 2).
func (u *Unsubscribe) read(text string) {
	comma := true // a comma or the start precedes
	for at := 0; at < len(text); {
		switch c := text[at]; c {
		case ' ', '\t', '\r', '\n':
			at++
		case '(':
			at = skipComment(text, at)
		case ',':
			comma = true
			at++
		case '<':
			end := strings.IndexByte(text[at:], '>')
			if end < 0 {
				u.Error = cmp.Or(u.Error, "an angle bracket is not closed")
				return
			}
			if !comma {
				u.Error = cmp.Or(u.Error, "two URIs have no comma between them")
			}
			if len(u.URIs) < maxURIs {
				u.URIs = append(u.URIs, readURI(text[at+1:at+end]))
			}
			comma = false
			at += end + 1
		default:
			u.Error = cmp.Or(u.Error, "a URI must stand in angle brackets")
			next := strings.IndexByte(text[at:], '<')
			if next < 0 {
				return
			}
			at, comma = at+next, true
		}
	}
	if len(u.URIs) == 0 {
		u.Error = cmp.Or(u.Error, "there is no URI in it")
	}
}

func readURI(text string) URI {
	// White space that folding brought in is no part of the URI (RFC 2369, 2).
	text = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, text)
	u := URI{Text: show.Cut(text, maxQuoted)}
	parsed, err := url.Parse(text)
	if err != nil {
		u.Error = "it is no URI"
		return u
	}
	u.Scheme = strings.ToLower(parsed.Scheme)
	switch u.Scheme {
	case "https", "http":
		if parsed.Hostname() == "" {
			u.Error = "it names no host"
		}
	case "mailto":
		if !strings.Contains(parsed.Opaque, "@") && !strings.Contains(parsed.Opaque, "%40") {
			u.Error = "it names no address"
		}
	case "":
		u.Error = "it has no scheme such as https:"
	default:
		u.Error = "receivers know https: and mailto: only"
	}
	return u
}

// has reports whether a usable URI has the scheme.
func (u *Unsubscribe) has(scheme string) bool {
	for _, uri := range u.URIs {
		if uri.Scheme == scheme && uri.Error == "" {
			return true
		}
	}
	return false
}
