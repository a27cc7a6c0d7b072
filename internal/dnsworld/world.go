// Package dnsworld is a synthetic DNS for measuring: a million mail domains, the
// twenty providers that many of them use, block lists, reverse DNS, and faults.
//
// It is computed, not stored: what a name holds follows from its number and a
// seed, so two runs meet the same world. It is served over loopback only, by a
// process of its own if processor time is measured. Answers are written
// straight into the datagram; what does not depend on the domain is prepared.
//
// The domains are d000000.test, d000001.example, d000002.test and so on. Of a
// hundred, about sixty are at a provider, thirty have mail servers and addresses
// of their own, five send nothing, and five have no records or none of value; one
// in a hundred has servers that fail in some way. Providers are real ones under
// their real names, because selectors are guessed by these; their records and
// addresses are invented, and so is the network 11.0.0.0/8 that all addresses
// are taken from.
package dnsworld

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"

	"mailworthy/rbl"
)

// World says what every name holds.
type World struct {
	seed    uint64
	domains int
	fixed   map[string]*node // names that no domain's number decides
	keys    [][]byte         // data of the TXT records of the providers' DKIM keys
	lists   map[string]bool  // zones of block lists
}

// node is a name with prepared records.
type node struct{ sets []set }

type set struct {
	typ   uint16
	count uint16
	body  []byte // the records, their owner a pointer to the question
}

// New makes a world. Less than one domain stands for a million.
func New(seed uint64, domains int) *World {
	if domains < 1 {
		domains = 1_000_000
	}
	w := &World{seed: seed, domains: domains, fixed: map[string]*node{}, lists: map[string]bool{}}
	w.addProviders()
	w.addLists(rbl.DefaultCatalogue())
	return w
}

// Domain is the name of domain i.
func Domain(i int) string { return string(appendDomain(nil, i)) }

func appendDomain(b []byte, i int) []byte {
	b = append(b, 'd')
	for least := 100_000; least > i && least > 1; least /= 10 {
		b = append(b, '0')
	}
	b = append(strconv.AppendInt(b, int64(i), 10), '.')
	return append(b, topLevel(i)...)
}

func topLevel(i int) string {
	if i%2 == 0 {
		return "test"
	}
	return "example"
}

// kind is what a domain is like.
type kind int

const (
	hosted kind = iota // at a provider
	own                // with servers of its own
	parked             // sends nothing and says so
	bare               // nothing but an address
)

// fault is what is wrong with the servers of a domain.
type fault int

const (
	healthy fault = iota
	servFail
	refused
	silent
	truncated
	lame
)

// domain is what the number of a domain decides.
type domain struct {
	kind          kind
	fault         fault
	host, sender  int // providers; sender is -1 for none
	policy        string
	strict, extra bool
}

