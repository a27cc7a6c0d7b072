package roundtrip

import (
	"context"
	"crypto/x509"
	"time"

	"mailworthy/audit"
	"mailworthy/dial"
	"mailworthy/internal/pause"
	"mailworthy/message"
	"mailworthy/resolver"
	"mailworthy/smtp/explain"
	"mailworthy/smtp/probe"
	"mailworthy/smtp/proof"
)

// Schema names the form of the JSON.
const Schema = "mailworthy/roundtrip/1"

// Verdict is what became of the mail, in one word.
type Verdict string

// The verdicts.
const (
	// Arrived: it is in a folder that is not for junk.
	Arrived Verdict = "arrived"
	// Spam: it is in the junk folder alone.
	Spam Verdict = "spam"
	// Bounced: a server refused it for good, at once or by a bounce.
	Bounced Verdict = "bounced"
	// Deferred: the server has put it off each time, and it is not sent.
	Deferred Verdict = "deferred"
	// Lost: it was accepted, the time is over, and it is nowhere.
	Lost Verdict = "lost"
	// Unknown: nobody could say: the mailbox cannot be read, or no server was reached.
	Unknown Verdict = "unknown"
)

// Final reports whether nothing can change the verdict any more.
func (v Verdict) Final() bool { return v != Deferred && v != Unknown && v != "" }

// Stages of a try, in their order. Attempt.Stage is the one that failed.
const (
	StageResolve  = "resolve"
	StageConnect  = "connect"
	StageTLS      = "tls"
	StageBanner   = "banner"
	StageEHLO     = "ehlo"
	StageSTARTTLS = "starttls"
	StageAuth     = "auth"
	StageMail     = "mail"
	StageRcpt     = "rcpt"
	StageData     = "data"
)

// Phase is a step of a try and how long it took.
type Phase struct {
	Phase      string `json:"phase"`
	DurationMS int64  `json:"duration_ms"`
}

// Attempt is one try to hand the mail over.
type Attempt struct {
	At time.Time `json:"at"`
	// Outcome is a word of package smtp/probe; ok: the server accepted the mail.
	Outcome probe.Outcome `json:"outcome"`
	// Stage is where it failed; empty if it did not.
	Stage string `json:"stage"`
	// Reply is the answer of the server, or what failed in words: raw.
	Reply string `json:"reply"`
	// InDoubt: the connection failed after the whole message was written, so that the
	// server may have accepted it.
	InDoubt bool `json:"in_doubt"`
	// Address is what was connected to; TLS the version, empty without TLS; Verified
	// whether its certificate verifies, null without TLS.
	Address  string `json:"address"`
	TLS      string `json:"tls"`
	Verified *bool  `json:"verified"`
	// Mechanism is that of the login; empty if there was none.
	Mechanism  string  `json:"mechanism"`
	Phases     []Phase `json:"phases"`
	DurationMS int64   `json:"duration_ms"`
	// RetryAt is when the next try is due; null if there is none.
	RetryAt *time.Time `json:"retry_at"`
	// Cause is what a reply that refused means; null if none did.
	Cause *explain.Item `json:"cause"`

	// final: the failure is not temporary.
	final bool
}

// PlaceState is how the reading of one place went.
type PlaceState struct {
	// Place as it was stated, without a password.
	Place string `json:"place"`
	// Looks is how often it was looked at, LastRead when it was last read in full; null
	// if it never was.
	Looks    int        `json:"looks"`
	LastRead *time.Time `json:"last_read"`
	// Error is why the last look failed; empty if it did not.
	Error string `json:"error"`
	// Folders that were looked into in the last look.
	Folders int `json:"folders"`
}

// Copy is one copy of the mail in a mailbox.
type Copy struct {
	Place  string `json:"place"`
	Folder string `json:"folder"`
	// Junk: the folder is the one for junk.
	Junk bool `json:"junk"`
	// StoredAt is when the mailbox says that it was stored; null if it does not.
	StoredAt *time.Time `json:"stored_at"`
	SeenAt   time.Time  `json:"seen_at"`

	trace string
}

// Earlier is a mail of an earlier run, of which copies were found that its run did not know.
type Earlier struct {
	MessageID string    `json:"message_id"`
	Began     time.Time `json:"began"`
	// Verdict is what its run said of it.
	Verdict Verdict `json:"verdict"`
	// Copies are those that were not known; Duplicates how many of them are beyond the first
	// of all: a mail that was lost has one without.
	Copies     []Copy `json:"copies"`
	Duplicates int    `json:"duplicates"`
}

