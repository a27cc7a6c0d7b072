package explain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mailworthy/internal/lazyre"
	"mailworthy/smtp/bounce"
	"mailworthy/smtp/reply"
)

const (
	// maxWebhook is how much JSON is looked at for the events of a sending service.
	maxWebhook = 8 << 20
	// maxWebhookDepth is how deep in it: services have an event four or five levels down.
	maxWebhookDepth = 12
)

// The names under which sending services report what a server said, and to whom, in
// lower case without separators; the first that is there counts.
var (
	saidKeys      = []string{"diagnosticcode", "smtpresponse", "smtperror", "diag", "rawreason", "details", "response", "reason", "bouncedescription", "message", "description", "error"}
	recipientKeys = []string{"emailaddress", "recipient", "rcptto", "recipientemail", "email", "to"}
	codeKeys      = []string{"smtpcode", "statuscode", "responsecode", "code"}
	statusKeys    = []string{"enhancedcode", "bounceclasscode", "status"}
)

// separators are what services write within the names of fields, or do not.
var separators = strings.NewReplacer("_", "", "-", "")

var statusRE = lazyre.New(`^[245]\.\d{1,3}\.\d{1,3}$`)

// event is what a sending service reports of one recipient.
type event struct {
	recipient, said, status string
	code                    int
}

// webhook explains the events of a sending service, as they are posted to a web hook:
// one JSON value, an array of them, or one on a line. The second result is false if the
// data is no such thing.
func (x *Explainer) webhook(name string, data []byte) (Input, bool) {
	in := Input{Name: name, Kind: bounce.KindText, Items: []Item{}, Notes: []string{}}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if len(data) == 0 || len(data) > maxWebhook || data[0] != '{' && data[0] != '[' {
		return in, false
	}
	var events []event
	for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
		var v any
		if d.Decode(&v) != nil {
			return in, false
		}
		events = append(events, eventsIn(v, "", 0)...)
	}
	for _, e := range events[:min(len(events), reply.MaxReplies)] {
		why := x.knowledge().Explain(e.said, reply.Context{Recipient: cmp.Or(e.recipient, x.Stated.recipientAddress()), Code: e.code, Enhanced: e.status})
		item := newItem(&why)
		item.Recipient, item.Text, item.Action = text(e.recipient), cutText(e.said), text(string(actionOf(&why)))
		x.fill(&item, &why, nil, false)
		in.Items = append(in.Items, item)
	}
	if len(events) > reply.MaxReplies {
		in.Notes = append(in.Notes, fmt.Sprintf("Only the first %d events were read.", reply.MaxReplies))
	}
	return in, len(in.Items) > 0
}

// eventsIn returns the events in a value. The object that names what was said is the
// event; the recipient may stand in one around it.
func eventsIn(v any, recipient string, depth int) []event {
	if depth > maxWebhookDepth {
		return nil
	}
	switch v := v.(type) {
	case []any:
		var out []event
		for _, one := range v {
			out = append(out, eventsIn(one, recipient, depth+1)...)
		}
		return out
	case string:
		// Amazon SNS has the event as JSON in a string.
		var inner any
		if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &inner) == nil {
			return eventsIn(inner, recipient, depth+1)
		}
	case map[string]any:
		return eventsOf(v, recipient, depth)
	}
	return nil
}

// eventsOf is eventsIn for an object.
func eventsOf(object map[string]any, recipient string, depth int) []event {
	fields, names := map[string]any{}, make([]string, 0, len(object))
	for name, value := range object {
		fields[separators.Replace(strings.ToLower(name))] = value
		names = append(names, name)
	}
	slices.Sort(names)
	for _, k := range recipientKeys {
		if s, ok := fields[k].(string); ok && strings.Contains(s, "@") && !strings.ContainsAny(s, " \n") {
			recipient = s
			break
		}
	}
	var out []event
	for _, name := range names {
		out = append(out, eventsIn(object[name], recipient, depth+1)...)
	}
	e := event{recipient: recipient}
	for _, k := range codeKeys {
		if n, ok := fields[k].(float64); ok && n >= 250 && n < 600 {
			e.code = int(n)
			break
		}
	}
	for _, k := range statusKeys {
		if s, ok := fields[k].(string); ok && statusRE.MatchString(s) {
			e.status = s
			break
		}
	}
	for _, k := range saidKeys {
		s, ok := fields[k].(string)
		if s = strings.TrimSpace(s); !ok || s == "" || strings.HasPrefix(s, "{") {
			continue
		}
		if r := reply.Parse(s); r.Code != 0 || r.Enhanced != "" || e.code != 0 || e.status != "" {
			e.said = s
			break
		}
	}
	switch {
	case e.said == "" && e.code != 0 && e.recipient != "" && len(out) == 0:
		e.said = fmt.Sprint(e.code)
	case e.said == "":
		return out
	case e.code != 0 && reply.Parse(e.said).Code == 0:
		e.said = fmt.Sprintf("%d %s", e.code, e.said)
	}
	return append(out, e)
}
