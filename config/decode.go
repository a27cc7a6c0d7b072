package config

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"mailworthy/internal/hint"
	"mailworthy/internal/lazyre"
	"mailworthy/internal/redact"
	"mailworthy/internal/show"
)

// Bounds on a configuration.
const (
	maxBytes    = 4 << 20
	maxProblems = 200
	maxQuoted   = 60
)

// decoder reads the nodes of a YAML document by hand, so that every mistake is
// found, and found with its line and column.
type decoder struct {
	file     string
	env      func(string) (string, bool)
	problems Problems
}

// fail notes a mistake at the node.
func (d *decoder) fail(n *yaml.Node, format string, args ...any) {
	d.failAt(n.Line, n.Column, "", format, args...)
}

// failHint notes a mistake at the node together with what to write instead.
func (d *decoder) failHint(n *yaml.Node, hint, format string, args ...any) {
	d.failAt(n.Line, n.Column, hint, format, args...)
}

func (d *decoder) failAt(line, column int, hint, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, Problem{File: d.file, Line: line, Column: column,
			Text: redact.URLs(fmt.Sprintf(format, args...)), Hint: hint})
	}
}

// document parses the text and returns its root, nil if there is none.
func (d *decoder) document(text []byte) *yaml.Node {
	if len(text) > maxBytes {
		d.failAt(1, 1, "", "the file has over %d bytes", maxBytes)
		return nil
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		d.syntax(err)
		return nil
	}
	if err := dec.Decode(&more); err == nil {
		d.fail(&more, "a second document starts here; a configuration is one")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
	}
	if d.refuseAliases(&doc) {
		return nil
	}
	return doc.Content[0]
}

var syntaxLine = lazyre.New(`^line (\d+): `)

// syntax notes an error of the YAML parser, which knows the line alone.
func (d *decoder) syntax(err error) {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	d.failAt(line, 1, "", "not YAML: %s", text)
}

// refuseAliases refuses aliases, which can make a small file a huge tree.
func (d *decoder) refuseAliases(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		d.failHint(n, "what domains share goes under defaults", "aliases (*%s) are not supported", clip(n.Value))
		return true
	}
	bad := false
	for _, c := range n.Content {
		bad = d.refuseAliases(c) || bad
	}
	return bad
}

// fields are the keys that a mapping may have, and what reads each.
type fields map[string]func(n *yaml.Node)

func (f fields) names() []string {
	var names []string
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// mapping reads a mapping; what is its name in messages. The keys that must be
// there follow.
func (d *decoder) mapping(n *yaml.Node, what string, f fields, required ...string) {
	if n.Kind != yaml.MappingNode {
		d.failHint(n, "its keys are "+strings.Join(f.names(), ", "), "%s must be keys with values, not %s", what, kindOf(n))
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content) && len(d.problems) < maxProblems; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		set, known := f[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fail(key, "%s: a key is a word", what)
		case seen[key.Value]:
			d.fail(key, "%s: %q stands there twice", what, clip(key.Value))
		case !known:
			d.failHint(key, f.suggest(key.Value), "%s has no key %q", what, clip(key.Value))
		default:
			set(value)
		}
		seen[key.Value] = true
	}
	for _, name := range required {
		if !seen[name] {
			d.fail(n, "%s: %s is missing", what, name)
		}
	}
}

// suggest names the keys that may be meant by a misspelt one.
func (f fields) suggest(key string) string {
	names := f.names()
	if near := nearest(key, names); near != "" {
		return hint.DidYouMean(near)
	}
	return "its keys are " + strings.Join(names, ", ")
}

// nearest returns the name with the fewest letters to change, and "" if none is near.
func nearest(word string, names []string) string {
	if len(word) > maxQuoted {
		return ""
	}
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
	return hint.Nearest(fold(word), max(2, len(word)/3), names...)
}

// sequence reads a list.
func (d *decoder) sequence(n *yaml.Node, what string, each func(n *yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		d.failHint(n, "write it as [one, two], or a line each that starts with -", "%s must be a list, not %s", what, kindOf(n))
		return
	}
	for _, item := range n.Content {
		if len(d.problems) >= maxProblems {
			return // no more of them are noted
		}
		each(item)
	}
}

// kindOf says in a word what a node is.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "empty"
	}
	return "a single value"
}

