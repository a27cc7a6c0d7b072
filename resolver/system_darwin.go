package resolver

import (
	"context"
	"os/exec"
	"time"
)

// systemServers returns the resolvers of the system. The file is written for programs
// that know no better, and is not what is in force with a VPN or an encrypted
// resolver; what is, scutil shows.
func systemServers() ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "/usr/sbin/scutil", "--dns").Output(); err == nil {
		if servers := serversOfScutil(string(out)); len(servers) > 0 {
			return servers, nil
		}
	}
	return readResolvConf(resolvConf)
}
