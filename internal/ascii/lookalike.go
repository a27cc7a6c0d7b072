package ascii

// LookAlikes returns pairs for strings.NewReplacer: what word processors and web pages put
// in place of a quotation mark, a space, a colon, an equals sign, and what was typed.
func LookAlikes() []string {
	return []string{"\u201c", `"`, "\u201d", `"`, "\u201e", `"`, "\u00ab", `"`, "\u00bb", `"`, "\u00a0", " ", "\uff1a", ":", "\uff1d", "="}
}

// Entities returns pairs of how HTML writes the characters that records are made of, and
// those characters.
func Entities() []string {
	return []string{
		"&quot;", `"`, "&#34;", `"`, "&#034;", `"`, "&#x22;", `"`, "&#X22;", `"`, "&ldquo;", `"`, "&rdquo;", `"`,
		"&apos;", "'", "&#39;", "'", "&#039;", "'", "&#x27;", "'", "&#X27;", "'",
		"&nbsp;", " ", "&#160;", " ", "&#xa0;", " ", "&#xA0;", " ", "&#32;", " ", "&#x20;", " ",
		"&semi;", ";", "&#59;", ";", "&#059;", ";", "&#x3b;", ";", "&#x3B;", ";",
		"&equals;", "=", "&#61;", "=", "&#061;", "=", "&#x3d;", "=", "&#x3D;", "=",
		"&colon;", ":", "&#58;", ":", "&#058;", ":", "&#x3a;", ":", "&#x3A;", ":",
		"&commat;", "@", "&#64;", "@", "&#064;", "@", "&#x40;", "@", "&comma;", ",", "&#44;", ",", "&#x2c;", ",", "&#x2C;", ",",
		"&period;", ".", "&#46;", ".", "&#x2e;", ".", "&#x2E;", ".", "&sol;", "/", "&#47;", "/", "&#x2f;", "/", "&#x2F;", "/",
		"&lowbar;", "_", "&#95;", "_", "&#x5f;", "_", "&#x5F;", "_", "&#45;", "-", "&#x2d;", "-", "&#x2D;", "-",
		"&plus;", "+", "&#43;", "+", "&#x2b;", "+", "&#x2B;", "+", "&amp;", "&", "&#38;", "&", "&#x26;", "&",
	}
}

// Pasted returns LookAlikes, Entities and how zone files write quotation marks and
// semicolons, as they stand in a record that was copied from there.
func Pasted() []string {
	return append(append(LookAlikes(), Entities()...), `\;`, ";", `\"`, `"`, "\uff1b", ";")
}
