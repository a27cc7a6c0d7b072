package resolver

import (
	"context"
	"crypto/tls"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"mailworthy/internal/pause"
)

// Config says whom to ask, and how patiently.
type Config struct {
	// Servers are "host[:port]", "udp://host[:port]" (TCP if an answer is
	// truncated), "tcp://host[:port]", "tls://host[:port][#name]" (RFC 7858; name is
	// that of the certificate, if host is not) or "https://host/path" (RFC 8484).
	// They are equals, asked in this order while they work. Empty: the system's.
	Servers []string
	// Timeout of one try, 2 s if it is 0.
	Timeout time.Duration
	// Retries are the tries after the first one, -1 for none and 2 if it is 0.
	// Every server is tried at least once, even with fewer Retries than servers.
	Retries int
	// MaxInFlight bounds the questions under way; 2048 if it is 0.
	MaxInFlight int
	// QPS bounds the questions a second in all, ServerQPS those to each server, and
	// ZoneQPS those for names at or below a zone, such as that of a block list; 0 is
	// no bound. Further tries count.
	QPS, ServerQPS float64
	ZoneQPS        map[string]float64
	// TLS is for tls and https: the system's roots if it is nil.
	TLS *tls.Config
	// CheckingDisabled asks for answers that the resolver does not validate (CD; RFC
	// 4035, 3.2.2): to tell what is bogus from what is broken.
	CheckingDisabled bool
}

// Client asks recursive resolvers. Every try goes to a server that this question
// was not asked of yet, if there is one, healthy ones first. It returns an
// answer with a valid response code, or an *Error: a wrong or spoilt message is never an
// answer.
type Client struct {
	servers []*server
	timeout time.Duration
	tries   int
	places  places
	buffers sync.Pool
	limits  limits
	base    context.Context // ends with Close
	end     context.CancelFunc
	now     func() time.Time
	pause   func(ctx context.Context, d time.Duration) error
	// unchecked is Config.CheckingDisabled.
	unchecked bool
	// lead is the place of the first server that answered, and one more; mixed: another
	// has answered as well.
	lead atomic.Int32
	// known is something that the first one has found.
	known atomic.Pointer[question]
	mixed atomic.Bool
}

// New returns a client. It opens nothing yet, but looks host names of servers up.
func New(c Config) (*Client, error) {
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Second
	}
	switch {
	case c.Retries == 0:
		c.Retries = 2
	case c.Retries < 0:
		c.Retries = 0
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = 2048
	}
	specs := c.Servers
	if len(specs) == 0 {
		var err error
		if specs, err = systemServers(); err != nil {
			return nil, err
		}
	}
	cl := &Client{timeout: c.Timeout, places: places{free: c.MaxInFlight}, now: time.Now, pause: pause.For, limits: newLimits(&c), unchecked: c.CheckingDisabled}
	cl.base, cl.end = context.WithCancel(context.Background())
	cl.buffers.New = func() any { return new([4096]byte) }
	for _, spec := range specs {
		s, err := newServer(spec, &c)
		if err != nil {
			cl.Close()
			return nil, err
		}
		s.limit = newLimiter(c.ServerQPS)
		cl.servers = append(cl.servers, s)
	}
	cl.tries = max(1+c.Retries, len(cl.servers))
	return cl, nil
}

// Servers lists the servers as they appear in answers.
func (c *Client) Servers() []string {
	var out []string
	for _, s := range c.servers {
		out = append(out, s.String())
	}
	return out
}

// Close ends the connections. Questions under way fail.
func (c *Client) Close() {
	c.end()
	for _, s := range c.servers {
		s.close()
		if s.tcp != nil {
			s.tcp.close()
		}
	}
}

// Lookup implements Resolver. The chain of aliases is taken from the answer; if
// it ends early, its last name is asked.
func (c *Client) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	key, wrong := canonical(name)
	if wrong != "" {
		return nil, &Error{Name: name, Type: t, Reason: BadName, Detail: wrong}
	}
	a, e := c.lookup(ctx, question{key, t}, nil)
	if e != nil {
		return nil, e
	}
	return a, nil
}

// lookup asks for a canonical name. What came of a first try is taken from there.
func (c *Client) lookup(ctx context.Context, q question, made *exchanged) (*Answer, *Error) {
	var first *response
	for at := q.name; ; made = nil {
		res, e := c.ask(ctx, at, q.typ, made)
		if e != nil {
			if at != q.name {
				e.Name, e.Detail = q.name, joinDetail("asked for its alias "+at, e.Detail)
				e.aliases = first.CNAMEs
			}
			return nil, e
		}
		if first == nil {
			first = res
		} else if e := first.extend(res); e != nil {
			return nil, e
		}
		if !first.more {
			return &first.Answer, nil
		}
		at = first.CNAMEs[len(first.CNAMEs)-1]
	}
}

// extend puts the answer for the last alias of a chain behind the chain.
func (res *response) extend(next *response) *Error {
	for _, target := range next.CNAMEs {
		if e := follow(res.Name, res.Type, &res.CNAMEs, target, next.Server); e != nil {
			return e
		}
	}
	res.Records, res.Status, res.more = next.Records, next.Status, next.more
	if res.AuthenticData || !next.AuthenticData {
		res.Server = next.Server // else that of the one that has not validated its part
	}
	res.Rcode, res.TTL = next.Rcode, min(res.TTL, next.TTL)
	res.AuthenticData = res.AuthenticData && next.AuthenticData
	return nil
}

