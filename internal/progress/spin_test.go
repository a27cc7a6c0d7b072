package progress

import (
	"strings"
	"testing"
	"time"
)

func TestSpin(t *testing.T) {
	var quick, slow strings.Builder
	Spin(&quick, true, 80, time.Hour, time.Millisecond, func() string { return "waiting" })()
	if quick.Len() > 0 {
		t.Errorf("an audit that was quick wrote %q", quick.String())
	}
	drawn := make(chan struct{}, 100)
	stop := Spin(&slow, true, 6, 0, time.Millisecond, func() string {
		select {
		case drawn <- struct{}{}:
		default:
		}
		return "waiting"
	})
	<-drawn
	<-drawn
	stop()
	stop()
	if got := slow.String(); !strings.HasPrefix(got, "\r\x1b[K- wai\r\x1b[K\\ wai") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("a slow one wrote %q", got)
	}
}
