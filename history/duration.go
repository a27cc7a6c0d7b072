package history

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

const day = 24 * time.Hour

// units of an age; a year is 365 days.
var units = map[byte]time.Duration{'y': 365 * day, 'w': 7 * day, 'd': day, 'h': time.Hour, 'm': time.Minute, 's': time.Second}

// ParseAge reads a length of time as people write it for what they keep: 400d,
// 8w, 1y, 1y6w, 36h.
func ParseAge(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no length of time: write it as 400d, 8w, 1y or 36h", text)
	var total time.Duration
	for rest := text; rest != "" || text == ""; {
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		count, err := strconv.ParseInt(rest[:n], 10, 64)
		if err != nil || n == len(rest) {
			return 0, bad
		}
		unit, ok := units[rest[n]]
		if !ok {
			return 0, bad
		}
		if count > int64((math.MaxInt64-total)/unit) {
			return 0, fmt.Errorf("%q is longer than 292 years", text)
		}
		total += time.Duration(count) * unit
		rest = rest[n+1:]
	}
	return total, nil
}
