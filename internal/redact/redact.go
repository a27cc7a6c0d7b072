// Package redact takes credentials out of texts that are shown.
package redact

import "mailworthy/internal/lazyre"

// quoted is a URL in quotes, in which a password may have spaces too.
var quoted = lazyre.New(`"([^":/]*://)[^"]*@`)

// userinfo is what stands before the host of a URL, whatever characters a password
// is typed with; and what may be a part of it where the text was cut short ("…").
var userinfo = lazyre.New(`(://)(?:[^\s"]*@|[^\s"/]*:[^\s"/]*…)`)

// URLs returns the text with the user information of the URLs in it left out:
// https://…@host for https://name:password@host. The rest is as it was.
func URLs(text string) string {
	text = quoted.ReplaceAllString(text, `"$1…@`)
	return userinfo.ReplaceAllString(text, "$1…@")
}
