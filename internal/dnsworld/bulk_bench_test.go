package dnsworld

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/proctime"
	"mailworthy/rbl"
	"mailworthy/report"
	"mailworthy/resolver"
)

// BenchmarkBulk audits b.N domains as the command does for a file of them with its
// default settings, and writes the rows of NDJSON.
//
//	go test ./internal/dnsworld -run '^$' -bench Bulk -benchtime 50000x
//
// The domains that were begun last may wait for silent servers, with nothing left
// to do beside: that is tail-s. The steady figures are those before it, which a
// list of any length comes near.
//
// What matters is client-ratio: the processor time for a question sent, against that of
// the bare client in the same run and the same world. The machine does as it pleases in
// between, so two runs of one commit differ by a tenth at least.
func BenchmarkBulk(b *testing.B) { everyWorld(b, rows) }

// BenchmarkReports is BenchmarkBulk with the whole reports of NDJSON.
func BenchmarkReports(b *testing.B) { everyWorld(b, reports) }

// BenchmarkAudits is BenchmarkBulk without reports and rows.
func BenchmarkAudits(b *testing.B) { everyWorld(b, nothing) }

// written is what is written of an audit.
type written int

const (
	nothing written = iota
	rows
	reports
)

func everyWorld(b *testing.B, what written) {
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		for _, lists := range []int{0, 10} {
			b.Run(fmt.Sprintf("lists=%d/latency=%s", lists, latency), func(b *testing.B) {
				benchmarkBulk(b, lists, latency, what)
			})
		}
	}
}

// bulk is what domains are audited with.
type bulk struct {
	sections []finding.Section
	options  audit.Options
	written  written
	// spare are rows that have been written.
	spare sync.Pool
	// audited is how many there are so far.
	audited atomic.Int64
}

// newBulk has the settings of the command and the first block lists.
func newBulk(lists int, what written) *bulk {
	k := &bulk{sections: []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Hosts}, written: what}
	k.options = audit.Options{Selectors: dkim.Inferred, Health: &rbl.Health{}, Catalogue: rbl.DefaultCatalogue(),
		MaxQueries: audit.DefaultMaxQueries, MaxIPs: audit.DefaultMaxIPs, Deadline: 30 * time.Second, Now: time.Now()}
	switch what {
	case rows:
		k.options.Detail = audit.ForRow
	case reports:
		k.options.Detail = audit.WithoutPasses
	}
	if lists > 0 {
		k.sections = append(k.sections, finding.Reputation)
		k.options.Catalogue = firstLists(lists)
	}
	return k
}

// audited is what becomes of one domain.
type audited struct {
	row     *[]byte
	count   report.Count
	err     error
	asked   int
	unknown int
}

func (k *bulk) audit(ctx context.Context, r resolver.Resolver, i int) (made audited) {
	result := audit.Run(ctx, r, audit.Target{Domain: Domain(i), Sections: k.sections}, k.options)
	defer k.audited.Add(1)
	made.asked = result.Queries
	for j := range result.Findings {
		if result.Findings[j].Severity == finding.Unknown {
			made.unknown = 1
		}
	}
	if k.written != nothing {
		whole := report.NewWithPolicy(result, nil, "bench")
		made.count = whole.Count()
		made.row, _ = k.spare.Get().(*[]byte)
		if made.row == nil {
			made.row = new([]byte)
		}
		if k.written == rows {
			*made.row, made.err = json.Marshal(report.NewRow(whole))
		} else {
			*made.row, made.err = report.AppendJSON((*made.row)[:0], report.Lean(whole))
		}
	}
	return made
}

// moment is what had been done and used at a time.
type moment struct {
	at      time.Time
	audited int64
	// The processor time of this process, of the world's, and of none.
	ours, theirs, idle time.Duration
}

func (k *bulk) now(w *otherWorld) moment {
	return moment{time.Now(), k.audited.Load(), proctime.Used(), w.used(), unused()}
}

// rate is how many domains a second were audited since.
func (m moment) rate(since moment) float64 {
	return float64(m.audited-since.audited) / m.at.Sub(since.at).Seconds()
}

// shares say, in percent of the processors, what was idle since and what others used
// than the benchmark: with others, no figure but those of processor time is of use.
func (m moment) shares(since moment) (idle, others float64) {
	had := float64(m.at.Sub(since.at)) * float64(runtime.NumCPU())
	idle = float64(m.idle-since.idle) / had
	return 100 * idle, 100 * (1 - idle - float64(m.ours-since.ours+m.theirs-since.theirs)/had)
}

