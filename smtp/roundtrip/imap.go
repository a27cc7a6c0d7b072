package roundtrip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"mailworthy/internal/redact"
	"mailworthy/internal/show"
	"mailworthy/smtp/probe"
)

// MaxRead is how many bytes of one connection to a mailbox are worth reading.
const MaxRead = 64 << 20

// mailbox is a mailbox on a server of IMAP.
type mailbox struct {
	via Via
	o   PlaceOptions
}

func (m *mailbox) String() string { return m.via.String() }

// Look reads every folder, the stated one first, in a session of its own: a mail that a
// server sorted is in the junk folder or in one that a rule of the user chose.
func (m *mailbox) Look(ctx context.Context, q Query) (Look, error) {
	c, err := m.open(ctx)
	if err != nil {
		return Look{}, m.wrap(ctx, err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	look, err := m.folders(c, q)
	if err == nil {
		defer time.AfterFunc(logoutTimeout, func() { c.Close() }).Stop()
		_ = c.Logout().Wait()
	}
	secrets := m.secrets()
	for i := range look.Found {
		look.Found[i].Folder = secrets.Without(look.Found[i].Folder)
	}
	return look, m.wrap(ctx, err)
}

// wrap says what failed without the password, whoever repeats it.
func (m *mailbox) wrap(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	text := err.Error()
	var said *imap.Error
	if !errors.As(err, &said) {
		text = probe.FailureText(err)
	}
	if strings.HasSuffix(text, os.ErrDeadlineExceeded.Error()) {
		text = probe.FailureText(os.ErrDeadlineExceeded) // the library does not wrap what it read
	}
	// The library shows where it panicked; the line that says why is enough.
	text, _, _ = strings.Cut(text, "\n")
	return errors.New(without(text, m.secrets()))
}

// secrets are not shown, whoever repeats them.
func (m *mailbox) secrets() *redact.Secrets {
	s := &redact.Secrets{}
	s.Password(m.via.User, m.o.Password)
	return s
}

// open connects and logs in, over TLS whose certificate verifies and not otherwise.
func (m *mailbox) open(ctx context.Context) (*imapclient.Client, error) {
	conn, err := m.o.Dialer.DialGiven(ctx, "tcp", m.via.address())
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{ServerName: m.via.Host, RootCAs: m.o.Roots, MinVersion: tls.VersionTLS12}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var c *imapclient.Client
	if m.via.implicit() {
		secure := tls.Client(conn, conf)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		c = imapclient.New(secure, nil)
		err = c.WaitGreeting()
	} else {
		c, err = imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: conf})
	}
	if err == nil && c.State() != imap.ConnStateNotAuthenticated {
		err = errPreAuth
	}
	if err == nil {
		err = m.login(c)
	}
	if err != nil {
		if c != nil {
			c.Close()
		}
		conn.Close()
		return nil, err
	}
	return c, nil
}

// errPreAuth: whose mailbox it is that a server shows without a login (RFC 9051, 7.1.4)
// is not known.
var errPreAuth = errors.New("the server says that somebody is logged in already (PREAUTH): whose mailbox it shows is not known")

func (m *mailbox) login(c *imapclient.Client) error {
	var err error
	switch caps := c.Caps(); {
	case m.o.Token:
		err = c.Authenticate(&xoauth2{user: m.via.User, token: m.o.Password})
	case caps.Has(imap.CapLoginDisabled) || caps.Has(imap.AuthCap("PLAIN")):
		err = c.Authenticate(&plain{user: m.via.User, password: m.o.Password})
	default:
		err = c.Login(m.via.User, m.o.Password).Wait()
	}
	if err != nil {
		return fmt.Errorf("the login failed: %w", err)
	}
	return nil
}

// folder is one folder and what it is for.
type folder struct {
	name string
	junk bool
	// view: it shows mails that are in other folders, too (all mail, flagged mail).
	view bool
}

// marked reports whether the server gives the folder the attribute, in whatever case.
func marked(d *imap.ListData, attr imap.MailboxAttr) bool {
	return slices.ContainsFunc(d.Attrs, func(a imap.MailboxAttr) bool { return strings.EqualFold(string(a), string(attr)) })
}

// list returns the folders that mail can arrive in, the stated one and the inbox first,
// those that only show others' mails last.
func (m *mailbox) list(c *imapclient.Client) ([]folder, bool, error) {
	var o *imap.ListOptions
	if c.Caps().Has(imap.CapSpecialUse) {
		o = &imap.ListOptions{ReturnSpecialUse: true}
	}
	data, err := c.List("", "*", o).Collect()
	if err != nil {
		return nil, false, err
	}
	junkByUse := slices.ContainsFunc(data, func(d *imap.ListData) bool { return marked(d, imap.MailboxAttrJunk) })
	var out []folder
	for _, d := range data {
		has := func(attr imap.MailboxAttr) bool { return marked(d, attr) }
		// What the user sent or is writing did not arrive.
		if has(imap.MailboxAttrNoSelect) || has(imap.MailboxAttrNonExistent) || has(imap.MailboxAttrSent) || has(imap.MailboxAttrDrafts) {
			continue
		}
		out = append(out, folder{name: d.Mailbox, junk: has(imap.MailboxAttrJunk) || !junkByUse && junkName(d.Mailbox),
			view: has(imap.MailboxAttrAll) || has(imap.MailboxAttrFlagged) || has(imap.MailboxAttrImportant)})
	}
	rank := func(f folder) int {
		switch {
		case m.via.Path != "" && f.name == m.via.Path:
			return 0
		case strings.EqualFold(f.name, "INBOX"):
			return 1
		case f.junk:
			return 2
		case f.view:
			return 4
		}
		return 3
	}
	slices.SortStableFunc(out, func(a, b folder) int { return rank(a) - rank(b) })
	if m.via.Path != "" && !slices.ContainsFunc(out, func(f folder) bool { return f.name == m.via.Path }) {
		return nil, false, fmt.Errorf("there is no folder %s", show.Quote(m.via.Path, 80))
	}
	cut := len(out) > maxFolders
	return out[:min(len(out), maxFolders)], cut, nil
}

