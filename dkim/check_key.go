package dkim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// keyChecks are those applied to every key record.
var keyChecks = []string{"dkim-key-syntax", "dkim-key-undecodable", "dkim-revoked", "dkim-key-insecure", "dkim-key-too-short", "dkim-key-weak",
	"dkim-key-too-long", "dkim-testing", "dkim-hash-sha1", "dkim-hash-unknown", "dkim-service-excluded", "dkim-granularity",
	"dkim-version-misplaced", "dkim-algorithm-unknown", "dkim-multiple-records", "dkim-key-split"}

// problemChecks is the check that each kind of problem fails.
var problemChecks = map[ProblemKind]string{
	ProblemSyntax: "dkim-key-syntax", ProblemVersion: "dkim-version-misplaced",
	ProblemAlgorithm: "dkim-algorithm-unknown", ProblemUndecodable: "dkim-key-undecodable", ProblemInsecure: "dkim-key-insecure",
}

// owner is the name of the record; "" for a record that stands alone.
func (k *PublishedKey) owner() string {
	if k.Domain == "" {
		return ""
	}
	return k.QueryName()
}

// otherKind says what a record is that begins as one of another kind does, and where that
// belongs; "" if it is none.
func (k *PublishedKey) otherKind() (what, at string) {
	lower := strings.ToLower(strings.TrimLeft(k.Record, " \t\""))
	if k.Domain == "" {
		return "", ""
	}
	for _, kind := range [...]struct{ version, what, at string }{
		{"v=spf1", "an SPF record", ""}, {"v=dmarc1", "a DMARC record", "_dmarc."}, {"v=bimi1", "a BIMI record", "default._bimi."},
		{"v=stsv1", "an MTA-STS record", "_mta-sts."}, {"v=tlsrptv1", "a TLS-RPT record", "_smtp._tls."},
	} {
		if strings.HasPrefix(lower, kind.version) {
			return kind.what, kind.at + k.Domain
		}
	}
	return "", ""
}

// addKey adds a finding about a key record, with its evidence.
func (j *judge) addKey(id string, k *PublishedKey, f finding.Finding) {
	if f.Subject = k.owner(); f.Subject != "" {
		f.Evidence = []finding.Evidence{k.evidence}
	}
	j.Add(id, f)
}

// key judges one key record by itself.
func (j *judge) key(k *PublishedKey) {
	j.Decided(keyChecks...)
	if what, at := k.otherKind(); what != "" {
		j.addKey("dkim-key-syntax", k, finding.Finding{Title: "Record of another kind at a DKIM selector",
			Detail: fmt.Sprintf("%s has %s, %s, which belongs at %s: no verifier finds a key.", k.QueryName(), what, show.Quote(k.Record, 120), at),
			Fix:    &finding.Fix{Summary: fmt.Sprintf("Publish the record at %s, if it is not there, and the key here in its place.", at)}})
		return
	}
	m := &mending{PublishedKey: k}
	if k.RecordCount > 1 {
		m.several = together(k.texts)
		j.manyRecords(m)
		if m.several.joined != "" {
			return
		}
	}
	j.problems(m)
	if k.Revoked && !k.broken() {
		j.revoked(m)
		return
	}
	if k.Bits == 0 || k.broken() {
		// What the record is meant to hold is judged with it: the fix publishes it.
		if meant := m.key(); meant != nil && meant.Bits > 0 {
			as := *k
			as.Key, as.insecure = *meant, meant.insecurity(true)
			j.strength(&as)
		}
		return
	}
	j.strength(k)
	j.limits(m)
}

