package history

import (
	"context"
	"slices"
	"time"
)

// Roundtrip is a synthetic mail in the history.
type Roundtrip struct {
	ID int64 `json:"run"`
	// Name is what the configuration calls it.
	Name      string `json:"name"`
	MessageID string `json:"message_id"`
	// Started is when it was first tried to be sent.
	Started time.Time `json:"started"`
	Verdict string    `json:"verdict"`
	Why     string    `json:"why"`
	// DeliverMS and SeenMS are as in the report of a round trip: null if not known.
	DeliverMS  *int64 `json:"deliver_ms"`
	SeenMS     *int64 `json:"seen_ms"`
	Tries      int    `json:"tries"`
	Duplicates int    `json:"duplicates"`
}

// AddRoundtrip keeps a mail. One with the same Message-ID is replaced: a run that goes on
// waiting for a mail knows more of it.
func (s *Store) AddRoundtrip(ctx context.Context, r Roundtrip) error {
	return s.in.Write(ctx, func(tx Tx) error { return tx.AddRoundtrip(ctx, r) })
}

// Roundtrips returns the last mails of a name, or of all if it is empty, oldest first; limit
// 0 is all.
func (s *Store) Roundtrips(ctx context.Context, name string, limit int) ([]Roundtrip, error) {
	list, err := read(ctx, s, func(tx Tx) ([]Roundtrip, error) { return tx.Roundtrips(ctx, name, max(limit, 0)) })
	slices.Reverse(list)
	return list, err
}
