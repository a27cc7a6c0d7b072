package dkim

// Provider is a service that signs mail for its customers' domains.
type Provider struct {
	Name string
	// Selectors are those its customers use, with dated patterns enumerated.
	Selectors []string
	// MX are suffixes of its customers' MX hosts, SPF of the names that their SPF
	// records include, CNAME of the names that their selectors point to.
	MX, SPF, CNAME []string
	// Confidence is "documented", "observed" or "memory".
	Confidence string
	Note       string
}

// Providers returns the catalogue, sorted by name.
func Providers() []Provider { return nil }

// CommonSelectors returns the selectors that most domains use, most common first.
func CommonSelectors() []string { return nil }
