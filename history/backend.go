package history

import (
	"context"
	"crypto/sha256"
	"time"
)

// Backend is where a history is kept. It gives the errors that a user can do something
// about the names of this package (ErrFull, ErrBusy, …) and says in each error which
// history it is about, in those of the work as well.
type Backend interface {
	// Read runs work on what has been written. It may run it again if it was disturbed,
	// so that work must begin anew each time.
	Read(ctx context.Context, work func(Tx) error) error
	// Write runs work in a transaction: all that it does is kept, or nothing if it or
	// the transaction fails. Writers, those of other processes included, follow one
	// another. It may run work again, as Read does.
	Write(ctx context.Context, work func(Tx) error) error
	// Compact gives the space back that Tx.Prune has freed.
	Compact(ctx context.Context) error
	Close() error
}

// Hash is the SHA-256 by which a content or a run is recognised.
type Hash [sha256.Size]byte

// Tx is a transaction on a history. What is not found is ErrNoRun if the method
// says so. Data and texts are bytes: a backend keeps them as they are, invalid UTF-8
// and NUL included.
type Tx interface {
	// Keep returns the number of the content with the hash. If there is none, it stores
	// what data returns.
	Keep(ctx context.Context, hash Hash, data func() ([]byte, error)) (int64, error)
	// Content returns a content that was kept; ErrDamaged if it is not there.
	Content(ctx context.Context, id int64) ([]byte, error)

	// AddRun adds a run and returns its number, which is greater than that of any run
	// before it, removed ones included. The number in run is ignored, the time counts in
	// milliseconds.
	AddRun(ctx context.Context, key Hash, run Run, volatile []byte, parts []Part) (int64, error)
	// RunOf returns the run with the key, or ErrNoRun.
	RunOf(ctx context.Context, key Hash) (Run, error)
	// Runs returns the runs that the query selects.
	Runs(ctx context.Context, q Query) ([]Run, error)
	// Report returns what AddRun was given of a run, with the contents of the parts, or
	// ErrNoRun.
	Report(ctx context.Context, run int64) (volatile []byte, parts []Part, err error)

	// Belief returns what is believed of a domain; ok is false if nothing was set.
	Belief(ctx context.Context, domain string) (b Belief, ok bool, err error)
	// SetBelief replaces it.
	SetBelief(ctx context.Context, domain string, b Belief) error
	// SetTold replaces what was reported of a domain, unless the content has been pruned
	// or nothing is believed of the domain.
	SetTold(ctx context.Context, domain string, told int64) error

	// AddRoundtrip adds a mail, or replaces the one with its Message-ID. The number in it is
	// ignored, the time counts in milliseconds.
	AddRoundtrip(ctx context.Context, r Roundtrip) error
	// Roundtrips returns the mails of a name, or all if it is empty, the latest first; limit
	// 0: all.
	Roundtrips(ctx context.Context, name string, limit int) ([]Roundtrip, error)

	// Prune removes the runs and mails that started before a time, apart from the last one of
	// each domain or name, and the contents that nothing refers to any more. It returns how many runs
	// those were.
	Prune(ctx context.Context, before time.Time) (int64, error)
}

// Part is a part of a run's report.
type Part struct {
	Name string
	// Content is the number of the content (AddRun), Data the content (Report).
	Content int64
	Data    []byte
}

// Belief is what is believed of a domain and what of it was reported, both as numbers
// of contents, and the changes that wait to be seen again, in JSON.
type Belief struct {
	Believed, Told int64
	Pending        string
}

// Query selects runs. Each field that is set restricts it.
type Query struct {
	Domain string
	// ID is the number of one run, Below that of a run that they come before.
	ID, Below int64
	// Until is the time before which they started. The order is then that of the start.
	Until time.Time
	// First: the oldest come first, and else the latest.
	First bool
	// Limit is how many are returned; 0: all.
	Limit int
}