// Hop is one server's Received field, the first server's first.
type Hop struct {
	// From greeted By; IP is the client's address. Empty if the field does not say.
	From string     `json:"from"`
	IP   string     `json:"ip"`
	By   string     `json:"by"`
	With string     `json:"with"`
	At   *time.Time `json:"at"`
	// DelayMS is the time since the hop before, or since the mail was sent; negative if
	// the clocks of the two servers differ; null if a time is missing. Received fields
	// have whole seconds.
	DelayMS *int64 `json:"delay_ms"`
	// TLS is yes, no, local (the mail did not leave the machine), or unknown: the field
	// does not say.
	TLS string `json:"tls"`
	// TLSVersion as the field names it, such as 1.3; empty if it does not.
	TLSVersion string `json:"tls_version"`
}

// Report is the result of one mail.
type Report struct {
	// Schema is always "mailworthy/roundtrip/1".
	Schema  string  `json:"schema"`
	Verdict Verdict `json:"verdict"`
	// Why says in a sentence what the verdict is of.
	Why       string `json:"why"`
	Token     string `json:"token"`
	MessageID string `json:"message_id"`
	From      string `json:"from"`
	To        string `json:"to"`
	Via       string `json:"via"`
	// Began is when the first try began, in whatever run; Resumed: that was an earlier
	// one. SentAt is when a server accepted the mail; null if none did.
	Began   time.Time  `json:"began"`
	Resumed bool       `json:"resumed"`
	SentAt  *time.Time `json:"sent_at"`
	// Signed is the domain and selector of its DKIM signature; null if it has none.
	Signed   *Signed      `json:"dkim_signed"`
	Attempts []Attempt    `json:"attempts"`
	Places   []PlaceState `json:"places"`
	// Copies of the mail that were found, Duplicates those beyond the first.
	Copies     []Copy `json:"copies"`
	Duplicates int    `json:"duplicates"`
	// Earlier are the mails of earlier runs of which there are more copies than these knew of.
	Earlier []Earlier `json:"earlier"`
	// SubmitMS is how long the try took that was accepted. DeliverMS is the time from
	// there until the mailbox stored the mail, as its topmost Received field or the
	// mailbox says; SeenMS until it was found there. Null if it is not known.
	SubmitMS  *int64 `json:"submit_ms"`
	DeliverMS *int64 `json:"deliver_ms"`
	SeenMS    *int64 `json:"seen_ms"`
	Hops      []Hop  `json:"hops"`
	// AuthenticationResults are the fields of the mail that arrived, as the receiver
	// wrote them.
	AuthenticationResults []message.Text `json:"authentication_results"`
	// Message is the audit of the mail that arrived; null if none did.
	Message *audit.MessageResult `json:"message"`
	// Bounce is the report that came back, Delays are those that only say that it takes
	// longer.
	Bounce *explain.Input  `json:"bounce"`
	Delays []explain.Input `json:"delays"`
	// DurationMS is the time of this run.
	DurationMS int64 `json:"duration_ms"`
}

// Took is the time from when the server accepted the mail until it was there: what the
// mailbox says, or else when it was seen; false if it is not known.
func (r *Report) Took() (took time.Duration, known bool) {
	for _, ms := range []*int64{r.DeliverMS, r.SeenMS} {
		if ms != nil {
			return time.Duration(*ms) * time.Millisecond, true
		}
	}
	return 0, false
}

// Signed names a DKIM signature.
type Signed struct {
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
}

