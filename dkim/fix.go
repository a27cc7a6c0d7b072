package dkim

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// The values that only the owner of the keys can fill in.
const (
	placeholderKey = "v=DKIM1; k=rsa; p=<public key of this selector, as the signing service shows it>"
	placeholderNew = "v=DKIM1; k=rsa; p=<2048-bit public key in base64>"
	newSelector    = "<new-selector>"
)

// mending is a key record under judgement, with what it is repaired to, found once.
type mending struct {
	*PublishedKey
	several  severalRecords
	done     bool
	repaired string
	meant    *Key
}

// value is the record as it should be, "" if that cannot be told.
func (m *mending) value() string {
	if !m.done {
		m.done = true
		of := &m.Key
		if m.quoted != "" {
			of = new(Key)
			of.read(m.quoted)
		}
		if m.repaired = of.repaired(); m.repaired != "" {
			m.meant, _ = ParseKey(m.repaired) // it parses, or it were no repair
		}
	}
	return m.repaired
}

// key is the key that the record is meant to hold, nil if that cannot be told.
func (m *mending) key() *Key {
	m.value()
	return m.meant
}

// fixRecord is the record as it should be, or advice if it is the provider's or
// cannot be told.
func (m *mending) fixRecord(summary string) *finding.Fix {
	k := m.PublishedKey
	value := m.value()
	switch {
	case len(k.CNAMEs) > 0:
		return k.fixByProvider("correct the record there")
	case k.RecordCount > 1 && m.several.same == "":
		return &finding.Fix{Summary: "First leave one TXT record at this name."}
	case value == "" && k.owner() == "":
		return &finding.Fix{Summary: "Copy the record again from the signing service, complete and in one piece."}
	case value == "":
		return &finding.Fix{Summary: "Copy the record again from the signing service, complete and in one piece.", Name: k.owner(), Type: "TXT", Value: placeholderKey,
			Remove: k.replaced(placeholderKey)}
	case tooWeak(m.meant):
		return k.fixNewKey("Create a 2048-bit key, publish it under a new selector, sign with it, and remove the old key a week later.")
	case k.RecordCount > 1:
		value = m.several.same
	}
	return &finding.Fix{Summary: summary, Name: k.owner(), Type: "TXT", Value: value, Remove: k.replaced(value)}
}

// fixExposed is for a key that anyone can sign with.
func (k *PublishedKey) fixExposed() *finding.Fix {
	if len(k.CNAMEs) > 0 {
		return k.fixByProvider("replace the key at once")
	}
	return k.fixNewKey("Remove this record at once, and sign with a new key under a new selector.")
}

// fixRemoval takes a key away.
func (k *PublishedKey) fixRemoval() *finding.Fix {
	fix := &finding.Fix{Summary: "Remove this record at once."}
	if len(k.CNAMEs) > 0 {
		fix.Remove = []finding.Record{{Name: k.owner(), Type: "CNAME", Value: k.CNAMEs[0]}}
	} else if k.owner() != "" {
		fix.Remove = k.replaced("")
	}
	return fix
}

// fixByProviderOr is the fix, or advice if the record is a provider's.
func (k *PublishedKey) fixByProviderOr(what string, fix *finding.Fix) *finding.Fix {
	if len(k.CNAMEs) > 0 {
		return k.fixByProvider(what)
	}
	return fix
}

// replaced are the records at the selector that a record of that value takes the
// place of: only one may stand there (RFC 6376, 3.6.2.2). What was clipped for its
// size cannot be named.
func (k *PublishedKey) replaced(value string) []finding.Record {
	if k.owner() == "" {
		return nil
	}
	var remove []finding.Record
	for _, text := range k.texts {
		if text != value && len(text) <= mostText && len(remove) < mostTexts {
			remove = append(remove, finding.Record{Name: k.owner(), Type: "TXT", Value: text})
		}
	}
	return remove
}

// fixStrength is a new key under a new selector.
func (k *PublishedKey) fixStrength() *finding.Fix {
	if len(k.CNAMEs) > 0 {
		return k.fixByProvider("create a key of 2048 bits")
	}
	return k.fixNewKey("Create a 2048-bit key, publish it under a new selector, sign with it, and remove the old key a week later.")
}

