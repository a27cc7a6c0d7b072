package dnsworld

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailworthy/internal/proctime"
	"mailworthy/internal/runtest"
	"mailworthy/resolver"
)

// The benchmarks run the world in a process of its own: this test binary, started
// again with this variable, which holds the latency.
const serveVariable = "DNSWORLD_SERVE"

// profileVariable names the file for a processor profile of the world.
const profileVariable = "DNSWORLD_CPUPROFILE"

func TestMain(m *testing.M) {
	if latency := os.Getenv(serveVariable); latency != "" {
		serveUntilStdinEnds(latency)
		return
	}
	runtest.RareGC()
	os.Exit(m.Run())
}

func serveUntilStdinEnds(latency string) {
	d, _ := time.ParseDuration(latency)
	s, err := Serve(New(1, 0), d)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if file, err := os.Create(os.Getenv(profileVariable)); err == nil {
		pprof.StartCPUProfile(file)
		defer pprof.StopCPUProfile()
	}
	before := proctime.Used() // making the world
	fmt.Println(s.Addr())
	bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Println(s.Queries(), (proctime.Used() - before).Microseconds())
	s.Close()
}

// world is a world in another process.
type otherWorld struct {
	addr string
	pid  int
	stop func() (queries, microseconds int64)
}

// used is the processor time of the world so far, in ticks of 10 ms; zero if the
// system does not say.
func (w otherWorld) used() time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.pid))
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
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
	return otherWorld{strings.TrimSpace(addr), cmd.Process.Pid, func() (queries, microseconds int64) {
		in.Close()
		fmt.Fscan(lines, &queries, &microseconds)
		cmd.Wait()
		return queries, microseconds
	}}
}

// unused is how long processors had nothing to do, in ticks of 10 ms.
func unused() time.Duration {
	stat, _ := os.ReadFile("/proc/stat")
	fields := strings.Fields(string(stat[:bytes.IndexByte(append(stat, '\n'), '\n')]))
	if len(fields) < 6 {
		return 0
	}
	idle, _ := strconv.Atoi(fields[4])
	waiting, _ := strconv.Atoi(fields[5])
	return time.Duration(idle+waiting) * 10 * time.Millisecond
}

// resetPeak has peakMemory count from here on.
func resetPeak() {
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peakMemory is VmHWM in MB; 0 if the system does not say.
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
			resetPeak()
			b.ResetTimer()
			started := proctime.Used()
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
			used := proctime.Used() - started
			b.StopTimer()
			queries, theirs := w.stop()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
			b.ReportMetric(float64(used.Microseconds())/float64(b.N), "µs-cpu/question")
			b.ReportMetric(float64(theirs)/float64(queries), "world-µs-cpu/question")
			b.ReportMetric(peakMemory(), "MB-peak")
			b.ReportMetric(0, "ns/op")
		})
	}
}
