package rbl

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailworthy/internal/dnstest"
	"mailworthy/resolver"
)

// TestSharedHealth: examinations that need a list while another one tests it wait for
// that. When the one that tests is stopped, one of them tests anew; one that is
// stopped itself waits no longer.
func TestSharedHealth(t *testing.T) {
	zone := dnstest.Zone(t, strings.Replace(world, "@ SOA", "test. SOA", 1))
	c := lists(t, `lists: [{zone: bl.good.test}]`)
	synctest.Test(t, func(t *testing.T) {
		r := &stoppable{asker: asker{next: zone}}
		health := &Health{}
		type outcome struct {
			state State
			after int
		}
		examine := func(deadline time.Duration) chan outcome {
			out := make(chan outcome, 1)
			go func() {
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				s := Examine(ctx, r, Options{Catalogue: c, Health: health, AbsentName: "absent.invalid", Addresses: given()})
				out <- outcome{s.Lists[0].State, int(time.Since(began).Seconds())}
			}()
			synctest.Wait()
			return out
		}
		tests, impatient := examine(5*time.Second), examine(3*time.Second)
		var others []chan outcome
		for range 8 {
			others = append(others, examine(time.Minute))
		}
		for what, tt := range map[string]struct {
			got, want outcome
		}{
			"the one that tests": {<-tests, outcome{Unresolved, 5}},
			"the impatient one":  {<-impatient, outcome{Unresolved, 3}},
		} {
			if tt.got != tt.want {
				t.Errorf("%s: %v, want %v", what, tt.got, tt.want)
			}
		}
		for _, o := range others {
			if got, want := <-o, (outcome{Usable, 15}); got != want {
				t.Errorf("one that waits: %v, want %v", got, want)
			}
		}
		if got := <-examine(time.Minute); got != (outcome{Usable, 0}) {
			t.Errorf("one that comes later: %v", got)
		}
		for _, q := range []string{"2.0.0.127.bl.good.test A", "1.0.0.127.bl.good.test A", "absent.invalid A"} {
			if n := r.asked[q]; n != 2 {
				t.Errorf("%s was asked %d times, want 2", q, n)
			}
		}
	})
}

// stoppable answers after ten seconds, unless the context ends before.
type stoppable struct{ asker }

func (s *stoppable) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, err := s.asker.Lookup(ctx, name, t)
	select {
	case <-time.After(10 * time.Second):
		return a, err
	case <-ctx.Done():
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Canceled}
	}
}
