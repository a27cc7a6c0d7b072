package ascii

// LookAlikes returns pairs for strings.NewReplacer: what word processors and web pages put
// in place of a quotation mark, a space, a colon, an equals sign, and what was typed.
func LookAlikes() []string {
	return []string{"\u201c", `"`, "\u201d", `"`, "\u201e", `"`, "\u00ab", `"`, "\u00bb", `"`, "\u00a0", " ", "\uff1a", ":", "\uff1d", "="}
}

// Pasted returns LookAlikes and how zone files and HTML write quotation marks and
// semicolons, as they stand in a record that was copied from there.
func Pasted() []string {
	return append(LookAlikes(), `\;`, ";", `\"`, `"`, "&quot;", `"`, "\uff1b", ";")
}
