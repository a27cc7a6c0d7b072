package notify

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailworthy/finding"
)

func open(t *testing.T, file string) *Outbox {
	t.Helper()
	o, err := OpenOutbox(file)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// again is a notice like notice(), of a later run.
func again(hours int) *Notice {
	n := notice()
	n.ID, n.Time = "", n.Time.Add(time.Duration(hours)*time.Hour)
	return n
}

func deliver(t *testing.T, o *Outbox, targets []Target, at time.Time) []error {
	t.Helper()
	var waits []time.Duration
	problems := o.Deliver(t.Context(), stopped(&waits), targets, at)
	if err := o.Save(); err != nil {
		t.Fatal(err)
	}
	return problems
}

// TestToldOnce: the same change is sent once however often it is added, until it
// counts as told; then an equal one is a new one.
func TestToldOnce(t *testing.T) {
	r := receive(t, httptest.NewServer)
	file := filepath.Join(t.TempDir(), "outbox.json")
	targets := []Target{{Name: "a", Kind: Slack, URL: Secret(r.URL + "/a")}, {Name: "b", Kind: Webhook, URL: Secret(r.URL + "/b")}}
	for i := range 3 {
		o := open(t, file)
		for j := range targets {
			o.Add(&targets[j], again(i))
		}
		if problems := deliver(t, o, targets, noon); problems != nil {
			t.Fatal(problems)
		}
	}
	if r.got() != 2 {
		t.Fatalf("%d posts of one change to two targets", r.got())
	}
	o := open(t, file)
	o.Settle("acme.example")
	o.Add(&targets[0], again(3))
	deliver(t, o, targets, noon)
	if r.got() != 3 {
		t.Errorf("%d posts after the change came again", r.got())
	}
}

// TestWaits: what could not be delivered is tried the next time, and for three days.
func TestWaits(t *testing.T) {
	r := receive(t, httptest.NewServer, 404, 404)
	file := filepath.Join(t.TempDir(), "outbox.json")
	targets := []Target{{Name: "a", Kind: Slack, URL: Secret(r.URL)}}
	o := open(t, file)
	o.Add(&targets[0], again(0))
	o.Add(&targets[0], OfThreshold("acme.example", again(0).After, nil, "", noon))
	if problems := deliver(t, o, targets, noon); len(problems) != 1 || !strings.Contains(problems[0].Error(), `notification "a" about acme.example waits for the next run: the receiver refuses with HTTP 404`) {
		t.Fatal(problems)
	}
	o.Settle("acme.example")
	if err := o.Save(); err != nil {
		t.Fatal(err)
	}
	o = open(t, file)
	if problems := deliver(t, o, targets, noon.Add(time.Hour)); len(problems) != 1 {
		t.Fatal(problems)
	}
	o = open(t, file)
	if problems := deliver(t, o, targets, noon.Add(2*time.Hour)); problems != nil || r.got() != 4 {
		t.Fatal(problems, r.got())
	}
	if problems := deliver(t, open(t, file), targets, noon.Add(3*time.Hour)); problems != nil || r.got() != 4 {
		t.Error("sent again", problems, r.got())
	}

	r.answers = []int{404}
	o.Add(&targets[0], again(4))
	deliver(t, o, targets, noon.Add(4*time.Hour))
	if problems := deliver(t, o, targets, noon.Add(80*time.Hour)); len(problems) != 1 || !strings.Contains(problems[0].Error(), "given up") || r.got() != 5 {
		t.Error(problems, r.got())
	}
}

// TestStanding: a target hears of what stands when it begins to, and again when it
// comes back.
func TestStanding(t *testing.T) {
	file := filepath.Join(t.TempDir(), "outbox.json")
	target := &Target{Name: "a", Severity: finding.Error}
	ptr := finding.Finding{Check: "ptr-missing", Subject: "192.0.2.11", Severity: finding.Error}
	spf := finding.Finding{Check: "spf-multiple-records", Subject: "acme.example", Severity: finding.Critical}
	warning := finding.Finding{Check: "mx-single", Severity: finding.Warning}
	open1 := finding.Finding{Check: "spf-unresolved", Severity: finding.Unknown, CouldBe: finding.Critical}
	for i, step := range []struct {
		stands []finding.Finding
		fresh  int
	}{
		{[]finding.Finding{ptr, warning, open1, ptr}, 1}, {[]finding.Finding{ptr}, 0}, {[]finding.Finding{spf, ptr}, 1}, {[]finding.Finding{spf}, 0}, {nil, 0}, {[]finding.Finding{ptr}, 1},
	} {
		o := open(t, file)
		if fresh := o.Standing(target, "acme.example", step.stands); len(fresh) != step.fresh {
			t.Errorf("step %d: %v", i, fresh)
		}
		if err := o.Save(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedOutbox(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"schema":"mailworthy/outbox/2"}`, `{"schema":"mailworthy/outbox/1","entries":[null]}`, `{"schema":"mailworthy/outbox/1","entries":[{"target":"a"}]}`} {
		file := filepath.Join(t.TempDir(), "outbox.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := OpenOutbox(file)
		if !errors.Is(err, ErrDamaged) || o == nil {
			t.Fatalf("%q: %v", text, err)
		}
		if err := o.Save(); err != nil {
			t.Error(err)
		}
		if aside, err := os.ReadFile(file + ".damaged"); err != nil || string(aside) != text {
			t.Errorf("%q was not put aside: %v", text, err)
		}
	}
}

// TestNoSecretOnDisk: an outbox names its targets and holds nothing else of them.
func TestNoSecretOnDisk(t *testing.T) {
	r := receive(t, httptest.NewServer, 500, 500, 500, 500)
	file := filepath.Join(t.TempDir(), "outbox.json")
	targets := []Target{{Name: "a", Kind: Webhook, URL: Secret(r.URL + "/hunter2hunter2"), Key: "hunter2hunter2hunter2"}}
	o := open(t, file)
	o.Add(&targets[0], again(0))
	problems := deliver(t, o, targets, noon)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "ptr-missing") {
		t.Fatalf("%v: %s", err, text)
	}
	if len(problems) != 1 || strings.Contains(string(text)+problems[0].Error(), "hunter2") {
		t.Errorf("%v %s", problems, text)
	}
}
