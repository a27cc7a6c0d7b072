package maillog

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// delivery is a line of Postfix behind whatever head.
const delivery = "4abcDE1z2QzF12: to=<ann@one.example>, relay=mx.one.example[198.51.100.5]:25, delay=0.9, delays=0/0/0/0.9, dsn=2.0.0, status=sent (250 2.0.0 Ok)"

// readLines reads lines and returns the report and events.
func readLines(o Options, lines ...string) (*Report, []Event) {
	var events []Event
	o.Event = func(e *Event) { events = append(events, *e) }
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Latest.IsZero() {
		o.Latest = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	}
	l := New(o)
	for _, line := range lines {
		l.Line([]byte(line))
	}
	l.Close()
	return l.Report(ByReceiver), events
}

// TestHeads reads one delivery behind every form of head.
func TestHeads(t *testing.T) {
	escaped, _ := json.Marshal(delivery)
	var codes []string
	for _, c := range []byte(delivery) {
		codes = append(codes, fmt.Sprint(c))
	}
	for _, c := range []struct{ name, line, host, time string }{
		{"RFC 3164", "Oct 10 15:59:28 mail postfix/smtp[910]: " + delivery, "mail", "2026-10-10T15:59:28Z"},
		{"day padded", "Jul  5 15:59:28 mail postfix/smtp[910]: " + delivery, "mail", "2026-07-05T15:59:28Z"},
		{"PRI kept", "<22>Oct 10 15:59:28 mail postfix/smtp[910]: " + delivery, "mail", "2026-10-10T15:59:28Z"},
		{"year behind the day", "Oct 10 2024 15:59:28 mail postfix/smtp[910]: " + delivery, "mail", "2024-10-10T15:59:28Z"},
		{"year first", "2013 Jun 10 06:27:30.123 mail postfix/smtp[910]: " + delivery, "mail", "2013-06-10T06:27:30.123Z"},
		{"no host", "Oct 10 15:59:28 postfix/smtp[910]: " + delivery, "", "2026-10-10T15:59:28Z"},
		{"FreeBSD", "Oct 10 15:59:28 <mail.info> mail postfix/smtp[910]: " + delivery, "mail", "2026-10-10T15:59:28Z"},
		{"RFC 3339", "2024-08-26T01:33:38.572449+02:00 mail postfix/smtp[910]: " + delivery, "mail", "2024-08-26T01:33:38.572449+02:00"},
		{"short-iso", "2024-08-26T01:33:38+0000 mail postfix/smtp[910]: " + delivery, "mail", "2024-08-26T01:33:38Z"},
		{"blank for the T", "2024-08-26 01:33:38 mail postfix/smtp[910]: " + delivery, "mail", "2024-08-26T01:33:38Z"},
		{"RFC 5424", "<22>1 2024-08-26T01:33:38Z mail postfix/smtp 910 - - " + delivery, "mail", "2024-08-26T01:33:38Z"},
		{"RFC 5424 with data", `<22>1 2024-08-26T01:33:38Z mail postfix/smtp 910 - [a@1 b="]\"x"][c d="e"] ` + delivery, "mail", "2024-08-26T01:33:38Z"},
		{"instance", "Oct 10 15:59:28 mail postfix-out/relay/smtp[910]: " + delivery, "mail", "2026-10-10T15:59:28Z"},
		{"journal json", `{"__REALTIME_TIMESTAMP":"1793700000000000","_HOSTNAME":"mail","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"910","MESSAGE":` + string(escaped) + `}`, "mail", "2026-11-03T10:00:00Z"},
		{"journal bytes", `{"__REALTIME_TIMESTAMP":"1793700000000000","SYSLOG_IDENTIFIER":"postfix/smtp","MESSAGE":[` + strings.Join(codes, ",") + `]}`, "", "2026-11-03T10:00:00Z"},
		{"docker", `{"log":"Oct 10 15:59:28 mail postfix/smtp[910]: ` + delivery + `\n","stream":"stdout","time":"2026-10-10T15:59:28.5Z"}`, "mail", "2026-10-10T15:59:28Z"},
		{"CRI", "2026-10-10T15:59:28.5Z stdout F Oct 10 15:59:28 mail postfix/smtp[910]: " + delivery, "mail", "2026-10-10T15:59:28Z"},
		{"journal cat", delivery, "", ""},
		{"bom and CR", "\xEF\xBB\xBFOct 10 15:59:28 mail postfix/smtp[910]: " + delivery + "\r", "mail", "2026-10-10T15:59:28Z"},
		{"zeros of a crash", "\x00\x00\x00Oct 10 15:59:28 mail postfix/smtp[910]: " + delivery, "mail", "2026-10-10T15:59:28Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, events := readLines(Options{}, c.line)
			if r.Lines.Understood != 1 || len(events) != 1 {
				t.Fatalf("%+v, %d events", r.Lines, len(events))
			}
			e := events[0]
			when := ""
			if !e.Time.IsZero() {
				when = e.Time.Format(time.RFC3339Nano)
			}
			if e.Kind != Delivered || e.Recipient != "ann@one.example" || e.Host != c.host || when != c.time || e.Relay != "mx.one.example" {
				t.Errorf("%+v at %s", e, when)
			}
		})
	}
}