func (m *mailbox) folders(c *imapclient.Client, q Query) (Look, error) {
	var look Look
	list, cut, err := m.list(c)
	if err != nil {
		return look, err
	}
	for _, f := range list {
		if f.view && (len(look.Found) > 0 || q.Copies) {
			break // a folder of copies shows it once more
		}
		found, err := m.search(c, f, q)
		if err != nil {
			return look, fmt.Errorf("folder %s: %w", show.Quote(f.name, 60), err)
		}
		look.Folders++
		look.Found = append(look.Found, found...)
		if len(look.Found) >= q.most() {
			break
		}
	}
	if cut && len(look.Found) == 0 {
		return look, fmt.Errorf("there are more than %d folders, and not all were read", maxFolders)
	}
	return look, nil
}

// search returns the mails of a folder that have a token. The folder is opened for
// reading alone, and nothing is marked as seen.
func (m *mailbox) search(c *imapclient.Client, f folder, q Query) ([]Found, error) {
	data, err := c.Select(f.name, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil || data.NumMessages == 0 {
		return nil, err
	}
	var uids []imap.UID
	for _, criteria := range q.criteria() {
		result, err := c.UIDSearch(&criteria, nil).Wait()
		if err != nil {
			return nil, err
		}
		for _, uid := range uidsOf(result, q.most()) {
			if !slices.Contains(uids, uid) && len(uids) < q.most() {
				uids = append(uids, uid)
			}
		}
	}
	var out []Found
	for _, uid := range uids {
		section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Offset: 0, Size: q.size()}}
		if q.Copies {
			section.Specifier = imap.PartSpecifierHeader
		}
		list, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
		if err != nil {
			return nil, err
		}
		for _, msg := range list {
			for _, body := range msg.BodySection {
				out = append(out, Found{Folder: f.name, Junk: f.junk, StoredAt: msg.InternalDate, Raw: body.Bytes})
			}
		}
	}
	return out, nil
}

// criteria are the searches that find all that is looked for, one after the other.
func (q *Query) criteria() []imap.SearchCriteria {
	// A day before: the server counts days by its own clock. A mail has its token in its
	// header, which every server can search; a bounce has it anywhere.
	since := imap.SearchCriteria{Since: q.Since.Add(-24 * time.Hour)}
	var out []imap.SearchCriteria
	for part := range slices.Chunk(q.Tokens, 10) { // a command has a bounded length
		var fields, texts []imap.SearchCriteria
		for _, token := range part {
			for _, key := range []string{tokenField, "Subject"} {
				fields = append(fields, imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: key, Value: token}}})
			}
			texts = append(texts, imap.SearchCriteria{Text: []string{token}})
		}
		searches := [][]imap.SearchCriteria{fields, texts}
		if q.Copies {
			searches = searches[:1]
		}
		for _, list := range searches {
			c := anyOf(list)
			c.And(&since)
			out = append(out, c)
		}
	}
	return out
}

// anyOf is true of what one of the criteria is true of. OR has two keys in IMAP.
func anyOf(list []imap.SearchCriteria) imap.SearchCriteria {
	if len(list) == 1 {
		return list[0]
	}
	half := len(list) / 2
	return imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{anyOf(list[:half]), anyOf(list[half:])}}}
}

// uidsOf are the first UIDs of a result. A range is not spread out first: a server may
// answer 1:4294967295.
func uidsOf(data *imap.SearchData, most int) []imap.UID {
	set, _ := data.All.(imap.UIDSet)
	var out []imap.UID
	for _, r := range set {
		if r.Start == 0 || r.Stop == 0 {
			continue // "*" names nothing here
		}
		low, high := min(r.Start, r.Stop), max(r.Start, r.Stop)
		for uid := low; len(out) < most; uid++ {
			out = append(out, uid)
			if uid == high {
				break
			}
		}
	}
	return out
}

// plain is the mechanism PLAIN (RFC 4616), xoauth2 that of Google and Microsoft.
type plain struct{ user, password string }

func (p *plain) Start() (string, []byte, error) {
	return "PLAIN", []byte("\x00" + p.user + "\x00" + p.password), nil
}

func (p *plain) Next([]byte) ([]byte, error) {
	return nil, errors.New("the server asks for more than the mechanism has")
}

type xoauth2 struct{ user, token string }

func (x *xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the challenge that says why a token is refused with an empty line: the
// refusal follows it.
func (x *xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }
