package inspect

import (
	"net/netip"
	"strings"

	"mailworthy/audit"
	"mailworthy/internal/field"
)

// Envelope is what somebody states about how a message came, in their words: the wire
// form of the stated part of audit.MessageOptions. A key that is left out is taken from
// the message.
type Envelope struct {
	// IP is the address of the client.
	IP string `json:"ip,omitempty"`
	// HELO is the name that it greeted with.
	HELO string `json:"helo,omitempty"`
	// MailFrom is the envelope sender, an address or its domain; "" is the null sender
	// of bounces, nil is not stated.
	MailFrom *string `json:"mail_from,omitempty"`
}

// Options checks what is stated. The error is a *FieldError.
func (e Envelope) Options() (audit.MessageOptions, error) {
	var o audit.MessageOptions
	if e.IP != "" {
		addr, err := netip.ParseAddr(strings.TrimSpace(e.IP))
		if err != nil || addr.Zone() != "" {
			return o, notAnAddress("ip", e.IP)
		}
		o.IP = addr
	}
	if e.HELO != "" {
		name, err := audit.ParseHELO(e.HELO)
		if err != nil {
			return o, field.Because("helo", err)
		}
		o.HELO = name
	}
	if e.MailFrom != nil {
		sender := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(*e.MailFrom), "<"), ">")
		if sender != "" {
			local, domain := "postmaster", sender
			if i := strings.LastIndexByte(sender, '@'); i >= 0 {
				local, domain = sender[:i], sender[i+1:]
			}
			if _, err := audit.ParseDomain(domain); err != nil {
				return o, field.Because("mail_from", err)
			}
			sender = local + "@" + domain
		}
		o.MailFrom = &sender
	}
	return o, nil
}
