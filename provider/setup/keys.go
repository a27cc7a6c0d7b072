package setup

import (
	"iter"
	"maps"
	"strings"

	"mailworthy/dkim"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/resolver"
)

func mapsKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// goodKey returns the text of the key among TXT records, or what is wrong with it, as
// part of a sentence.
func goodKey(records []resolver.Record) (text, bad string) {
	var keys []string
	for i := range records {
		t := records[i].Text()
		if v := strings.ToLower(t); strings.HasPrefix(v, "v=dkim") || strings.Contains(t, "p=") && !strings.HasPrefix(v, "v=dmarc") {
			keys = append(keys, t)
		}
	}
	switch len(keys) {
	case 0:
		return "", "there is a TXT record that is no key"
	case 1:
	default:
		return keys[0], "there are several keys at the name, and verifiers take any one of them"
	}
	text = keys[0]
	key, err := dkim.ParseKey(text)
	switch {
	case key.Revoked:
		return text, "the key is revoked (empty p=)"
	case err != nil:
		if p := value(text, "p"); len(text) >= 250 && len(text) <= 256 || len(p) > 0 && key.Bits == 0 {
			return text, "the key is truncated: p= ends after " + show.Counted(len(p), "character") + ", and what is left is no key. A text of over 255 characters goes into several strings of one record"
		}
		return text, "the key cannot be used: " + err.Error()
	case !key.Live():
		return text, "the key is not for mail"
	}
	return text, ""
}

// value is the value of a tag, as it stands.
func value(text, tag string) string {
	for part := range strings.SplitSeq(text, ";") {
		if k, v, ok := strings.Cut(part, "="); ok && strings.TrimSpace(k) == tag {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// key compares a DKIM key that is published as TXT.
func (c *check) key(it *Item, r *provider.Record) {
	a, err := c.lookup(it.Name, "TXT")
	if err != nil {
		// An alias that leads out of a zone file: the alias itself is known.
		if alias, e := c.lookup(it.Name, "CNAME"); e == nil && len(alias.Records) > 0 && resolver.AsError(err).Reason == resolver.Offline {
			it.Found = alias.Records[0].Host
			it.Status, it.Reason = Unknown, "alias"
			it.Detail = "A CNAME to " + it.Found + " stands in place of the key; its target was not asked (offline)."
			return
		}
		it.unanswered(err)
		return
	}
	it.Evidence = append(it.Evidence, a.Evidence())
	if len(a.Records) == 0 {
		if len(a.CNAMEs) > 0 {
			it.Found = a.CNAMEs[0]
			it.replaces(it.Name, "CNAME", a.CNAMEs[0])
			it.wrong("type", "A CNAME to %s stands in place of the TXT record, and no key is behind it.", a.CNAMEs[0])
			return
		}
		v := provider.Values{}
		if !c.astray(it, r, &v) {
			c.absent(it, r)
		}
		return
	}
	text, bad := goodKey(a.Records)
	it.Found = text
	if text == "" {
		it.Found = show.Cut(a.Records[0].Text(), 400)
	}
	if bad == "" {
		it.Status, it.Expected = OK, text
		if len(a.CNAMEs) > 0 {
			it.Detail = "The key is behind a CNAME to " + a.CNAMEs[0] + "."
		}
		return
	}
	for i := range a.Records {
		if t := a.Records[i].Text(); len(a.CNAMEs) == 0 && strings.Contains(t, "p=") {
			it.replaces(it.Name, "TXT", t)
		}
	}
	reason := "key"
	switch {
	case strings.Contains(bad, "truncated"):
		reason = "truncated"
	case strings.Contains(bad, "revoked"):
		reason = "revoked"
	case strings.Contains(bad, "several"):
		reason = "several"
	case text == "":
		reason = "type"
		it.Remove = nil
	}
	it.wrong(reason, "%s.", strings.ToUpper(bad[:1])+bad[1:])
}
