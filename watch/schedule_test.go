package watch

import (
	"fmt"
	"testing"
	"time"
)

// TestSummerTime: what names its hour runs once a day, on the days on which clocks are
// changed as on others; what runs in every hour goes on evenly.
func TestSummerTime(t *testing.T) {
	for _, tt := range []struct{ schedule, from, to, want string }{
		// Midnight is skipped: the run is at 1 o'clock, and none is lost.
		{"CRON_TZ=America/Santiago 0 0 * * *", "2026-09-05", "2026-09-08", "05 00:00 -04, 06 01:00 -03, 07 00:00 -03"},
		{"CRON_TZ=Africa/Cairo @daily", "2026-04-23", "2026-04-26", "23 00:00 EET, 24 01:00 EEST, 25 00:00 EEST"},
		{"CRON_TZ=America/Havana 0 0 * * *", "2026-03-07", "2026-03-10", "07 00:00 CST, 08 01:00 CDT, 09 00:00 CDT"},
		{"CRON_TZ=Asia/Beirut 30 0 * * *", "2026-03-28", "2026-03-31", "28 00:30 EET, 29 01:30 EEST, 30 00:30 EEST"},
		{"CRON_TZ=America/Santiago 0 0 6 9 *", "2026-09-01", "2026-09-30", "06 01:00 -03"},
		{"CRON_TZ=America/Santiago 0 0 * * 0", "2026-09-01", "2026-09-14", "06 01:00 -03, 13 00:00 -03"},
		{"CRON_TZ=America/Santiago 0 0,1 * * *", "2026-09-06", "2026-09-07", "06 01:00 -03"},
		// Midnight comes again: the run is in the first of the two.
		{"CRON_TZ=America/Havana 0 0 * * *", "2026-10-31", "2026-11-03", "31 00:00 CDT, 01 00:00 CDT, 02 00:00 CST"},
		{"CRON_TZ=America/Havana 59 0 * * *", "2026-11-01", "2026-11-02", "01 00:59 CDT"},
		{"CRON_TZ=America/Santiago 30 23 * * *", "2026-04-04", "2026-04-06", "04 23:30 -03, 05 23:30 -04"},
		{"CRON_TZ=Africa/Cairo 0 23 * * *", "2026-10-29", "2026-10-31", "29 23:00 EEST, 30 23:00 EET"},
		{"CRON_TZ=Asia/Beirut 30 23 * * *", "2026-10-24", "2026-10-26", "24 23:30 EEST, 25 23:30 EET"},
		{"CRON_TZ=Asia/Beirut 0 0 * * *", "2026-10-24", "2026-10-27", "24 00:00 EEST, 25 00:00 EET, 26 00:00 EET"},
		// Other hours.
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28", "2026-03-31", "28 02:30 CET, 29 03:30 CEST, 30 02:30 CEST"},
		{"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-24", "2026-10-27", "24 02:30 CEST, 25 02:30 CEST, 26 02:30 CET"},
		{"CRON_TZ=Europe/Berlin 17 6 * * *", "2026-10-24", "2026-10-27", "24 06:17 CEST, 25 06:17 CET, 26 06:17 CET"},
		{"CRON_TZ=Australia/Lord_Howe 15 2 * * *", "2026-10-03", "2026-10-06", "03 02:15 +1030, 04 02:45 +11, 05 02:15 +11"},
		{"CRON_TZ=Australia/Lord_Howe 45 1 * * *", "2026-04-04", "2026-04-07", "04 01:45 +11, 05 01:45 +11, 06 01:45 +1030"},
		// In every hour.
		{"CRON_TZ=Europe/Berlin 0 * * * *", "2026-03-29", "2026-03-29T05", "29 00:00 CET, 29 01:00 CET, 29 03:00 CEST, 29 04:00 CEST"},
		{"CRON_TZ=Europe/Berlin @hourly", "2026-10-25T01", "2026-10-25T04", "25 01:00 CEST, 25 02:00 CEST, 25 02:00 CET, 25 03:00 CET"},
		{"CRON_TZ=Europe/Berlin */30 * 25 10 *", "2026-10-25T01", "2026-10-25T04", "25 01:00 CEST, 25 01:30 CEST, 25 02:00 CEST, 25 02:30 CEST, 25 02:00 CET, 25 02:30 CET, 25 03:00 CET, 25 03:30 CET"},
		{"CRON_TZ=America/Havana 30 * * * *", "2026-03-07T23", "2026-03-08T02", "07 23:30 CST, 08 01:30 CDT"},
		{"CRON_TZ=America/Santiago 0 * * * *", "2026-04-04T22", "2026-04-05T01", "04 22:00 -03, 04 23:00 -03, 04 23:00 -04, 05 00:00 -04"},
		{"CRON_TZ=UTC 0 0 29 2 *", "2027-01-01", "2028-12-31", "29 00:00 UTC"},
	} {
		t.Run(fmt.Sprintf("%s from %s", tt.schedule, tt.from), func(t *testing.T) {
			s := schedule(t, tt.schedule)
			zone := s.(*wallClock).zone
			parse := func(text string) time.Time {
				layout := time.DateOnly
				if len(text) > len(layout) {
					layout += "T15"
				}
				at, err := time.ParseInLocation(layout, text, zone)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			got := ""
			for at := s.Next(parse(tt.from).Add(-time.Second)); at.Before(parse(tt.to)) && len(got) < 1000; at = s.Next(at) {
				if got != "" {
					got += ", "
				}
				got += at.In(zone).Format("02 15:04 MST")
			}
			if got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestOnceADay: over some years, in every zone, a daily run takes place once for each
// day.
func TestOnceADay(t *testing.T) {
	const from, to = 2024, 2028
	days := int(time.Date(to, 1, 1, 0, 0, 0, 0, time.UTC).Sub(time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
	for _, name := range []string{"America/Santiago", "Africa/Cairo", "America/Havana", "Asia/Beirut", "Europe/Berlin",
		"Australia/Lord_Howe", "Africa/Casablanca", "America/Scoresbysund", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, hour := range []string{"0 0", "30 0", "30 1", "15 2", "30 23"} {
			s := schedule(t, "CRON_TZ="+name+" "+hour+" * * *")
			runs := 0
			last := time.Date(from-1, 12, 31, 23, 59, 0, 0, zone)
			for at := s.Next(last); at.In(zone).Year() < to; at = s.Next(at) {
				if gap := at.Sub(last); runs > 0 && (gap < 22*time.Hour || gap > 26*time.Hour) {
					t.Errorf("%s %s: between %s and %s are %s", name, hour, last.In(zone), at.In(zone), gap)
				}
				last = at
				runs++
			}
			if runs != days {
				t.Errorf("%s %s: %d runs in %d days", name, hour, runs, days)
			}
		}
	}
}
