package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"mailworthy/internal/ascii"
	"mailworthy/internal/show"
)

// ServiceField is a field that steers a sending service. The service removes it
// on the way, so that it stands in messages before they are handed in.
type ServiceField struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	Line    int    `json:"line"`
	// Problems are the service's limits that the field exceeds.
	Problems []string `json:"problems"`
}

// service is a sending service with the limits that its documentation states.
type service struct {
	// name as in the ID of its check.
	name  string
	title string
	// prefix of its fields, in lower case.
	prefix string
	// reference is the page that states the limits.
	reference string
	// consequence says what the service does with a message that exceeds them.
	consequence string
	// field returns the problems of one field; all those of several together.
	field func(name, value string) []string
	all   func(fields []*Field) []string
}

// services are those whose limits are documented, as of 2026.
var services = []service{
	{name: "mailersend", title: "MailerSend", prefix: "x-mailersend-", field: mailerSend,
		reference:   "https://developers.mailersend.com/smtp-relay.html",
		consequence: "MailerSend validates what it relays as its API does and answers 450 with the reason."},
	{name: "mandrill", title: "Mailchimp Transactional (Mandrill)", prefix: "x-mc-", field: mandrill,
		reference:   "https://mandrill.zendesk.com/hc/en-us/articles/205582117; https://mandrill.zendesk.com/hc/en-us/articles/360038805254",
		consequence: "What Mandrill cannot read it leaves out: the message goes without its tags, its metadata or its merge variables."},
	{name: "sendgrid", title: "SendGrid", prefix: "x-smtpapi", field: sendGrid, all: sendGridAll,
		reference:   "https://www.twilio.com/docs/sendgrid/for-developers/sending-email/building-an-x-smtpapi-header",
		consequence: "SendGrid reads the first X-SMTPAPI alone, and cannot follow one that is no JSON: substitutions and recipients in it are lost."},
	{name: "ses", title: "Amazon SES", prefix: "x-ses-", field: amazonSES, all: atMostOne("X-SES-CONFIGURATION-SET"),
		reference:   "https://docs.aws.amazon.com/ses/latest/APIReference/API_MessageTag.html; https://docs.aws.amazon.com/ses/latest/APIReference/API_ConfigurationSet.html",
		consequence: "Amazon SES refuses a message with a tag or a configuration set of another form."},
	{name: "mailgun", title: "Mailgun", prefix: "x-mailgun-", field: mailgun, all: mailgunAll,
		reference:   "https://documentation.mailgun.com/docs/mailgun/user-manual/tracking-messages/track-tagging",
		consequence: "Mailgun accepts three tags a message; what exceeds a limit is missing from its events and statistics."},
	{name: "postmark", title: "Postmark", prefix: "x-pm-", all: atMostOne("X-PM-Tag", "X-PM-Message-Stream"),
		reference:   "https://postmarkapp.com/support/article/1125-custom-metadata-faq",
		consequence: "Postmark applies one tag to a message, and sends it through one stream."},
}

// serviceFields are the fields for sending services with what exceeds a limit.
func (m *Message) serviceFields() []ServiceField {
	var out []ServiceField
	for i := range services {
		s := &services[i]
		var fields []*Field
		for j := range m.Fields {
			if f := &m.Fields[j]; strings.HasPrefix(strings.ToLower(f.Name), s.prefix) && len(fields) < maxListed {
				fields = append(fields, f)
			}
		}
		for j, f := range fields {
			have := ServiceField{Service: s.name, Name: show.Cut(f.Name, maxName), Line: f.Line}
			if s.field != nil {
				have.Problems = s.field(strings.ToLower(f.Name), f.Unfolded())
			}
			// What all exceed together is said of the last.
			if s.all != nil && j == len(fields)-1 {
				have.Problems = append(have.Problems, s.all(fields)...)
			}
			have.Problems = have.Problems[:min(len(have.Problems), maxProblems)]
			out = append(out, have)
		}
	}
	return out
}

// maxProblems bounds what is said of one field.
const maxProblems = 5

