package dkim

import (
	"fmt"
	"strings"
)

// SelectorsMarkdown is the catalogue as a page of documentation.
func SelectorsMarkdown() string {
	var b strings.Builder
	providers, selectors, all := Providers(), map[string]bool{}, loaded().all()
	for i := range providers {
		for _, s := range providers[i].Selectors {
			selectors[s] = true
		}
	}
	fmt.Fprintf(&b, `# DKIM selectors that are tried

Selectors cannot be listed through the DNS. Those that nobody states (`+"`--selector`"+`) are guessed: first those of the
providers that the domain's MX hosts, SPF includes and aliases point to, then the common ones. A selector that
is not found this way was not observed; that does not mean that the domain has none.

This page is written from `+"`dkim/providers.tsv`"+` and `+"`dkim/common.txt`"+`: %d providers and programs, %d selectors and
patterns of theirs, %d with the common ones and the dates enumerated (%d to %d).

"documented": in the provider's instructions. "observed": seen in public zones or messages. "memory": commonly
said, not verified; never the only ground of an error. `+"`{yyyy}`"+` is a year, `+"`{mmyy}`"+` a month and year, `+"`{label}`"+` the
customer's number as the SPF include has it.

## The common ones, most common first

`, len(providers), len(selectors), len(all), firstYear, lastYear)
	b.WriteString(code(CommonSelectors()) + "\n\n## By provider\n\n")
	b.WriteString("| provider | selectors | MX hosts | SPF includes | alias targets | confidence | note |\n|---|---|---|---|---|---|---|\n")
	for i := range providers {
		p := &providers[i]
		note := p.Note
		if p.Standby {
			note = strings.TrimPrefix(note+"; one of a pair is alive", "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", p.Name, code(p.Selectors), code(p.MX), code(p.SPF), code(p.CNAME), p.Confidence, note)
	}
	return b.String()
}

// code sets words as code.
func code(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "` `") + "`"
}
