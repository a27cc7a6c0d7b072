package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"mailworthy/audit"
	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/show"
	"mailworthy/notify"
	"mailworthy/smtp/roundtrip"
)

// Roundtrip is a synthetic mail that each run sends and waits for.
type Roundtrip struct {
	// Name is what it is called; "FROM to TO" unless it is stated. No two have the same.
	Name     string
	Via      roundtrip.Via
	Password Password
	From, To string
	// Plus puts the token into the recipient.
	Plus bool
	// Auth is the mechanism of the login; empty: the best that is offered.
	Auth string
	Wait []Wait
	// HELO, TLSCA, Key, KeySelector and KeyDomain are as the flags of the command; KeyDomain
	// is that of From unless it is stated.
	HELO, TLSCA, Key, KeySelector, KeyDomain string
	// Timeout is how long a run waits; zero: DefaultRoundtrip.
	Timeout time.Duration
	// Slow is how long the way may take before it is reported; zero: as long as it likes.
	Slow time.Duration
	// Duplicates is how long to go on looking for further copies of a mail that arrived.
	Duplicates time.Duration
}

// DefaultRoundtrip is how long a run waits for a mail, unless it is stated. A server that
// puts the mail off has the next run, too: it goes on.
const DefaultRoundtrip = 10 * time.Minute

// Wait is a place where the mail is waited for.
type Wait struct {
	Place    roundtrip.Spec
	Password Password
	// Token: the password is an access token (XOAUTH2).
	Token bool
}

// Password is a secret of the environment, or the file that a run reads it from.
type Password struct {
	Text notify.Secret
	File string
}

// given reports whether there is one.
func (p *Password) given() bool { return p.Text != "" || p.File != "" }

const maxRoundtrips = 50

// roundtrips reads the synthetic mails.
func (d *decoder) roundtrips(n *yaml.Node, c *Config) {
	d.sequence(n, "roundtrips", func(n *yaml.Node) {
		before := len(d.problems)
		r := d.roundtrip(n, c)
		if len(d.problems) > before {
			return
		}
		for i := range c.Roundtrips {
			other := &c.Roundtrips[i]
			switch {
			case other.Name == r.Name:
				d.fail(n, "two roundtrips are called %q", clip(spelt(n, "name", r.Name)))
				return
			case other.Via == r.Via && other.From == r.From && other.To == r.To:
				d.fail(n, "two roundtrips go from %s to %s by the same server", clip(spelt(n, "from", r.From)), clip(spelt(n, "to", r.To)))
				return
			}
		}
		if c.Roundtrips = append(c.Roundtrips, r); len(c.Roundtrips) > maxRoundtrips {
			d.fail(n, "there are more than %d roundtrips", maxRoundtrips)
		}
	})
}

func (d *decoder) roundtrip(n *yaml.Node, c *Config) Roundtrip {
	r, before := Roundtrip{}, len(d.problems)
	d.mapping(n, "a roundtrip", fields{
		"name": func(n *yaml.Node) {
			r.Name, _ = read(d, n, "name", func(s string) (string, error) {
				if len(s) > 100 || strings.ContainsAny(s, "\r\n") {
					return "", errors.New("a name is one line of up to 100 characters")
				}
				return s, nil
			})
		},
		"via":           func(n *yaml.Node) { r.Via, _ = read(d, n, "via", roundtrip.ParseVia) },
		"password":      func(n *yaml.Node) { r.Password.Text = d.credential(n, "password") },
		"password_file": func(n *yaml.Node) { d.place(n, "password_file", c, &r.Password.File) },
		"from":          func(n *yaml.Node) { r.From, _ = read(d, n, "from", roundtrip.ParseAddress) },
		"to":            func(n *yaml.Node) { r.To, _ = read(d, n, "to", roundtrip.ParseAddress) },
		"plus":          func(n *yaml.Node) { r.Plus = d.yes(n, "plus") },
		"auth": func(n *yaml.Node) {
			r.Auth, _ = read(d, n, "auth", func(s string) (string, error) {
				if m := strings.ToUpper(s); slices.Contains(roundtrip.Mechanisms, m) {
					return m, nil
				}
				return "", field.Errorf("", "%q is none of %s", clip(s), strings.ToLower(show.Listed(roundtrip.Mechanisms, 9))).
					With("%s", strings.ToLower(hint.DidYouMean(hint.Nearest(strings.ToUpper(s), 2, roundtrip.Mechanisms...))))
			})
		},
		"wait":     func(n *yaml.Node) { d.waits(n, c, &r) },
		"helo":     func(n *yaml.Node) { r.HELO, _ = read(d, n, "helo", audit.ParseHELO) },
		"tls_ca":   func(n *yaml.Node) { d.place(n, "tls_ca", c, &r.TLSCA) },
		"dkim_key": func(n *yaml.Node) { d.place(n, "dkim_key", c, &r.Key) },
		"dkim_selector": func(n *yaml.Node) {
			r.KeySelector, _ = read(d, n, "dkim_selector", audit.ParseSelector)
		},
		"dkim_domain": func(n *yaml.Node) { r.KeyDomain, _ = read(d, n, "dkim_domain", audit.ParseDomain) },
		"timeout":     func(n *yaml.Node) { r.Timeout, _ = d.duration(n, "timeout", 10*time.Second, day) },
		"slow":        func(n *yaml.Node) { r.Slow, _ = d.duration(n, "slow", time.Second, day) },
		"duplicates":  func(n *yaml.Node) { r.Duplicates, _ = d.duration(n, "duplicates", time.Second, day) },
	}, "via", "from", "to", "wait")
	if r.Name == "" {
		r.Name = r.From + " to " + r.To
	}
	if r.KeyDomain == "" {
		_, r.KeyDomain, _ = strings.Cut(r.From, "@")
	}
	if len(d.problems) > before {
		return r // what belongs together is judged by what there is
	}
	switch {
	case r.Via.User != "" && !r.Password.given():
		d.failHint(n, "password: ${NAME} or password_file: FILE", "a roundtrip: via has a user, and there is no password")
	case r.Via.User == "" && (r.Password.given() || r.Auth != ""):
		d.failHint(n, "write the user into via: smtp://USER@HOST", "a roundtrip: a password and auth are for a login, and via has no user")
	}
	if (r.Key == "") != (r.KeySelector == "") {
		d.fail(n, "a roundtrip: dkim_key and dkim_selector belong together")
	}
	d.oneSource(n, "a roundtrip", &r.Password)
	return r
}

