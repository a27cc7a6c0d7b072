package roundtrip

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// tokenField is the header field that has the token.
const tokenField = "X-Mailworthy-Roundtrip"

// newToken is a word that is in no other mail: lower-case letters and digits, so that it
// survives in the local part of an address and in a search for words.
func newToken() string {
	var raw [15]byte
	_, _ = rand.Read(raw[:]) // it never fails
	return "mw" + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
}

// letter is the mail: all that it is made of, so that every try sends the same.
type letter struct {
	Token string    `json:"token"`
	From  string    `json:"from"`
	To    string    `json:"to"`
	Date  time.Time `json:"date"`
}

// valid reports whether it is a letter of ours, and not what somebody wrote into a file.
func (l *letter) valid() bool {
	return strings.HasPrefix(l.Token, "mw") && len(l.Token) == 26 && strings.Trim(l.Token, "abcdefghijklmnopqrstuvwxyz234567") == "" &&
		address.MatchString(l.From) && address.MatchString(l.To) && !l.Date.IsZero()
}

// messageID is the value of its field without the angle brackets.
func (l *letter) messageID() string {
	return l.Token + "@" + l.From[strings.LastIndexByte(l.From, '@')+1:]
}

// recipient is an address with the token in its local part (RFC 5233).
func (l *letter) plus() {
	local, domain, _ := strings.Cut(l.To, "@")
	l.To = local + "+" + l.Token + "@" + domain
}

// text is the mail with CRLF, unsigned. It is marked as written by a program, so that
// nothing answers it automatically (RFC 3834, 5).
func (l *letter) text() []byte {
	return []byte(strings.Join([]string{
		"Date: " + l.Date.Format(time.RFC1123Z),
		"From: <" + l.From + ">",
		"To: <" + l.To + ">",
		"Subject: mailworthy roundtrip " + l.Token,
		"Message-ID: <" + l.messageID() + ">",
		tokenField + ": " + l.Token,
		"Auto-Submitted: auto-generated",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=us-ascii",
		"Content-Transfer-Encoding: 7bit",
		"",
		"This is a test of mailworthy: it shows that mail from " + l.From,
		"arrives here, how long it takes, and how it is judged on its way.",
		"Nobody needs to answer; it may be deleted.",
		"",
		"Token: " + l.Token,
		"",
	}, "\r\n"))
}

// Key is a private key and the signature that is made with it.
type Key struct {
	Domain, Selector string
	signer           crypto.Signer
}

// ParseKey reads a private key in PEM form: RSA in PKCS #1 or #8, Ed25519 in PKCS #8. The
// error repeats nothing of it.
func ParseKey(text []byte, domain, selector string) (*Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("there is no key in PEM form in it")
	}
	if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the key is encrypted: it is needed as a signer has it")
	}
	if block.Type == "PUBLIC KEY" {
		return nil, errors.New("this is the public key: the private one signs")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return &Key{domain, selector, key}, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key is neither PKCS #1 nor PKCS #8")
	}
	switch key := any.(type) {
	case *rsa.PrivateKey:
		return &Key{domain, selector, key}, nil
	case ed25519.PrivateKey:
		return &Key{domain, selector, key}, nil
	}
	return nil, errors.New("the key is neither RSA nor Ed25519, and DKIM has no others")
}

// sign returns the mail with a DKIM-Signature field on top. From and what else must not be
// added later are signed once more than they are there.
func (k *Key) sign(text []byte) ([]byte, error) {
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(text), &dkim.SignOptions{Domain: k.Domain, Selector: k.Selector, Signer: k.signer, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: []string{"From", "To", "Subject", "Date", "Message-ID", tokenField, "MIME-Version", "Content-Type", "From", "Subject"}})
	if err != nil {
		return nil, fmt.Errorf("the mail cannot be signed: %w", err)
	}
	return out.Bytes(), nil
}