// problems reports what is wrong with the form of a record: one finding for each
// check and severity.
func (j *judge) problems(m *mending) {
	const most = 4
	type kind struct {
		check         string
		exposed       bool
		tolerated     bool
		refusedBySome bool
	}
	var order []kind
	var escaped *kind
	details := map[kind][]string{}
	if m.quoted != "" && m.key() != nil && m.Bits == 0 {
		j.addKey("dkim-key-syntax", m.PublishedKey, finding.Finding{Title: "DKIM record cut off: no quotes in the zone file",
			Detail: fmt.Sprintf("In the zone file the string has no quotes around it, so that the text behind the first semicolon is a comment (RFC 1035, 5.1): %s is published, without a key.",
				show.Quote(m.Record, 120)),
			Fix: m.fixRecord("Put the string in quotes.")})
		return
	}
	if m.target != "" {
		f := finding.Finding{Title: "DKIM alias published as text (TXT instead of CNAME)",
			Detail: fmt.Sprintf("The TXT record at %s is the name %s, which is where the key is: an alias was meant, and published with the type TXT.", m.QueryName(), m.target),
			Fix: &finding.Fix{Summary: "Publish it as an alias.", Name: m.QueryName(), Type: "CNAME", Value: m.target,
				Remove: []finding.Record{{Name: m.QueryName(), Type: "TXT", Value: m.Record}}}}
		if !m.targetKnown {
			f.Detail = fmt.Sprintf("The TXT record at %s is the name %s: an alias was meant, and published with the type TXT. No key was seen there.", m.QueryName(), m.target)
			f.Fix.Summary, f.Fix.Value = "Publish it as an alias, with the target that the service shows.", "<target of the alias, as the service shows it>"
		}
		j.addKey("dkim-key-syntax", m.PublishedKey, f)
		return
	}
	for i := range m.Problems {
		p := &m.Problems[i]
		at := kind{problemChecks[p.Kind], p.Exposed, p.Tolerated, p.refusedBySome}
		if !p.Exposed && !p.Tolerated && escapedTag(m.Record, p.Offset) {
			if escaped == nil {
				escaped = &kind{check: at.check}
			}
			j.Undecided(at.check)
			at = *escaped // one cause, one finding
		}
		if details[at] == nil {
			order = append(order, at)
		}
		details[at] = append(details[at], j.at(m.Record, p))
	}
	for _, at := range order {
		said := details[at]
		if n := len(said) - most; n > 0 {
			said = append(said[:most:most], fmt.Sprintf("There are %d more of the kind.", n))
		}
		f := finding.Finding{Detail: strings.Join(said, " "), Fix: m.fixRecord("Publish the record in the right form.")}
		switch {
		case at.exposed:
			f.Severity, f.Fix = finding.Critical, m.fixExposed()
		case at.refusedBySome:
			f.Severity = finding.Warning
		case at.tolerated:
			f.Severity = finding.Notice
		}
		j.addKey(at.check, m.PublishedKey, f)
	}
}

// escapedTag reports whether the tag at an offset ends in the backslash with which zone files write a
// semicolon.
func escapedTag(record string, offset int) bool {
	if offset >= len(record) {
		return false
	}
	end := strings.IndexByte(record[offset:], ';')
	return end > 0 && record[offset+end-1] == '\\'
}

// at says where in a record a problem is, and what it is.
func (j *judge) at(record string, p *Problem) string {
	if p.Offset >= len(record) && len(record) > mostText {
		return fmt.Sprintf("At octet %d of the record: %s.", p.Offset+1, p.Detail) // it was clipped
	}
	return fmt.Sprintf("At octet %d of the record, %s: %s.", p.Offset+1, strconv.Quote(finding.Mark(record, p.Offset)), p.Detail)
}

// revoked judges a key that is revoked.
func (j *judge) revoked(m *mending) {
	f := finding.Finding{Severity: finding.Notice, Detail: "p= is empty: the key is revoked, and signatures with this selector fail."}
	if m.Stated {
		f.Severity = finding.Error
		f.Detail += " The selector was stated to be in use."
		f.Fix = m.fixNewKey("Publish the key that signs, under a new selector.")
	}
	j.addKey("dkim-revoked", m.PublishedKey, f)
}

