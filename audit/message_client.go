package audit

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"

	"mailworthy/mailhost"
	"mailworthy/message"
	"mailworthy/spf"
)

// client decides who handed the message over: what was stated, else what the
// Received and Return-Path fields say.
func (a *messageRun) client(ctx context.Context) MessageClient {
	var c MessageClient
	var hop *message.Client
	if a.options.IP.IsValid() {
		c.IP, c.Source = a.options.IP.Unmap(), "stated"
		hop = a.facts.ClientAt(c.IP)
	} else if hop, c.Source = a.facts.Client(a.world(ctx)); hop != nil {
		c.IP, c.Source = hop.IP, hop.Why
	}
	switch {
	case a.options.HELO != "":
		c.HELO, c.HELOSource = a.options.HELO, "stated"
	case hop != nil && hop.HELO != "":
		c.HELO, c.HELOSource = hop.HELO, fmt.Sprintf("the Received field in line %d", hop.Line)
	default:
		c.HELOSource = "not stated, and no Received field names it"
	}
	switch paths := a.facts.ReturnPath; {
	case a.options.MailFrom != nil:
		c.MailFrom, c.MailFromSource = a.options.MailFrom, "stated"
	case len(paths) == 0:
		c.MailFromSource = "not stated, and the message has no Return-Path"
	case paths[0].Error != "":
		c.MailFromSource = fmt.Sprintf("not stated, and the Return-Path in line %d cannot be read: %s", paths[0].Line, paths[0].Error)
	default:
		c.MailFrom, c.MailFromSource = &paths[0].Address, fmt.Sprintf("the Return-Path in line %d", paths[0].Line)
	}
	return c
}

// world answers from the DNS what the header leaves open.
func (a *messageRun) world(ctx context.Context) message.World {
	return message.World{
		Exchangers: func(domain string) message.Exchangers {
			d := mailhost.ExamineDomain(ctx, a.session, asciiName(domain))
			if d.MX == mailhost.MXUnknown {
				return message.Exchangers{Unasked: NotAsked(a.session.Trace())}
			}
			x := message.Exchangers{Known: true}
			add := func(h *mailhost.Host) {
				x.Hosts = append(x.Hosts, strings.ToLower(strings.TrimSuffix(h.Name, ".")))
				x.Addresses = append(x.Addresses, h.Addresses...)
			}
			for i := range d.Exchanges {
				if !d.Exchanges[i].Null {
					add(&d.Exchanges[i].Host)
				}
			}
			if d.MX == mailhost.MXNone && d.Own.Resolves == mailhost.Present {
				add(&d.Own) // without an MX the domain itself takes its mail (RFC 5321, 5.1)
			}
			return x
		},
		Addresses: func(host string) ([]netip.Addr, bool) {
			h := mailhost.ExamineHELO(ctx, a.session, []string{asciiName(host)})[0]
			return h.Addresses, h.Resolves != mailhost.Unknown
		},
	}
}

// identity is the SPF identity of the message and its domain: MAIL FROM, or for
// the null sender HELO (RFC 7208, 2.4). The domain is empty if it is not known.
func (a *messageRun) identity() (kind, domain string) {
	c := &a.result.Client
	switch {
	case c.MailFrom == nil:
		return "", ""
	case *c.MailFrom == "":
		return "helo", asciiName(c.HELO)
	}
	at := strings.LastIndexByte(*c.MailFrom, '@')
	return "mailfrom", asciiName((*c.MailFrom)[at+1:])
}

// spfClient is what SPF is evaluated for, with the domain of its identity. The
// domain is empty if SPF cannot be evaluated, and the result then says why.
func (a *messageRun) spfClient() (spf.Client, string) {
	c := &a.result.Client
	kind, domain := a.identity()
	switch {
	case !c.IP.IsValid():
		a.result.SPFNotEvaluated = "the client's address is not known: " + c.Source
	case c.MailFrom == nil:
		a.result.SPFNotEvaluated = "the envelope sender is not known: " + c.MailFromSource
	case domain == "" && kind == "helo":
		a.result.SPFNotEvaluated = "the sender is the null sender, and the HELO name is not known: " + c.HELOSource
	case domain == "":
		a.result.SPFNotEvaluated = "the envelope sender has no domain"
	default:
		return spf.Client{IP: c.IP, HELO: c.HELO, MailFrom: *c.MailFrom, Now: a.options.Now}, domain
	}
	return spf.Client{}, ""
}

// asciiName is a name in lower case and A-labels, without a final dot. What
// cannot be written so stays: whoever asks for it says what is wrong.
func asciiName(name string) string {
	name = strings.TrimSuffix(name, ".")
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return strings.ToLower(name)
}
