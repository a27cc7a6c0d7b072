package finding

// EvidenceKind is what evidence was looked at.
type EvidenceKind string

// The kinds of evidence.
const (
	// DNS is a question and its answer.
	DNS EvidenceKind = ""
	// Connection is a conversation with a server: Name is host:port, Type the protocol
	// ("SMTP"), Server the address connected to, Status the outcome of the step that
	// mattered.
	Connection EvidenceKind = "connection"
	// Fetch is an HTTP request: Name is the URL, Type the method, Status "ok" for any
	// answer of HTTP, which Rcode has.
	Fetch EvidenceKind = "fetch"
	// Certificate is one that a server showed: Name is host:port, Type "X.509".
	Certificate EvidenceKind = "certificate"
	// Line is one of a file (a log, a zone): Name is the file, Type the number of the line.
	Line EvidenceKind = "line"
)

// NotStated is the status of evidence that nobody could look at: what was asked for is
// known to the user alone, and was not stated.
const NotStated = "not stated"

// Said is one line of a transcript.
type Said struct {
	// MS is when it was said, in milliseconds since the start.
	MS int64 `json:"ms"`
	// By is "client", "server", or empty for what happened (a handshake, a timeout).
	By string `json:"by" empty:"null"`
	// Text is raw: escape it for the medium.
	Text string `json:"text"`
}

// Answered reports whether the evidence says something: the DNS answered, or the other
// side of a connection did. A connection that was refused, timed out, was reset, put off
// (a 4xx reply) or not tried says nothing about the server.
func (e *Evidence) Answered() bool {
	switch e.Kind {
	case DNS:
		return e.Status == "found" || e.Status == "nodata" || e.Status == "nxdomain"
	case Connection, Fetch:
		switch e.Status {
		case "ok", "tls-failed", "protocol", "rejected-5xx":
			return true
		}
		return false
	}
	return true // a certificate or a line is there, or is no evidence
}
