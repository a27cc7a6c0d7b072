package roundtrip

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
)

// Via is a server that takes mail, or one that has a mailbox.
type Via struct {
	// Scheme is smtp, smtps, imap or imaps.
	Scheme string
	User   string
	Host   string
	Port   uint16
	// Path is the folder of a mailbox, unescaped; empty: none is stated.
	Path string
}

// implicit: TLS begins with the first byte.
func (v *Via) implicit() bool { return strings.HasSuffix(v.Scheme, "s") }

// submission reports whether it is a server that its users hand mail to, and not one that
// receives that of others: it has a user, or the port is for that (RFC 6409, RFC 8314).
func (v *Via) submission() bool { return v.User != "" || v.Port == 587 || v.Port == 465 }

func (v *Via) address() string { return net.JoinHostPort(v.Host, strconv.Itoa(int(v.Port))) }

// String is the server as it can be shown; it never has a password.
func (v Via) String() string {
	text := v.Scheme + "://"
	if v.User != "" {
		text += v.User + "@"
	}
	return text + v.address() + show.OrEmpty("/", v.Path)
}

// ports are the default ports of the schemes.
func port(scheme string) uint16 {
	switch scheme {
	case "smtp":
		return 587
	case "smtps":
		return 465
	case "imap":
		return 143
	case "imaps":
		return 993
	}
	return 0
}

// ErrPassword is the error of an address that has a password in it.
var ErrPassword = errors.New("there is a password in the address, where everybody on the machine can read it")

// ParseVia reads smtp://[USER@]HOST[:PORT] and smtps://…. The error is a *field.Error of no
// field, which names the address without what may be a password.
func ParseVia(text string) (Via, error) { return parseURL(text, "smtp", "smtps") }

// parseURL reads a server of one of the schemes. A user is everything before the last @,
// so that it may be an address itself.
func parseURL(text string, schemes ...string) (Via, error) {
	form := schemes[0] + "://[USER@]HOST[:PORT]"
	if schemes[0] == "imap" {
		form = "imaps://USER@HOST[:PORT][/FOLDER]"
	}
	refuse := func(what string) error {
		return field.Errorf("", "%s %s", show.Quote(withoutPassword(text), 120), what).With("the form is %s", form)
	}
	scheme, rest, ok := strings.Cut(text, "://")
	v := Via{Scheme: strings.ToLower(scheme)}
	if !ok || v.Scheme != schemes[0] && v.Scheme != schemes[1] {
		err := field.Errorf("", "%s does not begin with %s:// or %s://", show.Quote(withoutPassword(text), 120), schemes[0], schemes[1]).With("the form is %s", form)
		meant := schemes[0] + "://" + text
		if before, after, found := strings.Cut(text, ":"); found && slices.Contains(schemes, strings.ToLower(before)) {
			meant = before + "://" + strings.TrimLeft(after, "/")
		}
		if !ok {
			if _, wrong := parseURL(meant, schemes...); wrong == nil {
				err.Help = hint.DidYouMean(meant)
			}
		}
		return v, err
	}
	authority, path := rest, ""
	// A slash in the user's name is written %2F, as in every URL.
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i+1:]
	}
	host := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user := authority[:i]
		host = authority[i+1:]
		if strings.Contains(user, ":") {
			return v, &field.Error{What: show.Quote(withoutPassword(text), 120) + ": " + ErrPassword.Error(), Err: ErrPassword}
		}
		name, err := url.PathUnescape(user)
		if err != nil || name == "" || strings.ContainsAny(name, "\x00\r\n") {
			return v, refuse("has no user's name before the @")
		}
		v.User = name
	}
	name, service := host, ""
	if strings.HasPrefix(host, "[") || strings.Count(host, ":") == 1 {
		if h, p, err := net.SplitHostPort(host); err == nil {
			name, service = h, p
		} else if strings.HasSuffix(host, "]") {
			name = strings.Trim(host, "[]")
		}
	}
	v.Port = port(v.Scheme)
	if service != "" {
		n, err := strconv.ParseUint(service, 10, 16)
		if err != nil || n == 0 {
			return v, refuse("has no port from 1 to 65535 after the last colon")
		}
		v.Port = uint16(n)
	}
	if !strings.Contains(name, ":") {
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
		if err != nil || !hostName.MatchString(ascii) || strings.Contains(ascii, "..") {
			return v, refuse("names no host")
		}
		name = ascii
	} else if net.ParseIP(name) == nil {
		return v, refuse("names no host")
	}
	v.Host = name
	folder, err := url.PathUnescape(path)
	if err != nil || strings.ContainsAny(folder, "\x00\r\n") {
		return v, refuse("has a folder that is not written as in a URL")
	}
	if v.Path = folder; folder != "" && schemes[0] == "smtp" {
		return v, refuse("has something behind the host")
	}
	return v, nil
}

// withoutPassword is an address, well-formed or not, without what may be a password: what
// stands between the first colon of a user and the last @, and after a colon what is no
// port.
func withoutPassword(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if ok {
		scheme += "://"
	} else {
		scheme, rest = "", text
	}
	colon := strings.IndexByte(rest, ':')
	if colon < 0 {
		return text
	}
	if at := strings.LastIndexByte(rest, '@'); at > colon {
		return scheme + rest[:colon+1] + "…" + rest[at:]
	}
	// Behind the host stands a port, or an address has colons of its own.
	host := rest[strings.LastIndexByte(rest, '@')+1:]
	behind, path, _ := strings.Cut(rest[colon+1:], "/")
	if strings.HasPrefix(host, "[") || net.ParseIP(host) != nil || strings.Trim(behind, "0123456789") == "" && !strings.Contains(path, ":") {
		return text
	}
	return scheme + rest[:colon+1] + "…"
}

var hostName = lazyre.New(`^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$`)

// address is a mail address that can be an argument of SMTP as it is: no quoting, nothing
// that ends the command.
var address = lazyre.New(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// ParseAddress checks a mail address and returns it with its domain in ASCII.
func ParseAddress(text string) (string, error) {
	local, domain, _ := strings.Cut(strings.TrimSpace(text), "@")
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		ascii = domain
	}
	if a := local + "@" + ascii; address.MatchString(a) {
		return a, nil
	}
	return "", fmt.Errorf("%s is no mail address", show.Quote(text, 80))
}
