package roundtrip

import (
	"bytes"
	"context"
	"crypto/x509"
	"os"
	"slices"
	"strings"
	"time"

	"mailworthy/dial"
	"mailworthy/internal/field"
	"mailworthy/internal/hint"
	"mailworthy/internal/show"
)

// Place is where the mail may arrive, or a bounce of it.
type Place interface {
	// String is the place as it can be shown: without a password.
	String() string
	// Look returns what is there of the mail, copies and bounces. It reads all that can
	// have come since the time and changes nothing. The error says that the place could
	// not be read in full: then what is not found may be there nevertheless.
	Look(ctx context.Context, q Query) (Look, error)
}

// Query is what to look for.
type Query struct {
	// Tokens are those of the mails.
	Tokens []string
	Since  time.Time
	// Copies: the mails themselves are looked for, and their headers are enough; else what
	// speaks of them as well.
	Copies bool
}

// in reports whether a mail has one of the tokens.
func (q *Query) in(raw []byte) bool {
	return slices.ContainsFunc(q.Tokens, func(token string) bool { return bytes.Contains(raw, []byte(token)) })
}

// size is how much of a mail is worth reading.
func (q *Query) size() int64 {
	if q.Copies {
		return maxHeader
	}
	return maxMessage
}

// most is how many mails are worth keeping.
func (q *Query) most() int {
	if q.Copies {
		return maxCopies
	}
	return maxFound
}

// Look is what one look at a place showed.
type Look struct {
	// Folders that were read.
	Folders int
	Found   []Found
}

// Found is one mail with a token in it.
type Found struct {
	Folder string
	Junk   bool
	// StoredAt is when the mailbox took it; zero if that is not known.
	StoredAt time.Time
	// Raw is the mail, up to a bound.
	Raw []byte
}

// PlaceOptions are what mailboxes on servers need.
type PlaceOptions struct {
	Dialer *dial.Dialer
	Roots  *x509.CertPool
	// Password of the user of this place; Token: it is an access token (XOAUTH2).
	Password string
	Token    bool
}

// Spec is a place as it was stated.
type Spec struct {
	// Via is the server of an IMAP mailbox; its Scheme is empty for files.
	Via Via
	// Maildir and File are the paths of the others.
	Maildir, File string
}

// places are the ways to write a place.
const places = "it is imaps://USER@HOST[/FOLDER], imap://…, maildir:DIR, mbox:FILE or the name of a file"

// ParsePlace reads imap://USER@HOST[:PORT][/FOLDER], imaps://…, maildir:DIR, mbox:FILE, or
// the name of a file: an mbox, or one message. The error is a *field.Error of no field,
// which names the place without what may be a password.
func ParsePlace(text string) (Spec, error) {
	refuse := func(what, help string) (Spec, error) {
		return Spec{}, field.Errorf("", "%s %s", show.Quote(withoutPassword(text), 120), what).With("%s", help)
	}
	scheme, rest, ok := strings.Cut(text, ":")
	switch s := strings.ToLower(scheme); {
	case ok && (s == "imap" || s == "imaps"):
		v, err := parseURL(text, "imap", "imaps")
		if err == nil && v.User == "" {
			return refuse("has no user", places)
		}
		return Spec{Via: v}, err
	case ok && s == "maildir":
		if rest == "" {
			return refuse("names no folder", places)
		}
		return Spec{Maildir: rest}, nil
	case ok && (s == "file" || s == "mbox"):
		if text = strings.TrimPrefix(rest, "//"); text == "" {
			return Spec{}, field.Errorf("", "the name of a file is missing after %s:", s)
		}
		return Spec{File: text}, nil
	case ok && strings.HasPrefix(rest, "//"):
		return refuse("is no place", places)
	case ok && len(s) > 2 && hint.Nearest(s, 2, "maildir", "imaps", "imap", "file", "mbox") != "":
		// A mail is sent before the file would be found missing.
		return refuse("is no place", hint.DidYouMean(hint.Nearest(s, 2, "maildir", "imaps", "imap", "file", "mbox")+":"))
	case strings.HasPrefix(text, "imap//"), strings.HasPrefix(text, "imaps//"):
		return refuse("has no colon", hint.DidYouMean(strings.Replace(withoutPassword(text), "//", "://", 1)))
	case strings.Contains(text, "@") && !strings.Contains(text, "/"):
		shown := withoutPassword(text)
		return refuse("has no scheme", "did you mean imaps://"+shown+"? A file of this name is ./"+shown)
	case strings.TrimSpace(text) == "":
		return Spec{}, field.Errorf("", "the name of a file is missing")
	}
	return Spec{File: text}, nil
}

// Check refuses a place of files that is of another kind than stated: a mail would be sent
// before that shows. One that is not there yet may come with the mail.
func (s Spec) Check() error {
	name := s.Maildir + s.File
	if name == "" {
		return nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil
	case s.Maildir != "" && !info.IsDir():
		return field.Errorf("", "%s is no folder", show.Quote("maildir:"+name, 120)).With("%s", hint.DidYouMean("mbox:"+name))
	case s.File != "" && info.IsDir():
		return field.Errorf("", "%s is a folder", show.Quote(name, 120)).With("%s", hint.DidYouMean("maildir:"+name))
	}
	return nil
}

// Open makes the place of a spec.
func (s Spec) Open(o PlaceOptions) Place {
	switch {
	case s.Maildir != "":
		return &maildir{dir: s.Maildir}
	case s.File != "":
		return &file{name: s.File}
	}
	return &mailbox{via: s.Via, o: o}
}

// junkName reports whether a folder is for junk by its name alone, if nothing else says
// it: the names that mail programs and servers give it.
func junkName(folder string) bool {
	name := strings.ToLower(folder)
	if i := strings.LastIndexAny(name, "/."); i >= 0 {
		name = name[i+1:]
	}
	switch name {
	case "junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk", "bulk mail", "quarantine", "spamverdacht":
		return true
	}
	return false
}
