package maillog

// recordKind is what a grammar found a line to say.
type recordKind uint8

const (
	// recNote: understood, of no account to the message.
	recNote recordKind = iota
	// recArrived: the message is there (client=, uid=); recSender states its sender.
	recArrived
	recMessageID
	recSender
	// recDelivery: the outcome of one recipient, in status.
	recDelivery
	// recAttempt: the outcome at one host.
	recAttempt
	// recExpired: every recipient still open has expired.
	recExpired
	// recClosed: the message left the queue.
	recClosed
	recRejected
	// recStarted: qmail begins delivery newID of a recipient; recEnded is its outcome.
	recStarted
	recEnded
	// recTLS: a session to relay has TLS.
	recTLS
)

// status is the outcome of a delivery.
type status uint8

const (
	statusSent status = iota
	statusDeferred
	statusBounced
	statusExpired
	// statusProbe: an address was only verified.
	statusProbe
)

// record is what a line says, as parts of the line: valid until the next line.
type record struct {
	kind   recordKind
	status status

	id, newID []byte
	sender    []byte
	hasSender bool
	messageID []byte
	recipient []byte
	relay     []byte
	relayIP   []byte
	dsn       []byte
	tls       []byte
	text      []byte
	// delay in seconds, negative if not stated.
	delay float64
	// nrcpt is how many recipients the message has, 0 if not stated.
	nrcpt int
	// handover, local, untried: see Event; local is a mailbox of this machine.
	handover, local, untried bool
}

func (r *record) reset() { *r = record{delay: -1} }

// head is what stands before the message of a line.
type head struct {
	// sec and nsec are the time; hasTime says if there is one. zone is its offset in
	// seconds east, or noZone.
	sec     int64
	nsec    int32
	zone    int32
	hasTime bool
	host    []byte
	program []byte
	pid     []byte
	msg     []byte
}

const noZone = 1 << 30

// verdict is what became of a line.
type verdict uint8

const (
	// notUnderstood: the program is a mail server, the line is of no known form; or
	// nothing of the line is known.
	notUnderstood verdict = iota
	understood
	// mayBe: understood, if the line is of the program that was stated (see vague).
	mayBe
	// otherProgram: the line is of a program that is no mail server.
	otherProgram
)
