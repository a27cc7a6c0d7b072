package setup

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Zones returns the proposal as zones, for auditing it before it is shown: with the
// first stage of DMARC, or with the last. A key that only the service's page shows has a
// stand-in there: what is judged is the proposal, and not that it is still to be filled
// in.
func (p *Proposal) Zones(last bool) ([]*resolver.ZoneSet, error) {
	records := []finding.Record{
		{Name: p.Domain, Type: "SOA", Value: "ns." + p.Domain + ". hostmaster." + p.Domain + ". 1 3600 600 604800 300"},
		{Name: p.Domain, Type: "NS", Value: "ns." + p.Domain},
	}
	z, err := resolver.NewZone(p.Domain)
	if err != nil {
		return nil, err
	}
	zones := []*resolver.ZoneSet{z}
	policy := 0
	for i := range p.Records {
		r := &p.Records[i]
		switch {
		case r.Purpose == "dmarc":
			if policy++; policy == 1 || last {
				records = slices.DeleteFunc(records, func(o finding.Record) bool { return o.Name == r.Name && o.Type == r.Type })
				records = append(records, r.Record())
			}
		case r.Type == "PTR":
			reverse, err := resolver.NewZone(r.Name)
			if err == nil {
				err = reverse.Add(resolver.Record{Name: r.Name, Type: resolver.TypePTR, TTL: 300, Host: r.Value})
			}
			if err != nil {
				return nil, err
			}
			zones = append(zones, reverse)
		case r.Later != "" && !r.waits:
		case r.Complete, r.waits && !r.Record().HasPlaceholder():
			records = append(records, r.Record())
		case r.Purpose == "dkim":
			name := standIn(r.Name)
			records = append(records, finding.Record{Name: name, Type: "TXT", Value: "v=DKIM1; k=rsa; p=" + StandInKey(name)})
		case r.Purpose == "mx":
			records = append(records, finding.Record{Name: r.Name, Type: "MX", Value: "10 " + p.standInHost()})
		case r.Purpose == "spf":
			records = append(records, finding.Record{Name: standIn(r.Name), Type: "TXT", Value: r.Value})
		case r.Purpose == "return-path" && r.Type == "MX":
			records = append(records, finding.Record{Name: standIn(r.Name), Type: "MX", Value: standIn(r.Value)})
		}
	}
	for _, r := range records {
		rec, err := resolver.ReadRecord(r)
		if err != nil {
			return nil, err
		}
		if err := z.Add(rec); err != nil {
			return nil, err
		}
	}
	return zones, nil
}

// standInHost is the MX host of a proposal if that is still to be filled in.
func (p *Proposal) standInHost() string { return "mx-to-be-filled-in." + p.Domain }

// Published returns the DNS as it is once the proposal is published, with the first stage
// of DMARC or with the last: next answers for all else. Nothing is known of a host that is
// still to be filled in, so that it is not checked.
func (p *Proposal) Published(next resolver.Resolver, last bool) (resolver.Resolver, error) {
	zones, err := p.Zones(last)
	if err != nil {
		return nil, err
	}
	return &unfilled{resolver.NewOverlay(next, zones...), p.standInHost()}, nil
}

// unfilled does not ask for the stand-in of a host.
type unfilled struct {
	overlay resolver.Resolver
	host    string
}

// Lookup implements resolver.Resolver.
func (p *unfilled) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	if strings.EqualFold(strings.TrimSuffix(name, "."), p.host) {
		return nil, &resolver.Error{Name: name, Type: t, Reason: resolver.Offline, Detail: "the host is still to be filled in"}
	}
	return p.overlay.Lookup(ctx, name, t)
}

// standIn is a name without places to fill in.
func standIn(name string) string {
	for {
		before, rest, ok := strings.Cut(name, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			return name
		}
		key, _, _ := strings.Cut(inside, ":")
		name = before + key + after
	}
}

// StandInKey returns the text of an RSA key of 2048 bits that nobody has the private part of.
// It has no small factors, as every key that was made in earnest.
func StandInKey(name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], h.Sum64())
	modulus := make([]byte, 256)
	_, _ = rand.NewChaCha8(seed).Read(modulus)
	modulus[0] |= 0x80
	modulus[255] |= 1
	number := new(big.Int).SetBytes(modulus)
	number.Add(number, big.NewInt(withoutSmallFactors(number)))
	number.FillBytes(modulus)
	const header = "\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00\x30\x82\x01\x0a\x02\x82\x01\x01\x00"
	return base64.StdEncoding.EncodeToString(append(append([]byte(header), modulus...), 2, 3, 1, 0, 1))
}

// withoutSmallFactors returns what to add to an odd number so that it has no factor
// under 2^16.
func withoutSmallFactors(n *big.Int) int64 {
	const factors, tried = 1 << 16, 1 << 12
	var (
		composite [factors]bool
		divided   [tried]bool // n + 2i has a factor
		d, rest   big.Int
	)
	for f := 3; f < factors; f += 2 {
		if composite[f] {
			continue
		}
		for m := f * f; m < factors; m += 2 * f {
			composite[m] = true
		}
		r := int(rest.Rem(n, d.SetInt64(int64(f))).Int64())
		// n + 2i is divisible where 2i is -r modulo f.
		first := (f - r) % f
		if first%2 == 1 {
			first += f
		}
		for i := first / 2; i < tried; i += f {
			divided[i] = true
		}
	}
	for i, bad := range divided {
		if !bad {
			return int64(2 * i)
		}
	}
	return 0
}
