package reporttest

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"mailworthy/audit"
	"mailworthy/resolver"
)

// BundledZones are the zones of testdata/zones of the project.
func BundledZones(t testing.TB) []*resolver.ZoneSet {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Root(t), "testdata/zones/*.zone"))
	if err != nil || len(files) == 0 {
		t.Fatal("no bundled zones", err)
	}
	zones, err := resolver.LoadZones(files...)
	if err != nil {
		t.Fatal(err)
	}
	return zones
}

// BundledTargets are the audits whose reports are kept as golden files.
var BundledTargets = map[string]audit.Target{
	"acme":   {Domain: "acme.example"},
	"stated": {Domain: "acme.example", MailFrom: []string{"bounce.acme.example"}, Selectors: []string{"k1", "s1"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.11")}, HELO: []string{"mx1.acme.example"}},
	"tidy":   {Domain: "tidy.example"},
	"parked": {Domain: "parked.example"},
	"absent": {Domain: "absent.example"},
}

// Root is the folder of the project, whatever package is tested.
func Root(t testing.TB) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(root, "go.mod")) && filepath.Dir(root) != root {
		root = filepath.Dir(root)
	}
	return root
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
