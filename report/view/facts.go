package view

import (
	"cmp"
	"fmt"
	"strings"

	"mailworthy/dmarc"
	"mailworthy/finding"
	"mailworthy/mailhost"
	"mailworthy/report"
)

type Key struct{ Selector, Domain, Key, Provider, State string }

type WalkStep struct {
	Name, Answer string
	Records      []string
}

type Sender struct{ Addr, From, PTR string }

func Keys(r *report.Report) []Key {
	if r.DKIM == nil {
		return nil
	}
	var out []Key
	for _, k := range r.DKIM.Keys {
		state := "not usable"
		switch {
		case k.Revoked:
			state = "revoked"
		case k.Live() && k.Testing:
			state = "testing"
		case k.Live():
			state = "live"
		}
		key := k.Algorithm
		if k.Bits > 0 {
			key = fmt.Sprintf("%s %d", k.Algorithm, k.Bits)
		}
		out = append(out, Key{k.Selector, k.Domain, key, k.Provider, state})
	}
	return out
}

var outcomeTexts = map[dmarc.Outcome]string{
	dmarc.HasRecord: "a policy record", dmarc.Multiple: "several records: none applies",
	dmarc.NoRecord: "no policy record", dmarc.Unanswered: "not answered",
}

func Walk(r *report.Report) []WalkStep {
	if r.DMARC == nil {
		return nil
	}
	var out []WalkStep
	for _, s := range r.DMARC.Walk {
		step := WalkStep{Name: s.Name, Answer: cmp.Or(outcomeTexts[s.Outcome], string(s.Outcome)), Records: s.Records}
		if s.Outcome == dmarc.Unanswered && report.NotAsked([]finding.Evidence{s.Evidence}) {
			step.Answer = notChecked
		}
		if s.Record != nil {
			step.Records = []string{s.Record.Text}
		}
		out = append(out, step)
	}
	return out
}

// notChecked is said of what an offline audit did not ask for.
const notChecked = "not checked (offline)"

// AnswerText is what may be known or not.
func AnswerText(b *bool) string {
	switch {
	case b == nil:
		return "not known"
	case *b:
		return "yes"
	}
	return "no"
}

// Senders are the sending addresses with the names that lead back to them.
func Senders(r *report.Report) []Sender {
	var out []Sender
	for _, sender := range r.Examined.Senders {
		a := Sender{Addr: sender.Addr.String(), From: strings.Join(sender.From, ", "), PTR: "not examined"}
		if r.Hosts != nil {
			for _, h := range r.Hosts.Addresses {
				if h.Addr == sender.Addr {
					a.PTR = ptrText(h)
				}
			}
		}
		out = append(out, a)
	}
	return out
}

func ptrText(h mailhost.Address) string {
	var names []string
	for _, n := range h.Names {
		text := n.Name
		switch n.Confirmed {
		case mailhost.Present:
			text += " (confirmed)"
		case mailhost.Absent:
			text += " (does not lead back)"
		default:
			text += " (not known whether it leads back)"
			if report.NotAsked(n.Evidence) {
				text = n.Name + " (not checked whether it leads back)"
			}
		}
		names = append(names, text)
	}
	switch {
	case len(names) > 0:
		return strings.Join(names, ", ")
	case h.PTR == mailhost.Absent:
		return "none"
	case report.NotAsked(h.Evidence):
		return notChecked
	}
	return "not answered"
}
