package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
)

// tlsVersions are those that are offered, one at a time, the newest first.
var tlsVersions = []uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS11, tls.VersionTLS10}

// TLSVersion is a version of TLS that was offered alone, and what the server made of it.
type TLSVersion struct {
	Version string `json:"version"`
	// Accepted is null if the server was not reached, or did not say.
	Accepted *bool `json:"accepted"`
	// Outcome is ok if it is accepted; tls-failed is an alert, or another version.
	Outcome Outcome `json:"outcome"`
	// Cipher is what the server chose, of another version perhaps; empty if it chose nothing.
	Cipher string `json:"cipher"`
	// Detail says how it was refused, or why it is not known. Text of the server is in it: raw.
	Detail     string `json:"detail"`
	DurationMS int64  `json:"duration_ms"`
}

func versionName(v uint16) string { return strings.TrimPrefix(tls.VersionName(v), "TLS ") }

// versions finds out which versions of TLS an endpoint accepts: a connection for each that
// the session has not shown, up to the answer to the hello.
func (p *prober) versions(ctx context.Context, e *Endpoint, end time.Time) {
	handshake := e.step(StepTLS)
	if handshake == nil || handshake.Outcome == NotTried || e.wrongTLS == "plain" || e.injected != "" {
		return // no TLS was begun, which has been said
	}
	newest, closed := "", false
	for _, v := range tlsVersions {
		out := TLSVersion{Version: versionName(v)}
		if e.TLS != nil && e.TLS.Version == out.Version {
			yes := true
			out.Accepted, out.Outcome, out.Cipher, out.Detail = &yes, OK, e.TLS.Cipher, "what the session agreed on"
		} else if v == tls.VersionTLS12 && e.other != nil {
			out = *e.other
		} else {
			out = p.offer(ctx, e, v, end)
		}
		if out.Outcome == OK {
			newest = cmp.Or(newest, out.Version)
		}
		closed = closed || out.Outcome == Closed || out.Outcome == Reset
		e.TLSVersions = append(e.TLSVersions, out)
	}
	// Some servers refuse a version by closing the connection, and so do those that limit
	// connections. One that answers the version it has right after that did not limit them.
	if !closed || newest == "" {
		return
	}
	i := slices.IndexFunc(tlsVersions, func(v uint16) bool { return versionName(v) == newest })
	again := p.offer(ctx, e, tlsVersions[i], end)
	for k := range e.TLSVersions {
		out := &e.TLSVersions[k]
		switch {
		case out.Outcome != Closed && out.Outcome != Reset:
		case again.Outcome == OK:
			no := false
			out.Accepted = &no
			out.Detail += "; TLS " + newest + " is answered right after that"
		default:
			out.Detail += "; so it does with TLS " + newest + ", which it answered before (" + again.Detail + ")"
		}
	}
}

// offer makes a connection of its own and offers one version in it.
func (p *prober) offer(ctx context.Context, e *Endpoint, version uint16, end time.Time) TLSVersion {
	began := time.Now()
	out := TLSVersion{Version: versionName(version), Outcome: NotTried}
	if p.isBusy(e.addr) {
		out.Detail = leftAlone
		return out
	}
	s := p.another(e, end)
	s.o.Login, s.o.RelayTo, s.o.Smuggling, s.o.SmugglingTo = nil, "", false, ""
	other := s.e
	chosen, err := s.hello(ctx, version)
	p.ended(s)
	out.DurationMS = time.Since(began).Milliseconds()
	var alert tls.AlertError
	yes, no := true, false
	switch bad := other.ended(); {
	case !other.ok(StepConnect) && bad == nil:
		out.Detail = other.step(StepConnect).Detail // no time is left
	case bad != nil:
		out.Outcome, out.Detail = bad.Outcome, bad.Step+": "+bad.Detail
	case errors.Is(err, errNotOffered):
		out.Detail = err.Error()
	case errors.As(err, &alert):
		out.Outcome, out.Detail = TLSFailed, "alert: "+strings.TrimPrefix(alert.Error(), "tls: ")
		if alert != 0 && alert != 90 { // close_notify, user_canceled: no refusal
			out.Accepted = &no
		}
	case err != nil:
		out.Outcome, out.Detail = TLSOutcomeOf(err), FailureText(err)
	case chosen.version != version:
		out.Outcome, out.Accepted, out.Cipher, out.Detail = TLSFailed, &no, suiteName(chosen.suite), "the server chose "+tls.VersionName(chosen.version)
	default:
		out.Outcome, out.Accepted, out.Cipher = OK, &yes, suiteName(chosen.suite)
	}
	return out
}

