package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Spin draws a line of at most so many columns again and again, once the patience is over,
// until the function that it returns is called, which takes it away.
func Spin(to io.Writer, ascii bool, columns int, patience, every time.Duration, line func() string) (stop func()) {
	marks := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	if ascii {
		marks = []rune(`-\|/`)
	}
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-stopped:
			return
		case <-time.After(patience):
		}
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for i := 0; ; i++ {
			text := []rune(string(marks[i%len(marks)]) + " " + line())
			fmt.Fprintf(to, "\r\x1b[K%s", string(text[:min(len(text), max(columns-1, 1))]))
			select {
			case <-stopped:
				fmt.Fprint(to, "\r\x1b[K")
				return
			case <-ticker.C:
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stopped)
		<-ended
	})
}
