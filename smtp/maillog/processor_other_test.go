//go:build !unix

package maillog

import (
	"testing"
	"time"
)

// processorTime is the time that passed, if the system does not say more.
func processorTime(*testing.B) time.Duration { return time.Duration(time.Now().UnixNano()) }
