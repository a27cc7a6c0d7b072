package maillog

// Limits of what is remembered of messages that are still open.
const (
	// maxOpen is how many messages are remembered; the one longest without a line is
	// forgotten first, its recipients counted as queued.
	maxOpen = 60_000
	// maxOpenPairs is the same for recipients.
	maxOpenPairs = 120_000
	// maxExpected is how many ids are waited for that a next hop of one's own gave.
	maxExpected = 10_000
)

// state is what became of a recipient.
type state uint8

const (
	stateOpen state = iota
	stateDelivered
	stateBounced
	stateExpired
	// stateHanded: another message of this log goes on with the recipient.
	stateHanded
)

// pair is a recipient of a message: the unit of all counts.
type pair struct {
	recipient string
	state     state
	counted   bool
	met       uint64
	last      *cause
	counts    *counts
	sender    *counts
}

// message is a message that may have further lines.
type message struct {
	key        string
	sender     string
	hasSender  bool
	messageID  string
	arrived    float64
	nrcpt      int
	received   bool
	first      [1]pair
	pairs      []pair
	index      map[string]int
	prev, next *message
}

// queue is the messages that are open, those with the latest line last.
type queue struct {
	open    map[string]*message
	root    message
	pairs   int
	evicted int64
	// starts are deliveries of qmail that are under way, by host and number.
	starts map[string]start
	// expected are ids that a next hop gave: if they come up, the delivery was none.
	expected map[string][]*pairRef
	order    []string
}

type start struct {
	message   string
	recipient string
	local     bool
}

// pairRef is what to take back if a delivery was a hand-over.
type pairRef struct{ counts, sender *counts }

func (q *queue) init() {
	q.open = map[string]*message{}
	q.root.prev, q.root.next = &q.root, &q.root
	q.starts = map[string]start{}
	q.expected = map[string][]*pairRef{}
}

// touch makes a message the latest.
func (q *queue) touch(m *message) {
	if q.root.prev == m {
		return
	}
	if m.next != nil {
		m.prev.next, m.next.prev = m.next, m.prev
	}
	last := q.root.prev
	last.next, m.prev, m.next, q.root.prev = m, last, &q.root, m
}

// add puts a new message in, others out that there is no room for.
func (q *queue) add(key []byte) *message {
	m := &message{key: string(key), arrived: -1}
	m.pairs = m.first[:0]
	q.open[m.key] = m
	q.touch(m)
	for len(q.open) > maxOpen || q.pairs > maxOpenPairs && q.root.next != m {
		q.evicted++
		q.drop(q.root.next)
	}
	return m
}

// drop forgets a message.
func (q *queue) drop(m *message) {
	m.prev.next, m.next.prev = m.next, m.prev
	m.prev, m.next = nil, nil
	q.pairs -= len(m.pairs)
	delete(q.open, m.key)
}

// manyPairs is from how many recipients on they are found by a map.
const manyPairs = 24

// pair returns the recipient's, made if it is new. The pointer is valid until the
// next call.
func (q *queue) pair(m *message, recipient []byte) *pair {
	if m.index != nil {
		if i, ok := m.index[string(recipient)]; ok {
			return &m.pairs[i]
		}
	} else {
		for i := range m.pairs {
			if m.pairs[i].recipient == string(recipient) {
				return &m.pairs[i]
			}
		}
	}
	q.pairs++
	m.pairs = append(m.pairs, pair{recipient: string(recipient)})
	if len(m.pairs) == manyPairs {
		m.index = make(map[string]int, 2*manyPairs)
		for i := range m.pairs {
			m.index[m.pairs[i].recipient] = i
		}
	} else if m.index != nil {
		m.index[m.pairs[len(m.pairs)-1].recipient] = len(m.pairs) - 1
	}
	return &m.pairs[len(m.pairs)-1]
}

// expect remembers that a next hop has the recipient under an id.
func (q *queue) expect(key []byte, p *pair) {
	if list, ok := q.expected[string(key)]; ok {
		if len(list) < 1000 {
			q.expected[string(key)] = append(list, &pairRef{p.counts, p.sender})
		}
		return
	}
	if len(q.order) >= maxExpected {
		delete(q.expected, q.order[0])
		q.order = q.order[1:]
	}
	k := string(key)
	q.order = append(q.order, k)
	q.expected[k] = []*pairRef{{p.counts, p.sender}}
}
