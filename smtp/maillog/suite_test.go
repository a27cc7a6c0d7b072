package maillog

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// suite is where the public logs are.
const suite = "../../../shared/conformance/maillogs"

// suiteCase is a line or a file with what another project, or the author of the file,
// expects of it.
type suiteCase struct {
	File, Kind, MTA, Line string
	Program               string         `json:"program"`
	Pattern               string         `json:"program_pattern"`
	Note                  string         `json:"note"`
	Expect                map[string]any `json:"expect"`
}

func suiteCases(t *testing.T, kind string) []suiteCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(suite, "index.json"))
	if err != nil {
		t.Skip("the public logs are not here")
	}
	var all struct{ Cases []suiteCase }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	var list []suiteCase
	for _, c := range all.Cases {
		if c.Kind == kind {
			list = append(list, c)
		}
	}
	return list
}

// readSuite reads files and returns the report and the events.
func readSuite(t *testing.T, o Options, names ...string) (*Report, []Event, []File) {
	t.Helper()
	var events []Event
	o.Event = func(e *Event) { events = append(events, *e) }
	o.Location = time.UTC
	l := New(o)
	for i := range names {
		names[i] = filepath.Join(suite, names[i])
	}
	files, err := l.ReadFiles(context.Background(), names, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l.Report(ByReceiver), events, files
}

// TestSuiteFiles reads every file of the public logs.
func TestSuiteFiles(t *testing.T) {
	for _, c := range suiteCases(t, "file") {
		t.Run(c.File, func(t *testing.T) {
			r, events, files := readSuite(t, Options{}, c.File)
			if files[0].Err != nil {
				t.Errorf("%v", files[0].Err)
			}
			if r.Lines.NotUnderstood != 0 {
				t.Errorf("not understood: %q", r.NotUnderstood)
			}
			if want, ok := c.Expect["lines"]; ok && r.Lines.Read != int64(want.(float64)) {
				t.Errorf("lines %d, want %v", r.Lines.Read, want)
			}
			if want, ok := c.Expect["outbound_deliveries"]; ok && r.Total.Attempts != int64(want.(float64)) {
				t.Errorf("deliveries %d, want %v", r.Total.Attempts, want)
			}
			kinds := map[string]int{}
			for _, e := range events {
				kinds[string(e.Kind)]++
			}
			if want, ok := c.Expect["events"].(map[string]any); ok {
				for k, n := range want {
					k = strings.TrimSuffix(k, "_messages")
					if kinds[k] != int(n.(float64)) {
						t.Errorf("events %s: %d, want %v", k, kinds[k], n)
					}
				}
			}
			if want, ok := c.Expect["inbound_rejects"].(map[string]any); ok {
				got := map[string]int64{}
				for _, x := range r.RejectedHere {
					if c.MTA == "exim" {
						got["exim rejected"] += x.Count
					} else {
						got[fmt.Sprint(*x.ReplyCode, " ", *x.EnhancedCode)] += x.Count
					}
				}
				if len(got) != len(want) {
					t.Errorf("rejected here: %v, want %v", got, want)
				}
				for k, n := range want {
					if got[k] != int64(n.(float64)) {
						t.Errorf("rejected here %s: %d, want %v", k, got[k], n)
					}
				}
			}
			if want, ok := c.Expect["final_by_domain"].(map[string]any); ok {
				checkFinal(t, r, want)
			}
			if list, ok := c.Expect["not_remote"].([]any); ok {
				for _, address := range list {
					_, domain, _ := strings.Cut(address.(string), "@")
					for _, d := range r.Domains {
						if d.Domain == domain {
							t.Errorf("%s is counted", address)
						}
					}
				}
				if int(r.HandedOver) != len(list) {
					t.Errorf("handed over %d, want %d", r.HandedOver, len(list))
				}
			}
		})
	}
}

// checkFinal compares what became of the recipients of each domain. "deferred" there
// is a recipient still in the queue.
func checkFinal(t *testing.T, r *Report, want map[string]any) {
	t.Helper()
	if len(r.Domains) != len(want) {
		t.Errorf("%d domains, want %d", len(r.Domains), len(want))
	}
	for _, d := range r.Domains {
		w, ok := want[d.Domain].(map[string]any)
		if !ok {
			t.Errorf("domain %s is not expected", d.Domain)
			continue
		}
		got := map[string]int64{"delivered": d.Delivered, "bounced": d.Bounced, "expired": d.Expired, "deferred": d.Queued}
		for k, n := range got {
			expected, _ := w[k].(float64)
			if n != int64(expected) {
				t.Errorf("%s: %s %d, want %v", d.Domain, k, n, expected)
			}
		}
		if d.Messages != d.Delivered+d.Bounced+d.Expired+d.Queued {
			t.Errorf("%s: the parts are not the whole: %+v", d.Domain, d.Counts)
		}
	}
}
