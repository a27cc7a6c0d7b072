package audit

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// signedFields are the header fields that the signatures of the tests cover, those
// of them that the message has.
var signedFields = []string{"From", "To", "Subject", "Date", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"}

// signature is what a test says about a DKIM signature. The time of signing is
// among it: the library's signer takes the wall clock, and then what a message is
// worth at the fixed time of the tests changes with the day on which they run.
type signature struct {
	domain, selector string
	signed           time.Time
	// length adds l=, as long as the body is.
	length bool
	// expires is x=, if it is not zero.
	expires time.Time
}

// sign returns a message, of CRLF lines, with a relaxed/relaxed signature on top.
func (s signature) sign(t testing.TB, text string, key crypto.Signer) string {
	t.Helper()
	algorithm, hash := "rsa-sha256", crypto.SignerOpts(crypto.SHA256)
	if _, ok := key.(ed25519.PrivateKey); ok {
		algorithm, hash = "ed25519-sha256", crypto.Hash(0)
	}
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	body = relaxedBody(body)
	var names, data string
	for _, name := range signedFields {
		if field := fieldOf(head, name); field != "" {
			names += ":" + strings.ToLower(name)
			data += relaxedField(field) + "\r\n"
		}
	}
	var length string
	if s.length {
		length = fmt.Sprintf(" l=%d;", len(body))
	}
	if !s.expires.IsZero() {
		length += fmt.Sprintf(" x=%d;", s.expires.Unix())
	}
	bh := sha256.Sum256([]byte(body))
	field := fmt.Sprintf("DKIM-Signature: v=1; a=%s; c=relaxed/relaxed; d=%s; s=%s; t=%d;\r\n\th=%s;%s\r\n\tbh=%s;\r\n\tb=",
		algorithm, s.domain, s.selector, s.signed.Unix(), strings.TrimPrefix(names, ":"), length, base64.StdEncoding.EncodeToString(bh[:]))
	sum := sha256.Sum256([]byte(data + relaxedField(field)))
	b, err := key.Sign(nil, sum[:], hash)
	if err != nil {
		t.Fatal(err)
	}
	return field + base64.StdEncoding.EncodeToString(b) + "\r\n" + text
}

// fieldOf returns the last field of a name in a header, folds included.
func fieldOf(head, name string) string {
	var found string
	var taken bool
	for line := range strings.SplitSeq(head, "\r\n") {
		switch n, _, _ := strings.Cut(line, ":"); {
		case strings.HasPrefix(line, " "), strings.HasPrefix(line, "\t"):
			if taken {
				found += "\r\n" + line
			}
			continue
		default:
			if taken = strings.EqualFold(strings.TrimSpace(n), name); taken {
				found = line
			}
		}
	}
	return found
}

// relaxedField is a header field as RFC 6376, 3.4.2, has it signed.
func relaxedField(field string) string {
	name, value, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimSpace(name)) + ":" + strings.Join(strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(" \t\r\n", c) }), " ")
}

// relaxedBody is a body as RFC 6376, 3.4.4, has it signed.
func relaxedBody(body string) string {
	lines := strings.Split(strings.TrimSuffix(body, "\r\n"), "\r\n")
	for i, line := range lines {
		folded := strings.Join(strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' }), " ")
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			folded = strings.TrimRight(" "+folded, " ")
		}
		lines[i] = folded
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// TestSign: the library that others verify with takes the signatures of the tests.
func TestSign(t *testing.T) {
	lookup := func(name string) ([]string, error) {
		return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(keys().ed.Public().(ed25519.PublicKey))}, nil
	}
	for _, text := range []string{draft, strings.Replace(draft, "Your invoice", "Your\n\t \tinvoice  of  today ", 1),
		draft + " a  b\t\n\nc \n\n\n", strings.TrimSuffix(draft, "Hello\n")} {
		text = strings.ReplaceAll(text, "\n", "\r\n")
		text = signature{domain: "acme.example", selector: "e", signed: at}.sign(t, text, keys().ed)
		v, err := dkim.VerifyWithOptions(bytes.NewReader([]byte(text)), &dkim.VerifyOptions{LookupTXT: lookup})
		if err != nil || len(v) != 1 || v[0].Err != nil || !v[0].Time.Equal(at) {
			t.Errorf("%v %+v\n%s", err, v, text)
		}
	}
}
