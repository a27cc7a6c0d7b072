package resolver

import (
	"fmt"
	"iter"
)

// zoneBounds bound what one zone file may hold: its bytes, and what they may be
// written out as, since a few bytes can stand for a long name or a large record.
type zoneBounds struct {
	file    int
	records int
	zones   int
	// names is that of all names that exist, empty non-terminals included.
	names int
	// strings is that of the character-strings of all records.
	strings int
	// generated is that of the records of $GENERATE lines, generatedBytes of the text
	// of these.
	generated, generatedBytes int
}

// defaultZoneBounds are those of every file. A zone server's whole list of customers
// fits: 100,000 zones of ten records.
func defaultZoneBounds() zoneBounds {
	return zoneBounds{file: 64 << 20, records: 1 << 20, zones: 1 << 18, names: 1 << 21, strings: 1 << 21,
		generated: 1 << 16, generatedBytes: 16 << 20}
}

// maxEntry is how many words an entry may have: as many as a record has octets.
const maxEntry = 1 << 16

func (b *zoneBounds) tooLarge() error { return fmt.Errorf("larger than %d MiB", b.file>>20) }

// zoneRecords are the records of a file in its order. They are kept in pieces: one
// slice would be copied as it grows, and be there twice.
type zoneRecords struct {
	pieces [][]zoneRecord
	n      int
}

const zonePiece = 1 << 12

func (l *zoneRecords) add(r zoneRecord) {
	if l.n%zonePiece == 0 {
		// Most files are small.
		l.pieces = append(l.pieces, make([]zoneRecord, 0, min(zonePiece, max(16, l.n))))
	}
	last := &l.pieces[len(l.pieces)-1]
	*last = append(*last, r)
	l.n++
}

func (l *zoneRecords) first() *zoneRecord { return &l.pieces[0][0] }

func (l *zoneRecords) all() iter.Seq[*zoneRecord] {
	return func(yield func(*zoneRecord) bool) {
		for _, piece := range l.pieces {
			for i := range piece {
				if !yield(&piece[i]) {
					return
				}
			}
		}
	}
}