// TestExport reads an entry of journalctl -o export.
func TestExport(t *testing.T) {
	r, events := readLines(Options{}, "__CURSOR=s=1", "__REALTIME_TIMESTAMP=1793700000000000", "_HOSTNAME=mail", "SYSLOG_IDENTIFIER=postfix/smtp", "MESSAGE="+delivery, "_PID=910", "",
		"__CURSOR=s=2", "SYSLOG_IDENTIFIER=sshd", "MESSAGE=Accepted")
	if len(events) != 1 || events[0].Host != "mail" || r.Lines != (Lines{Read: 2, Understood: 1, Other: 1}) {
		t.Errorf("%+v %+v", events, r.Lines)
	}
}

// TestYears: a year that is not written is that of the file, stepped at the turn of
// the year, and a late line of the old year belongs to it.
func TestYears(t *testing.T) {
	for _, c := range []struct {
		name   string
		latest string
		stamps []string
		want   []string
	}{
		{"turn of the year", "2026-01-02", []string{"Dec 31 23:59:58", "Jan  1 00:00:02", "Dec 31 23:59:59", "Jan  1 00:00:03"}, []string{"2025-12-31", "2026-01-01", "2025-12-31", "2026-01-01"}},
		{"older than the file", "2026-03-01", []string{"Nov 10 00:00:00"}, []string{"2025-11-10"}},
		{"leap day", "2026-03-01", []string{"Feb 29 10:00:00", "Mar  1 10:00:00"}, []string{"2024-02-29", "2024-03-01"}},
	} {
		latest, _ := time.Parse(time.DateOnly, c.latest)
		var lines []string
		for _, s := range c.stamps {
			lines = append(lines, s+" mail postfix/smtp[910]: "+delivery)
		}
		_, events := readLines(Options{Latest: latest}, lines...)
		for i, e := range events {
			if got := e.Time.Format(time.DateOnly); got != c.want[i] {
				t.Errorf("%s: line %d is of %s, want %s", c.name, i, got, c.want[i])
			}
		}
	}
	if _, events := readLines(Options{Year: 2019}, "Dec 31 23:59:58 m postfix/smtp[1]: "+delivery, "Jan  1 00:00:00 m postfix/smtp[1]: "+delivery); events[0].Time.Year() != 2019 || events[1].Time.Year() != 2020 {
		t.Errorf("--year: %v, %v", events[0].Time, events[1].Time)
	}
}

// TestPasses: mail that goes through a filter, or a relay of one's own that logs to
// the same file, is counted once.
func TestPasses(t *testing.T) {
	to := "to=<ann@one.example>, relay=%s, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %s)"
	first := func(relay, id string) string {
		return "Oct 10 15:59:28 m postfix/smtp[1]: 4bDx000001z0001: " + fmt.Sprintf(to, relay, id)
	}
	second := "Oct 10 15:59:29 m postfix/smtp[1]: 4bDx000002z0002: " + fmt.Sprintf(to, "mx.one.example[198.51.100.5]:25", "77AA")
	received := "Oct 10 15:59:28 m postfix/smtpd[1]: 4bDx000002z0002: client=localhost[127.0.0.1]"
	for name, lines := range map[string][]string{
		"filter":              {first("127.0.0.1[127.0.0.1]:10024", "4bDx000002z0002"), received, second},
		"filter, other order": {received, first("127.0.0.1[127.0.0.1]:10024", "4bDx000002z0002"), second},
		"own relay, first":    {first("10.0.0.9[10.0.0.9]:25", "4bDx000002z0002"), received, second},
		"own relay, later":    {received, first("relay.acme.example[192.0.2.9]:25", "4bDx000002z0002"), second},
		"socket":              {first("m[private/filter]", "4bDx000002z0002"), received, second},
	} {
		r, _ := readLines(Options{}, lines...)
		if r.Total.Messages != 1 || r.Total.Delivered != 1 || r.HandedOver != 1 || r.Total.Attempts != 1 {
			t.Errorf("%s: %+v, handed over %d", name, r.Total, r.HandedOver)
		}
	}
}