// limits judges what the tags of a record allow.
func (j *judge) limits(m *mending) {
	k := m.PublishedKey
	if k.Testing {
		j.addKey("dkim-testing", k, finding.Finding{Detail: "The flag t=y says that signing is being tested: verifiers must not treat the message differently from an unsigned one. In practice most ignore the flag.",
			Fix: m.fixRecord("Publish the record without t=y.")})
	}
	sha1, sha256 := slices.Contains(k.Hashes, "sha1"), slices.Contains(k.Hashes, "sha256")
	switch {
	case sha1 && sha256:
		j.addKey("dkim-hash-sha1", k, finding.Finding{Severity: finding.Notice,
			Detail: "h= allows sha1 beside sha256; rsa-sha1 is historic, and verifiers do not accept it.", Fix: m.fixRecord("Publish the record without sha1.")})
	case sha1:
		j.addKey("dkim-hash-sha1", k, finding.Finding{
			Detail: "h= allows sha1 alone: signatures with sha1 must not be accepted, and signatures with sha256 are refused because of h=. None can verify.",
			Fix:    m.fixRecord("Publish the record with h=sha256.")})
	case len(k.Hashes) > 0 && !sha256:
		j.addKey("dkim-hash-unknown", k, finding.Finding{
			Detail: fmt.Sprintf("h= allows only %s, which no verifier has.", list(k.Hashes)), Fix: m.fixRecord("Publish the record with h=sha256.")})
	}
	if !k.forMail() {
		f := finding.Finding{Detail: fmt.Sprintf("s= allows only %s; for mail it must be * or have email.", list(k.Services)),
			Fix: &finding.Fix{Summary: "If mail is signed with this key, add email to s=; if it is not, sign mail with another selector."}}
		if m.value() != "" {
			f.Fix = m.fixRecord("Publish the record with s=email.")
		}
		j.addKey("dkim-service-excluded", k, f)
	}
	if k.Granularity != nil {
		detail := fmt.Sprintf("The record has g=%s. The current standard ignores it, older verifiers do not", show.Quote(*k.Granularity, 120))
		if *k.Granularity == "" {
			detail += ": to them an empty g= matches no address at all"
		}
		j.addKey("dkim-granularity", k, finding.Finding{Detail: detail + ".", Fix: m.fixRecord("Publish the record without g=.")})
	}
}

// manyRecords judges a selector with several TXT records.
func (j *judge) manyRecords(m *mending) {
	k, s := m.PublishedKey, &m.several
	switch {
	case s.joined != "":
		joined, _ := ParseKey(s.joined) // it was put together so that it is one
		f := finding.Finding{Detail: fmt.Sprintf("%s has %d TXT records, and the key goes on from one to the next: no verifier joins records, so all find it cut off. "+
			"Together they are one %d-bit key. A text over 255 octets must be several strings of one record.", k.owner(), k.RecordCount, joined.Bits),
			Fix: k.fixByProviderOr("publish the key as one TXT record", &finding.Fix{
				Summary: fmt.Sprintf("Replace the %d records with one TXT record of %s.", k.RecordCount, show.Counted((len(s.joined)+254)/255, "string")),
				Name:    k.owner(), Type: "TXT", Value: s.joined, Remove: k.replaced(s.joined)})}
		as := *k
		as.Key, as.insecure = *joined, joined.insecurity(true)
		if why := tooWeak(joined); why {
			f.Fix = k.fixNewKey("Create a 2048-bit key, and publish it under a new selector as one TXT record.")
		}
		j.addKey("dkim-key-split", k, f)
		j.strength(&as)
	case s.same != "":
		j.addKey("dkim-multiple-records", k, finding.Finding{
			Detail: fmt.Sprintf("%s has %d TXT records with the same key; one is allowed.", k.owner(), k.RecordCount),
			Fix: k.fixByProviderOr("keep one of the records", &finding.Fix{Summary: "Keep one record; all have the same key.",
				Name: k.owner(), Type: "TXT", Value: s.same, Remove: k.replaced(s.same)})})
	case len(s.keys) == 1:
		j.addKey("dkim-multiple-records", k, finding.Finding{
			Detail: fmt.Sprintf("%s has %d TXT records, of which one is a key: %s no key.", k.owner(), k.RecordCount, areNone(s.others)),
			Fix:    &finding.Fix{Summary: "Leave the key alone at this name, and move the other text to where it belongs."}})
	default:
		j.addKey("dkim-multiple-records", k, finding.Finding{
			Detail: fmt.Sprintf("%s has %d TXT records; one is allowed.", k.owner(), k.RecordCount),
			// Which key signs cannot be seen from here: removing the wrong one breaks mail.
			Fix: &finding.Fix{Summary: "Ask the signing service which key signs, and keep its record; give a second key that is in use a selector of its own."}})
	}
}

