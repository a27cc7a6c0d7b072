package dmarc

import (
	"slices"
	"strings"
)

// draft is a record to publish: the value of each of the draftTags, empty where
// the record has no such tag.
type draft [len(draftTags)]string

// draftTags has p right after the version, as receivers by RFC 7489 may expect it
// (RFC 7489, 6.3).
var draftTags = [...]string{"p", "sp", "np", "adkim", "aspf", "pct", "rua", "ruf", "fo", "psd", "t"}

// newDraft is an empty record with a policy.
func newDraft(p Policy) *draft {
	d := &draft{}
	d.set("p", string(p))
	return d
}

// draft is the record freed of what receivers ignore anyway: syntax errors,
// duplicates, unknown tags, invalid values, obsolete suffixes. What it means to
// a receiver stays; pct stays where it is under 100.
func (r *Record) draft() *draft {
	r = r.whole()
	out := &draft{}
	p := r.P
	if p == "" {
		p = r.meant("p")
	}
	out.set("p", string(p))
	for i := range r.Tags {
		t := &r.Tags[i]
		if t.Duplicate || t.Invalid != "" && t.Name != "sp" && t.Name != "np" && t.Name != "fo" {
			continue
		}
		value := strings.ToLower(t.Value)
		switch t.Name {
		case "sp", "np":
			if t.Invalid != "" {
				value = string(r.meant(t.Name))
			}
		case "rua":
			value = joinURIs(r.RUA)
		case "ruf":
			value = joinURIs(r.RUF)
		case "fo":
			if value = strings.Join(r.failureOptions(), ":"); len(r.RUF) == 0 {
				continue
			}
		case "pct":
			if *r.Percent == 100 {
				continue
			}
		case "psd", "t", "adkim", "aspf":
		default:
			continue
		}
		out.set(t.Name, value)
	}
	return out
}

// whole is the record with lost separators put back.
func (r *Record) whole() *Record {
	for range 10 {
		text := r.mended()
		if text == r.Text {
			break
		}
		next, err := ParseRecord(text)
		if err != nil {
			break
		}
		r = next
	}
	return r
}

// meant is the policy that the value of a tag is nearest to, none if to nothing.
func (r *Record) meant(name string) Policy {
	t, _ := r.Tag(name)
	var letters strings.Builder
	for _, c := range strings.ToLower(t.Value) {
		if 'a' <= c && c <= 'z' {
			letters.WriteRune(c)
		} else if letters.Len() > 0 {
			break
		}
	}
	if p := suggest(letters.String(), string(None), string(Quarantine), string(Reject)); p != "" {
		return Policy(p)
	}
	return None
}

// failureOptions are those of fo with 0 left out beside 1, which asks for more.
func (r *Record) failureOptions() []string {
	if slices.Contains(r.FO, "1") {
		return slices.DeleteFunc(slices.Clone(r.FO), func(o string) bool { return o == "0" })
	}
	return r.FO
}

// joinURIs writes a list of report addresses, mended where what was meant is
// plain, without size suffixes.
func joinURIs(uris []URI) string {
	var out []string
	for i := range uris {
		u := &uris[i]
		text := u.Text
		if u.Size != "" {
			text = strings.TrimSuffix(text, "!"+u.Size)
		}
		if u.Hint != "" {
			text = u.Hint
		}
		if meant := parseURI(text, 0); !meant.Supported() || meant.Size != "" {
			continue
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ",")
}

// set gives a tag a value; an empty one takes the tag away.
func (d *draft) set(name, value string) *draft {
	d[slices.Index(draftTags[:], name)] = value
	return d
}

func (d *draft) get(name string) string {
	if i := slices.Index(draftTags[:], name); i >= 0 {
		return d[i]
	}
	return ""
}

// String is the record.
func (d *draft) String() string {
	var b strings.Builder
	b.WriteString("v=DMARC1")
	for i, v := range d {
		if v != "" {
			b.WriteString("; " + draftTags[i] + "=" + v)
		}
	}
	return b.String()
}