// TestDeferredThenSent: five deferrals and a delivery are one recipient.
func TestDeferredThenSent(t *testing.T) {
	deferred := "Oct 10 15:59:28 m postfix/smtp[1]: 4bDx000001z0001: to=<a@b.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to mx.b.example[192.0.2.1]:25: Connection timed out)"
	sent := "Oct 10 16:59:28 m postfix/smtp[1]: 4bDx000001z0001: to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=3600, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)"
	r, _ := readLines(Options{}, deferred, deferred, deferred, deferred, deferred, sent)
	c := r.Total
	if c.Messages != 1 || c.Delivered != 1 || c.Deferred != 5 || c.Attempts != 6 || c.Queued != 0 || *c.Delay.P50 != 3600 {
		t.Errorf("%+v", c)
	}
	if len(r.Groups) != 1 || len(c.Reasons) != 1 || c.Reasons[0].Reason != "network" || c.Reasons[0].Count != 5 {
		t.Errorf("%+v", r.Groups)
	}
}

// TestShortIDs: an id that is used again is another message.
func TestShortIDs(t *testing.T) {
	line := func(s string) string { return "Oct 10 15:59:28 m postfix/" + s }
	sent := line("smtp[1]: AB12CD34EF: to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)")
	r, _ := readLines(Options{}, line("smtpd[1]: AB12CD34EF: client=x[192.0.2.7]"), sent, line("qmgr[1]: AB12CD34EF: removed"),
		line("smtpd[1]: AB12CD34EF: client=x[192.0.2.7]"), sent, line("smtpd[1]: AB12CD34EF: client=x[192.0.2.7]"), sent)
	if r.Total.Messages != 3 || r.Total.Delivered != 3 {
		t.Errorf("%+v", r.Total)
	}
}

