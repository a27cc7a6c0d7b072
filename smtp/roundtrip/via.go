package roundtrip

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

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

// ErrPassword is the error of an address that has a password in it. It does not repeat
// the address.
var ErrPassword = errors.New("there is a password in the address, where everybody on the machine can read it")

// ParseVia reads smtp://[USER@]HOST[:PORT] and smtps://….
func ParseVia(text string) (Via, error) { return parseURL(text, "smtp", "smtps") }

// parseURL reads a server of one of the schemes. A user is everything before the last @,
// so that it may be an address itself.
func parseURL(text string, schemes ...string) (Via, error) {
	form := schemes[0] + "://[USER@]HOST[:PORT]"
	scheme, rest, ok := strings.Cut(text, "://")
	v := Via{Scheme: strings.ToLower(scheme)}
	if !ok || v.Scheme != schemes[0] && v.Scheme != schemes[1] {
		return v, fmt.Errorf("it does not begin with %s:// or %s://", schemes[0], schemes[1])
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
			return v, ErrPassword
		}
		name, err := url.PathUnescape(user)
		if err != nil || name == "" || strings.ContainsAny(name, "\x00\r\n") {
			return v, fmt.Errorf("the user's name is none: the form is %s", form)
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
			return v, fmt.Errorf("%s is no port: the form is %s", show.Quote(service, 20), form)
		}
		v.Port = uint16(n)
	}
	if !strings.Contains(name, ":") {
		ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
		if err != nil || !hostName.MatchString(ascii) {
			return v, fmt.Errorf("%s is no host: the form is %s", show.Quote(name, 60), form)
		}
		name = ascii
	} else if net.ParseIP(name) == nil {
		return v, fmt.Errorf("%s is no host: the form is %s", show.Quote(name, 60), form)
	}
	v.Host = name
	folder, err := url.PathUnescape(path)
	if err != nil || strings.ContainsAny(folder, "\x00\r\n") {
		return v, fmt.Errorf("the folder %s is not written as in a URL", show.Quote(path, 60))
	}
	if v.Path = folder; folder != "" && schemes[0] == "smtp" {
		return v, fmt.Errorf("nothing follows the host: the form is %s", form)
	}
	return v, nil
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
