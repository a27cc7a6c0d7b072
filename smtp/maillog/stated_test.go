package maillog

import (
	"errors"
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