// scalar returns the text of a single value as it stands in the file.
func (d *decoder) scalar(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.fail(n, "%s must be a single value, not %s", what, kindOf(n))
	case n.Tag == "!!null" || strings.TrimSpace(n.Value) == "":
		d.fail(n, "%s is empty", what)
	default:
		return n.Value, true
	}
	return "", false
}

var variable = lazyre.New(`\$?\$\{([^}]*)\}?`)
var variableName = lazyre.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// text returns a single value with its variables replaced: ${NAME} by the
// environment's, and $${ by ${ itself.
func (d *decoder) text(n *yaml.Node, what string) (string, bool) {
	raw, ok := d.scalar(n, what)
	if !ok {
		return "", false
	}
	text := variable.ReplaceAllStringFunc(raw, func(m string) string {
		if strings.HasPrefix(m, "$$") {
			return m[1:]
		}
		name := strings.TrimSuffix(strings.TrimPrefix(m, "${"), "}")
		if !strings.HasSuffix(m, "}") || !variableName.MatchString(name) {
			d.failHint(n, "write ${NAME}, or $${ for the two characters themselves", "%s: ${ does not start the name of a variable", what)
			ok = false
			return ""
		}
		value, set := d.env(name)
		switch {
		case !set || value == "":
			d.fail(n, "%s: the variable ${%s} is not set in the environment", what, name)
			ok = false
		case strings.ContainsAny(value, "\r\n\x00"):
			d.fail(n, "%s: the variable ${%s} has more than one line", what, name)
			ok = false
		}
		return value
	})
	return text, ok
}

// read passes a value through parse. The error may quote the value, and so is
// shown only if no variable stands in it.
func read[T any](d *decoder, n *yaml.Node, what string, parse func(string) (T, error)) (T, bool) {
	text, ok := d.text(n, what)
	if !ok {
		return *new(T), false
	}
	v, err := parse(text)
	switch {
	case err == nil:
		return v, true
	case text != n.Value:
		d.fail(n, "%s: what %s stands for is not right for it", what, clip(n.Value))
	default:
		help := ""
		if hinted := (interface{ Hint() string })(nil); errors.As(err, &hinted) {
			help = hinted.Hint()
		}
		d.failHint(n, help, "%s: %v", what, err)
	}
	return v, false
}

// list reads a list of values; a single value is a list of one.
func list[T any](d *decoder, n *yaml.Node, what string, parse func(string) (T, error)) []T {
	out := []T{}
	one := func(n *yaml.Node) {
		if v, ok := read(d, n, what, parse); ok {
			out = append(out, v)
		}
	}
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		one(n)
	} else {
		d.sequence(n, what, one)
	}
	return out
}

// oneOf reads one of a few words.
func oneOf[T ~string](d *decoder, n *yaml.Node, what string, words ...T) (T, bool) {
	raw, ok := d.scalar(n, what)
	if !ok {
		return "", false
	}
	names := make([]string, len(words))
	for i, w := range words {
		if names[i] = string(w); string(w) == raw {
			return w, true
		}
	}
	d.failHint(n, hint.DidYouMean(nearest(raw, names)), "%s must be %s, not %q", what, orList(names), clip(raw))
	return "", false
}

// number reads a whole number within bounds.
func (d *decoder) number(n *yaml.Node, what string, least, most int) (int, bool) {
	raw, ok := d.scalar(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(raw)
	if err != nil || n.Tag != "!!int" || v < least || v > most {
		d.fail(n, "%s must be a number from %d to %d, not %q", what, least, most, clip(raw))
		return 0, false
	}
	return v, true
}

// duration reads a time span: 30s, 2m, 1h30m, and days as 400d.
func (d *decoder) duration(n *yaml.Node, what string, least, most time.Duration) (time.Duration, bool) {
	raw, ok := d.scalar(n, what)
	if !ok {
		return 0, false
	}
	v, err := parseDuration(raw)
	if err != nil {
		d.fail(n, "%s: %q is no time span such as 30s, 5m, 1h30m or 400d", what, clip(raw))
		return 0, false
	}
	if v < least || v > most {
		d.fail(n, "%s must be from %s to %s, not %q", what, shortSpan(least), shortSpan(most), clip(raw))
		return 0, false
	}
	return v, true
}

const day = 24 * time.Hour

func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * day, err
	}
	return time.ParseDuration(s)
}

func shortSpan(v time.Duration) string {
	if v >= day && v%day == 0 {
		return fmt.Sprintf("%dd", v/day)
	}
	text := v.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func orList(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func clip(s string) string { return show.Cut(s, maxQuoted) }
