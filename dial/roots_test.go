package dial

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestRoots: the certificates of a file are added to those of the system; a file without
// any is an error.
func TestRoots(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	folder := t.TempDir()
	good, bad := filepath.Join(folder, "good"), filepath.Join(folder, "bad")
	for name, text := range map[string][]byte{good: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), bad: []byte("no PEM")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool, err := Roots(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Certificate().Verify(x509.VerifyOptions{Roots: pool}); err != nil {
		t.Error(err)
	}
	if pool, err := Roots(bad); err == nil || pool != nil {
		t.Errorf("%v, %v", pool, err)
	}
	if _, err := Roots(bad + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if pool, err := Roots(""); err != nil || pool != nil && pool.Equal(x509.NewCertPool()) {
		t.Errorf("without a file: %v, %v", pool, err)
	}
}
