package maillog

// vague are lines that begin as notes of the stated program do ("daemon", "retry "), without
// its name, and name no message, address or client: any text has such lines. They count as
// understood once a line of the same file is surely of the program.
type vague struct {
	sure    bool
	count   int64
	samples [][]byte
}

func (v *vague) add(line []byte) {
	v.count++
	if len(v.samples) < MaxSamples {
		v.samples = append(v.samples, append([]byte(nil), line[:min(len(line), maxExample)]...))
	}
}

// endVague counts the lines of a file in which nothing is of the program as not understood.
func (l *Log) endVague() {
	v := l.vague
	l.vague = vague{sure: v.sure}
	for _, line := range v.samples {
		l.tallies.notUnderstood(line)
	}
	l.tallies.lines.NotUnderstood += v.count - int64(len(v.samples))
}

// names reports whether the record names a message, an address or a client.
func (r *record) names() bool {
	return len(r.id) > 0 || len(r.messageID) > 0 || r.hasSender || len(r.recipient) > 0 || len(r.relay) > 0 || len(r.relayIP) > 0
}