// waits reads the places: one, or a list; each a text, or a mapping with its password.
func (d *decoder) waits(n *yaml.Node, c *Config, r *Roundtrip) {
	one := func(n *yaml.Node) {
		w, before := Wait{}, len(d.problems)
		at := func(n *yaml.Node) {
			w.Place, _ = read(d, n, "wait", func(s string) (roundtrip.Spec, error) {
				p, err := roundtrip.ParsePlace(s)
				if err == nil && n.ShortTag() != "!!str" {
					err = fmt.Errorf("%q is no place", clip(s))
				}
				if p.Maildir != "" {
					p.Maildir = c.path(p.Maildir)
				}
				if p.File != "" {
					p.File = c.path(p.File)
				}
				if err == nil {
					err = p.Check()
				}
				if err == nil && slices.ContainsFunc(r.Wait, func(o Wait) bool { return o.Place == p }) {
					err = fmt.Errorf("%q is stated twice", clip(s))
				}
				return p, err
			})
		}
		if n.Kind == yaml.ScalarNode {
			at(n)
		} else {
			d.mapping(n, "wait", fields{
				"at":            at,
				"password":      func(n *yaml.Node) { w.Password.Text = d.credential(n, "password") },
				"password_file": func(n *yaml.Node) { d.place(n, "password_file", c, &w.Password.File) },
				"xoauth2":       func(n *yaml.Node) { w.Token = d.yes(n, "xoauth2") },
			}, "at")
		}
		if len(d.problems) > before {
			return
		}
		switch server := w.Place.Via.Host != ""; {
		case server && !w.Password.given():
			d.failHint(n, "wait: [{at: imaps://…, password: ${NAME}}], or password_file: FILE", "wait: the mailbox has a user, and there is no password")
		case !server && (w.Password.given() || w.Token):
			d.fail(n, "wait: a password and xoauth2 are for a mailbox on a server")
		}
		d.oneSource(n, "wait", &w.Password)
		r.Wait = append(r.Wait, w)
	}
	if n.Kind == yaml.SequenceNode {
		d.sequence(n, "wait", one)
	} else {
		one(n)
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.fail(n, "wait is empty")
	}
}

// credential reads a secret of the environment. One that stands in the file is refused: it
// would be in every copy of it.
func (d *decoder) credential(n *yaml.Node, what string) notify.Secret {
	s, ok := d.text(n, what)
	if ok && s == n.Value {
		d.failHint(n, "write ${NAME} and set the variable, or name a file: "+what+"_file", "%s: no password stands in a configuration", what)
		return ""
	}
	return notify.Secret(s)
}

func (d *decoder) oneSource(n *yaml.Node, what string, p *Password) {
	if p.Text != "" && p.File != "" {
		d.fail(n, "%s: password and password_file exclude each other", what)
	}
}

// yes reads true or false.
func (d *decoder) yes(n *yaml.Node, what string) bool {
	var v bool
	if _, ok := d.scalar(n, what); ok && (n.Tag != "!!bool" || n.Decode(&v) != nil) {
		d.fail(n, "%s must be true or false, not %q", what, clip(n.Value))
	}
	return v
}

// roundtripSchema is the schema of one of the roundtrips.
func roundtripSchema() object {
	password, file := text("The password, as ${NAME}: it does not stand in the file."), text("The file whose first line is the password.")
	return keys(object{
		"name":          text("What it is called in messages and metrics. Default: FROM to TO."),
		"via":           text("The server that takes the mail: smtp://[USER@]HOST[:587] (STARTTLS) or smtps://[USER@]HOST[:465]."),
		"password":      password,
		"password_file": file,
		"from":          text("The sender: bounces go there."),
		"to":            text("The recipient."),
		"plus":          object{"type": "boolean", "description": "Put the token into the recipient: local+token@domain."},
		"auth":          text("The mechanism of the login. Default: the best that is offered."),
		"wait": object{"description": "Where it arrives, or a bounce of it: imaps://USER@HOST[/FOLDER], imap://…, maildir:DIR, or a file.", "anyOf": []any{
			text(""), waitSchema(password, file), object{"type": "array", "minItems": 1, "items": object{"anyOf": []any{text(""), waitSchema(password, file)}}}}},
		"helo":          text("The name to greet with. Default: the address of the connection."),
		"tls_ca":        text("A PEM file of further root certificates."),
		"dkim_key":      text("The PEM file of the private key that signs the mail."),
		"dkim_selector": text("The selector of that key."),
		"dkim_domain":   text("The domain of the signature. Default: that of from."),
		"timeout":       span("How long a run waits. Default: 10m."),
		"slow":          span("How long the way may take until it is told. Default: as long as it likes."),
		"duplicates":    span("How long to go on looking for further copies of a mail that arrived. Default: not at all."),
	}, "via", "from", "to", "wait")
}

func waitSchema(password, file object) object {
	return keys(object{"at": text("The place."), "password": password, "password_file": file,
		"xoauth2": object{"type": "boolean", "description": "The password is an access token."}}, "at")
}
