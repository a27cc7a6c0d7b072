package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestShiftedClock: if the tests run under faketime (.ci/clock), the clock of the
// tests and of the processes that they start is indeed another than the kernel's,
// whose time a new file shows. It guards the runs on other days, which would
// otherwise pass without having been any.
func TestShiftedClock(t *testing.T) {
	if os.Getenv("FAKETIME") == "" {
		t.Skip("not under faketime: run .ci/clock +400d go test ./cmd/mailworthy")
	}
	file := filepath.Join(t.TempDir(), "now")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	const least = 30 * 24 * time.Hour
	shift := time.Until(info.ModTime()).Abs()
	if shift < least {
		t.Errorf("time.Now differs from the kernel's clock by %s", shift)
	}

	out, err := exec.Command("mailworthy", "audit", "acme.example", "--offline", "--zone", "../../testdata/zones/acme.example.zone", "--format", "json").Output()
	var r struct {
		Started time.Time `json:"started"`
	}
	if json.Unmarshal(out, &r) != nil || r.Started.IsZero() {
		t.Fatalf("%v: %s", err, out)
	}
	if d := time.Since(r.Started).Abs(); d > time.Hour {
		t.Errorf("the command's clock differs from the tests' by %s", d)
	}
	t.Logf("the tests and the command run on %s, the kernel on %s", r.Started.Format(time.DateOnly), info.ModTime().Format(time.DateOnly))
}
