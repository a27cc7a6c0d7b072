package roundtrip

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"mailworthy/dial"
	"mailworthy/internal/hint"
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
	Token string
	Since time.Time
}

// Look is what one look at a place showed.
type Look struct {
	// Folders that were read.
	Folders int
	Found   []Found
}

// Found is one mail with the token in it.
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

// ParsePlace reads imap://USER@HOST[:PORT][/FOLDER], imaps://…, maildir:DIR, mbox:FILE, or
// the name of a file: an mbox, or one message.
func ParsePlace(text string) (Spec, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	switch s := strings.ToLower(scheme); {
	case ok && (s == "imap" || s == "imaps"):
		v, err := parseURL(text, "imap", "imaps")
		if err == nil && v.User == "" {
			err = errors.New("there is no user in it: the form is imaps://USER@HOST[:PORT][/FOLDER]")
		}
		return Spec{Via: v}, err
	case ok && s == "maildir":
		if rest == "" {
			return Spec{}, errors.New("maildir: the folder is missing")
		}
		return Spec{Maildir: rest}, nil
	case ok && (s == "file" || s == "mbox"):
		text = strings.TrimPrefix(rest, "//")
	case ok && strings.HasPrefix(rest, "//"):
		return Spec{}, fmt.Errorf("%s: is not known: it is imap://, imaps://, maildir:DIR or a file", s)
	case ok && len(s) > 2 && hint.Nearest(s, 2, "maildir", "imaps", "imap", "file", "mbox") != "":
		// A mail is sent before the file would be found missing.
		return Spec{}, fmt.Errorf("%s: is not known: %s", s, hint.DidYouMean(hint.Nearest(s, 2, "maildir", "imaps", "imap", "file", "mbox")+":"))
	case strings.HasPrefix(text, "imap//"), strings.HasPrefix(text, "imaps//"):
		return Spec{}, fmt.Errorf("a colon is missing: %s", hint.DidYouMean(strings.Replace(text, "//", "://", 1)))
	}
	if text == "" {
		return Spec{}, errors.New("the name of a file is missing")
	}
	return Spec{File: text}, nil
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
