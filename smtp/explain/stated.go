package explain

import (
	"bytes"
	"context"
	"io"
	"net/netip"
	"strings"

	"mailworthy/audit"
	"mailworthy/internal/field"
	"mailworthy/internal/readfile"
	"mailworthy/smtp/reply"
)

// Statement is what somebody states of a message, as it is written. Empty fields state
// nothing.
type Statement struct {
	Domain, MailFrom, Recipient, DKIMDomain string
	IP, HELO                                string
	Selectors                               []string
}

// Stated reads a statement: of addresses their domains count. The error is a *field.Error,
// by the keys domain, mail_from, recipient, dkim_domain, ip, helo and selectors.
func (s Statement) Stated() (Stated, error) {
	var out Stated
	for _, d := range []struct {
		field, value string
		to           *string
	}{{"domain", s.Domain, &out.Domain}, {"mail_from", s.MailFrom, &out.MailFrom}, {"recipient", s.Recipient, &out.Recipient}, {"dkim_domain", s.DKIMDomain, &out.DKIMDomain}} {
		if d.value == "" {
			continue
		}
		value := strings.Trim(d.value, "<> ")
		domain, err := audit.ParseDomain(value[strings.LastIndexByte(value, '@')+1:])
		if err != nil {
			return out, field.Because(d.field, err)
		}
		*d.to = domain
	}
	if s.IP != "" {
		ip, err := netip.ParseAddr(strings.TrimSpace(s.IP))
		if err != nil || ip.Zone() != "" {
			return out, field.Errorf("ip", " %q is not an IP address", s.IP).With("write it as 192.0.2.10 or 2001:db8::10")
		}
		out.IP = ip.Unmap()
	}
	if s.HELO != "" {
		name, err := audit.ParseHELO(s.HELO)
		if err != nil {
			return out, field.Because("helo", err)
		}
		out.HELO = name
	}
	for _, selector := range s.Selectors {
		name, err := audit.ParseSelector(selector)
		if err != nil {
			return out, field.Because("selectors", err)
		}
		out.Selectors = append(out.Selectors, name)
	}
	return out, nil
}

// maxKnowledge bounds a user's file of knowledge.
const maxKnowledge = 4 << 20

// ReadKnowledge returns the built-in knowledge with the user's files before it. The error
// is a *field.Error of knowledge, or that of the context.
func ReadKnowledge(ctx context.Context, files []string) (*reply.Knowledge, error) {
	if len(files) == 0 {
		return reply.Default(), nil
	}
	var all []io.Reader
	for _, name := range files {
		data, err := readfile.Await(ctx, func() ([]byte, error) { return readfile.Read(name, maxKnowledge, readfile.Wait) })
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, &field.Error{Field: "knowledge", What: " " + name + ": " + err.Error(), Err: err}
		}
		all = append(all, bytes.NewReader(data))
	}
	k, err := reply.New(all...)
	if err != nil {
		return nil, field.Because("knowledge", err).With("mailworthy explain --help shows the form")
	}
	return k, nil
}
