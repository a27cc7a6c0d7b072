package dnstest

import (
	"context"
	"slices"
	"time"

	"mailworthy/resolver"
)

// How long an answer of a server on loopback is waited for: what comes may take long on a busy
// machine, what never comes is soon given up, and what comes or is lost is between the two.
const (
	forever = time.Minute
	soon    = 100 * time.Millisecond
	between = 1500 * time.Millisecond
)

// lost are the faults after which no answer comes that the question can be told to have got.
var lost = []Kind{Silence, WrongID, WrongQuestion, WrongType, NoQuestion, Garbage, Short, Empty}

// patient asks a server over UDP, with a client for each wait.
type patient struct {
	server  *Server
	clients map[time.Duration]*resolver.Client
}

// Patient is a client of the server, for tests of questions that are never answered: these are
// given up soon, and all others waited for, however long they take. One timeout for both would
// be too short for the others on a busy machine. The retries are those of resolver.Config.
func (s *Server) Patient(retries int) resolver.Resolver {
	s.t.Helper()
	p := &patient{s, map[time.Duration]*resolver.Client{}}
	for _, d := range []time.Duration{forever, soon, between} {
		p.clients[d] = s.Client(resolver.Config{Timeout: d, Retries: retries})
	}
	return p
}

// Lookup implements resolver.Resolver.
func (p *patient) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	return p.clients[p.server.patience(plainName(name), t)].Lookup(ctx, name, t)
}

// patience is how long an answer over UDP is waited for.
func (s *Server) patience(name string, t resolver.Type) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := forever
	for _, f := range slices.Backward(s.faults) {
		isLost := slices.Contains(lost, f.Kind) && !f.Then
		switch {
		case !f.fits(name, t), f.Transport != "" && f.Transport != "udp":
		case f.First > 0 || f.Percent > 0 || f.EDNSOnly: // the next one may count as well
			if isLost {
				d = between
			}
		case isLost:
			return soon
		default:
			return d
		}
	}
	return d
}
