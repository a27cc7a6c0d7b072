package maillog

import (
	"time"
)

// years decides the year of times that are written without one.
type years struct {
	// base is the year of the first line; last the month of the latest line, 0 before
	// the first.
	base int
	last int
	// latest: the file was last written then, so no line is later.
	latest time.Time
	fixed  bool
}

// of returns the year of a line. Months that go back by more than half a year are a
// new year; months that go forward by as much are a late line of the old one.
func (y *years) of(month, day int) int {
	if y.last == 0 {
		if !y.fixed && !y.latest.IsZero() {
			y.base = y.latest.Year()
			// A day of grace: clocks and zones differ.
			if time.Date(y.base, time.Month(month), day, 0, 0, 0, 0, time.UTC).After(y.latest.Add(24 * time.Hour)) {
				y.base--
			}
		}
		if month == 2 && day == 29 {
			for !isLeap(y.base) {
				y.base--
			}
		}
		y.last = month
		return y.base
	}
	switch {
	case month < y.last-6:
		y.base++
		y.last = month
	case month > y.last+6:
		return y.base - 1
	default:
		y.last = month
	}
	return y.base
}

func isLeap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

// daysBefore is the number of days of a common year before each month.
var daysBefore = [13]int{0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}

// unixDay returns the days from 1970-01-01 to a date, and false if there is no such
// date. It is time.Date without the cost.
func unixDay(year, month, day int) (int64, bool) {
	if month < 1 || month > 12 || day < 1 || day > 31 || year < 1970 || year > 2200 {
		return 0, false
	}
	n := daysBefore[month] + day - 1
	if month > 2 && isLeap(year) {
		n++
	}
	y := year - 1
	return int64(y*365+y/4-y/100+y/400-719162) + int64(n), true
}