// TestForms are lines of each program that are easily misread.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  Event
	}{
		{"quoted address", []string{`Oct 10 15:59:28 m postfix/smtp[1]: 4bDx000001z0001: to=<"a, b>"@b.example>, relay=none, delay=1, dsn=5.1.1, status=bounced (no)`}, Event{Kind: Bounced, Recipient: `"a, b>"@b.example`}},
		{"softbounce", []string{`Oct 10 15:59:28 m postfix/smtp[1]: 4bDx000001z0001: to=<a@b.example>, relay=none, delay=1, dsn=4.1.1, status=SOFTBOUNCE (no)`}, Event{Kind: Deferred, Recipient: "a@b.example"}},
		{"exim pipe", []string{"2026-11-03 10:00:00 1jmFYj-00039V-QX => |/bin/x -a <p@q.example> R=pipe T=address_pipe"}, Event{Kind: Delivered, Recipient: "p@q.example"}},
		{"exim final and original", []string{"2026-11-03 10:00:00 1jmFYj-00039V-QX => ann <ann@one.example> R=local T=local_delivery"}, Event{Kind: Delivered, Recipient: "ann@one.example"}},
		{"exim expired", []string{"2026-11-03 10:00:00 1jmFYj-00039V-QX ** a@b.example: retry timeout exceeded"}, Event{Kind: Expired, Recipient: "a@b.example"}},
		{"exim split", []string{"Nov  3 10:00:00 h exim[12]: [1/2] 1jmFYj-00039V-QX ** a@b.example R=dnslookup T=remote_smtp: SMTP error from remote mail server after RCPT TO:<a@b.example>: 550", "Nov  3 10:00:00 h exim[12]: [2/2]  5.1.1 no"}, Event{Kind: Bounced, Recipient: "a@b.example"}},
		{"repeated", []string{"Oct 10 15:59:28 m postfix/smtp[1]: message repeated 2 times: [ connect to x.example[192.0.2.1]:25: Connection refused]"}, Event{Kind: Attempt}},
		{"opensmtpd", []string{`Jul  6 06:01:46 h smtpd[752]: 5df87c9b982c840c mta delivery evpid=3d4c4a424797fe79 from=<a@b> to=<c@d.example> rcpt=<-> source="192.0.2.1" relay="192.0.2.2 (mx.d.example)" delay=1h2m3s result="TempFail" stat="421 busy"`}, Event{Kind: Deferred, Recipient: "c@d.example"}},
		{"opensmtpd old", []string{`Jul  6 06:01:46 h smtpd[752]: 5df87c9b982c840c mta event=delivery evpid=3d4c4a424797fe79 from=<a@b> to=<c@d.example> rcpt=<-> source="-" relay="192.0.2.2 (mx.d.example)" delay=1s result="PermFail" stat="550 no"`}, Event{Kind: Bounced, Recipient: "c@d.example"}},
		{"sendmail, with the answer", []string{"Nov  3 10:00:02 m sm-mta[1]: 4ARA00x1000100: to=<a@b.example>, delay=00:00:03, mailer=esmtp, relay=mx.b.example. [198.51.100.5], dsn=5.1.1, reply=550 5.1.1 <a@b.example>... User unknown, we say, stat=User unknown"}, Event{Kind: Bounced, Recipient: "a@b.example", ReplyCode: 550, EnhancedCode: "5.1.1", Reason: "user-unknown"}},
		{"sendmail, no answer", []string{"Nov  3 10:00:02 m sm-mta[1]: 4ARA00x1000100: to=<a@b.example>, delay=00:00:03, mailer=esmtp, relay=mx.b.example. [198.51.100.5], dsn=4.0.0, reply=read error from mx.b.example., stat=Deferred: Connection reset by mx.b.example."}, Event{Kind: Deferred, Recipient: "a@b.example", EnhancedCode: "4.0.0", Reason: "network"}},
		{"solaris", []string{"Nov  3 10:00:02 m sendmail[12325]: [ID 801593 mail.info] r72DYabc012345: to=<a@b.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=mx. [198.51.100.5], dsn=5.6.0, stat=Service unavailable"}, Event{Kind: Bounced, Recipient: "a@b.example"}},
		{"journal mox", []string{`Nov  3 10:00:02 m mox[1]: l=info m="delivered from queue" pkg=queue msgid=12 recipient=a@b.example`}, Event{Kind: Delivered, Recipient: "a@b.example"}},
	} {
		r, events := readLines(Options{}, c.lines...)
		if r.Lines.NotUnderstood > 0 || len(events) == 0 {
			t.Errorf("%s: %+v %q", c.name, r.Lines, r.NotUnderstood)
			continue
		}
		if e := events[len(events)-1]; e.Kind != c.want.Kind || e.Recipient != c.want.Recipient || c.want.Reason != "" && (e.Reason != c.want.Reason || e.ReplyCode != c.want.ReplyCode || e.EnhancedCode != c.want.EnhancedCode) {
			t.Errorf("%s: %s %q %d %s %s, want %s %q %d %s %s", c.name, e.Kind, e.Recipient, e.ReplyCode, e.EnhancedCode, e.Reason, c.want.Kind, c.want.Recipient, c.want.ReplyCode, c.want.EnhancedCode, c.want.Reason)
		}
	}
}

// TestRepeated: what syslog sums up counts as often as it happened.
func TestRepeated(t *testing.T) {
	r, _ := readLines(Options{}, "Oct 10 15:59:28 m postfix/smtpd[1]: message repeated 3 times: [ NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 454 4.7.1 <x@y.example>: Relay access denied; from=<a@b> to=<x@y.example> proto=ESMTP helo=<z>]")
	if len(r.RejectedHere) != 1 || r.RejectedHere[0].Count != 3 {
		t.Errorf("%+v", r.RejectedHere)
	}
}

