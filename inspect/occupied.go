package inspect

import (
	"context"
	"fmt"
	"strings"

	"mailworthy/provider/setup"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// NotNewError is the error of a proposal for a domain that sends mail already: its records,
// published beside what is there, would make two of each.
type NotNewError struct {
	Domain, Record string
}

func (e *NotNewError) Error() string {
	return fmt.Sprintf("%s is not new: its SPF record names senders (%s)", e.Domain, e.Record)
}

// occupied looks for what stands where the proposal puts its records. What nobody answers
// stands in the way of nothing; a record that names no sender is to be removed first.
func (i *Inspector) occupied(ctx context.Context, p *setup.Proposal) error {
	texts := func(name string, is func(string) bool) (out []string) {
		a, err := i.Resolver.Lookup(ctx, name, resolver.TypeTXT)
		if err != nil {
			return nil
		}
		for k := range a.Records {
			if text := a.Records[k].Text(); is(text) {
				out = append(out, text)
			}
		}
		return out
	}
	say := func(name, text string) {
		p.Notes = append(p.Notes, fmt.Sprintf("Remove the record that stands at %s first, or there are two: %s", name, text))
	}
	for _, text := range texts(p.Domain, spf.IsRecord) {
		if namesSender(text) {
			return &NotNewError{p.Domain, text}
		}
		say(p.Domain, text)
	}
	for _, text := range texts("_dmarc."+p.Domain, func(text string) bool {
		return strings.HasPrefix(strings.ToUpper(text), "V=DMARC1")
	}) {
		say("_dmarc."+p.Domain, text)
	}
	return nil
}

// namesSender reports whether an SPF record has another term than all.
func namesSender(text string) bool {
	for _, term := range strings.Fields(text)[1:] {
		if !strings.EqualFold(strings.TrimLeft(term, "+-~?"), "all") {
			return true
		}
	}
	return false
}
