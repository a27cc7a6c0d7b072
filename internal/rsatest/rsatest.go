// Package rsatest has RSA keys for tests: to make one takes a tenth of a second and more.
// They are no secret, and sign nothing that anybody believes.
package rsatest

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
)

// keys are the keys, one a line: its bits, and PKCS #1 in base64.
//
//go:embed keys.txt
var keys string

var parsed = sync.OnceValue(func() map[int][]*rsa.PrivateKey {
	all := make(map[int][]*rsa.PrivateKey)
	for line := range strings.Lines(keys) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			panic(err)
		}
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			panic(err)
		}
		all[key.N.BitLen()] = append(all[key.N.BitLen()], key)
	}
	return all
})

// Key returns the nth key of that many bits, from 0: there are two of 1024 and four of 2048.
// It panics if there is none.
func Key(bits, nth int) *rsa.PrivateKey {
	list := parsed()[bits]
	if nth >= len(list) {
		panic(fmt.Sprintf("rsatest: %d keys of %d bits, and none is number %d", len(list), bits, nth))
	}
	return list[nth]
}

// Public returns what a DKIM key record has in p= (RFC 6376, section 3.6.1) for a key: its
// SubjectPublicKeyInfo in base64.
func Public(bits, nth int) string {
	der, err := x509.MarshalPKIXPublicKey(&Key(bits, nth).PublicKey)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}