func benchmarkBulk(b *testing.B, lists int, latency time.Duration, what written) {
	k := newBulk(lists, what)
	rounds := k.rounds(b)
	w := startWorld(b, latency)
	bare := bareClient(b, w.addr)
	st := stack(b, w.addr)
	defer st.Close()
	defer audit.CollectLess()()
	k.audited.Store(0)
	resetPeak()
	b.ResetTimer()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := k.now(&w)
	var last moment
	domains := func(yield func(int) bool) {
		for i := range b.N {
			if !yield(i) {
				return
			}
		}
		last = k.now(&w)
	}
	var total audited
	var tally report.Tally
	work := func(ctx context.Context, i int) audited { return k.audit(ctx, st, i) }
	o := audit.StreamOptions{Concurrency: number("CONCURRENCY", 0)}
	for _, made := range audit.Stream(context.Background(), domains, o, work) {
		if made.err != nil {
			b.Fatal(made.err)
		}
		total.asked += made.asked
		total.unknown += made.unknown
		tally.Add(made.count)
		if made.row != nil {
			io.Discard.Write(*made.row)
			k.spare.Put(made.row)
		}
	}
	end := k.now(&w)
	b.StopTimer()
	runtime.ReadMemStats(&after)
	peak := peakMemory()
	_, theirs := w.stop()
	stats := st.Cache.Stats()
	n, asked, sent := float64(b.N), float64(total.asked), float64(stats.Misses)
	idle, others := last.shares(started)
	seconds, used := end.at.Sub(started.at).Seconds(), float64((end.ours - started.ours).Microseconds())
	for unit, figure := range map[string]float64{
		"domains/s": end.rate(started), "domains/s-steady": last.rate(started), "tail-s": end.at.Sub(last.at).Seconds(),
		"asked/domain": asked / n, "sent/domain": sent / n, "asked/s": asked / seconds, "sent/s": sent / seconds,
		"µs-cpu/asked": used / asked, "µs-cpu/sent": used / sent, "µs-cpu/domain": used / n, "world-µs-cpu/sent": float64(theirs) / sent,
		"client-µs-cpu": bare, "client-ratio": used / sent / bare,
		"allocs/domain": float64(after.Mallocs-before.Mallocs) / n, "KB/domain": float64(after.TotalAlloc-before.TotalAlloc) / n / 1024,
		"rounds": rounds, "MB-peak": peak, "%unknown": 100 * float64(total.unknown) / n, "%idle-steady": idle, "%others-steady": others,
		"ns/op": 0, // says nothing
	} {
		b.ReportMetric(figure, unit)
	}
}

// bareClient is the processor time that a client without session, cache and audit takes
// for a question to the world, in µs.
func bareClient(b *testing.B, addr string) float64 {
	b.Helper()
	c, err := resolver.New(resolver.Config{Servers: []string{addr}})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	const questions, workers = 40_000, 256
	var next atomic.Int64
	var wg sync.WaitGroup
	started := proctime.Used()
	for range workers {
		wg.Go(func() {
			for i := next.Add(1); i <= questions; i = next.Add(1) {
				c.Lookup(context.Background(), "www."+Domain(500_000+int(i)), resolver.TypeA)
			}
		})
	}
	wg.Wait()
	return float64((proctime.Used() - started).Microseconds()) / questions
}

// stack is the resolver of the command, with its defaults.
func stack(b testing.TB, addr string) *resolver.Stack {
	b.Helper()
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{addr}},
		Cache: resolver.CacheOptions{Bytes: number("CACHE_MB", 0) << 20}})
	if err != nil {
		b.Fatal(err)
	}
	return st
}

// rounds is the longest chain of dependent questions of an audit, in the mean: how
// many round trips it takes, if answers take so long that nothing else counts.
// Domains with servers that fail are left out.
func (k *bulk) rounds(b *testing.B) float64 {
	b.Helper()
	const trip, domains = 100 * time.Millisecond, 64
	w := New(1, 0)
	s, err := Serve(w, trip)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	st := stack(b, s.Addr())
	defer st.Close()
	inputs := func(yield func(int) bool) {
		for i, n := 0, 0; n < domains; i++ {
			if w.domain(i).fault == healthy {
				if n++; !yield(i) {
					return
				}
			}
		}
	}
	one := func(ctx context.Context, i int) int {
		began := time.Now()
		k.audit(ctx, st, i)
		return int(time.Since(began) / trip)
	}
	trips := 0
	for _, n := range audit.Stream(context.Background(), inputs, audit.StreamOptions{Concurrency: domains / 4}, one) {
		trips += n
	}
	return float64(trips) / domains
}

// number is a variable of the environment, to try other settings.
func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// firstLists is a catalogue of the first block lists of the default one.
func firstLists(n int) *rbl.Catalogue {
	c := rbl.DefaultCatalogue()
	out := &rbl.Catalogue{}
	for _, l := range c.Lists {
		if l.Default && l.Dead == "" && len(out.Lists) < n {
			out.Lists = append(out.Lists, l)
		}
	}
	return out
}
