package dmarc

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// tags reports historic, unknown and repeated tags.
func (j *recordJudge) tags() {
	var historic, unknown, repeated []string
	seen, have := map[string]bool{}, map[string]bool{}
	misspelt, lost := false, false // a name that can be put right; that of rua
	for i := range j.r.Tags {
		have[j.r.Tags[i].Name] = true
	}
	for i := range j.r.Tags {
		t := &j.r.Tags[i]
		text := func() string { return t.Name + "=" + show.Cut(t.Value, 60) }
		switch {
		case t.Duplicate && !seen[t.Name]:
			seen[t.Name] = true
			repeated = append(repeated, fmt.Sprintf("more than one %s (%s)", t.Name, strings.Join(j.written(t.Name), ", ")))
		case t.Duplicate:
		case t.Status == "historic" && t.Invalid == syntaxError: // said as that
		case t.Name == "pct" && j.r.Percent != nil && *j.r.Percent < 100: // said by dmarc-testing, once there is a policy
		case t.Status == "historic":
			what := text()
			if t.Invalid != "" {
				what += " (" + t.Invalid + ")"
			}
			historic = append(historic, what)
		case t.Status == "unknown":
			what := text()
			meant := meantTag(&token{name: t.Name, value: t.Value}, have)
			if meant == "p" {
				continue // the policy is missing, which says it
			}
			if meant != "" {
				misspelt = true
				what += " (probably meant: " + meant + ")"
				lost = lost || meant == "rua" && j.sends && !j.supported()
			}
			unknown = append(unknown, what)
		}
	}
	if historic != nil {
		it := "it"
		if len(historic) > 1 {
			it = "them"
		}
		f := finding.Finding{Detail: fmt.Sprintf("RFC 9989 no longer knows %s; only receivers that follow RFC 7489 read %s.", among(historic), it),
			Fix: j.fix("Leave the historic tags out.", "dmarc-historic-tag")}
		j.add("dmarc-historic-tag", f)
	}
	if unknown != nil {
		f := finding.Finding{Detail: fmt.Sprintf("Receivers ignore %s: no tag of that name is registered.", list(unknown, ", ")),
			Fix: j.fix("Leave out what is no tag.", "dmarc-unknown-tag")}
		if misspelt {
			f.Fix = j.fix("Correct the name of the tag, and leave out what is none.", "dmarc-unknown-tag")
		}
		if lost {
			f.Severity = finding.Warning
			f.Detail += " So the record has no rua, and nobody receives aggregate reports."
		}
		j.add("dmarc-unknown-tag", f)
	}
	if repeated != nil {
		j.add("dmarc-duplicate-tag", finding.Finding{
			Detail: "The record has " + list(repeated, " and ") + ". A tag list with a repeated tag is invalid (RFC 6376, 3.2): one receiver takes the first, another the last, a third ignores the record.",
			Fix:    j.fix("Keep each tag once.", "dmarc-duplicate-tag")})
	}
}

// written are the values that a repeated tag has.
func (j *recordJudge) written(name string) []string {
	var out []string
	for i := range j.r.Tags {
		if t := &j.r.Tags[i]; t.Name == name && len(out) < 4 {
			out = append(out, name+"="+show.Cut(t.Value, 60))
		}
	}
	return out
}

// values reports values that a tag cannot have.
func (j *recordJudge) values() {
	var modes, others []string
	for i := range j.r.Tags {
		t := &j.r.Tags[i]
		if t.Invalid == "" || t.Invalid == syntaxError || t.Duplicate {
			continue
		}
		text := fmt.Sprintf("the tag %s=%s is ignored (%s)", t.Name, show.Cut(t.Value, 60), t.Invalid)
		switch t.Name {
		case "adkim", "aspf":
			modes = append(modes, text+", so that r, relaxed, is in force")
		case "psd":
			others = append(others, text+", so that u is in force")
		case "t":
			others = append(others, text+", so that the policy is applied in full")
		}
	}
	if modes != nil {
		detail := sentence(strings.Join(modes, "; ")) + "."
		remedy := "Leave the tag out, or write r or s."
		if j.stricter(j.clean()) != nil {
			remedy = "Write s, if strict alignment is meant; leave the tag out, if not."
			detail += " With s, mail of which d= or the envelope is a subdomain no longer aligns."
		}
		j.add("dmarc-alignment-mode-invalid", finding.Finding{Detail: detail,
			Fix: j.fix(remedy, "dmarc-alignment-mode-invalid")})
	}
	if others != nil {
		j.add("dmarc-tag-value-invalid", finding.Finding{Detail: sentence(strings.Join(others, "; ")) + ".",
			Fix: j.fix("Leave the tag out, or write one of its values.", "dmarc-tag-value-invalid")})
	}
}

// olderReaders reports what receivers by RFC 7489 may read otherwise.
func (j *recordJudge) olderReaders() {
	var parts []string
	if i := j.r.indexOf("p"); i > 1 {
		parts = append(parts, "the tag p is not the second, where RFC 7489, 6.4 has it")
	}
	for i := range j.r.Tags {
		if t := &j.r.Tags[i]; j.r.Text[t.Offset:t.Offset+len(t.Name)] != t.Name {
			parts = append(parts, "the name of "+t.Name+" is written with capitals, which tag lists of DKIM do not allow (RFC 6376, 3.2)")
			break
		}
	}
	if parts != nil {
		j.add("dmarc-older-readers", finding.Finding{
			Detail: sentence(strings.Join(parts, ", and ")) + ". RFC 9989 allows it; a receiver that follows the older text may discard the record.",
			Fix:    j.fix("Publish the record in the form that everyone reads.")})
	}
}

func (r *Record) indexOf(name string) int {
	for i := range r.Tags {
		if r.Tags[i].Name == name {
			return i
		}
	}
	return -1
}

// list joins at most five parts.
func list(parts []string, separator string) string {
	if len(parts) > 5 {
		return strings.Join(parts[:5], separator) + fmt.Sprintf("%sand %d more", separator, len(parts)-5)
	}
	return strings.Join(parts, separator)
}
