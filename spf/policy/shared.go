package policy

import "net/netip"

// rented are parts of the address space that clouds rent out by the address.
var rented = []struct {
	prefix netip.Prefix
	owner  string
}{
	{netip.MustParsePrefix("3.0.0.0/8"), "Amazon EC2"},
	{netip.MustParsePrefix("18.128.0.0/9"), "Amazon EC2"},
	{netip.MustParsePrefix("52.0.0.0/10"), "Amazon EC2"},
	{netip.MustParsePrefix("54.144.0.0/12"), "Amazon EC2"},
	{netip.MustParsePrefix("34.64.0.0/10"), "Google Cloud"},
	{netip.MustParsePrefix("35.184.0.0/13"), "Google Cloud"},
	{netip.MustParsePrefix("35.192.0.0/12"), "Google Cloud"},
	{netip.MustParsePrefix("35.208.0.0/12"), "Google Cloud"},
	{netip.MustParsePrefix("35.224.0.0/12"), "Google Cloud"},
	{netip.MustParsePrefix("13.64.0.0/11"), "Microsoft Azure"},
	{netip.MustParsePrefix("40.64.0.0/10"), "Microsoft Azure"},
	{netip.MustParsePrefix("52.224.0.0/11"), "Microsoft Azure"},
	{netip.MustParsePrefix("104.40.0.0/13"), "Microsoft Azure"},
	{netip.MustParsePrefix("104.131.0.0/16"), "DigitalOcean"},
	{netip.MustParsePrefix("138.197.0.0/16"), "DigitalOcean"},
	{netip.MustParsePrefix("159.89.0.0/16"), "DigitalOcean"},
	{netip.MustParsePrefix("165.227.0.0/16"), "DigitalOcean"},
	{netip.MustParsePrefix("167.99.0.0/16"), "DigitalOcean"},
	{netip.MustParsePrefix("178.62.0.0/16"), "DigitalOcean"},
	{netip.MustParsePrefix("188.166.0.0/16"), "DigitalOcean"},
	{netip.MustParsePrefix("206.189.0.0/16"), "DigitalOcean"},
}

// sharedBits is the length from which on a range is more than one customer's.
const sharedBits = 20

// rentedOut says whose customers get addresses in a range; empty if none do,
// or the range is small enough to be one customer's.
func rentedOut(p netip.Prefix) string {
	if p.Bits() > sharedBits {
		return ""
	}
	for i := range rented {
		if r := &rented[i]; r.prefix.Bits() <= p.Bits() && r.prefix.Contains(p.Addr()) {
			return r.owner
		}
	}
	return ""
}
