package dial

import (
	"crypto/x509"
	"errors"

	"mailworthy/internal/readfile"
)

// maxRoots bounds a file of root certificates.
const maxRoots = 8 << 20

// Roots returns the root certificates of the system, and those of a PEM file unless its
// name is empty; nil if there are none. The error does not name the file.
func Roots(file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if file != "" {
		if err := AddRoots(pool, file); err != nil {
			return nil, err
		}
	}
	if pool.Equal(x509.NewCertPool()) {
		return nil, nil
	}
	return pool, nil
}

// AddRoots adds the certificates of a PEM file. The error does not name the file.
func AddRoots(pool *x509.CertPool, file string) error {
	text, err := readfile.Read(file, maxRoots, readfile.Wait)
	if err != nil {
		return err
	}
	if !pool.AppendCertsFromPEM(text) {
		return errors.New("there is no certificate in PEM form in it")
	}
	return nil
}
