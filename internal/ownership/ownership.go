// Package ownership knows the records that services ask a domain to publish as proof that it
// is its owner's.
package ownership

import (
	"slices"
	"strings"
)

// names are those of proofs that do not say what they are, in lower case.
var names = []string{"ms", "apple-domain", "docusign", "proof", "google-site", "dropbox-domain", "stripe", "keybase", "have-i-been-pwned"}

// Named reports whether a name before an equals sign is that of a proof, as in
// "google-site-verification=…" and "MS=…".
func Named(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(names, name) || strings.Contains(name, "verif")
}
