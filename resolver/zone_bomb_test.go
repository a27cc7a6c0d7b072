package resolver

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// peak runs f and returns how long it took and by how much it made the heap grow,
// as seen from beside it.
func peak(f func()) (time.Duration, uint64) {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	most := before.HeapAlloc
	done, seen := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(seen)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	start := time.Now()
	f()
	took := time.Since(start)
	close(done)
	<-seen
	return took, most - before.HeapAlloc
}

// TestZoneBombs: a zone file, whatever stands in it, ends within a time and a memory
// that its bounds set, with its zones or with an error that says what is too much.
// The bounds are a 64th of the real ones here; with them as they are
// BOMBS=1 go test ./resolver -run ZoneBombs -v shows the figures.
func TestZoneBombs(t *testing.T) {
	bounds, scale, most := defaultZoneBounds(), 64, uint64(24<<20)
	if os.Getenv("BOMBS") != "" {
		scale, most = 1, 1<<30
	}
	bounds.file /= scale
	bounds.records /= scale
	bounds.zones /= scale
	bounds.names /= scale
	bounds.strings /= scale
	bounds.generated /= scale
	bounds.generatedBytes /= scale
	size := bounds.file - 1024
	fill := func(start, line string) string { return start + strings.Repeat(line, (size-len(start))/len(line)) }
	numbered := func(start, format string) string {
		var b strings.Builder
		b.WriteString(start)
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	long := strings.Repeat(strings.Repeat("o", 60)+".", 3)
	deep := strings.Repeat("a.", 110)
	for _, tt := range []struct{ name, text, wrong string }{
		{"the same record", fill("$ORIGIN a.test.\n", "a A 192.0.2.1\n"), "records"},
		{"records of a long origin", numbered("$ORIGIN "+long+"\n", "a%d A 192.0.2.1\n"), "records"},
		{"records of one name", numbered("$ORIGIN a.test.\n", "a TXT %d\n"), "records"},
		{"zones", numbered("", "d%d. SOA . . 1 1 1 1 1\n"), "records"},
		{"names with empty ones above", numbered("$ORIGIN test.\n@ SOA . . 1 1 1 1 1\n", deep+"n%d A 192.0.2.1\n"), "names"},
		{"zones in zones", numbered("$ORIGIN test.\n@ SOA . . 1 1 1 1 1\n", strings.Repeat("b.", 20)+"n%[1]d SOA . . 1 1 1 1 1\n"+strings.Repeat("b.", 10)+"n%[1]d SOA . . 1 1 1 1 1\n"), "records"},
		{"origins without a SOA", numbered("", "$ORIGIN d%d.test.\n") + "a A 192.0.2.1\n", "zones"},
		{"records outside of all zones", numbered("$ORIGIN test.\n@ SOA . . 1 1 1 1 1\n", "d%d.example. A 192.0.2.1\n"), "records"},
		{"empty strings", fill("$ORIGIN test.\na TXT ", `"" `), "words"},
		{"records of empty strings", fill("$ORIGIN test.\n", "a TXT "+strings.Repeat(`"" `, 1000)+"\n"), "strings"},
		{"a long string", "$ORIGIN test.\na TXT \"" + strings.Repeat("x", size) + "\"\n", "255"},
		{"a long word", "$ORIGIN test.\n" + strings.Repeat("x", size) + " A 192.0.2.1\n", "label"},
		{"an open parenthesis", fill("$ORIGIN test.\na TXT (", "\n"), "never closed"},
		{"parentheses", fill("", "("), "never closed"},
		{"unknown types", numbered("$ORIGIN test.\n", "a TYPE65280 \\# 4 %08x\n"), "records"},
		{"a line generates records", "$ORIGIN test.\n$GENERATE 0-65535 a$ TXT " + strings.Repeat(`"`+strings.Repeat("x", 200)+`" `, 100) + "\n", "bytes of text"},
		{"a line generates a word", "$ORIGIN test.\n$GENERATE 0-1 a " + fill("TXT ", "${0,255}") + "\n", "bytes of text"},
		{"a line generates words", "$ORIGIN test.\n$GENERATE 0-1000 a TXT " + strings.Repeat("${0,250} ", 200) + "\n", "bytes of text"},
		{"lines generate names", numbered("$ORIGIN test.\n", "$GENERATE 0-99 "+deep+"n%d-$ A 192.0.2.1\n"), "$GENERATE makes more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s *ZoneSet
			var err error
			took, grew := peak(func() { s, err = parseZone(tt.text, "", "bomb.zone", bounds) })
			runtime.KeepAlive(s)
			said := ""
			if err != nil {
				said = err.Error()
			}
			t.Logf("%d MB: %.1f s, %d MB: %s", len(tt.text)>>20, took.Seconds(), grew>>20, clip(said))
			if (tt.wrong == "") != (err == nil) || !strings.Contains(said, tt.wrong) {
				t.Errorf("%v, want %q", err, tt.wrong)
			}
			if len(said) > 1000 {
				t.Errorf("a message of %d bytes", len(said))
			}
			// Many times what it takes on a machine that does nothing else.
			if took > time.Minute || grew > most {
				t.Errorf("%s and %d MB", took, grew>>20)
			}
		})
	}
}
