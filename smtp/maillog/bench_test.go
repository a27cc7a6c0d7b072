package maillog

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/bombtest"
	"mailworthy/internal/proctime"
)

// synthetic writes the log of a busy Postfix without an end: messages of one to three
// recipients at many domains, a fifth of whose attempts are deferred or bounced. Ids
// do not repeat, and every message is removed.
type synthetic struct {
	r   *rand.Rand
	n   int
	sec int64
	buf bytes.Buffer
}

func newSynthetic() *synthetic { return &synthetic{r: rand.New(rand.NewPCG(1, 2)), sec: 1_793_700_000} }

var syntheticReceivers = []struct{ domain, host string }{
	{"gmail.com", "gmail-smtp-in.l.google.com"}, {"outlook.com", "outlook-com.olc.protection.outlook.com"}, {"yahoo.com", "mta5.am0.yahoodns.net"},
	{"gmx.de", "mx00.emig.gmx.net"}, {"orange.fr", "smtp-in.orange.fr"}, {"one.example", "mx.one.example"},
}

func (s *synthetic) line(format string, args ...any) {
	s.buf.WriteString(time.Unix(s.sec, int64(s.r.IntN(1e9))).UTC().Format("2006-01-02T15:04:05.000000+00:00"))
	s.buf.WriteString(" mx1 ")
	fmt.Fprintf(&s.buf, format, args...)
	s.buf.WriteByte('\n')
}

// message writes the lines of one message, and the retry of an earlier one.
func (s *synthetic) message() {
	s.n++
	if s.n%20 == 0 {
		s.sec++
	}
	id := fmt.Sprintf("4bDx%06dz%04d", s.n%1_000_000, s.n/1_000_000)
	pid := 900 + s.r.IntN(60)
	s.line("postfix/smtpd[%d]: connect from web1.acme.example[192.0.2.7]", pid)
	s.line("postfix/smtpd[%d]: %s: client=web1.acme.example[192.0.2.7], sasl_method=PLAIN, sasl_username=app", pid, id)
	s.line("postfix/cleanup[%d]: %s: message-id=<%d.%d@acme.example>", pid, id, s.n, s.r.IntN(1e9))
	s.line("postfix/qmgr[77]: %s: from=<app%d@acme.example>, size=%d, nrcpt=1 (queue active)", id, s.n%50, 2000+s.r.IntN(9000))
	s.line("postfix/smtpd[%d]: disconnect from web1.acme.example[192.0.2.7] ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8", pid)
	for range 1 + s.r.IntN(3)/2 {
		to := syntheticReceivers[s.r.IntN(len(syntheticReceivers))]
		domain := to.domain
		if domain == "one.example" {
			domain = fmt.Sprintf("d%d.example", s.r.IntN(3000))
		}
		user := s.r.IntN(1e6)
		s.line("postfix/smtp[%d]: Trusted TLS connection established to %s[198.51.100.%d]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)", pid, to.host, s.r.IntN(250))
		switch s.r.IntN(10) {
		case 0:
			s.line("postfix/smtp[%d]: %s: to=<u%d@%s>, relay=%s[198.51.100.%d]:25, delay=1.8, delays=0.05/0.01/1.3/0.44, dsn=4.7.1, status=deferred (host %s[198.51.100.9] said: 450 4.7.1 <u%d@%s>: Recipient address rejected: Greylisted, try again in %d seconds (in reply to RCPT TO command))",
				pid, id, user, domain, to.host, s.r.IntN(250), to.host, user, domain, s.r.IntN(600))
			s.line("postfix/smtp[%d]: %s: to=<u%d@%s>, relay=%s[198.51.100.%d]:25, delay=302, delays=300/0.01/1.3/0.44, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %X)", pid, id, user, domain, to.host, s.r.IntN(250), s.r.IntN(1e9))
		case 1:
			s.line("postfix/smtp[%d]: %s: to=<u%d@%s>, relay=%s[198.51.100.%d]:25, delay=1.1, delays=0.05/0.01/0.5/0.54, dsn=5.1.1, status=bounced (host %s[198.51.100.40] said: 550-5.1.1 The email account that you tried to reach does not exist. 550 5.1.1 x%x-%d - gsmtp (in reply to RCPT TO command))",
				pid, id, user, domain, to.host, s.r.IntN(250), to.host, s.r.IntN(1e9), s.r.IntN(1e6))
		default:
			s.line("postfix/smtp[%d]: %s: to=<u%d@%s>, relay=%s[198.51.100.%d]:25, delay=0.9, delays=0.05/0.01/0.4/0.44, dsn=2.0.0, status=sent (250 2.0.0 OK  %d x%x-20020a.%d - gsmtp)", pid, id, user, domain, to.host, s.r.IntN(250), s.sec, s.r.IntN(1e9), s.r.IntN(999))
		}
	}
	s.line("postfix/qmgr[77]: %s: removed", id)
}