func areNone(texts []string) string {
	if len(texts) == 1 {
		return show.Quote(texts[0], 120) + " is"
	}
	return show.Quote(texts[0], 120) + fmt.Sprintf(" and %d more are", len(texts)-1)
}

// tooWeak reports whether a key is one that must not be published again.
func tooWeak(k *Key) bool {
	return k.Algorithm == algorithmRSA && k.Bits > 0 && k.Bits < minKeyBits || k.insecurity(true) != ""
}

// strength judges the size of a key, and whether it is one that can be trusted.
func (j *judge) strength(k *PublishedKey) {
	if k.insecure != "" {
		f := finding.Finding{Detail: k.insecure, Fix: k.fixExposed()}
		if k.Algorithm != algorithmRSA {
			f.Title = "DKIM key that anyone can sign with (Ed25519 point of small order)"
		}
		if !j.sends {
			f.Fix = k.fixRemoval()
		}
		j.addKey("dkim-key-insecure", k, f)
	}
	if k.Algorithm == algorithmRSA && k.Bits > 0 {
		measured := func(what string) string { return fmt.Sprintf("The RSA key has %d bits; %s.", k.Bits, what) }
		switch {
		case k.Bits < minKeyBits:
			j.addKey("dkim-key-too-short", k, finding.Finding{Detail: measured("verifiers must not accept fewer than 1024, and a key of this size can be broken"),
				Fix: k.fixStrength()})
		case k.Bits < 2048:
			j.addKey("dkim-key-weak", k, finding.Finding{Detail: measured("2048 are recommended"), Fix: k.fixStrength()})
		case k.Bits > 4096:
			j.addKey("dkim-key-too-long", k, finding.Finding{Detail: measured("verifiers must support up to 4096"), Fix: k.fixStrength()})
		}
	}
	if !j.sends {
		for _, p := range k.Problems {
			if p.Exposed {
				j.addKey(problemChecks[p.Kind], k, finding.Finding{Severity: finding.Critical, Detail: "Anyone can sign with what is published: " + p.Detail + ".",
					Fix: k.fixRemoval()})
				break // the others say the same of the same record
			}
		}
		j.Decided("dkim-key-too-short", "dkim-key-undecodable", "dkim-key-insecure")
	}
}

// Lint judges one key record on its own, bytes as they are but for a final line
// break. The record is valid if no finding is an error or worse.
func Lint(record []byte) []finding.Finding {
	text := string(record)
	for _, end := range []string{"\r\n", "\n"} {
		if n := len(text) - len(end); n >= 0 && text[n:] == end {
			text = text[:n]
			break
		}
	}
	key, _ := ParseKey(text) // its problems are in the key
	j := &judge{Sheet: finding.NewSheet(checkList, ""), sends: true}
	j.key(&PublishedKey{Key: *key, RecordCount: 1, insecure: key.insecurity(true)})
	return j.Findings()
}
