package maillog

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailworthy/internal/field"
)

// TestStatement: what is stated becomes options, and what is wrong is named by its field.
func TestStatement(t *testing.T) {
	now := time.Date(2026, 11, 28, 13, 0, 0, 0, time.UTC)
	o, err := Statement{By: "sender", MTA: "exim", Since: "24h", Until: "2026-11-28T12:00:00Z", Year: 2025}.Options(now)
	if err != nil || !o.Senders || o.MTA != Exim || !o.Since.Equal(now.Add(-24*time.Hour)) || !o.Until.Equal(now.Add(-time.Hour)) || o.Year != 2025 || !o.Latest.Equal(now) {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := (Statement{By: "reason", MTA: "auto"}).Options(now); err != nil || o.Senders || o.MTA != "" || !o.Since.IsZero() || !o.Until.IsZero() {
		t.Errorf("%+v, %v", o, err)
	}
	for want, s := range map[string]Statement{"by": {By: "day"}, "mta": {MTA: "exchange"}, "year": {Year: 26}, "since": {Since: "soon"}, "until": {Until: "soon"}} {
		_, err := s.Options(now)
		var wrong *field.Error
		if !errors.As(err, &wrong) || wrong.Field != want {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if _, err := (Statement{Since: "1h", Until: "2h"}).Options(now); err != ErrPeriod {
		t.Errorf("a period that ends before it begins: %v", err)
	}
}

// TestStatedBounces: a percentage, with its sign or without; nothing fails if none is stated.
func TestStatedBounces(t *testing.T) {
	for text, want := range map[string]float64{"5%": 5, " 2.5 % ": 2.5, "0": 0, "100": 100} {
		o, err := Statement{FailOnBounces: text}.Options(time.Now())
		if err != nil || o.MaxBounced == nil || *o.MaxBounced != want {
			t.Errorf("%q: %v, %v", text, o.MaxBounced, err)
		}
	}
	for _, text := range []string{"x", "-1", "101%", "NaN"} {
		var wrong *field.Error
		if _, err := (Statement{FailOnBounces: text}).Options(time.Now()); !errors.As(err, &wrong) || wrong.Field != "fail_on_bounces" {
			t.Errorf("%q: %v", text, err)
		}
	}
	half := 50.0
	for _, tt := range []struct {
		bounced, delivered int64
		most               *float64
		want               bool
	}{{1, 1, &half, true}, {1, 2, &half, false}, {1, 0, nil, false}, {0, 5, new(float64), false}} {
		r := &Report{}
		r.Total.Bounced, r.Total.Delivered = tt.bounced, tt.delivered
		if got := r.TooManyBounces(Options{MaxBounced: tt.most}); got != tt.want {
			t.Errorf("%d of %d: %v", tt.bounced, tt.bounced+tt.delivered, got)
		}
	}
}

// TestUnread: what was not read is said of, and if that is all, why, with what helps.
func TestUnread(t *testing.T) {
	gone := errors.New("no such file")
	if skipped, err := (&Report{}).Unread(); err != nil || len(skipped) > 0 {
		t.Errorf("no files: %v, %v", skipped, err)
	}
	r := &Report{Files: []File{{Name: "a"}, {Name: "b", Err: gone}}}
	if skipped, err := r.Unread(); err != nil || len(skipped) != 1 || skipped[0].Error() != "b: no such file" {
		t.Errorf("one of two: %v, %v", skipped, err)
	}
	r = &Report{Files: []File{{Name: "a", Err: ErrNoLog}, {Name: "b", Err: gone}}, NotUnderstood: []string{"buy milk"}}
	skipped, err := r.Unread()
	var wrong *field.Error
	if !errors.Is(err, ErrNoLog) || !errors.As(err, &wrong) || wrong.Hint() != "a line of it: buy milk" || len(skipped) != 1 {
		t.Errorf("none: %v, %v", skipped, err)
	}
	r = &Report{Files: []File{{Name: "a", Err: &OtherLogError{Stated: Exim, Other: Postfix, Lines: 3}}}}
	if _, err := r.Unread(); !errors.As(err, &wrong) || wrong.Hint() == "" || !strings.HasPrefix(wrong.Error(), "a: no line is of exim") {
		t.Errorf("another log: %v", err)
	}
}

// TestFollowFile: standard input is read to its end; a file is followed until the context
// ends, which is no error, and one that is not there is.
func TestFollowFile(t *testing.T) {
	const line = "2026-11-21T09:00:00+00:00 mx postfix/smtp[7]: 4F1B2C3D4E: to=<a@acme.example>, relay=mx.acme.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n"
	caught := 0
	l := New(Options{})
	if files, err := l.FollowFile(t.Context(), "-", strings.NewReader(line), func() { caught++ }); err != nil || len(files) != 1 || caught != 1 || l.Report(ByReceiver).Total.Delivered != 1 {
		t.Errorf("%+v, %v", files, err)
	}
	file := filepath.Join(t.TempDir(), "mail.log")
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l = New(Options{})
	if files, err := l.FollowFile(ctx, file, nil, cancel); err != nil || files[0].Name != file || l.Report(ByReceiver).Total.Delivered != 1 {
		t.Errorf("%+v, %v", files, err)
	}
	if _, err := l.FollowFile(t.Context(), file+".none", nil, func() {}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestReadingEnds: a pipe or standard input from which nothing comes is left with the context.
func TestReadingEnds(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
		t.Skipf("%v: %s", err, out)
	}
	for _, name := range []string{pipe, "-"} {
		ctx, cancel := context.WithCancel(t.Context())
		silent, closing := io.Pipe()
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, err := New(Options{}).ReadFiles(ctx, []string{name}, silent); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		closing.Close()
	}
}