func (k *PublishedKey) fixByProvider(what string) *finding.Fix {
	who, target := k.Provider, k.CNAMEs[len(k.CNAMEs)-1]
	switch {
	case who != "":
	case resolver.Within(target, resolver.Registrable(k.Domain)):
		return &finding.Fix{Summary: fmt.Sprintf("%s: the selector is an alias of %s, a name of your own.", strings.ToUpper(what[:1])+what[1:], target)}
	default:
		who = "the operator of " + target
	}
	return &finding.Fix{Summary: fmt.Sprintf("Have %s %s: the selector is an alias of %s.", who, what, target)}
}

func (k *PublishedKey) fixNewKey(summary string) *finding.Fix {
	fix := &finding.Fix{Summary: summary}
	if _, zone, ok := strings.Cut(k.owner(), "._domainkey."); ok {
		fix.Name, fix.Type, fix.Value = newSelector+"._domainkey."+zone, "TXT", placeholderNew
	}
	return fix
}

// fixLock is the wildcard that revokes every selector of a domain that does not send. It
// has no record if that was guessed: a key may be how the mail of a domain passes whose
// SPF record authorises nobody, because its envelopes are elsewhere.
func (j *judge) fixLock(do string, remove ...finding.Record) *finding.Fix {
	if !j.c.Stated {
		return &finding.Fix{Summary: "If nothing signs with this domain any more, " + do + "; --profile parked or receiver shows the records. If something does, --profile sender judges it as one that sends."}
	}
	summary := strings.ToUpper(do[:1]) + do[1:] + "."
	return &finding.Fix{Summary: summary, Name: "*._domainkey." + j.d.Domain, Type: "TXT", Value: "v=DKIM1; p=", Remove: remove}
}

// fixSelector is the record of a stated selector that has none.
func (j *judge) fixSelector(s *Selector) *finding.Fix {
	for _, inferred := range j.d.Providers {
		if p := loaded().byName[inferred.Provider]; p != nil && slices.Contains(p.Selectors, s.Name) {
			for _, r := range p.records(s.Domain) {
				if r.Name == s.QueryName() {
					return &finding.Fix{Summary: "Publish the alias of " + p.Name + ", with DKIM turned on there.", Name: r.Name, Type: r.Type, Value: r.Value}
				}
			}
		}
	}
	return &finding.Fix{Summary: "Publish the public key of the selector, or sign with one that is published.",
		Name: s.QueryName(), Type: "TXT", Value: placeholderKey}
}

// fixAbsent is what to publish for the first provider inferred, or the form of a
// record if none is known.
func (j *judge) fixAbsent() *finding.Fix {
	for _, inferred := range j.d.Providers {
		p := loaded().byName[inferred.Provider]
		records := p.records(j.d.Domain)
		if len(records) == 0 {
			continue
		}
		return &finding.Fix{Summary: fmt.Sprintf("Turn on DKIM at %s, and publish the %s that it shows.", p.Name, show.Plural(len(records), "record")),
			Name: records[0].Name, Type: records[0].Type, Value: records[0].Value, More: records[1:]}
	}
	return &finding.Fix{Summary: "Turn on DKIM at the service that sends, and publish the record that it shows.",
		Name: "<selector>._domainkey." + j.d.Domain, Type: "TXT", Value: placeholderKey}
}

// records are those that a customer of the provider publishes at a domain, as far
// as they are the same for all.
func (p *Provider) records(domain string) []finding.Record {
	var records []finding.Record
	for _, t := range p.Targets {
		selector, target, _ := strings.Cut(t, "=")
		target = strings.ReplaceAll(target, "{domain}", domain)
		records = append(records, finding.Record{Name: selector + "._domainkey." + domain, Type: "CNAME", Value: target})
	}
	if len(records) == 0 && len(p.CNAME) == 0 && len(p.Selectors) > 0 && !strings.Contains(p.Selectors[0], "{") {
		records = append(records, finding.Record{Name: p.Selectors[0] + "._domainkey." + domain, Type: "TXT",
			Value: "v=DKIM1; k=rsa; p=<public key shown by " + p.Name + ">"})
	}
	return records
}

// evidenceOf is the evidence of a selector, if it was kept.
func evidenceOf(s *Selector) []finding.Evidence {
	if s.Evidence == nil {
		return nil
	}
	return []finding.Evidence{*s.Evidence}
}
