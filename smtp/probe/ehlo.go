package probe

import "strings"

// keyword returns the parameters of a keyword in the lines of an EHLO answer, whole
// words in any case (RFC 5321, 4.1.1.1).
func keyword(lines []string, name string) (params []string, ok bool) {
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) > 0 && strings.EqualFold(words[0], name) {
			return words[1:], true
		}
	}
	return nil, false
}

func offers(lines []string, name string) bool {
	_, ok := keyword(lines, name)
	return ok
}

// authOf are the mechanisms offered, in upper case. Old servers write AUTH=LOGIN.
func authOf(lines []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, line := range lines {
		words := strings.Fields(strings.ToUpper(line))
		if len(words) == 0 {
			continue
		}
		if first, ok := strings.CutPrefix(words[0], "AUTH="); ok {
			words = append([]string{"AUTH", first}, words[1:]...)
		}
		if words[0] != "AUTH" {
			continue
		}
		for _, w := range words[1:] {
			if w != "" && !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return out
}

// masked reports whether a middlebox has overwritten keywords or the banner: Cisco's
// inspection writes X over a STARTTLS that it does not want, and * over the banner.
func masked(banner string, lines []string) bool {
	_, text, _ := strings.Cut(banner, " ")
	if first := strings.Fields(text); len(first) > 0 && len(first[0]) >= 4 && strings.Trim(first[0], "*") == "" {
		return true
	}
	for _, line := range lines {
		word, _, _ := strings.Cut(line, " ")
		if len(word) >= 7 && strings.HasPrefix(word, "XXXXXX") {
			return true
		}
	}
	return false
}
