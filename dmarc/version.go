package dmarc

import (
	"strings"

	"mailworthy/internal/lazyre"
	"mailworthy/internal/show"
)

// NotPolicyError says why a text is not a DMARC Policy Record at all: it does
// not begin with the version, so receivers ignore it (RFC 9989, 4.7, tag v).
type NotPolicyError struct {
	// Intended: the text was probably meant as one.
	Intended bool
	Reason   string
	// Hint is the text that was probably meant.
	Hint string
}

// Error implements error.
func (e *NotPolicyError) Error() string { return "dmarc: " + e.Reason }

var (
	// anyVersion finds what somebody may have meant as the version.
	anyVersion = lazyre.New(`(?i)\bv[ \t]*[=:-][ \t]*["']?[ \t]*dmarc[ \t]*[0-9]*["']?[ \t]*[;,:]*[ \t]*`)
	// onlyPolicy finds a record that begins with its policy.
	onlyPolicy = lazyre.New(`(?i)^[ \t"']*p[ \t]*=[ \t]*(none|quarantine|reject)[ \t"']*(;|$)`)
	bareName   = lazyre.New(`(?i)^[ \t"']*dmarc[ \t]*1["']?[ \t]*[;,:]*[ \t]*`)
)

// versionOf applies: dmarc-version = "v" equals %s"DMARC1", then a separator or the
// end (RFC 9989, 4.8). leading: white space comes before it.
func versionOf(text string) (value string, leading, ok bool) {
	first, _, _ := strings.Cut(text, ";")
	name, value, ok := strings.Cut(first, "=")
	value = strings.Trim(value, " \t")
	leading = text != "" && (text[0] == ' ' || text[0] == '\t')
	return value, leading, ok && !leading && strings.EqualFold(strings.TrimRight(name, " \t"), "v") && value == "DMARC1"
}

// checkVersion says why a text does not begin with the version. It is an error of type
// *NotPolicyError or nil.
func checkVersion(text string) error {
	value, leading, ok := versionOf(text)
	if ok {
		return nil
	}
	e := &NotPolicyError{Reason: "the text does not begin with v=DMARC1"}
	if !mayMeanPolicy(text) {
		return e
	}
	at := anyVersion.FindStringIndex(text)
	switch {
	case at != nil:
	case onlyPolicy.MatchString(text):
		at = []int{0, 0}
		e.Reason = "the version is missing: a record begins with v=DMARC1"
	default:
		if at = bareName.FindStringIndex(text); at == nil {
			return e
		}
	}
	e.Intended = true
	lead := strings.Trim(text[:at[0]], " \t")
	switch {
	case at[1] == 0:
	case leading && lead == "":
		e.Reason = "it begins with white space: the version must be the very first"
	case lead == `"` || lead == "'" || strings.HasPrefix(lead, `\"`):
		e.Reason = "it begins with a quotation mark that is part of the text"
	case lead != "":
		e.Reason = "v=DMARC1 is not the first tag"
	case strings.EqualFold(value, "DMARC1"):
		e.Reason = "the version is " + show.Cut(value, 20) + ": its letters must be capitals, DMARC1"
	case strings.HasPrefix(value, "DMARC1"):
		e.Reason = "no semicolon follows v=DMARC1"
	default:
		e.Reason = "the version is not written v=DMARC1"
	}
	e.hint(text)
	return e
}

// hint says what the text was probably meant to be.
func (e *NotPolicyError) hint(text string) {
	if p := plain(text[:min(len(text), maxRepair)]); strings.Contains(text, `\;`) {
		e.Reason = "a backslash stands before the semicolon: an escape of zone files that was pasted as text"
	} else if p.escaped {
		e.Reason = "a backslash is part of the text: an escape of zone files that was pasted as text"
	} else if p.odd && p.quoted {
		e.Reason = "the text has quotation marks of a word processor in it"
	}
	if c := clean(text, false); !c.none {
		e.Hint = c.String()
	}
}

// atName looks once more at a text that stands where records are looked for: there
// one that names a policy was meant as a record, whatever became of its version.
func (e *NotPolicyError) atName(text string) {
	if e.Intended || len(text) > maxRepair {
		return
	}
	if r := repaired(text); r.plausible(true) {
		e.Intended = true
		e.hint(text)
	}
}

// mayMeanPolicy is false of a text that none of the expressions above matches, found
// out faster: nearly all other TXT records.
func mayMeanPolicy(text string) bool {
	if rest := strings.TrimLeft(text, " \t\"'"); rest != "" && rest[0]|0x20 == 'p' {
		return true
	}
	const name = "dmarc"
	for i := 0; i+len(name) <= len(text); i++ {
		if text[i]|0x20 == name[0] && strings.EqualFold(text[i:i+len(name)], name) {
			return true
		}
	}
	return false
}