func (s *synthetic) Read(p []byte) (int, error) {
	for s.buf.Len() < len(p) {
		s.message()
	}
	return s.buf.Read(p)
}

// syntheticLog returns so many lines.
func syntheticLog(lines int) []byte {
	var out bytes.Buffer
	r := bufio.NewReader(newSynthetic())
	for range lines {
		line, _ := r.ReadSlice('\n')
		out.Write(line)
	}
	return out.Bytes()
}

// BenchmarkPostfix reads a Postfix log; lines/s and allocations a line are what counts.
func BenchmarkPostfix(b *testing.B) {
	benchmark(b, syntheticLog(200_000), 200_000, 5)
}

// BenchmarkSuite reads the Postfix lines of the public logs, over and over.
func BenchmarkSuite(b *testing.B) {
	var text bytes.Buffer
	n := 0
	for _, pattern := range []string{"crowdsec/postfix*.log", "authored/postfix*.log"} {
		names, _ := filepath.Glob(filepath.Join(suite, pattern))
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			data = append(data, '\n')
			text.Write(data)
			n += bytes.Count(data, []byte("\n"))
		}
	}
	if n == 0 {
		b.Skip("the public logs are not here")
	}
	benchmark(b, text.Bytes(), n, 1_000_000/n+1)
}

// benchmark reads a text so many times as one log. Beside the time that passed it
// reports the time of the processor, which other programs do not change as much.
func benchmark(b *testing.B, text []byte, lines, times int) {
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, cpu := time.Now(), proctime.Used()
	for b.Loop() {
		l := New(Options{Location: time.UTC, Latest: time.Unix(1_793_800_000, 0)})
		for range times {
			if err := l.Read(context.Background(), bytes.NewReader(text)); err != nil {
				b.Fatal(err)
			}
		}
		if l.tallies.lines.NotUnderstood > 0 {
			b.Fatalf("not understood: %q", l.tallies.samples)
		}
	}
	took := time.Since(start)
	cpu = proctime.Used() - cpu
	runtime.ReadMemStats(&after)
	all := float64(lines) * float64(times) * float64(b.N)
	b.ReportMetric(all/took.Seconds(), "lines/s")
	if cpu > 0 {
		b.ReportMetric(all/cpu.Seconds(), "lines/cpu-s")
	}
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/all, "allocs/line")
	b.ReportMetric(float64(len(text)*times)*float64(b.N)/took.Seconds()/1e6, "MB/s")
}

// TestMemory: what is remembered does not grow with the log. Messages are never
// removed here, domains never the same, and receivers and texts neither if IN_FULL is set
// (to explain one takes longest): the worst that a log can be.
func TestMemory(t *testing.T) {
	skipMemory(t, "reads 75,000 lines that have nothing in common")
	texts := 500
	if os.Getenv("IN_FULL") != "" {
		texts = maxOpen * 5 / 4
	}
	l := New(Options{Location: time.UTC, Senders: true})
	var most uint64
	for i := range maxOpen * 5 / 4 { // it grows until as many are open as may be
		k := i % texts
		line := fmt.Sprintf("2026-11-03T10:00:00.1+00:00 mx%d postfix/smtp[%d]: 4bDx%06dz%06d: to=<user%d@d%d.example>, relay=mx.d%d.example[192.0.2.1]:25, delay=%d, delays=0/0/0/1, dsn=4.%d.%d, status=deferred (host mx.d%d.example[192.0.2.1] said: 450 4.7.1 w%s %d)",
			i, i, i, i, i, i, k, i, k%8, k%999, k, strings.Repeat("y", k%37), k)
		l.Line([]byte(line))
		if i%25_000 == 24_999 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	runtime.KeepAlive(l)
	t.Logf("live heap: %d MB", most>>20)
	if most > 100<<20 {
		t.Errorf("the live heap is %d MB, and must stay under 100 MB", most>>20)
	}
}

// skipMemory skips a test of the live heap if tests are to be short, and under the race
// detector, whose shadow of each octet makes it ten times as long; all runs in one goroutine.
func skipMemory(t *testing.T, why string) {
	t.Helper()
	if testing.Short() || bombtest.Raced {
		t.Skip(why)
	}
}

// TestMemoryOfALongLog streams a log as a server writes it: of half a million lines, of a
// million if IN_FULL is set.
func TestMemoryOfALongLog(t *testing.T) {
	skipMemory(t, "reads half a million lines")
	l := New(Options{Location: time.UTC})
	r := newSynthetic()
	var most uint64
	parts := 2
	if os.Getenv("IN_FULL") != "" {
		parts = 4
	}
	for range parts {
		if err := l.Read(context.Background(), io.LimitReader(r, 45<<20)); err != nil {
			t.Fatal(err)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
	}
	t.Logf("%d lines, live heap: %d MB", l.tallies.lines.Read, most>>20)
	if most > 100<<20 {
		t.Errorf("the live heap is %d MB, and must stay under 100 MB", most>>20)
	}
	runtime.KeepAlive(l)
}
