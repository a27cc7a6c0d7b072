package dnsworld

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mailworthy/audit"
	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/rbl"
	"mailworthy/resolver"
)

// The benchmarks run the world in a process of its own: this test binary, started
// again with this variable, which holds the latency.
const serveVariable = "DNSWORLD_SERVE"

func TestMain(m *testing.M) {
	if latency := os.Getenv(serveVariable); latency != "" {
		serveUntilStdinEnds(latency)
		return
	}
	os.Exit(m.Run())
}

func serveUntilStdinEnds(latency string) {
	d, _ := time.ParseDuration(latency)
	s, err := Serve(New(1, 0), d)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.Addr())
	bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Println(s.Queries(), processorTime().Microseconds())
	s.Close()
}

// world is a world in another process.
type otherWorld struct {
	addr string
	stop func() (queries, microseconds int64)
}

func startWorld(b *testing.B, latency time.Duration) otherWorld {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+latency.String())
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(out)
	addr, err := lines.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return otherWorld{strings.TrimSpace(addr), func() (queries, microseconds int64) {
		in.Close()
		fmt.Fscan(lines, &queries, &microseconds)
		cmd.Wait()
		return queries, microseconds
	}}
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMemory is VmHWM in MB; 0 where the system does not say.
func peakMemory() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024
		}
	}
	return 0
}

// meter measures what a benchmark costs this process.
type meter struct {
	started time.Time
	used    time.Duration
}

func startMeter(b *testing.B) meter {
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // VmHWM from here on
	runtime.GC()
	b.ResetTimer()
	return meter{time.Now(), processorTime()}
}

func (m meter) report(b *testing.B, questions int64, w otherWorld) {
	wall, used := time.Since(m.started), processorTime()-m.used
	b.StopTimer()
	peak := peakMemory()
	queries, theirs := w.stop()
	b.ReportMetric(float64(questions)/wall.Seconds(), "questions/s")
	b.ReportMetric(float64(used.Microseconds())/float64(questions), "µs-cpu/question")
	b.ReportMetric(float64(theirs)/float64(queries), "world-µs-cpu/question")
	b.ReportMetric(peak, "MB-peak")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkClient asks questions that nobody has asked, from many goroutines, with
// no audit and no cache around them.
func BenchmarkClient(b *testing.B) {
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		b.Run("latency="+latency.String(), func(b *testing.B) {
			w := startWorld(b, latency)
			c, err := resolver.New(resolver.Config{Servers: []string{w.addr}})
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			workers := 256
			if latency > 0 {
				workers = 2048
			}
			var next atomic.Int64
			m := startMeter(b)
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for {
						i := int(next.Add(1)) - 1
						if i >= b.N {
							return
						}
						c.Lookup(context.Background(), "www."+Domain(i%1_000_000), resolver.TypeA)
					}
				})
			}
			wg.Wait()
			m.report(b, int64(b.N), w)
		})
	}
}

// BenchmarkBulk audits b.N domains as the command does for a file of them.
//
//	go test ./internal/dnsworld -run '^$' -bench Bulk -benchtime 20000x
func BenchmarkBulk(b *testing.B) {
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		for _, lists := range []int{0, 10} {
			b.Run(fmt.Sprintf("lists=%d/latency=%s", lists, latency), func(b *testing.B) {
				benchmarkBulk(b, lists, latency)
			})
		}
	}
}

func benchmarkBulk(b *testing.B, lists int, latency time.Duration) {
	w := startWorld(b, latency)
	st, err := resolver.Build(resolver.Options{Config: resolver.Config{Servers: []string{w.addr}},
		Cache: resolver.CacheOptions{Bytes: number("CACHE_MB", 0) << 20}})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	o := audit.Options{Selectors: dkim.Inferred, Health: &rbl.Health{}}
	sections := []finding.Section{finding.SPF, finding.DKIM, finding.DMARC, finding.Hosts}
	if lists > 0 {
		sections = append(sections, finding.Reputation)
		o.Catalogue = firstLists(lists)
	}
	workers := number("CONCURRENCY", 256)
	var next, asked, unknown atomic.Int64
	m := startMeter(b)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				r := audit.Run(context.Background(), st, audit.Target{Domain: Domain(i), Sections: sections}, o)
				asked.Add(int64(r.Queries))
				for _, f := range r.Findings {
					if f.Severity == finding.Unknown {
						unknown.Add(1)
						break
					}
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "domains/s")
	b.ReportMetric(float64(asked.Load())/float64(b.N), "questions/domain")
	b.ReportMetric(100*float64(unknown.Load())/float64(b.N), "%unknown")
	stats := st.Cache.Stats()
	b.ReportMetric(float64(stats.Misses)/float64(b.N), "sent/domain")
	b.ReportMetric(100*stats.HitRate(), "%hits")
	m.report(b, stats.Misses, w)
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
