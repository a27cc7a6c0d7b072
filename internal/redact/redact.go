// Package redact takes credentials out of texts that are shown.
package redact

import (
	"strconv"
	"strings"

	"mailworthy/internal/lazyre"
)

// quoted is a URL in quotes, in which a password may have spaces too.
var quoted = lazyre.New(`"([^":/]*://)[^"]*@`)

// userinfo is what stands before the host of a URL, whatever characters a password
// is typed with; and what may be a part of it where the text was cut short ("…").
var userinfo = lazyre.New(`(://)(?:[^\s"]*@|[^\s"/]*:[^\s"/]*…)`)

// URLs returns the text with the user information of the URLs in it left out:
// https://…@host for https://name:password@host. The rest is as it was.
func URLs(text string) string {
	text = quoted.ReplaceAllStringFunc(text, func(found string) string {
		at := strings.Index(found, "://") + 3
		return found[:at] + without(found[at:])
	})
	return userinfo.ReplaceAllStringFunc(text, func(found string) string { return found[:3] + without(found[3:]) })
}

// without is the user information of a URL without what it says, but for a name before a password
// that was hidden already.
func without(info string) string {
	if name, ok := strings.CutSuffix(info, ":…@"); ok && !strings.ContainsAny(name, ":@") {
		return info
	}
	return "…@"
}

// Typed returns what was typed where a domain, a host or a URL is asked for, without a
// password in it: "…@host" for "name:password@host". An address is left as it is.
func Typed(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	scheme, rest, ok := strings.Cut(text[:at], "://")
	if !ok {
		if before := text[:at]; !strings.Contains(before, ":") || strings.EqualFold(before[:strings.IndexByte(before, ':')], "mailto") {
			return text
		}
		return "…" + text[at:]
	}
	// A password may hold a slash, which ends the authority of a URL by the letter.
	authority, _, path := strings.Cut(rest, "/")
	host, port, ok := strings.Cut(authority, ":")
	_, err := strconv.ParseUint(port, 10, 16)
	if path && !strings.Contains(host, "@") && (!ok || err == nil) {
		return text
	}
	return scheme + "://…" + text[at:]
}
