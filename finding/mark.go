package finding

import (
	"strings"
	"unicode/utf8"
)

// Mark repeats a record, or what is near to a place in it, with an arrow before the
// octet at offset: `v=DMARC1; ➞p:reject; rua=…`. A detail marks the place of an error
// so, in every format.
func Mark(record string, offset int) string {
	const before, after = 40, 60
	offset = max(0, min(offset, len(record)))
	from, to := 0, len(record)
	if offset > before+1 {
		from = offset - before
	}
	if len(record)-offset > after+1 {
		to = offset + after
	}
	for from < offset && !utf8.RuneStart(record[from]) {
		from++
	}
	for to > offset && to < len(record) && !utf8.RuneStart(record[to]) {
		to--
	}
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	b.WriteString(record[from:offset] + "➞" + record[offset:to])
	if to < len(record) {
		b.WriteString("…")
	}
	return b.String()
}
