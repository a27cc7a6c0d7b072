//go:build !unix

package dnsworld

import "time"

// processorTime is what this process has used; 0 if the system does not say.
func processorTime() time.Duration { return 0 }