// commaList takes a comma-separated list apart, without quotation marks around
// the whole.
func commaList(value string) []string {
	value = strings.TrimSpace(value)
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	var out []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// atMostOne returns the check that each of the names stands once at most.
func atMostOne(names ...string) func([]*Field) []string {
	return func(fields []*Field) []string {
		var out []string
		for _, name := range names {
			n := 0
			for _, f := range fields {
				if f.Is(name) {
					n++
				}
			}
			if n > 1 {
				out = append(out, fmt.Sprintf("%s stands %d times; it may stand once", name, n))
			}
		}
		return out
	}
}

func mailerSend(name, value string) []string {
	if tags := commaList(value); name == "x-mailersend-tags" && len(tags) > 5 {
		return []string{fmt.Sprintf("it holds %d tags; MailerSend takes at most 5", len(tags))}
	}
	return nil
}

func mandrill(name, value string) (out []string) {
	switch name {
	case "x-mc-tags":
		for _, tag := range commaList(value) {
			switch {
			case utf8.RuneCountInString(tag) > 50:
				out = append(out, fmt.Sprintf("the tag %q has over 50 characters", show.Cut(tag, 60)))
			case strings.HasPrefix(tag, "_"):
				out = append(out, fmt.Sprintf("the tag %q starts with an underscore, which is reserved", show.Cut(tag, 60)))
			}
		}
	case "x-mc-track":
		words := commaList(value)
		if len(words) > 2 {
			out = append(out, fmt.Sprintf("it holds %d words; Mandrill takes at most two, one for opens and one for clicks", len(words)))
		}
		for _, w := range words {
			switch strings.ToLower(w) {
			case "opens", "clicks", "clicks_all", "clicks_htmlonly", "clicks_textonly":
			default:
				out = append(out, fmt.Sprintf("%q is none of opens, clicks, clicks_all, clicks_htmlonly and clicks_textonly", show.Cut(w, 40)))
			}
		}
	case "x-mc-mergevars":
		if _, wrong := jsonObject(value); wrong != "" {
			out = append(out, wrong)
		}
	case "x-mc-metadata":
		out = mandrillMetadata(value)
	}
	return out
}

// mandrillMetadata: at most 250 bytes of JSON without nesting, and no key that
// starts with an underscore but _rcpt.
func mandrillMetadata(value string) []string {
	object, wrong := jsonObject(value)
	if wrong != "" {
		return []string{wrong}
	}
	var out []string
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(value)); err == nil && compact.Len() > 250 {
		out = append(out, fmt.Sprintf("it has %d bytes of JSON; Mandrill takes at most 250", compact.Len()))
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch v := object[key]; {
		case strings.HasPrefix(key, "_") && key != "_rcpt":
			out = append(out, fmt.Sprintf("the key %q starts with an underscore", show.Cut(key, 60)))
		case len(v) > 0 && (v[0] == '{' || v[0] == '['):
			out = append(out, fmt.Sprintf("the value of %q is an object or a list; Mandrill takes numbers, strings, true, false and null", show.Cut(key, 60)))
		}
	}
	return out
}

// jsonObject parses a JSON object.
func jsonObject(value string) (object map[string]json.RawMessage, wrong string) {
	if err := json.Unmarshal([]byte(value), &object); err != nil || object == nil {
		if json.Valid([]byte(value)) {
			return nil, "it is JSON, but no object"
		}
		return nil, "it is no valid JSON"
	}
	return object, ""
}

// sendGrid: X-SMTPAPI is a JSON object with up to 10 categories and 10,000 bytes
// of unique arguments.
func sendGrid(name, value string) []string {
	if name != "x-smtpapi" {
		return nil
	}
	object, wrong := jsonObject(value)
	if wrong != "" {
		return []string{wrong}
	}
	var out []string
	var categories []json.RawMessage
	if json.Unmarshal(object["category"], &categories) == nil && len(categories) > 10 {
		out = append(out, fmt.Sprintf("it holds %d categories; SendGrid takes at most 10", len(categories)))
	}
	if n := len(object["unique_args"]); n > 10000 {
		out = append(out, fmt.Sprintf("its unique_args have %d bytes; SendGrid takes at most 10,000", n))
	}
	var to []json.RawMessage
	if json.Unmarshal(object["to"], &to) == nil && len(to) > 10000 {
		out = append(out, fmt.Sprintf("it holds %d recipients; SendGrid takes at most 10,000", len(to)))
	}
	return out
}

func sendGridAll(fields []*Field) []string {
	out := atMostOne("X-SMTPAPI")(fields)
	for _, f := range fields {
		for line := range strings.Lines(f.Value) {
			if len(line) > 1000 {
				return append(out, fmt.Sprintf("a line of X-SMTPAPI (field in line %d) has over 1,000 characters: it must be folded", f.Line))
			}
		}
	}
	return out
}

// amazonSES: tags are name=value pairs with a comma between them; names, values
// and the name of a configuration set are letters, digits, "_" and "-".
func amazonSES(name, value string) (out []string) {
	switch name {
	case "x-ses-message-tags":
		for _, tag := range commaList(value) {
			k, v, ok := strings.Cut(tag, "=")
			k, v = strings.TrimSpace(k), strings.TrimSpace(v)
			switch {
			case !ok:
				out = append(out, fmt.Sprintf("the tag %q is not of the form name=value", show.Cut(tag, 60)))
			case !sesWord(k, 256) || !sesWord(v, 256):
				out = append(out, fmt.Sprintf("the tag %q has a name or value of other than 1 to 256 letters, digits, hyphens and underscores", show.Cut(tag, 60)))
			}
		}
	case "x-ses-configuration-set":
		if !sesWord(value, 64) {
			out = append(out, "the name is not 1 to 64 letters, digits, hyphens and underscores")
		}
	}
	return out
}

func sesWord(s string, most int) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= most
}

func mailgun(name, value string) []string {
	switch name {
	case "x-mailgun-tag":
		if len(value) > 128 || !ascii.Only(value) {
			return []string{fmt.Sprintf("the tag %q is not 128 ASCII characters at most", show.Cut(value, 60))}
		}
	case "x-mailgun-variables":
		if _, wrong := jsonObject(value); wrong != "" {
			return []string{wrong}
		}
	}
	return nil
}

func mailgunAll(fields []*Field) []string {
	n := 0
	for _, f := range fields {
		if f.Is("X-Mailgun-Tag") {
			n++
		}
	}
	if n > 3 {
		return []string{fmt.Sprintf("X-Mailgun-Tag stands %d times; Mailgun takes at most 3 tags", n)}
	}
	return nil
}
