package provider

import (
	"strings"
	"testing"
)

// FuzzParse: whatever a user's file has, reading it ends in services that hold what the
// grammar promises or in an error of one line that names one; and the catalogue with them
// answers.
func FuzzParse(f *testing.F) {
	entries := strings.SplitAfter(catalogueTXT, "\n\n")
	for i := 0; i < len(entries); i += 7 {
		f.Add(entries[i])
	}
	f.Add("[a]\nname: A\nkind: relay\nregion <x: y>: v=<x>\nrecord: spf needed {domain} TXT include:{v}\n")
	f.Add("[a]\nname: A\nrecord: dkim needed <s: t>._domainkey.{domain} CNAME <s>\n  accept: **.x\n")
	f.Fuzz(func(t *testing.T, text string) {
		services, err := Parse(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || !strings.HasPrefix(err.Error(), "line ") && !strings.HasPrefix(err.Error(), "over ") {
				t.Errorf("error %q", err)
			}
			return
		}
		for _, s := range services {
			if s.ID == "" || s.Name == "" || s.NeedsRecords() && s.Kind == Other {
				t.Errorf("%+v", s)
			}
			v := NewValues(s)
			for _, w := range s.Ways {
				if len(w.Records) > 2*maxRecords {
					t.Errorf("%d records", len(w.Records))
				}
				for _, r := range w.Records {
					name := v.Fill(r.Name)
					v.Complete(r.Value)
					if _, ok := v.Capture(r.Value, name); ok && r.Match != "" {
						v.Like(r.Match, name)
					}
					for _, p := range r.Accept {
						v.Like(p, name)
					}
				}
			}
		}
		c, err := Builtin().With(text)
		if err != nil {
			return
		}
		for _, s := range services {
			if got, _ := c.Find(s.ID); got == nil {
				t.Errorf("%s is not found", s.ID)
			}
			askByAll(c, s)
		}
	})
}

// askByAll asks the catalogue by each name of a service.
func askByAll(c *Catalogue, s *Service) {
	for _, names := range [][]string{s.MX, s.SPF, s.CNAME, s.Inbound, s.Envelope} {
		for _, n := range names {
			c.OfMX(n)
			c.OfSPF(n)
			c.OfAlias(n)
			c.OfInbound(n)
			c.OfEnvelope(n)
		}
	}
}
