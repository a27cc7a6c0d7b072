package dkim

import (
	"fmt"
	"slices"

	"mailworthy/finding"
)

// keyChecks are those applied to every key record.
var keyChecks = []string{"dkim-key-syntax", "dkim-key-undecodable", "dkim-revoked", "dkim-key-too-short", "dkim-key-weak",
	"dkim-key-too-long", "dkim-testing", "dkim-hash-sha1", "dkim-hash-unknown", "dkim-service-excluded", "dkim-granularity",
	"dkim-version-misplaced", "dkim-algorithm-unknown"}

// problemChecks is the check that each kind of problem fails.
var problemChecks = map[ProblemKind]string{
	ProblemSyntax: "dkim-key-syntax", ProblemVersion: "dkim-version-misplaced",
	ProblemAlgorithm: "dkim-algorithm-unknown", ProblemUndecodable: "dkim-key-undecodable",
}

// owner is the name of the record; "" for a record that stands alone.
func (k *PublishedKey) owner() string {
	if k.Domain == "" {
		return ""
	}
	return k.QueryName()
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
	if k.RecordCount > 1 {
		j.addKey("dkim-multiple-records", k, finding.Finding{
			Detail: fmt.Sprintf("%s has %d TXT records; one is allowed.", k.owner(), k.RecordCount),
			// Which key signs cannot be seen from here: removing the wrong one breaks mail.
			Fix: &finding.Fix{Summary: "Ask the signing service which key signs, keep its record, and remove the others."}})
	}
	j.Decided("dkim-multiple-records")
	j.Decided(keyChecks...)
	for _, p := range k.Problems {
		f := finding.Finding{Detail: fmt.Sprintf("At octet %d of the record%s: %s.", p.Offset+1, near(k.Record, p.Offset), p.Detail),
			Fix: k.fixRecord("Publish the record in the right form.")}
		switch {
		case p.Exposed:
			f.Severity = finding.Critical
			f.Fix = k.fixNewKey("Remove this record at once, and sign with a new key under a new selector.")
		case p.Tolerated:
			f.Severity = finding.Notice
		}
		j.addKey(problemChecks[p.Kind], k, f)
	}
	if k.broken() {
		return
	}
	if k.Revoked {
		f := finding.Finding{Severity: finding.Notice, Detail: "p= is empty: the key is revoked, and signatures with this selector fail."}
		if k.Stated {
			f.Severity = finding.Error
			f.Detail += " The selector was stated to be in use."
			f.Fix = k.fixNewKey("Publish the key that signs, under a new selector.")
		}
		j.addKey("dkim-revoked", k, f)
		return
	}
	j.strength(k)
	if k.Testing {
		j.addKey("dkim-testing", k, finding.Finding{Detail: "The flag t=y says that signing is being tested: verifiers must not treat the message differently from an unsigned one. In practice most ignore the flag.",
			Fix: k.fixRecord("Publish the record without t=y.")})
	}
	sha1, sha256 := slices.Contains(k.Hashes, "sha1"), slices.Contains(k.Hashes, "sha256")
	switch {
	case sha1 && sha256:
		j.addKey("dkim-hash-sha1", k, finding.Finding{Severity: finding.Notice,
			Detail: "h= allows sha1 beside sha256; rsa-sha1 is historic, and verifiers do not accept it.", Fix: k.fixRecord("Publish the record without sha1.")})
	case sha1:
		j.addKey("dkim-hash-sha1", k, finding.Finding{
			Detail: "h= allows sha1 alone: signatures with sha1 must not be accepted, and signatures with sha256 are refused because of h=. None can verify.",
			Fix:    k.fixRecord("Publish the record without h=.")})
	case len(k.Hashes) > 0 && !sha256:
		j.addKey("dkim-hash-unknown", k, finding.Finding{
			Detail: fmt.Sprintf("h= allows only %s, which no verifier has.", list(k.Hashes)), Fix: k.fixRecord("Publish the record without h=.")})
	}
	if !k.forMail() {
		j.addKey("dkim-service-excluded", k, finding.Finding{
			Detail: fmt.Sprintf("s= allows only %s; for mail it must be * or have email.", list(k.Services)), Fix: k.fixRecord("Publish the record without s=.")})
	}
	if k.Granularity != nil {
		detail := fmt.Sprintf("The record has g=%s. The current standard ignores it, older verifiers do not", cut(*k.Granularity))
		if *k.Granularity == "" {
			detail += ": to them an empty g= matches no address at all"
		}
		j.addKey("dkim-granularity", k, finding.Finding{Detail: detail + ".", Fix: k.fixRecord("Publish the record without g=.")})
	}
}

// strength judges the size of a key.
func (j *judge) strength(k *PublishedKey) {
	if k.Algorithm == algorithmRSA && k.Bits > 0 {
		measured := func(what string) string { return fmt.Sprintf("The RSA key has %d bits; %s.", k.Bits, what) }
		switch {
		case k.Bits < 1024:
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
					Fix: &finding.Fix{Summary: "Remove this record at once.", Remove: []finding.Record{{Name: k.owner(), Type: "TXT", Value: k.Record}}}})
			}
		}
		j.Decided("dkim-key-too-short", "dkim-key-undecodable")
	}
}

// Lint judges one key record on its own, bytes as they are but for a final line
// break. The record is valid where no finding is an error or worse.
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
	j.key(&PublishedKey{Key: *key, RecordCount: 1})
	return j.Findings()
}
