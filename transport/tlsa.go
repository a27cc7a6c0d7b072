package transport

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"mailworthy/finding"
)

// TLSA is the data of a TLSA record (RFC 6698, 2).
type TLSA struct {
	Usage    uint8 `json:"usage"`
	Selector uint8 `json:"selector"`
	Matching uint8 `json:"matching"`
	// Data is what the certificate or its key is compared with, in hexadecimal.
	Data string `json:"data"`
	// Unusable says why senders of mail pass the record over (RFC 7672, 3.1.3); empty:
	// they use it.
	Unusable string `json:"unusable"`
}

// maxTLSA is how much of a TLSA record is read, in characters.
const maxTLSA = 2 * 65535

// ParseTLSA reads the data of a TLSA record in the form of master files: three numbers
// and hexadecimal digits, which may have spaces between them (RFC 6698, 2.2). The error
// says what is wrong.
func ParseTLSA(data string) (*TLSA, error) {
	if len(data) > maxTLSA {
		return nil, fmt.Errorf("it has %d characters, more than a record can hold", len(data))
	}
	fields := strings.FieldsFunc(data, func(c rune) bool { return c == ' ' || c == '\t' })
	names := []string{"certificate usage", "selector", "matching type"}
	var numbers [3]uint8
	for i, name := range names {
		if i >= len(fields) {
			return nil, fmt.Errorf("there is no %s", name)
		}
		n, err := strconv.ParseUint(fields[i], 10, 8)
		if err != nil || strings.Trim(fields[i], "0123456789") != "" {
			return nil, fmt.Errorf("the %s is %s, which is no number from 0 to 255", name, quote(fields[i]))
		}
		numbers[i] = uint8(n)
	}
	digits := strings.ToLower(strings.Join(fields[3:], ""))
	switch bad := strings.IndexFunc(digits, func(c rune) bool { return !strings.ContainsRune("0123456789abcdef", c) }); {
	case digits == "":
		return nil, fmt.Errorf("there is no certificate data")
	case bad >= 0:
		return nil, fmt.Errorf("the certificate data is not hexadecimal (at digit %d, %s)", bad+1, quote(finding.Mark(digits, bad)))
	case len(digits)%2 == 1:
		return nil, fmt.Errorf("the certificate data has %d hexadecimal digits, half a byte too many or too few", len(digits))
	}
	t := &TLSA{Usage: numbers[0], Selector: numbers[1], Matching: numbers[2], Data: digits}
	t.Unusable = t.unusable()
	return t, nil
}

// digestBytes are the lengths of what matching types make of a certificate.
var digestBytes = map[uint8]int{1: 32, 2: 64}

// unusable says why senders of mail cannot use the record (RFC 7672, 3.1.3).
func (t *TLSA) unusable() string {
	size := len(t.Data) / 2
	switch {
	case t.Usage == 0 || t.Usage == 1:
		return fmt.Sprintf("usage %d wants a certificate authority of the web, which mail has no list of", t.Usage)
	case t.Usage > 3:
		return fmt.Sprintf("usage %d is not defined", t.Usage)
	case t.Selector > 1:
		return fmt.Sprintf("selector %d is not defined", t.Selector)
	case t.Matching > 2:
		return fmt.Sprintf("matching type %d is not defined", t.Matching)
	case t.Matching > 0 && size != digestBytes[t.Matching]:
		return fmt.Sprintf("the digest has %d bytes; that of matching type %d has %d", size, t.Matching, digestBytes[t.Matching])
	case t.Matching == 0:
		raw, err := hex.DecodeString(t.Data)
		if err == nil && t.Selector == 0 {
			_, err = x509.ParseCertificate(raw)
		} else if err == nil {
			_, err = x509.ParsePKIXPublicKey(raw)
		}
		if err != nil {
			return [...]string{"its data is no certificate", "its data is no public key"}[t.Selector]
		}
	}
	return ""
}

// Never says why no certificate matches the record, whichever a server has: its digest is
// that of nothing, as a pipe leaves it whose first command failed, or no digest. Empty: one
// may match it. Senders use such a record all the same, and do not deliver.
func (t *TLSA) Never() string {
	short, long := sha256.Sum256(nil), sha512.Sum512(nil)
	switch {
	case t.Matching == 0:
	case strings.Trim(t.Data, "0") == "":
		return "its digest is nothing but zeros, which no certificate has"
	case t.Data == hex.EncodeToString(short[:]) || t.Data == hex.EncodeToString(long[:]):
		return "its digest is that of an empty input: the command that should have read the certificate read nothing"
	}
	return ""
}

// String is the record in short.
func (t *TLSA) String() string {
	data := t.Data
	if len(data) > 20 {
		data = data[:20] + "…"
	}
	return fmt.Sprintf("%d %d %d %s", t.Usage, t.Selector, t.Matching, data)
}

// tlsaData is the data of a record that may stand behind its name, TTL and class, as in
// a master file. The parentheses around data of several lines are not part of it.
func tlsaData(text string) string {
	text = strings.Map(func(c rune) rune {
		if c == '\r' || c == '\n' || c == '(' || c == ')' {
			return ' '
		}
		return c
	}, text)
	fields := strings.Fields(text)
	for i, f := range fields {
		if i < 4 && strings.EqualFold(f, "TLSA") {
			return strings.Join(fields[i+1:], " ")
		}
	}
	return text
}

// lintTLSA judges one TLSA record of a mail server.
func lintTLSA(s *finding.Sheet, text string) {
	s.Decided("tlsa-syntax")
	t, err := ParseTLSA(tlsaData(text))
	if err != nil {
		s.Add("tlsa-syntax", finding.Finding{Detail: "The record cannot be read: " + err.Error() + "."})
		return
	}
	s.Decided("tlsa-unusable", "tlsa-never-matches", "dane-usage-pkix", "dane-full", "dane-ta-cert-selector", "dane-sha512-only")
	switch {
	case t.Usage <= 1:
		s.Add("dane-usage-pkix", finding.Finding{Detail: fmt.Sprintf("Senders pass %s over: %s. If the host has no other record, they use TLS without knowing whom they speak to.", t, t.Unusable)})
	case t.Unusable != "":
		s.Add("tlsa-unusable", finding.Finding{Detail: fmt.Sprintf("Senders pass %s over: %s.", t, t.Unusable)})
	case t.Never() != "":
		s.Add("tlsa-never-matches", finding.Finding{Detail: fmt.Sprintf("No certificate matches %s: %s. If the host has no other record, senders that obey DANE do not deliver to it.", t, t.Never())})
	}
	oneTLSA(s, t)
}

// oneTLSA adds what is said of a record whatever stands beside it.
func oneTLSA(s *finding.Sheet, t *TLSA) {
	if t.Unusable != "" || t.Never() != "" {
		return
	}
	switch {
	case t.Matching == 0:
		s.Add("dane-full", finding.Finding{Detail: fmt.Sprintf("%s holds the whole certificate or key (matching type 0): the answer is long, and some senders do not get it over UDP.", t)})
	case t.Usage == 2 && t.Selector == 0:
		s.Add("dane-ta-cert-selector", finding.Finding{Detail: fmt.Sprintf("%s is the digest of an authority's certificate: it stops matching if the authority's key gets another certificate. 2 1 1 is the digest of its key.", t)})
	case t.Usage == 3 && t.Matching == 2:
		s.Add("dane-sha512-only", finding.Finding{Detail: fmt.Sprintf("%s is a SHA-512 digest, which senders need not know; put the SHA-256 digest (3 %d 1) beside it.", t, t.Selector)})
	}
}