// ask tries servers until one answers. The first try may have been made.
func (c *Client) ask(ctx context.Context, name string, t Type, made *exchanged) (*response, *Error) {
	asked := make([]int, len(c.servers)) // how often; -1 if it is no use to ask again
	var worst *Error
	for n := range c.tries {
		i := 0
		if made != nil && n == 0 {
			i = made.server
		} else if i = c.pick(asked); i < 0 {
			break
		}
		if asked[i] > 0 && worst.Reason != Timeout {
			// It failed at once: give it time (a timeout was time enough).
			_ = c.pause(ctx, backoff(n)) // the try says that it ended
		}
		if ended(ctx) {
			return nil, canceled(ctx, name, t, c.servers[i].String())
		}
		asked[i]++
		s := c.servers[i]
		res, e := c.try(ctx, s, name, t, made)
		made = nil
		if e == nil {
			s.succeeded()
			if e = c.believe(ctx, i, res); e == nil {
				return res, nil
			}
		}
		switch e.Reason {
		case Canceled, AliasLoop:
			return nil, e
		case NotPublic:
			asked[i] = -1
		case ServFail: // says more of the name than of the server
			s.succeeded()
			if e.bogus && len(c.servers) > 1 {
				// Another server that does not validate would answer what is not to be believed.
				return nil, e
			}
		case Refused, BadRcode:
			// It would say the same again.
			asked[i] = -1
			if e.Reason == Refused {
				s.failed(c.now())
			}
		default:
			s.failed(c.now())
		}
		if worst == nil || telling[e.Reason] >= telling[worst.Reason] {
			worst = e
		}
	}
	return nil, worst
}

// telling orders the failure reasons of several servers; the most informative one is
// reported.
var telling = map[Reason]int{ServFail: 5, BadRcode: 4, Refused: 4, Malformed: 3, Timeout: 2, NotPublic: 1}

// pick chooses the server for the next try: the one least asked this question,
// healthy before failing, then in order. It returns -1 if there is none.
func (c *Client) pick(asked []int) int {
	best, now := -1, c.now()
	var bestPenalty time.Duration
	for i, s := range c.servers {
		if asked[i] < 0 {
			continue
		}
		p := s.penalty(now)
		if best < 0 || asked[i] < asked[best] || asked[i] == asked[best] && p < bestPenalty {
			best, bestPenalty = i, p
		}
	}
	return best
}

// backoff grows from 100 ms, with jitter so that many questions do not come again
// together.
func backoff(n int) time.Duration {
	d := min(50*time.Millisecond<<min(n, 6), time.Second)
	return d/2 + rand.N(d)
}

// try asks one server, over TCP too if the answer is truncated, and without
// EDNS if the server does not know it (RFC 6891, 7).
func (c *Client) try(ctx context.Context, s *server, name string, t Type, made *exchanged) (*response, *Error) {
	edns := !s.noEDNS.Load()
	if made != nil {
		edns = made.edns
	} else {
		if c.wait(ctx, s, name); ended(ctx) {
			return nil, canceled(ctx, name, t, s.String())
		}
	}
	if !c.places.wait(ctx) {
		return nil, canceled(ctx, name, t, s.String())
	}
	defer c.places.leave()
	buf := c.buffers.Get().(*[4096]byte)
	defer c.buffers.Put(buf)
	for {
		q := newQuery(name, t, edns)
		if c.unchecked {
			q.disableChecking()
		}
		var res *response
		var e *Error
		if made != nil {
			res, e = c.judge(ctx, s.transport, made.msg, made.err, name, t)
			made = nil
		} else {
			res, e = c.send(ctx, s.transport, q, buf[:], name, t)
		}
		if e == errTruncated {
			if s.tcp == nil {
				return nil, &Error{Name: name, Type: t, Reason: Malformed, Server: s.String(), Detail: "a truncated answer over a connection"}
			}
			if res, e = c.send(ctx, s.tcp, q, buf[:], name, t); e == errTruncated {
				e = &Error{Name: name, Type: t, Reason: Malformed, Server: s.tcp.String(), Detail: "truncated over UDP, and over TCP too"}
			} else if e != nil && e.Reason != Canceled && e.Rcode == "" {
				e.Detail = joinDetail("the answer is truncated over UDP, and TCP failed", e.Detail)
			}
		}
		if edns && e != nil && (e.Rcode == "FORMERR" || e.Rcode == "NOTIMP" || e.Rcode == "BADVERS") {
			edns = false
			continue
		}
		if e == nil && !edns {
			s.noEDNS.Store(true)
		}
		return res, e
	}
}

// errTruncated stands for an answer that is to be fetched over TCP.
var errTruncated = &Error{Reason: Malformed, Detail: "truncated"}

// send makes one exchange over one transport.
func (c *Client) send(ctx context.Context, tr transport, q *query, buf []byte, name string, t Type) (*response, *Error) {
	limited := ctx
	if _, own := tr.(*udp); !own { // it has a timeout of its own
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	msg, err := tr.exchange(limited, q, buf)
	return c.judge(ctx, tr, msg, err, name, t)
}

// judge says what came of an exchange.
func (c *Client) judge(ctx context.Context, tr transport, msg []byte, err error, name string, t Type) (*response, *Error) {
	if err != nil {
		return nil, failure(ctx, err, name, t, tr.String())
	}
	if truncated(msg) {
		return nil, errTruncated
	}
	return readResponse(msg, name, t, tr.String())
}
