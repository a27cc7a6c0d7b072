package reply

import (
	"fmt"
	"strings"

	"mailworthy/internal/lazyre"
)

// Code explains one reply code or enhanced code.
type Code struct {
	// Code is "550" or, for every class, "X.7.26".
	Code  string
	Title string
	// Reason that the code stands for; "" if it says none.
	Reason Reason
	// Specific: the code alone says the reason.
	Specific  bool
	Reference string
	Meaning   string
}

// readCodes reads data/codes.txt.
func (k *Knowledge) readCodes() error {
	text, err := data.ReadFile("data/codes.txt")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 6 {
			return fmt.Errorf("codes.txt: %q", line)
		}
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		c := Code{Code: f[0], Title: f[1], Reason: Reason(f[2]), Specific: f[3] == "specific", Reference: f[4], Meaning: f[5]}
		if c.Reason == "-" {
			c.Reason = ""
		}
		if _, ok := k.reasons[c.Reason]; !ok && c.Reason != "" {
			return fmt.Errorf("codes.txt: %s: no such reason: %q", c.Code, c.Reason)
		}
		k.codes[c.Code] = c
	}
	return nil
}

// Code returns what is known of "550" or "5.7.26".
func (k *Knowledge) Code(code string) (Code, bool) {
	if len(code) > 2 && code[1] == '.' {
		code = "X" + code[1:]
	}
	c, ok := k.codes[code]
	return c, ok
}

// Help is the explanation of a code that stands alone.
type Help struct {
	// Asked is the code as it was asked for, such as "550-5.7.26".
	Asked string
	// Class says what the first digit means.
	Class string
	// Codes are the reply code and the enhanced code, as far as they are known.
	Codes []Code
	// Receivers are the rules by which receivers use the code in their own way.
	Receivers []Rule
	// Reason is the reason that the code stands for, Unknown if it says none.
	Reason  Reason
	Who     Who
	Meaning string
	Next    []string
	Proofs  []Proof
}

// noFailure is what is to be done after a reply of success.
const noFailure = "Nothing to do: this is no failure."

var codeOnly = lazyre.New(`^\s*(?:([2-5]\d\d)|([2-5]\d\d)[ \-:]+#?([245X]\.\d{1,3}\.\d{1,3})|#?([245Xx]\.\d{1,3}\.\d{1,3}))\s*$`)

var classes = map[byte]string{
	'2': "2xx and 2.x.x: done; the server accepted the command.",
	'3': "3xx: the server waits for more.",
	'4': "4xx and 4.x.x: refused for now; the sending server tries again by itself, usually for up to five days.",
	'5': "5xx and 5.x.x: refused for good; the sending server returns the message.",
	'X': "X.x.x: the first digit says whether it is a success (2), temporary (4) or final (5).",
}

// Help explains a code: "421", "5.7.1", "550-5.7.26". It reports false if the text is
// not a code; an unknown code is explained by its first digits.
func (k *Knowledge) Help(text string) (Help, bool) {
	m := codeOnly.FindStringSubmatch(text)
	if m == nil {
		return Help{}, false
	}
	basic, enhanced := m[1]+m[2], strings.ToUpper(m[3]+m[4])
	h := Help{Asked: strings.TrimSpace(text), Reason: Unknown}
	first := (enhanced + basic)[0]
	if basic != "" {
		first = basic[0]
	}
	h.Class = classes[first]
	for _, c := range []string{basic, enhanced} {
		if c == "" {
			continue
		}
		known, ok := k.Code(c)
		if !ok {
			known = unregistered(c)
		}
		if known.Code[0] == 'X' {
			known.Code = c
		}
		h.Codes = append(h.Codes, known)
		if known.Reason != "" && (h.Reason == Unknown || known.Specific) {
			h.Reason = known.Reason
		}
	}
	var own Rule
	for i := range k.rules {
		r := &k.rules[i]
		if (r.enhanced != "" && (r.enhanced == enhanced || "X"+r.enhanced[1:] == enhanced)) || (r.code != "" && r.code == basic) {
			h.Receivers = append(h.Receivers, *r)
		}
	}
	if r, ok := agreed(h.Receivers); ok && h.Reason == Unknown && !registered(h.Codes) {
		h.Reason, own = r.Reason, r
	}
	c := k.reasons[h.Reason]
	h.Who, h.Next, h.Proofs = c.who, c.next, c.proofs
	h.Meaning = h.Codes[len(h.Codes)-1].Meaning
	if own.Reason != "" {
		if h.Meaning = own.Meaning; h.Meaning == "" {
			h.Meaning = c.meaning
		}
		if own.Who != "" {
			h.Who = own.Who
		}
		if len(own.Next) > 0 {
			h.Next = own.Next
		}
		if own.Proofs != nil {
			h.Proofs = own.Proofs
		}
	}
	if first == '2' || first == '3' {
		h.Who, h.Next, h.Proofs = WhoUnknown, []string{noFailure}, nil
	}
	return h, true
}

// agreed returns the rule of the receivers that use a code, if they all mean the same.
func agreed(rules []Rule) (Rule, bool) {
	for i := range rules {
		if rules[i].Reason != rules[0].Reason {
			return Rule{}, false
		}
	}
	if len(rules) == 0 {
		return Rule{}, false
	}
	return rules[0], true
}

// registered reports whether a standard names the last of the codes, the enhanced one
// if there is one.
func registered(codes []Code) bool { return codes[len(codes)-1].Title != notRegistered }

// notRegistered is the title of a code that no standard names.
const notRegistered = "Not registered"

var subjects = [8]string{"other", "the address", "the mailbox", "the mail system", "network and routing", "the protocol", "the content", "security and policy"}

// unregistered describes a code that no registry names, by its digits.
func unregistered(code string) Code {
	c := Code{Code: code, Title: notRegistered, Reference: "RFC 5321, 4.2.1"}
	if len(code) > 2 && code[1] == '.' {
		c.Reference = "RFC 3463, 2"
		if d := int(code[2] - '0'); d >= 0 && d < len(subjects) && code[3] == '.' {
			c.Meaning = "No registry names this code. Its subject is " + subjects[d] + "; the text, or the receiver's own list of codes, says what it means."
			return c
		}
	}
	c.Meaning = "No standard names this code. Its first digit says whether it is final; the text says what it means."
	return c
}
