package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"mailworthy/smtp/bounce"
	"mailworthy/smtp/maillog"
	"mailworthy/smtp/reply"
)

const (
	// maxLogItems bounds the events of a log that are explained one by one.
	maxLogItems = 1000
	// maxLogBytes is how much of a log is looked at: whole logs are for the logs command.
	maxLogBytes = 8 << 20
	// fewLines is how much of a text is looked at to tell a log from other texts.
	fewLines = 64 << 10
)

// isLog reports whether a text is of a mail log.
func (x *Explainer) isLog(data []byte) bool {
	head := data[:min(len(data), fewLines)]
	if i := bytes.LastIndexByte(head, '\n'); i > 0 && len(head) < len(data) {
		head = head[:i]
	}
	events, _ := maillog.Events(head, maillog.Options{Knowledge: x.knowledge()})
	// One reply that a server wrote into its log does not make a text a log.
	return slices.ContainsFunc(events, func(e maillog.Event) bool { return e.QueueID != "" || e.Program != "" || !e.Time.IsZero() })
}

// otherLog reports whether all lines of a text are of a log, and none of a mail server.
func (x *Explainer) otherLog(data []byte) bool {
	_, lines := maillog.Events(data[:min(len(data), fewLines)], maillog.Options{Knowledge: x.knowledge()})
	return lines.Other > 0 && lines.Understood+lines.NotUnderstood == 0
}

// log explains what the lines of a mail log say of recipients.
func (x *Explainer) log(name string, data []byte) Input {
	in := Input{Name: name, Kind: bounce.KindLog, Items: []Item{}, Notes: []string{}}
	whole := true
	if len(data) > maxLogBytes {
		data, whole = data[:maxLogBytes], false
	}
	events, lines := maillog.Events(data, maillog.Options{Knowledge: x.knowledge()})
	left := 0
	for i := range events {
		ev := &events[i]
		action, about := actionOfEvent(ev)
		switch {
		case !about:
			continue
		case len(in.Items) >= maxLogItems:
			left++
			continue
		}
		in.Items = append(in.Items, x.event(ev, action))
	}
	if left > 0 || !whole {
		in.Notes = append(in.Notes, fmt.Sprintf("Only the first %d deliveries were explained: mailworthy logs reads whole logs.", len(in.Items)))
	}
	switch {
	case len(in.Items) == 0 && lines.Understood > 0:
		in.Notes = append(in.Notes, "No line says what became of a message.")
	case len(in.Items) == 0:
		// Lines of another program: what they say may be known all the same.
		return x.text(name, string(data), bounce.KindLog)
	}
	return in
}

// actionOfEvent is what an event did to a recipient; false if it is about none.
func actionOfEvent(ev *maillog.Event) (bounce.Action, bool) {
	switch ev.Kind {
	case maillog.Deferred, maillog.Attempt:
		return bounce.Delayed, true
	case maillog.Delivered:
		if ev.Handover {
			return bounce.Relayed, true
		}
		return bounce.Delivered, true
	case maillog.Bounced, maillog.Expired:
		return bounce.Failed, true
	case maillog.Rejected:
		return "", true
	}
	return "", false
}

// event is one event of a log as an item.
func (x *Explainer) event(ev *maillog.Event, action bounce.Action) Item {
	c := reply.Context{Recipient: ev.Recipient, RemoteHost: ev.Relay, Code: ev.ReplyCode, Enhanced: ev.EnhancedCode,
		Delayed: action == bounce.Delayed, Final: action == bounce.Failed}
	if ev.Kind == maillog.Rejected {
		c.Speaker, c.RemoteHost = reply.Local, ""
	}
	e := x.knowledge().Explain(ev.Text, c)
	switch {
	case ev.Kind == maillog.Rejected:
		// The own server refused: its refusal is final if its code is.
		e.Speaker, action = reply.Local, actionOf(&e)
	case action == bounce.Delivered || action == bounce.Relayed:
		e.Reason, e.Permanent, e.Proofs, e.Who = reply.Delivered, nil, nil, reply.WhoUnknown
		e.Meaning, e.Next = x.knowledge().Meaning(reply.Delivered)
	}
	if e.Identities.EnvelopeDomain == "" {
		if i := strings.LastIndexByte(ev.Sender, '@'); i >= 0 {
			e.Identities.EnvelopeDomain = ev.Sender[i+1:]
		}
	}
	item := newItem(&e)
	item.Recipient, item.Action, item.Text = text(ev.Recipient), text(string(action)), cutText(ev.Text)
	if item.RemoteHost = text(cmp.Or(e.RemoteHost, ev.Relay)); ev.Kind == maillog.Rejected {
		item.RemoteHost = nil // the relay is the client, which said nothing
	}
	x.fill(&item, &e, nil, false)
	return item
}

// unpack returns what is inside a compressed file; other data is returned as it is.
func unpack(data []byte) ([]byte, error) {
	r, name, err := maillog.Decompress(bytes.NewReader(data))
	if err != nil || name == "" {
		return data, err
	}
	out, err := io.ReadAll(io.LimitReader(r, MaxInput))
	if err != nil {
		return nil, fmt.Errorf("it cannot be unpacked (%s): %w", name, err)
	}
	return out, nil
}
