package resolver

import (
	"fmt"
	"strconv"
	"strings"
)

// generate writes out BIND's $GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE DATA.
func (p *zoneParser) generate(e *entry) string {
	args := e.tokens[1:]
	if len(args) < 4 {
		return "$GENERATE takes a range, an owner, a type and data"
	}
	span, stepText, stepped := strings.Cut(args[0].text, "/")
	from, to, ok := strings.Cut(span, "-")
	start, err1 := strconv.ParseInt(from, 10, 32)
	stop, err2 := strconv.ParseInt(to, 10, 32)
	step := int64(1)
	var err3 error
	if stepped {
		step, err3 = strconv.ParseInt(stepText, 10, 32)
	}
	if !ok || err1 != nil || err2 != nil || err3 != nil || start < 0 || stop < start || step < 1 {
		return fmt.Sprintf("bad range %q of $GENERATE", clip(args[0].text))
	}
	var made entry
	for i := start; i <= stop; i += step {
		if p.generated++; p.generated > p.bounds.generated {
			return fmt.Sprintf("$GENERATE makes more than %d records", p.bounds.generated)
		}
		made = entry{line: e.line, tokens: made.tokens[:0]}
		for _, a := range args[1:] {
			text, ok := substitute(a.text, i, p.bounds.generatedBytes-p.generatedBytes)
			if !ok {
				return fmt.Sprintf("bad ${…} of $GENERATE in %q", clip(a.text))
			}
			if p.generatedBytes += len(text) + 1; p.generatedBytes > p.bounds.generatedBytes {
				return fmt.Sprintf("$GENERATE makes more than %d bytes of text", p.bounds.generatedBytes)
			}
			made.tokens = append(made.tokens, token{text: text, quoted: a.quoted})
		}
		if wrong := p.entry(&made); wrong != "" {
			return wrong
		}
	}
	return ""
}

// substitute puts the number for each $ and ${OFFSET[,WIDTH[,BASE]]}. It goes on
// until the text has most bytes, or somewhat more.
func substitute(s string, i int64, most int) (string, bool) {
	var b strings.Builder
	for at := 0; at < len(s) && b.Len() <= most; at++ {
		switch {
		case s[at] == '\\' && at+1 < len(s):
			if s[at+1] != '$' {
				b.WriteByte('\\')
			}
			at++
			b.WriteByte(s[at])
		case s[at] != '$':
			b.WriteByte(s[at])
		case at+1 < len(s) && s[at+1] == '{':
			spec, _, ok := strings.Cut(s[at+2:], "}")
			f := strings.Split(spec, ",")
			if !ok || len(f) > 3 {
				return "", false
			}
			f = append(f, []string{"0", "0", "d"}[len(f):]...)
			offset, err1 := strconv.ParseInt(f[0], 10, 32)
			width, err2 := strconv.ParseUint(f[1], 10, 8)
			base := map[string]string{"d": "d", "o": "o", "x": "x", "X": "X"}[f[2]]
			if err1 != nil || err2 != nil || base == "" || i+offset < 0 {
				return "", false
			}
			fmt.Fprintf(&b, "%0*"+base, int(width), i+offset)
			at += len(spec) + 2
		default:
			b.WriteString(strconv.FormatInt(i, 10))
		}
	}
	return b.String(), true
}
