package doctor

import (
	"strings"

	"mailworthy/resolver"
)

// publicIPv6 is a root server, c.root-servers.net.
const publicIPv6 = "[2001:500:2::c]:53"

// Open makes the options of the servers of a configuration, or those of the system if it
// names none, and returns what closes them. Each is asked alone, as failover would hide
// which of them fails. The system's are those of this machine, whose IPv6 is examined too,
// if that is not to be quick.
func Open(config resolver.Config, quick bool) (o Options, closing func(), err error) {
	o.Quick = quick
	var opened []func()
	closing = func() {
		for _, end := range opened {
			end()
		}
	}
	defer func() {
		if err != nil {
			closing()
		}
	}()
	client := func(servers ...string) (*resolver.Client, error) {
		one := config
		one.Servers = servers
		c, err := resolver.New(one)
		if err == nil {
			opened = append(opened, c.Close)
		}
		return c, err
	}
	all, err := client(config.Servers...)
	if err != nil {
		return o, closing, err
	}
	specs := config.Servers
	if len(specs) == 0 {
		if specs = all.Servers(); !quick {
			if o.IPv6, err = client(publicIPv6); err != nil {
				return o, closing, err
			}
		}
	}
	for i, spec := range specs {
		one := config
		one.Servers = []string{spec}
		stack, err := resolver.Build(resolver.Options{Config: one})
		if err != nil {
			return o, closing, err
		}
		opened = append(opened, stack.Close)
		server := Server{Name: resolver.WithoutSecrets(all.Servers()[i]), Resolver: stack}
		if address, udp := strings.CutPrefix(stack.Client.Servers()[0], "udp://"); udp {
			if server.TCP, err = client("tcp://" + address); err != nil {
				return o, closing, err
			}
		}
		o.Servers = append(o.Servers, server)
	}
	return o, closing, nil
}
