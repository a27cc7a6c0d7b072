package dmarc

import (
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/hint"
	"mailworthy/internal/show"
)

// set takes over the value of a tag. It returns why the value is not one that
// the tag can have; the default then stands (RFC 9989, 4.8).
func (r *Record) set(t *Tag) string {
	value := strings.ToLower(t.Value)
	switch t.Name {
	case "p":
		return setPolicy(&r.P, value)
	case "sp":
		return setPolicy(&r.SP, value)
	case "np":
		return setPolicy(&r.NP, value)
	case "adkim":
		return setMode(&r.ADKIM, value)
	case "aspf":
		return setMode(&r.ASPF, value)
	case "psd":
		if value != "y" && value != "n" && value != "u" {
			return "the values are y, n and u"
		}
		r.PSD = value
	case "t":
		if value != "y" && value != "n" {
			return "the values are y and n"
		}
		r.Testing = value == "y"
	case "fo":
		return r.setFailureOptions(value)
	case "rua":
		r.RUA = parseURIs(t.Value, t.ValueOffset)
	case "ruf":
		r.RUF = parseURIs(t.Value, t.ValueOffset)
	case "pct":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n > 100 {
			return "the values are 0 to 100"
		}
		percent := int(n)
		r.Percent = &percent
	case "ri":
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return "the value is a number of seconds"
		}
	}
	return ""
}

func setPolicy(p *Policy, value string) string {
	switch v := Policy(value); v {
	case None, Quarantine, Reject:
		*p = v
		return ""
	}
	return "the values are none, quarantine and reject"
}

func setMode(m *Mode, value string) string {
	switch v := Mode(value); v {
	case Relaxed, Strict:
		*m = v
		return ""
	}
	return "the values are r and s"
}

// setFailureOptions reads fo: each of 0, 1, d and s at most once, 0 and 1 not
// together (RFC 9989, 4.7).
func (r *Record) setFailureOptions(value string) string {
	var known, wrong []string
	for option := range strings.SplitSeq(value, ":") {
		option = strings.Trim(option, " \t")
		switch {
		case option != "0" && option != "1" && option != "d" && option != "s":
			if len(wrong) < 5 {
				wrong = append(wrong, strconv.Quote(show.Cut(option, 20))+" is no option")
			}
		case slices.Contains(known, option):
			wrong = append(wrong, option+" is there twice")
			if len(wrong) > 5 {
				wrong = wrong[:5]
			}
		default:
			known = append(known, option)
		}
	}
	if slices.Contains(known, "0") && slices.Contains(known, "1") {
		wrong = append(wrong, "0 and 1 exclude each other")
	}
	if len(known) > 0 {
		r.FO = known
	}
	return strings.Join(wrong, ", ")
}

// suggest returns the word nearest to what was written, and "" if none is
// near: at most one letter changed, added, left out, or two swapped for every
// four letters.
func suggest(written string, words ...string) string {
	if len(written) > 40 {
		return ""
	}
	return hint.Nearest(written, (len(written)+3)/4, words...)
}