func (w *World) domain(i int) domain {
	h := mix(w.seed ^ uint64(i)*0x9e3779b97f4a7c15)
	d := domain{sender: -1}
	switch n := h % 100; {
	case n < 60:
		d.kind = hosted
	case n < 90:
		d.kind = own
	case n < 95:
		d.kind = parked
	default:
		d.kind = bare
	}
	h = mix(h)
	switch h % 1000 { // one in a hundred
	case 0, 1, 2, 3:
		d.fault = servFail
	case 4:
		d.fault = refused
	case 5, 6:
		d.fault = silent
	case 7, 8:
		d.fault = truncated
	case 9:
		d.fault = lame
	}
	h = mix(h)
	// The first providers have more customers.
	d.host = min(int(h%hosts), int(h>>16%hosts))
	if h>>32&1 == 0 {
		d.sender = int(h >> 40 % uint64(len(providers)))
	}
	h = mix(h)
	d.policy = []string{"none", "none", "quarantine", "reject"}[h&3]
	d.strict, d.extra = h>>2&1 == 0, h>>3&1 == 0
	return d
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Addresses: providers have 11.0.p.k, domain i has ownBase+2i and the next one.
const (
	providerBase = 11 << 24
	ownBase      = 11<<24 | 16<<16
)

// provider is a mail service.
type provider struct {
	mx        string // its mail exchangers are mx1 and mx2 below it; empty: it only sends
	spf       string // what customers include
	nested    int    // how many includes that one has
	deep      bool   // and the first of these one more
	selectors []string
}

// hosts is how many of the providers take mail; they come first.
const hosts = 12

var providers = []provider{
	{"l.google.com", "_spf.google.com", 3, false, []string{"google"}},
	{"mail.protection.outlook.com", "spf.protection.outlook.com", 1, false, []string{"selector1", "selector2"}},
	{"zoho.com", "one.zoho.com", 2, false, []string{"zmail", "zoho"}},
	{"messagingengine.com", "spf.messagingengine.com", 0, false, []string{"fm1", "fm2", "fm3"}},
	{"mail.ovh.net", "mx.ovh.com", 2, true, []string{"ovhmo-selector-1"}},
	{"protonmail.ch", "_spf.protonmail.ch", 1, false, []string{"protonmail", "protonmail2"}},
	{"migadu.com", "spf.migadu.com", 0, false, []string{"key1", "key2"}},
	{"yandex.net", "_spf.yandex.net", 2, true, []string{"mail"}},
	{"mail.gandi.net", "_mailcust.gandi.net", 1, false, []string{"gm1"}},
	{"ionos.com", "_spf-us.ionos.com", 1, true, []string{"s1-ionos"}},
	{"mx1.hostinger.com", "_spf.mail.hostinger.com", 1, false, []string{"hostingermail-a", "hostingermail-b"}},
	{"pphosted.com", "pphosted.com", 2, false, []string{"proofpoint"}},
	{"", "sendgrid.net", 1, true, []string{"s1", "s2"}},
	{"", "mailgun.org", 2, true, []string{"pdk1", "pdk2"}},
	{"", "spf.mailjet.com", 0, false, []string{"mailjet"}},
	{"", "spf.brevo.com", 0, false, []string{"brevo1", "brevo2"}},
	{"", "servers.mcsv.net", 0, false, []string{"k2", "k3"}},
	{"", "amazonses.com", 1, false, nil},
	{"", "email.freshdesk.com", 3, true, []string{"fdm"}},
	{"", "relay.mailchannels.net", 1, false, []string{"mailchannels"}},
}

// addProviders prepares what the providers publish.
func (w *World) addProviders() {
	for p := range providers {
		pr := &providers[p]
		network := fmt.Sprintf("11.0.%d", p)
		text := "v=spf1"
		for n := range pr.nested {
			name := fmt.Sprintf("_nb%d.%s", n+1, pr.spf)
			inner := fmt.Sprintf("v=spf1 ip4:%s.%d/28 ip6:2001:db8:%x:%x::/64", network, 16*n, p, n)
			if n == 0 && pr.deep {
				w.text("_in."+name, "v=spf1 ip4:"+network+".224/28 ~all")
				inner += " include:_in." + name
			}
			w.text(name, inner+" ~all")
			text += " include:" + name
		}
		w.text(pr.spf, text+" ip4:"+network+".192/27 ~all")
		w.keys = append(w.keys, characterStrings("v=DKIM1; k=rsa; p="+w.publicKey(uint64(p))))
		if pr.mx == "" {
			continue
		}
		for k := 1; k <= 2; k++ {
			host := fmt.Sprintf("mx%d.%s", k, pr.mx)
			addr := uint32(providerBase | p<<8 | k)
			w.add(host, typeA, binary.BigEndian.AppendUint32(nil, addr))
			w.add(fmt.Sprintf("%d.%d.0.11.in-addr.arpa", k, p), typePTR, wireName(host))
		}
	}
}

// publicKey is one of 2048 bits, in base64, without small factors, as every key that
// was made in earnest. Nobody has the private part.
func (w *World) publicKey(n uint64) string {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], w.seed)
	binary.BigEndian.PutUint64(seed[8:], n)
	modulus := make([]byte, 256)
	rand.NewChaCha8(seed).Read(modulus)
	modulus[0] |= 0x80
	modulus[255] |= 1
	small := big.NewInt(1)
	for p := int64(3); p < 1024; p += 2 {
		small.Mul(small, big.NewInt(p))
	}
	number, common := new(big.Int).SetBytes(modulus), new(big.Int)
	for common.GCD(nil, nil, number, small).Cmp(big.NewInt(1)) != 0 {
		number.Add(number, big.NewInt(2))
	}
	number.FillBytes(modulus)
	const header = "\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00\x30\x82\x01\x0a\x02\x82\x01\x01\x00"
	return base64.StdEncoding.EncodeToString(append(append([]byte(header), modulus...), 2, 3, 1, 0, 1))
}

// addLists prepares the block lists with their test entries (RFC 5782, 5).
func (w *World) addLists(c *rbl.Catalogue) {
	for _, l := range c.Lists {
		if l.Dead != "" {
			continue
		}
		w.lists[l.Zone] = true
		answer := []byte{127, 0, 0, 2}
		if l.Mask {
			answer[3] = 64
		}
		if len(l.Codes) > 0 {
			if first, err := parseAnswer(l.Codes[0].Answer); err == nil && !l.Mask {
				answer = first
			}
		}
		if a, err := parseAnswer(l.Test.Answer); err == nil {
			answer = a
		}
		entries := append([]string{"2.0.0.127", "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "test"}, l.Test.Listed...)
		for _, e := range entries {
			if _, err := parseAnswer(e); err != nil || e == "2.0.0.127" {
				w.add(e+"."+l.Zone, typeA, answer)
			} else {
				b, _ := parseAnswer(e)
				w.add(fmt.Sprintf("%d.%d.%d.%d.%s", b[3], b[2], b[1], b[0], l.Zone), typeA, answer)
			}
		}
		w.add(l.Zone, typeSOA, soaData)
	}
}

// parseAnswer reads a plain IPv4 address.
func parseAnswer(s string) ([]byte, error) {
	var out []byte
	for n := 0; n < 4; n++ {
		end := 0
		for end < len(s) && s[end] != '.' {
			end++
		}
		v, err := strconv.ParseUint(s[:end], 10, 8)
		if err != nil || (end == len(s)) != (n == 3) {
			return nil, fmt.Errorf("%q is no IPv4 address", s)
		}
		out = append(out, byte(v))
		s = s[min(end+1, len(s)):]
	}
	return out, nil
}

func (w *World) text(name, text string) { w.add(name, typeTXT, characterStrings(text)) }

// add adds a record to a prepared name, and the names above it.
func (w *World) add(name string, typ uint16, data []byte) {
	for at := name; at != ""; at = parentOf(at) {
		if w.fixed[at] == nil {
			w.fixed[at] = &node{}
		}
	}
	n := w.fixed[name]
	for i := range n.sets {
		if n.sets[i].typ == typ {
			return // one record of a type is enough
		}
	}
	n.sets = append(n.sets, set{typ, 1, appendRecord(nil, typ, data)})
}

func parentOf(name string) string {
	for i := range name {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return ""
}
