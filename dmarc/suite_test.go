package dmarc

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"mailworthy/resolver"
)

const suiteFile = "../../shared/conformance/dmarc-rfc9989.json"

type suiteCase struct {
	ID     string
	Author string
	Zone   []struct {
		Name  string
		Type  string
		Value json.RawMessage
	}
	SPF        *Identity
	DKIM       []Identity
	Expect     map[string]any
	AlsoAccept []map[string]any `json:"also_accept"`
}

// TestSuite runs the worked cases of RFC 9989.
func TestSuite(t *testing.T) {
	data, err := os.ReadFile(suiteFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("dmarc suite: the conformance data is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var suite struct{ Cases []suiteCase }
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, c := range suite.Cases {
		if t.Run(c.ID, c.run) {
			passed++
		}
	}
	t.Logf("dmarc suite: %d of %d cases", passed, len(suite.Cases))
	if len(suite.Cases) == 0 {
		t.Error("the suite has no cases")
	}
}

func (c *suiteCase) run(t *testing.T) {
	id := Identities{From: c.Author, DKIM: c.DKIM}
	if c.SPF != nil {
		id.SPF = []Identity{*c.SPF}
	}
	verdict := Evaluate(context.Background(), c.world(t), id)
	text, err := json.Marshal(verdict)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	got["org_domain"] = got["organizational_domain"]
	for _, accept := range append([]map[string]any{c.Expect}, c.AlsoAccept...) {
		if subset(accept, got) {
			return
		}
	}
	for key, want := range c.Expect {
		if !reflect.DeepEqual(got[key], want) {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
}

func subset(want, got map[string]any) bool {
	for key, value := range want {
		if !reflect.DeepEqual(got[key], value) {
			return false
		}
	}
	return true
}

// world is the case's zone as one that answers for every name.
func (c *suiteCase) world(t *testing.T) resolver.Resolver {
	zone, err := resolver.NewZone(".")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeDNS{faults: map[string]resolver.Reason{}}
	for _, r := range c.Zone {
		typ, ok := resolver.ParseType(r.Type)
		switch r.Type {
		case "SERVFAIL", "TIMEOUT":
			f.faults[strings.ToLower(r.Name)] = resolver.Reason(strings.ToLower(r.Type))
			continue
		}
		if !ok {
			t.Fatalf("type %s", r.Type)
		}
		record := resolver.Record{Name: r.Name, Type: typ, TTL: 300}
		switch typ {
		case resolver.TypeTXT:
			err = json.Unmarshal(r.Value, &record.TXT)
		case resolver.TypeA, resolver.TypeAAAA:
			err = json.Unmarshal(r.Value, &record.Addr)
		default:
			t.Fatalf("type %s", r.Type)
		}
		if err == nil {
			err = zone.Add(record)
		}
		if err != nil {
			t.Fatalf("%s %s %s: %v", r.Name, r.Type, r.Value, err)
		}
	}
	f.Resolver = resolver.NewOverlay(nil, zone)
	return f
}
