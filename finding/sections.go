package finding

import "slices"

// Section is the part of a report that a check belongs to.
type Section string

// The sections. SectionTable says the rest about each.
const (
	SPF        Section = "spf"
	DKIM       Section = "dkim"
	DMARC      Section = "dmarc"
	Reputation Section = "reputation"
	Hosts      Section = "hosts"
	Transport  Section = "transport"
	Hygiene    Section = "hygiene"
	// Message is a message that was read, apart from its domain: never in a score.
	Message Section = "message"
)

// SectionInfo is a row of the table of sections.
type SectionInfo struct {
	Section Section
	// Title is what readers are shown, Short the same above a narrow column.
	Title, Short string
	// Weight is what the section weighs in the score by default. A section that is not
	// scored has no weight that a policy could change.
	Weight int
	Scored bool
	// Flag is what --only and --skip call it; empty: it cannot be chosen.
	Flag string
	// Default: an audit that is not restricted covers the section, and tables of
	// domains have a column for it.
	Default bool
}

// SectionTable has the sections in the order of a report.
var SectionTable = []SectionInfo{
	{SPF, "SPF", "SPF", 25, true, "spf", true},
	{DKIM, "DKIM", "DKIM", 20, true, "dkim", true},
	{DMARC, "DMARC", "DMARC", 25, true, "dmarc", true},
	{Reputation, "Blocklists (DNSBL)", "DNSBL", 20, true, "rbl", true},
	{Hosts, "MX & PTR", "MX & PTR", 10, true, "hosts", true},
	{Transport, "Transport security", "Transport", 0, true, "transport", false},
	{Hygiene, "Hygiene", "Hygiene", 0, true, "", false},
	{Message, "Message", "Message", 0, false, "", false},
}

var (
	// Sections lists the sections in the order of a report.
	Sections = sectionsOf(func(SectionInfo) bool { return true })
	// Audited are those of an audit that is not restricted.
	Audited = sectionsOf(func(s SectionInfo) bool { return s.Default })
	// Choosable are those that an audit can be restricted to.
	Choosable = sectionsOf(func(s SectionInfo) bool { return s.Flag != "" })
)

func sectionsOf(which func(SectionInfo) bool) []Section {
	var out []Section
	for _, s := range SectionTable {
		if which(s) {
			out = append(out, s.Section)
		}
	}
	return out
}

// Title returns what readers are shown of a section; empty if no section has the name.
func (s Section) Title() string {
	for i := range SectionTable {
		if SectionTable[i].Section == s {
			return SectionTable[i].Title
		}
	}
	return ""
}

// Short is the title above a narrow column; empty if there is no section of the name.
func (s Section) Short() string {
	for i := range SectionTable {
		if SectionTable[i].Section == s {
			return SectionTable[i].Short
		}
	}
	return ""
}

// Flag is what --only and --skip call the section; empty if it cannot be chosen.
func (s Section) Flag() string {
	for i := range SectionTable {
		if SectionTable[i].Section == s {
			return SectionTable[i].Flag
		}
	}
	return ""
}

// ChoosableWords are the words that ChosenSection knows, sorted.
func ChoosableWords() []string {
	var words []string
	for _, s := range SectionTable {
		if s.Flag != "" {
			words = append(words, s.Flag, string(s.Section))
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// InOrder returns the sections in the order of a report, each once.
func InOrder(sections []Section) []Section {
	return slices.DeleteFunc(slices.Clone(Sections), func(s Section) bool { return !slices.Contains(sections, s) })
}

// ChosenSection is the section of a word that --only and --skip take: its flag or its
// own name.
func ChosenSection(word string) (Section, bool) {
	i := slices.IndexFunc(SectionTable, func(s SectionInfo) bool {
		return s.Flag != "" && (s.Flag == word || string(s.Section) == word)
	})
	if i < 0 {
		return "", false
	}
	return SectionTable[i].Section, true
}
