package dmarc

import "strings"

// MeantReports reads where reports were meant to go from the tags of a record behind its
// version, as it is read from a mistyped rua. The URIs are those that are plain, open says
// that there is something else in it, which was meant to be an address or may have been.
// Hosts are domains of the record's owner. Records of TLS reporting name their destinations
// in the same way (RFC 8460, 3).
func MeantReports(tags string, hosts ...string) (uris []string, open bool) {
	if len(tags) > maxRepair {
		return nil, true
	}
	r := repaired("v=DMARC1; p=none; "+tags, hosts...)
	for _, name := range []string{"rua", "ruf"} {
		for uri := range strings.SplitSeq(r.draft.get(name), ",") {
			switch {
			case strings.Contains(uri, "<"):
				open = true
			case uri != "":
				uris = append(uris, uri)
			}
		}
	}
	return uris, open || len(r.open) > 0
}

// IsKnownHost reports whether a name has two labels or more and ends in a top-level domain
// that there is, or that is reserved for examples (RFC 2606).
func IsKnownHost(name string) bool {
	return hasKnownEnd(strings.ToLower(name)) && notHost(strings.ToLower(name)) == ""
}
