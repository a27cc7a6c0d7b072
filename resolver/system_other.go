//go:build !windows && !darwin

package resolver

// systemServers returns the resolvers of the system.
func systemServers() ([]string, error) { return readResolvConf(resolvConf) }
