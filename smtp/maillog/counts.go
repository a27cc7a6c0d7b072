package maillog

import (
	"bytes"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"mailworthy/smtp/reply"
)

// Limits of what is counted apart. What is over them is counted together.
const (
	maxDomains  = 20_000
	maxSenders  = 5_000
	maxRelays   = 20_000
	maxReasons  = 48
	maxRefusals = 500
	maxExample  = 600
)

// Others names what is over a limit.
const Others = "(others)"

// LocalMailboxes names the group of deliveries into mailboxes of this machine.
const LocalMailboxes = "local mailboxes"

// Lines counts lines by what became of them.
type Lines struct {
	Read          int64 `json:"read"`
	Understood    int64 `json:"understood"`
	Other         int64 `json:"other"`
	NotUnderstood int64 `json:"not_understood"`
}

// reasonKey tells reasons apart.
type reasonKey struct {
	reason   reply.Reason
	code     int
	enhanced string
}

// reasonCount is how often a reason was given.
type reasonCount struct {
	// failed is how often it was final.
	count, failed int64
	example       string
	recipient     string
	first, last   time.Time
}

// hour counts attempts and those that failed, by hour of the day.
type hour struct{ All, Failed uint32 }

// counts are of pairs, but for attempts, deferred, reasons and hours, which are of
// events.
type counts struct {
	messages, attempts, delivered, deferred, bounced, expired int64

	reasons map[reasonKey]*reasonCount
	delays  delays
	hours   *[24]hour
}

func (c *counts) add(o *counts) {
	c.messages += o.messages
	c.attempts += o.attempts
	c.delivered += o.delivered
	c.deferred += o.deferred
	c.bounced += o.bounced
	c.expired += o.expired
	for k, r := range o.reasons {
		c.reason(k, r.count, r.first, r.example, r.recipient)
		at := c.reasons[k]
		if at == nil { // over the limit
			at = c.reasons[reasonKey{reason: k.reason}]
		}
		if at != nil {
			at.failed += r.failed
			if r.last.After(at.last) {
				at.last = r.last
			}
		}
	}
	c.delays.merge(&o.delays)
	if o.hours != nil {
		if c.hours == nil {
			c.hours = new([24]hour)
		}
		for i := range o.hours {
			c.hours[i].All += o.hours[i].All
			c.hours[i].Failed += o.hours[i].Failed
		}
	}
}

// queued are the recipients that nothing final was said of.
func (c *counts) queued() int64 { return max(0, c.messages-c.delivered-c.bounced-c.expired) }

// reason counts a reason n times.
func (c *counts) reason(k reasonKey, n int64, at time.Time, example, recipient string) {
	r := c.reasons[k]
	if r == nil {
		if c.reasons == nil {
			c.reasons = map[reasonKey]*reasonCount{}
		}
		if len(c.reasons) >= maxReasons {
			k = reasonKey{reason: k.reason}
			r = c.reasons[k]
		}
		if r == nil {
			r = &reasonCount{example: example, recipient: recipient, first: at}
			c.reasons[k] = r
		}
	}
	r.count += n
	if r.first.IsZero() || !at.IsZero() && at.Before(r.first) {
		r.first = at
	}
	if at.After(r.last) {
		r.last = at
	}
}

func (c *counts) hour(at int, failed bool) {
	if at < 0 {
		return
	}
	if c.hours == nil {
		c.hours = new([24]hour)
	}
	c.hours[at].All++
	if failed {
		c.hours[at].Failed++
	}
}

// group is where mail is delivered to: a receiver, or the domain of unknown relays.
type group struct {
	receiver string
	name     string
}

// cell counts what went to a domain by a group; the group is nil until it is known.
type cell struct {
	group  *group
	counts counts
}

// domain is a recipient domain.
type domain struct {
	name  string
	cells []*cell
	// known is the group of the latest relay.
	known    *group
	receiver string
}

// tallies are all that is counted.
type tallies struct {
	know     *reply.Knowledge
	lines    Lines
	samples  []string
	from, to time.Time
	mtas     map[MTA]int64
	// like counts the lines that the program of Options.MTA did not write, by the one
	// that they look like.
	like map[MTA]int64

	domains map[string]*domain
	over    *domain
	groups  map[string]*group
	relays  map[string]*group
	local   *group

	senders map[string]*counts
	byCause [64]*counts
	refused map[reasonKey]*reasonCount

	handedOver    int64
	senderUnknown int64
	probes        int64
	outside       int64

	// series are attempts by hour; latest is the point that was counted last.
	series map[int64]*hour
	latest *hour
	at     int64

	lower []byte
}

// maxSeries bounds the hours of the series: more than a year.
const maxSeries = 10_000

// point counts an attempt in its hour.
func (t *tallies) point(sec int64, failed bool) {
	at := sec / 3600
	if t.latest == nil || at != t.at {
		p := t.series[at]
		if p == nil {
			if len(t.series) >= maxSeries {
				return
			}
			p = &hour{}
			t.series[at] = p
		}
		t.latest, t.at = p, at
	}
	t.latest.All++
	if failed {
		t.latest.Failed++
	}
}

func (t *tallies) init(k *reply.Knowledge, senders bool) {
	t.know = k
	t.mtas = map[MTA]int64{}
	t.like = map[MTA]int64{}
	t.domains = map[string]*domain{}
	t.groups = map[string]*group{}
	t.relays = map[string]*group{}
	t.local = &group{name: LocalMailboxes}
	t.refused = map[reasonKey]*reasonCount{}
	t.series = map[int64]*hour{}
	if senders {
		t.senders = map[string]*counts{}
	}
}