// TestSlowPipe: lines of a pipe are read as they come.
func TestSlowPipe(t *testing.T) {
	in, out := io.Pipe()
	seen := make(chan string, 1)
	l := New(Options{Location: time.UTC, Year: 2026, Event: func(e *Event) { seen <- e.Recipient }})
	done := make(chan error, 1)
	go func() {
		_, err := l.ReadFiles(context.Background(), []string{"-"}, in)
		done <- err
	}()
	if _, err := io.WriteString(out, "Oct 10 15:59:28 m postfix/smtp[1]: "+delivery+"\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-seen:
		if got != "ann@one.example" {
			t.Error(got)
		}
	case <-time.After(20 * time.Second):
		t.Error("nothing is read before the end")
	}
	out.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLongLines: the rest of a line that is too long is skipped, the next one is read,
// and a last line without an end too.
func TestLongLines(t *testing.T) {
	long := "Oct 10 15:59:28 m postfix/smtp[1]: warning: " + strings.Repeat("x", 3*MaxLine)
	l := New(Options{Location: time.UTC})
	text := long + "\nOct 10 15:59:28 m postfix/smtp[1]: " + delivery + "\nOct 10 15:59:28 m postfix/qmgr[1]: 4abcDE1z2QzF12: rem"
	if err := l.Read(context.Background(), strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if r := l.Report(ByReceiver); r.Lines.Read != 3 || r.Total.Delivered != 1 || r.Lines.NotUnderstood != 1 {
		t.Errorf("%+v", r.Lines)
	}
}

// TestFiles reads one log in four compressions, in parts and in the wrong order.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	old := "Dec 31 15:59:28 m postfix/qmgr[1]: 4abcDE1z2QzF12: from=<app@acme.example>, size=1, nrcpt=1 (queue active)\n"
	latest := "Jan  1 15:59:28 m postfix/smtp[1]: " + delivery + "\n"
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
		return file
	}
	second := write("mail.log", []byte(latest))
	for _, tool := range []string{"gzip", "bzip2", "xz", "zstd"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			continue
		}
		cmd := exec.Command(path, "-c")
		cmd.Stdin = strings.NewReader(old)
		packed, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		first := write("mail.log.9."+tool, packed)
		var events []Event
		l := New(Options{Location: time.UTC, Event: func(e *Event) { events = append(events, *e) }})
		files, err := l.ReadFiles(context.Background(), []string{second, first}, nil)
		if err != nil || files[1].Err != nil || *files[1].Compression != tool {
			t.Fatalf("%s: %v %v", tool, err, files)
		}
		if len(events) != 2 || events[1].Sender != "app@acme.example" || events[1].Time.Year() != 2026 || events[0].Time.Year() != 2025 {
			t.Errorf("%s: %+v", tool, events)
		}
	}
}