// num reads exactly n digits.
func num(b []byte, n int) (int, bool) {
	if len(b) < n {
		return 0, false
	}
	v := 0
	for _, c := range b[:n] {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

// monthOf reads the name of a month, 0 if it is not one.
func monthOf(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	switch uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// readTime reads the time at the start of a line and returns what follows it. iso is
// set if it is of the form 2006-01-02.
func (l *Log) readTime(b []byte, h *head) (rest []byte, iso, ok bool) {
	if len(b) < 12 {
		return nil, false, false
	}
	if b[0] >= '0' && b[0] <= '9' {
		if b[4] == '-' && b[7] == '-' {
			rest, ok = l.readISO(b, h)
			return rest, true, ok
		}
		// 2013 Jun 10 06:27:30.123 (syslog-ng)
		if b[4] == ' ' {
			if year, good := num(b, 4); good && monthOf(b[5:]) != 0 {
				rest, ok = l.readBSD(b[5:], h, year)
				return rest, false, ok
			}
		}
		rest, ok = readEpoch(b, h)
		return rest, false, ok
	}
	rest, ok = l.readBSD(b, h, 0)
	return rest, false, ok
}

// readEpoch reads seconds since 1970 with a fraction (splogger of qmail).
func readEpoch(b []byte, h *head) ([]byte, bool) {
	sec, good := num(b, 10)
	if !good || b[10] != '.' {
		return nil, false
	}
	nsec, i := fraction(b, 10)
	if i >= len(b) || b[i] != ' ' {
		return nil, false
	}
	h.sec, h.nsec, h.zone, h.hasTime = int64(sec), nsec, 0, true
	return b[i+1:], true
}

// fraction reads ".123" at b[i:] and returns nanoseconds and where they end.
func fraction(b []byte, i int) (int32, int) {
	if i >= len(b) || (b[i] != '.' && b[i] != ',') {
		return 0, i
	}
	var ns, scale int32 = 0, 100_000_000
	for i++; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		ns += int32(b[i]-'0') * scale
		scale /= 10
	}
	return ns, i
}

// clockTime reads "15:04:05" and returns the seconds of the day.
func clockTime(b []byte) (int64, bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	hh, ok1 := num(b, 2)
	mm, ok2 := num(b[3:], 2)
	ss, ok3 := num(b[6:], 2)
	if !ok1 || !ok2 || !ok3 || hh > 23 || mm > 59 || ss > 60 {
		return 0, false
	}
	return int64(hh*3600 + mm*60 + ss), true
}

// readBSD reads "Jan  2 15:04:05", with a year given, behind the day, or inferred.
func (l *Log) readBSD(b []byte, h *head, year int) ([]byte, bool) {
	month := monthOf(b)
	if month == 0 || len(b) < 14 || b[3] != ' ' {
		return nil, false
	}
	i := 4
	for i < len(b) && b[i] == ' ' {
		i++
	}
	day, start := 0, i
	for ; i < len(b) && i < start+2 && b[i] >= '0' && b[i] <= '9'; i++ {
		day = day*10 + int(b[i]-'0')
	}
	if day == 0 || i >= len(b) || b[i] != ' ' {
		return nil, false
	}
	for i < len(b) && b[i] == ' ' {
		i++
	}
	if y, good := num(b[i:], 4); good && year == 0 && len(b) > i+5 && b[i+4] == ' ' && y > 1969 && y < 2200 {
		year = y
		i += 5
	}
	sec, good := clockTime(b[i:])
	if !good {
		return nil, false
	}
	if year == 0 {
		year = l.years.of(month, day)
	}
	dayOf, good := unixDay(year, month, day)
	if !good {
		return nil, false
	}
	ns, i := fraction(b, i+8)
	h.nsec, h.zone, h.hasTime = ns, noZone, true
	h.sec = l.local(dayOf*86400 + sec)
	if i < len(b) && b[i] == ':' { // Cisco and some relays end the time with a colon.
		i++
	}
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return b[i:], true
}

// readISO reads RFC 3339 and its relatives: a blank for the T, no zone, +0100.
func (l *Log) readISO(b []byte, h *head) ([]byte, bool) {
	if len(b) < 19 || (b[10] != 'T' && b[10] != ' ' && b[10] != 't') {
		return nil, false
	}
	year, ok1 := num(b, 4)
	month, ok2 := num(b[5:], 2)
	day, ok3 := num(b[8:], 2)
	sec, ok4 := clockTime(b[11:])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, false
	}
	dayOf, ok := unixDay(year, month, day)
	if !ok {
		return nil, false
	}
	ns, i := fraction(b, 19)
	sec += dayOf * 86400
	zone := int32(noZone)
	j := i
	if j < len(b) && b[j] == ' ' {
		j++ // Exim writes a blank before the zone.
	}
	switch {
	case i < len(b) && (b[i] == 'Z' || b[i] == 'z'):
		zone, i = 0, i+1
	case j+5 <= len(b) && (b[j] == '+' || b[j] == '-'):
		hh, ok1 := num(b[j+1:], 2)
		k := j + 3
		if k < len(b) && b[k] == ':' {
			k++
		}
		mm, ok2 := num(b[k:], 2)
		if ok1 && ok2 && hh < 24 && mm < 60 {
			zone = int32(hh*3600 + mm*60)
			if b[j] == '-' {
				zone = -zone
			}
			i = k + 2
		}
	}
	if zone == noZone {
		sec = l.local(sec)
	} else {
		sec -= int64(zone)
	}
	h.sec, h.nsec, h.zone, h.hasTime = sec, ns, zone, true
	if i < len(b) && b[i] == ':' {
		i++
	}
	for i < len(b) && b[i] == ' ' {
		i++
	}
	return b[i:], true
}

// local turns a wall clock of the log's zone into seconds since 1970. The offset is
// asked once an hour, because it is dear.
func (l *Log) local(wall int64) int64 {
	if l.zone == time.UTC {
		return wall
	}
	hour := wall / 3600
	if hour != l.zoneHour || !l.zoneKnown {
		t := time.Unix(wall, 0).UTC()
		at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, l.zone)
		_, off := at.Zone()
		l.zoneHour, l.zoneOffset, l.zoneKnown = hour, int64(off), true
	}
	return wall - l.zoneOffset
}

// timeOf returns the time of a head; zero if it has none.
func (l *Log) timeOf(h *head) time.Time {
	if !h.hasTime {
		return time.Time{}
	}
	t := time.Unix(h.sec, int64(h.nsec))
	switch h.zone {
	case noZone:
		return t.In(l.zone)
	case 0:
		return t.UTC()
	}
	return t.In(l.fixedZone(int(h.zone)))
}

// fixedZone returns a zone of this offset; those of a log are few.
func (l *Log) fixedZone(offset int) *time.Location {
	z := l.fixed[offset]
	if z == nil {
		z = time.FixedZone("", offset)
		if len(l.fixed) < 64 {
			l.fixed[offset] = z
		}
	}
	return z
}