// mostLike returns the program that most lines look like which the stated one did not
// write, of those since before, and how many; "" if none does.
func (t *tallies) mostLike(stated MTA, before map[MTA]int64) (most MTA, lines int64) {
	for _, m := range MTAs() {
		if n := t.like[m] - before[m]; m != stated && n > lines {
			most, lines = m, n
		}
	}
	return most, lines
}

// notUnderstood counts a line and keeps it if there are few. Different lines are worth
// more than the same again, so the words with digits are not compared.
func (t *tallies) notUnderstood(line []byte) {
	t.lines.NotUnderstood++
	if len(t.samples) >= MaxSamples {
		return
	}
	t.samples = append(t.samples, string(line[:min(len(line), maxExample)]))
}

// domain returns the counts of the domain of an address.
func (t *tallies) domain(address []byte) *domain {
	name := address
	if i := bytes.LastIndexByte(address, '@'); i >= 0 {
		name = address[i+1:]
	}
	t.lower = t.lower[:0]
	for _, c := range bytes.TrimRight(name, ".> ") {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		t.lower = append(t.lower, c)
		if len(t.lower) > 254 {
			break
		}
	}
	if d := t.domains[string(t.lower)]; d != nil {
		return d
	}
	if len(t.domains) >= maxDomains {
		if t.over == nil {
			t.over = &domain{name: Others}
		}
		return t.over
	}
	d := &domain{name: string(t.lower)}
	d.receiver = t.know.ReceiverOfDomain(d.name)
	t.domains[d.name] = d
	return d
}

// cell returns the counts of a domain by a group.
func (d *domain) cell(g *group) *cell {
	for _, c := range d.cells {
		if c.group == g {
			return c
		}
	}
	if len(d.cells) >= 32 {
		return d.cells[0]
	}
	c := &cell{group: g}
	d.cells = append(d.cells, c)
	return c
}

// group returns where a relay belongs to; nil if neither it nor the domain says.
func (t *tallies) group(relay, ip []byte, d *domain) *group {
	if len(relay) == 0 || string(relay) == "unknown" || relay[0] >= '0' && relay[0] <= '9' && bytes.Equal(relay, ip) {
		// An address alone names nobody: the domain of the recipient does.
		if d.known == nil && d.receiver != "" {
			return t.named(d.receiver, d.receiver)
		}
		return d.known
	}
	g := t.relays[string(relay)]
	if g == nil {
		host := strings.ToLower(strings.TrimRight(string(relay), "."))
		if id := t.know.ReceiverOfHost(host); id != "" {
			g = t.named(id, id)
		} else {
			g = t.named("", relayName(host))
		}
		if len(t.relays) >= maxRelays {
			clear(t.relays)
		}
		t.relays[string(relay)] = g
	}
	if g.receiver == "gmail" && d.receiver != "gmail" && !bytes.HasPrefix(relay, []byte("gmail-smtp-in")) {
		g = t.named("google-workspace", "google-workspace")
	}
	if g.receiver == "" && d.receiver != "" {
		g = t.named(d.receiver, d.receiver)
	}
	d.known = g
	return g
}

// named returns the group of a receiver or name.
func (t *tallies) named(receiver, name string) *group {
	key := name
	if receiver == "" {
		key = "." + name
	}
	g := t.groups[key]
	if g == nil {
		if len(t.groups) >= maxDomains {
			if g = t.groups[Others]; g != nil {
				return g
			}
			key, receiver, name = Others, "", Others
		}
		g = &group{receiver: receiver, name: name}
		t.groups[key] = g
	}
	return g
}

// relayName returns the registered domain of a relay, or the address.
func relayName(host string) string {
	if org, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && hasLetter([]byte(host)) && !strings.Contains(host, ":") {
		return org
	}
	return host
}

// sender returns the counts of a sender; nil if they are not kept.
func (t *tallies) sender(address string, known bool) *counts {
	if t.senders == nil {
		return nil
	}
	name := "(unknown)"
	if known {
		name = senderName(address)
	}
	c := t.senders[name]
	if c == nil {
		if len(t.senders) >= maxSenders {
			name = Others
			if c = t.senders[name]; c != nil {
				return c
			}
		}
		c = &counts{}
		t.senders[name] = c
	}
	return c
}

// senderName returns an address without what makes it different for each message: the
// tags of VERP, SRS and BATV.
func senderName(address string) string {
	if address == "" {
		return "<>"
	}
	address = strings.ToLower(address)
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return address
	}
	local, domain := address[:i], address[i:]
	if j := strings.IndexAny(local, "+="); j > 0 {
		return local[:j+1] + "*" + domain
	}
	run := 0
	for j, c := range local {
		if c >= '0' && c <= '9' {
			if run++; run == 4 {
				return local[:j-3] + "*" + domain
			}
		} else {
			run = 0
		}
	}
	return address
}

// refuse counts mail of others that was refused here so many times.
func (t *tallies) refuse(k reasonKey, times int64, at time.Time, example string) {
	r := t.refused[k]
	if r == nil {
		if len(t.refused) >= maxRefusals {
			k = reasonKey{reason: k.reason}
			r = t.refused[k]
		}
		if r == nil {
			r = &reasonCount{example: example, first: at}
			t.refused[k] = r
		}
	}
	r.count += times
	if at.After(r.last) {
		r.last = at
	}
}