// TestBadFiles: a file that is not a log is said to be none, and the others are read.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	cases := map[string]struct {
		data string
		want error
	}{
		"good":   {"Oct 10 15:59:28 m postfix/smtp[1]: " + delivery + "\n", nil},
		"copy":   {"Oct 10 15:59:28 m postfix/smtp[1]: " + delivery + "\n", ErrCopy},
		"empty":  {"", ErrEmpty},
		"binary": {strings.Repeat("\x7fELF\x02\x01\x01\x03", 100), ErrBinary},
		"text":   {"hello\nworld\n", ErrNoLog},
		"sshd":   {"Oct 10 15:59:28 m sshd[1]: Accepted\n", ErrNoLog},
	}
	names := []string{good, filepath.Join(dir, "copy"), filepath.Join(dir, "empty"), filepath.Join(dir, "binary"), filepath.Join(dir, "text"), filepath.Join(dir, "sshd")}
	for _, name := range names {
		if err := os.WriteFile(name, []byte(cases[filepath.Base(name)].data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := New(Options{Location: time.UTC})
	files, err := l.ReadFiles(context.Background(), append(names, dir, filepath.Join(dir, "nofile")), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files[:len(names)] {
		if want := cases[filepath.Base(f.Name)].want; !errors.Is(f.Err, want) {
			t.Errorf("%s: %v, want %v", f.Name, f.Err, want)
		}
	}
	if files[len(names)].Err == nil || !errors.Is(files[len(names)+1].Err, os.ErrNotExist) {
		t.Errorf("%v, %v", files[len(names)].Err, files[len(names)+1].Err)
	}
	if r := l.Report(ByReceiver); r.Total.Delivered != 1 {
		t.Errorf("%+v", r.Total)
	}
}

// TestBomb: a file that grows without an end is left.
func TestBomb(t *testing.T) {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	zeros := bytes.Repeat([]byte("a\n"), 1<<19)
	for range 200 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	r, name, err := Decompress(bytes.NewReader(packed.Bytes()))
	if err != nil || name != "gzip" {
		t.Fatal(err)
	}
	n := 0
	buf := make([]byte, 1<<20)
	for err == nil {
		var k int
		k, err = r.Read(buf)
		n += k
	}
	if !errors.Is(err, ErrBomb) || n > maxFree+2<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestFollow: a line in two halves, a rotation, a file that is cut.
func TestFollow(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mail.log")
	line := func(user string) string {
		return "Oct 10 15:59:28 m postfix/smtp[1]: 4bDx000001z0001: to=<" + user + "@b.example>, relay=none, delay=1, dsn=4.4.1, status=deferred (x)\n"
	}
	write := func(text string, flag int) {
		f, err := os.OpenFile(name, flag|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	write(line("old"), os.O_APPEND)
	seen := make(chan string, 16)
	l := New(Options{Location: time.UTC, Year: 2026, Event: func(e *Event) { seen <- e.Recipient }})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Follow(ctx, name, 5*time.Millisecond, func() { seen <- "caught up" }) }()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-seen:
			if got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no %q", want)
		}
	}
	expect("old@b.example")
	expect("caught up")
	half := line("half")
	write(half[:40], os.O_APPEND)
	time.Sleep(20 * time.Millisecond)
	write(half[40:], os.O_APPEND)
	expect("half@b.example")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write(line("new"), os.O_APPEND)
	expect("new@b.example")
	// Shorter than it was, whenever it is looked at: a file that is cut and has grown as
	// long again meanwhile is not told from one that has stayed.
	write(line("c"), os.O_TRUNC)
	expect("c@b.example")
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestAnotherProgram: a log that is read as one of another program is said to be like the
// one that it is of, and no line of it is counted.
func TestAnotherProgram(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	postfix := "Oct 10 15:59:28 m postfix/smtp[1]: " + delivery + "\n"
	exim := "2026-10-10 15:59:28 1uH6Xd-000000001Ab-0aBc <= a@acme.example H=x [192.0.2.1] P=esmtp S=1\n"
	for _, tt := range []struct {
		name, text string
		stated     MTA
		says, hint string
		other      MTA
	}{
		{"postfix", postfix + postfix, Exim, "no line is of exim; 2 lines look like postfix", "--mta postfix, or leave --mta out", Postfix},
		{"postfix without programs", delivery + "\n", Sendmail, "no line is of sendmail; 1 line looks like postfix", "--mta postfix, or leave --mta out", Postfix},
		{"exim", exim, Postfix, "no line is of postfix; 1 line looks like exim", "--mta exim, or leave --mta out", Exim},
		{"nothing", "hello\n", Exim, "no line is of exim", "leave --mta out, and the program is found out", ""},
		{"both", exim + postfix, Exim, "", "", Postfix},
		{"the one that is stated", postfix, Postfix, "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := New(Options{Location: time.UTC, MTA: tt.stated})
			files, err := l.ReadFiles(context.Background(), []string{file(strings.ReplaceAll(tt.name, " ", "_"), tt.text)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var wrong *OtherLogError
			switch err := files[0].Err; {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (!errors.As(err, &wrong) || !errors.Is(err, ErrNoLog) || wrong.Error() != tt.says || wrong.Hint() != tt.hint):
				t.Errorf("%v, want %s", err, tt.says)
			}
			r := l.Report(ByReceiver)
			if got := r.Other; (got == nil) != (tt.other == "") || got != nil && *got != tt.other {
				t.Errorf("it looks like %v, want %s", got, tt.other)
			}
		})
	}
}

// TestShort: of many domains a report lists those with the most messages, and how many there are more.
func TestShort(t *testing.T) {
	var lines []string
	for i := range maxListed + 7 {
		lines = append(lines, fmt.Sprintf("Oct 10 15:59:28 mail postfix/smtp[910]: 4abcDE%d: to=<ann@d%d.example>, relay=mx.d%d.example[198.51.100.5]:25, delay=0.9, delays=0/0/0/0.9, dsn=2.0.0, status=sent (250 2.0.0 Ok)", i, i, i))
	}
	r, _ := readLines(Options{}, lines...)
	short := r.Short()
	if len(r.Domains) != maxListed+7 || len(short.Domains) != maxListed || short.DomainsLeftOut != 7 || len(short.Groups) != maxListed || short.GroupsLeftOut != 7 ||
		short.Total.Messages != int64(maxListed+7) {
		t.Errorf("%d domains, %d and %d more, %d groups and %d more", len(r.Domains), len(short.Domains), short.DomainsLeftOut, len(short.Groups), short.GroupsLeftOut)
	}
	if one, _ := readLines(Options{}, lines[0]); one.Short().GroupsLeftOut != 0 || len(one.Short().Groups) != 1 {
		t.Errorf("%+v", one.Short())
	}
}