// Clock is the time, and how to let it pass.
type Clock interface {
	Now() time.Time
	// Sleep returns after the time, or with the error of the context.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the clock of the machine.
type System struct{}

// Now is the time.
func (System) Now() time.Time { return time.Now() }

// Sleep waits.
func (System) Sleep(ctx context.Context, d time.Duration) error { return pause.For(ctx, d) }

// Options say what to send and where to wait. From, To, Via, Places, Dialer and Resolver
// must be set.
type Options struct {
	// From and To are addresses: of the envelope and of the header.
	From, To string
	// Plus puts the token into the local part of To: local+token@domain.
	Plus bool
	Via  Via
	// Password of the login, if Via has a user; for XOAUTH2 an access token.
	Password string
	// Mechanism of the login; empty: the best that the server offers.
	Mechanism string
	// HELO is the name to greet with; empty: the address of the connection, as a literal.
	HELO string
	// Key signs the mail; nil: it is not signed.
	Key    *Key
	Places []Place
	// Retry is how long to wait after each try that failed for a time; nil: DefaultRetry.
	// After the last one no other follows.
	Retry []time.Duration
	// Timeout is how long to wait, from the first try on; zero: DefaultTimeout.
	Timeout time.Duration
	// Poll is how long to wait between two looks at first; it doubles up to MaxPoll.
	// Zero: DefaultPoll.
	Poll time.Duration
	// Duplicates is how long to go on looking for further copies of a mail that arrived;
	// zero: no longer, unless several tries may have left one.
	Duplicates time.Duration
	// State is the file that a later run goes on from; empty: none.
	State string
	// Dialer makes the connections to the server; places have their own.
	Dialer *dial.Dialer
	// Resolver is asked for the audit of the mail that arrives.
	Resolver resolver.Resolver
	Message  audit.MessageOptions
	// Prover shows the cause of a refusal in the DNS; nil: it says which command would.
	Prover *proof.Prover
	// Roots that certificates are verified by; nil: those of the system.
	Roots *x509.CertPool
	// Clock; nil: that of the machine. Random returns numbers from 0 to 1 for the jitter;
	// nil: random ones.
	Clock  Clock
	Random func() float64
	// Progress is called with a line whenever something happened; may be nil.
	Progress func(text string)
}

// Through sets all that connects and that asks the DNS, by a resolver; each audit of a mail
// has the bounds.
func (o *Options) Through(r resolver.Resolver, now time.Time, maxQueries int, deadline time.Duration) {
	o.Resolver = r
	o.Dialer = &dial.Dialer{Lookup: dial.ThroughOrHosts(r), Timeout: 2 * sendTimeout, MaxRead: 1 << 20}
	o.Message = audit.MessageOptions{Now: now, MaxQueries: maxQueries, Deadline: deadline}
	o.Prover = proof.New(resolver.NewSession(r, maxQueries), audit.Options{Now: now, MaxQueries: maxQueries, Deadline: deadline})
}

// Exit is the exit status that a verdict asks for: 0 if the mail arrived, 1 if it did not as
// it should, 3 if that is not known yet.
func (r *Report) Exit() int {
	switch r.Verdict {
	case Arrived:
		return 0
	case Spam, Bounced, Lost:
		return 1
	}
	return 3
}

// Wait adds a place; the options must have their dialer and roots. Password is that of a
// mailbox on a server, token says that it is an access token.
func (o *Options) Wait(s Spec, password string, token bool) {
	o.Places = append(o.Places, s.Open(PlaceOptions{Roots: o.Roots, Password: password, Token: token,
		Dialer: &dial.Dialer{Lookup: o.Dialer.Lookup, Timeout: 5 * time.Minute, MaxRead: MaxRead, MaxPerAddr: 1}}))
}

// DefaultRetry is how long to wait after a try that was put off: most greylists let a
// second try pass after one to fifteen minutes.
var DefaultRetry = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// Defaults of Options.
const (
	DefaultTimeout = 30 * time.Minute
	DefaultPoll    = 5 * time.Second
	MaxPoll        = time.Minute
	// sendTimeout is how long one try may take, less if Timeout ends before, but sendFloor:
	// a try that is cut short while the server takes the mail leaves in doubt whether it did.
	sendTimeout = 5 * time.Minute
	sendFloor   = 10 * time.Second
	// lookTimeout is how long one look at one place may take, less if Timeout ends before,
	// but what Timeout is between minLook and maxLook: the last look needs its time, too.
	lookTimeout      = 2 * time.Minute
	minLook, maxLook = 5 * time.Second, 30 * time.Second
	// logoutTimeout is how long a server may take over the end of a session.
	logoutTimeout = 2 * time.Second
)

// Bounds on what is read.
const (
	maxMessage = 16 << 20 // of one mail that was found
	maxFound   = 20       // mails kept of one look
	maxHeader  = 64 << 10 // of a mail of which the header is enough
	maxCopies  = 200      // headers kept of one look
	maxFolders = 200
	maxReply   = 2000
)
