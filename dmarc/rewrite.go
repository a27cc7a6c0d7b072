package dmarc

import (
	"slices"
	"strings"
)

// draft is a record to publish: the value of each of the draftTags, empty if
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

// inherited is the policy that holds for subdomains, or for those that do not exist, without
// the tag of that name.
func (d *draft) inherited(name string) string {
	if sp := d.get("sp"); name == "np" && sp != "" {
		return sp
	}
	return d.get("p")
}