// errNotOffered: this time the server has no STARTTLS, as one of several behind a name may.
var errNotOffered = errors.New("STARTTLS was not offered this time")

// hello has a session as far as TLS, offers a version, and returns what the server chose.
// What went wrong before is in the steps.
func (s *session) hello(ctx context.Context, version uint16) (serverHello, error) {
	implicit := s.o.TLS == "implicit"
	s.plan(implicit)
	conn, ok := s.connect(ctx)
	if !ok {
		return serverHello{}, nil
	}
	s.w = newWire(conn, s.t)
	defer conn.Close()
	if !implicit {
		if !s.greeting(ctx) {
			s.quit()
			return serverHello{}, nil
		}
		if lines := s.ehlo(); !s.e.ok(StepEHLO) {
			s.quit()
			return serverHello{}, nil
		} else if !offers(lines, "STARTTLS") {
			s.quit()
			return serverHello{}, errNotOffered
		}
		if a, ok := s.ask(StepSTARTTLS, "STARTTLS", ""); !ok {
			s.quit()
			return serverHello{}, nil
		} else if a.code != 220 {
			return serverHello{}, &errProtocol{why: "STARTTLS is answered with " + show.Cut(a.text(), 100)}
		}
	}
	limit := s.left(min(orElse(s.o.StepTimeout, DefaultStep), 15*time.Second))
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return serverHello{}, err
	}
	if _, err := conn.Write(clientHello(version, s.name)); err != nil {
		return serverHello{}, err
	}
	return readServerHello(s.w.r)
}

// versions judges which versions of TLS are accepted.
func (s *sheet) versions() {
	e := s.e
	var accepted, old, open []string
	refused := map[string]bool{}
	for _, v := range e.TLSVersions {
		name := v.Version
		isOld := name == "1.0" || name == "1.1"
		switch {
		case v.Accepted == nil:
			if isOld {
				open = append(open, fmt.Sprintf("TLS %s (%s: %s)", name, v.Outcome, show.Cut(v.Detail, 160)))
			}
		case !*v.Accepted:
			refused[name] = true
		case isOld:
			old = append(old, name)
		default:
			accepted = append(accepted, name)
		}
	}
	list := func(names []string) string { return "TLS " + strings.Join(names, " and ") }
	switch {
	case len(old) > 0 && len(accepted) > 0:
		s.add("smtp-tls-old-accepted", "", fmt.Sprintf("%s accepts %s beside %s.", s.subject, list(old), list(accepted)))
	case len(old) > 0 && e.TLS == nil && refused["1.2"] && refused["1.3"]:
		s.add("smtp-tls-old-only", "", fmt.Sprintf("%s accepts %s, and neither TLS 1.2 nor 1.3.", s.subject, list(old)))
	case len(old) == 0 && len(open) == 0:
		s.Decided("smtp-tls-old-accepted")
	}
	if len(open) > 0 {
		s.Undecided("smtp-tls-old-accepted")
		// A server of which nothing about TLS is known has been named for that already.
		if known := len(old) == 0 && (e.TLS != nil || len(accepted)+len(refused) > 0); known {
			s.unknown(finding.Warning, fmt.Sprintf("Whether %s accepts %s is not known.", s.subject, strings.Join(open, " and ")))
		}
	}
}
