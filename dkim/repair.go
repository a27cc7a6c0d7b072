package dkim

import (
	"encoding/base64"
	"slices"
	"strings"
)

// repaired is the key record as it should be published, or "" where that cannot be
// told from what is there: v= first, the key in its right encoding, and without
// what limits or disturbs it (t=y, g=, an h= or s= that excludes mail).
func (k *Key) repaired() string {
	if len(k.Record) > mostText {
		return ""
	}
	tags := lenientTags(k.Record)
	if tags == nil {
		return ""
	}
	value := func(name string) (string, bool) {
		for _, t := range tags {
			if t.name == name {
				return t.value, true
			}
		}
		return "", false
	}
	p, ok := value("p")
	if !ok {
		return ""
	}
	algorithm, _ := value("k")
	algorithm = strings.ToLower(algorithm)
	p = repairedKey(p, &algorithm)
	parts := []string{"v=DKIM1"}
	if algorithm != "" {
		parts = append(parts, "k="+algorithm)
	}
	for _, t := range tags {
		words := strings.FieldsFunc(stripFWS(t.value), func(r rune) bool { return r == ':' })
		switch t.name {
		case "v", "k", "p", "g":
		case "h":
			if slices.Contains(words, "sha256") && !slices.Contains(words, "sha1") {
				parts = append(parts, "h="+strings.Join(words, ":"))
			}
		case "s":
			if slices.Contains(words, "*") || slices.Contains(words, "email") {
				parts = append(parts, "s="+strings.Join(words, ":"))
			}
		case "t":
			if words = slices.DeleteFunc(words, func(w string) bool { return w == "y" }); len(words) > 0 {
				parts = append(parts, "t="+strings.Join(words, ":"))
			}
		default:
			if isTagName(t.name) && t.value != "" {
				parts = append(parts, t.name+"="+t.value)
			}
		}
	}
	record := strings.Join(append(parts, "p="+p), "; ")
	if fixed, err := ParseKey(record); err != nil || !fixed.Live() || len(fixed.Problems) > 0 {
		return ""
	}
	return record
}

// repairedKey undoes what commonly happens to p=: white space, missing padding,
// PEM armour, an Ed25519 key wrapped or announced as RSA. What it cannot repair,
// the caller finds out by parsing the result.
func repairedKey(p string, algorithm *string) string {
	if begin := strings.Index(p, "KEY-----"); begin >= 0 {
		p = p[begin+len("KEY-----"):]
		p, _, _ = strings.Cut(p, "-----END")
	}
	p = strings.TrimRight(stripFWS(p), "=")
	p += strings.Repeat("=", (4-len(p)%4)%4)
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return p
	}
	if info, ok := parseSPKI(der); ok && info.Algorithm.OID.Equal(oidEd25519) {
		*algorithm = algorithmEd25519
		return base64.StdEncoding.EncodeToString(info.Key.Bytes)
	} else if ok && info.Algorithm.OID.Equal(oidRSA) && *algorithm != "" {
		*algorithm = algorithmRSA
	}
	return p
}

// lenientTags reads a record as its author meant it: quotation marks and
// backslashes of zone files ignored, tag names in any case, a missing semicolon
// after the version supplied. It returns nil where two tags contradict each other.
func lenientTags(record string) []tag {
	record = strings.NewReplacer(`\;`, ";", `\"`, "", `" "`, "", `"`, "").Replace(record)
	record = strings.Replace(record, "DKIM1 ", "DKIM1;", 1)
	var tags []tag
	for spec := range strings.SplitSeq(record, ";") {
		name, value, ok := strings.Cut(spec, "=")
		name, value = strings.ToLower(strings.Trim(name, fws)), strings.Trim(value, fws)
		if !ok || name == "" {
			continue
		}
		if i := slices.IndexFunc(tags, func(t tag) bool { return t.name == name }); i >= 0 {
			if tags[i].value != value {
				return nil
			}
			continue
		}
		if badByte(value, false) >= 0 {
			continue // a note in another script
		}
		tags = append(tags, tag{name: name, value: value})
	}
	return tags
}
