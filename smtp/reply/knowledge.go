package reply

import (
	"bufio"
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:embed data
var data embed.FS

// Rule is one marker with what it means.
type Rule struct {
	// Marker is the text as written in the file.
	Marker string
	// parts are the literal pieces of the marker, in order.
	parts []string
	// enhanced or code is set for a marker "@5.7.509" or "@540".
	enhanced  string
	code      string
	Reason    Reason
	Receivers []string
	Stages    []Stage
	// Codes are the reply or enhanced codes of which the reply must have one.
	Codes []string
	// Local: the own server writes this text, so no receiver is to blame.
	Local bool
	// Weak rules are tried after the codes that say a reason by themselves.
	Weak      bool
	Permanent string
	Who       Who
	Proofs    []Proof
	Reference string
	Meaning   string
	Next      []string
}

// cause is what data/reasons.txt says of a reason.
type cause struct {
	who       Who
	permanent string
	proofs    []Proof
	meaning   string
	next      []string
}

// Knowledge is what the package knows: rules, reasons, codes and receivers. It is not
// changed after New, so that any number of goroutines may use it.
type Knowledge struct {
	rules     []Rule
	reasons   map[Reason]cause
	codes     map[string]Code
	receivers []marked
}

// MaxRules is how many markers a user's file may hold.
const MaxRules = 10000

// Default returns the knowledge that is built in.
var Default = sync.OnceValue(func() *Knowledge {
	k, err := New()
	if err != nil {
		// The files are embedded, and a test reads them.
		panic(err)
	}
	return k
})

// New returns the built-in knowledge with the rules of the readers before it. The
// format, one block after the other:
//
//	= REASON [receiver=a,b] [stage=rcpt] [code=550,5.7.1] [permanent=yes|no] [who=W] [proof=p,q] [ref=URL] [local] [weak]
//	> a sentence: what it means (optional)
//	+ a step to take (optional, repeated)
//	a marker: matched without regard to case and white space; * is any text
//	@5.7.509
//
// A marker that begins with @ is a code. Lines that begin with # and empty lines are
// skipped. The error names the line.
func New(extra ...io.Reader) (*Knowledge, error) {
	k := &Knowledge{reasons: map[Reason]cause{}, codes: map[string]Code{}}
	if err := k.readReasons(); err != nil {
		return nil, err
	}
	if err := k.readCodes(); err != nil {
		return nil, err
	}
	k.readReceivers()
	for _, r := range extra {
		if err := k.readRules("rules", r); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"receivers.rules", "local.rules", "general.rules"} {
		f, err := data.Open("data/" + name)
		if err != nil {
			return nil, err
		}
		err = k.readRules(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return k, nil
}

// readRules adds the rules of one file.
func (k *Knowledge) readRules(name string, r io.Reader) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), 64<<10)
	var head Rule
	open := false
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '=':
			var err error
			if head, err = k.heading(strings.TrimSpace(line[1:])); err != nil {
				return fmt.Errorf("%s, line %d: %w", name, n, err)
			}
			open = true
		case !open:
			return fmt.Errorf("%s, line %d: a marker before the first heading (= REASON)", name, n)
		case line[0] == '>':
			head.Meaning = strings.TrimSpace(line[1:])
		case line[0] == '+':
			head.Next = append(slices.Clip(head.Next), strings.TrimSpace(line[1:]))
		default:
			if len(k.rules) >= MaxRules {
				return fmt.Errorf("%s, line %d: more than %d markers", name, n, MaxRules)
			}
			rule := head
			rule.Marker = line
			if code, ok := strings.CutPrefix(line, "@"); ok {
				if strings.Contains(code, ".") {
					rule.enhanced = strings.ToUpper(code)
				} else {
					rule.code = code
				}
			} else {
				for p := range strings.SplitSeq(fold(line), "*") {
					if p = strings.TrimLeft(p, " "); strings.TrimSpace(p) != "" {
						rule.parts = append(rule.parts, strings.TrimRight(p, " "))
					}
				}
				if len(rule.parts) == 0 {
					return fmt.Errorf("%s, line %d: a marker that matches everything", name, n)
				}
			}
			k.rules = append(k.rules, rule)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// heading reads "REASON key=value …".
func (k *Knowledge) heading(line string) (Rule, error) {
	var r Rule
	words := strings.Fields(line)
	if len(words) == 0 {
		return r, fmt.Errorf("a heading without a reason")
	}
	r.Reason = Reason(words[0])
	if _, ok := k.reasons[r.Reason]; !ok {
		return r, fmt.Errorf("no such reason: %q", words[0])
	}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		list := strings.Split(value, ",")
		switch key {
		case "receiver":
			r.Receivers = list
		case "stage":
			for _, v := range list {
				r.Stages = append(r.Stages, Stage(v))
			}
		case "code":
			r.Codes = list
		case "permanent":
			if value != "yes" && value != "no" && value != "code" {
				return r, fmt.Errorf("permanent=%s: yes, no or code", value)
			}
			r.Permanent = value
		case "who":
			r.Who = Who(value)
		case "proof":
			r.Proofs = []Proof{}
			for _, v := range list {
				if v != "" && v != "none" {
					r.Proofs = append(r.Proofs, Proof(v))
				}
			}
		case "ref":
			r.Reference = value
		case "local":
			r.Local = true
		case "weak":
			r.Weak = true
		default:
			return r, fmt.Errorf("no such option: %q", key)
		}
	}
	return r, nil
}

// readReasons reads data/reasons.txt.
func (k *Knowledge) readReasons() error {
	text, err := data.ReadFile("data/reasons.txt")
	if err != nil {
		return err
	}
	var now Reason
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		c := k.reasons[now]
		rest := strings.TrimSpace(line[1:])
		switch line[0] {
		case '=':
			words := strings.Fields(rest)
			now = Reason(words[0])
			c = cause{}
			for _, w := range words[1:] {
				key, value, _ := strings.Cut(w, "=")
				switch key {
				case "who":
					c.who = Who(value)
				case "permanent":
					c.permanent = value
				case "proof":
					for v := range strings.SplitSeq(value, ",") {
						c.proofs = append(c.proofs, Proof(v))
					}
				}
			}
		case '>':
			c.meaning = rest
		case '+':
			c.next = append(c.next, rest)
		default:
			return fmt.Errorf("reasons.txt: %q", line)
		}
		k.reasons[now] = c
	}
	return nil
}

// Meaning returns the sentence that explains a reason, and its usual next steps.
func (k *Knowledge) Meaning(r Reason) (string, []string) {
	c := k.reasons[r]
	return c.meaning, slices.Clone(c.next)
}

var folder = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "\u00a0", " ", "‑", "-", "–", "-")

// fold returns a text as markers are compared: lower case, one space for white space,
// straight quotes.
func fold(s string) string {
	return strings.ToLower(spaces.ReplaceAllString(folder.Replace(s), " "))
}
