package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/internal/field"
	"mailworthy/receiver"
)

// Bounds on a request that comes over a wire. What somebody asks of their own computer
// has none of them.
const (
	// MaxRequest is how many bytes of JSON a request may have.
	MaxRequest = 64 << 10
	// MaxStated is how many values each list of a statement may have.
	MaxStated = 100
	// MostQueries, MostIPs and LongestDeadline are the largest values of Settings.
	MostQueries     = 10_000
	MostIPs         = 1_000
	LongestDeadline = 10 * time.Minute
)

// Request asks for the report of one domain.
type Request struct {
	Target  Statement `json:"target"`
	Options Settings  `json:"options"`
}

// Settings bound and tune an audit: the wire form of those audit.Options that are for
// whoever asks to say. Block lists, their health and whom to ask are for whoever
// answers. A key that is left out is the default.
type Settings struct {
	// MaxQueries bounds the questions.
	MaxQueries int `json:"max_queries,omitempty"`
	// DeadlineMS bounds the time, in milliseconds.
	DeadlineMS int64 `json:"deadline_ms,omitempty"`
	// MaxIPs bounds the sending addresses that are examined.
	MaxIPs int `json:"max_ips,omitempty"`
	// Guess is how DKIM selectors are guessed: "common", "inferred" or "all".
	Guess string `json:"guess,omitempty"`
	// Volume is "bulk" or "low"; empty: judged as both.
	Volume string `json:"volume,omitempty"`
	// Now is the time to judge expiry by (RFC 3339); nil: that of the audit.
	Now *time.Time `json:"now,omitempty"`
}

// SettingsOf are the settings whose Options are these, but for what no settings say.
func SettingsOf(o audit.Options) Settings {
	s := Settings{MaxQueries: o.MaxQueries, DeadlineMS: o.Deadline.Milliseconds(), MaxIPs: o.MaxIPs, Guess: string(o.Selectors), Volume: o.Volume}
	if !o.Now.IsZero() {
		s.Now = &o.Now
	}
	return s
}

// Options checks the settings. The error is a *FieldError.
func (s Settings) Options() (audit.Options, error) {
	o := audit.Options{MaxQueries: s.MaxQueries, Deadline: time.Duration(s.DeadlineMS) * time.Millisecond, MaxIPs: s.MaxIPs,
		Selectors: dkim.Mode(s.Guess), Volume: s.Volume}
	if s.Now != nil {
		o.Now = *s.Now
	}
	switch {
	case s.Volume != "" && s.Volume != receiver.Bulk && s.Volume != receiver.Low:
		return o, field.Errorf("volume", " %q: it must be bulk or low", s.Volume)
	case s.MaxIPs < 0:
		return o, field.Errorf("max_ips", " %d: it must be at least 1", s.MaxIPs)
	case !slices.Contains([]dkim.Mode{"", dkim.Common, dkim.Inferred, dkim.All}, o.Selectors):
		return o, field.Errorf("guess", " %q: it must be common, inferred or all", s.Guess)
	case s.MaxQueries < 0:
		return o, field.Errorf("max_queries", " %d: it must be at least 1", s.MaxQueries)
	case s.DeadlineMS < 0 || s.DeadlineMS > int64(math.MaxInt64/time.Millisecond):
		return o, field.Errorf("deadline_ms", " %d: no audit can take that long", s.DeadlineMS)
	}
	return o, nil
}

// ReadRequest reads a request of somebody who is not trusted: a JSON object of up to
// MaxRequest bytes, with nothing behind it, keys that are known, each once and spelt as
// here, and values within the bounds. The error says what is wrong in words for them.
func ReadRequest(from io.Reader) (audit.Target, audit.Options, error) {
	r, err := decode(from)
	if err != nil {
		return audit.Target{}, audit.Options{}, err
	}
	if err := r.bounded(); err != nil {
		return audit.Target{}, audit.Options{}, err
	}
	t, err := r.Target.Target()
	if err != nil {
		return t, audit.Options{}, err
	}
	o, err := r.Options.Options()
	return t, o, err
}

// bounded checks what only a stranger may not ask.
func (r *Request) bounded() error {
	s, o := &r.Target, &r.Options
	for _, list := range []struct {
		key    string
		values []string
	}{{"mail_from", s.MailFrom}, {"selectors", s.Selectors}, {"dkim_domains", s.DKIMDomains}, {"ips", s.IPs}, {"helo", s.HELO}, {"providers", s.Providers}, {"sections", s.Sections}} {
		if len(list.values) > MaxStated {
			return field.Errorf(list.key, ": it has %d values, and may have %d", len(list.values), MaxStated)
		}
	}
	for _, n := range []struct {
		key        string
		value, max int64
	}{{"max_queries", int64(o.MaxQueries), MostQueries}, {"max_ips", int64(o.MaxIPs), MostIPs}, {"deadline_ms", o.DeadlineMS, LongestDeadline.Milliseconds()}} {
		if n.value > n.max {
			return field.Errorf(n.key, " %d: it must be at most %d", n.value, n.max)
		}
	}
	return nil
}

// decode reads the JSON of a request.
func decode(from io.Reader) (*Request, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxRequest+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxRequest {
		return nil, fmt.Errorf("the request has more than %d bytes", MaxRequest)
	}
	if err := checkKeys(text); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var r Request
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("the request is no JSON of one: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the request")
	}
	return &r, nil
}

// checkKeys refuses what the decoder lets pass: a key that differs in case from the one
// that it is taken for, and one that stands twice, of which the last counts.
func checkKeys(text []byte) error {
	parts, err := keys(text, "target", "options")
	if err == nil {
		_, err = keys(parts["target"], "domain", "mail_from", "selectors", "dkim_domains", "ips", "helo", "providers", "profile", "sections")
	}
	if err == nil {
		_, err = keys(parts["options"], "max_queries", "deadline_ms", "max_ips", "guess", "volume", "now")
	}
	return err
}

// keys reads an object that may have the keys known, each once. Anything else is for
// the decoder to refuse.
func keys(text []byte, known ...string) (map[string]json.RawMessage, error) {
	values := make(map[string]json.RawMessage)
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, nil
	}
	for d.More() {
		token, err := d.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return nil, nil
		}
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("the request has the key %q, which is not known there", key)
		}
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("the request has the key %q twice", key)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil
		}
		values[key] = value
	}
	return values, nil
}
