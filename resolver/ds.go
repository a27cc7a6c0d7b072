package resolver

import (
	"strings"

	"github.com/miekg/dns"
)

// IsDSOf reports whether a DS record is that of a DNSKEY of the name (RFC 4034, 5.1.4), both
// in master form. What cannot be read, or has a digest that is not known, may be.
func IsDSOf(ds, name, key string) bool {
	owner := dns.Fqdn(name)
	d, err1 := dns.NewRR(owner + " IN DS " + ds)
	k, err2 := dns.NewRR(owner + " IN DNSKEY " + key)
	record, ok1 := d.(*dns.DS)
	public, ok2 := k.(*dns.DNSKEY)
	if err1 != nil || err2 != nil || !ok1 || !ok2 || public.ToDS(dns.SHA256) == nil { // nil: it is not base64
		return true
	}
	if record.Algorithm != public.Algorithm || record.KeyTag != public.KeyTag() {
		return false
	}
	made := public.ToDS(record.DigestType)
	return made == nil || strings.EqualFold(made.Digest, record.Digest)
}
