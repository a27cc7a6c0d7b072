package bimi

import (
	"crypto/x509"
	_ "embed"
	"sync"
)

// rootsOf are the certificates of the mark verifying authorities, as these publish them.
//
//go:embed roots.pem
var rootsOf []byte

// RootsRead is the day on which the list of mark roots was last looked at.
const RootsRead = "2026-08-19"

// Roots are the authorities that certify marks: DigiCert, GlobalSign and SSL.com. They are
// none of the authorities of the web, which certify no marks. The pool is the caller's.
func Roots() *x509.CertPool { return markRoots().Clone() }

var markRoots = sync.OnceValue(func() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(rootsOf)
	return pool
})
