package maillog

import (
	"net/netip"
	"strconv"
)

func hasPrefix(b []byte, p string) bool { return len(b) >= len(p) && string(b[:len(p)]) == p }

func hasAnyPrefix(b []byte, list []string) bool {
	for _, p := range list {
		if len(b) >= len(p) && b[0] == p[0] && string(b[:len(p)]) == p {
			return true
		}
	}
	return false
}

// queueID reads "ID: " or "NOQUEUE: ". Short ids are upper-case hexadecimal, long ones
// have ten characters or more of the digits and letters without vowels; vowels are let
// pass, since tests and redacted logs have them, and so is any id before a recipient.
func queueID(b []byte) (id, rest []byte, ok bool) {
	hex, digit := true, false
	i := 0
	for ; i < len(b) && i < 32; i++ {
		c := b[i]
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'A' && c <= 'F':
		case c >= 'G' && c <= 'Z', c >= 'a' && c <= 'z':
			hex = false
		default:
			goto end
		}
	}
end:
	if i < 5 || i+1 >= len(b) || b[i] != ':' || b[i+1] != ' ' {
		return nil, nil, false
	}
	if !(hex && (digit || i >= 6) || i >= 10 && digit || string(b[:i]) == "NOQUEUE" || hasPrefix(b[i+2:], "to=<")) {
		return nil, nil, false
	}
	return b[:i], b[i+2:], true
}

// longID reports whether a queue id is one of those that are not used again.
func longID(id []byte) bool {
	if len(id) < 10 {
		return false
	}
	for _, c := range id {
		if c > 'F' {
			return true
		}
	}
	return false
}

// address reads "<addr>" or a bare address up to a comma or blank, and returns what
// follows. Local parts may be quoted and hold anything.
func address(b []byte) (addr, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, false
	}
	if b[0] != '<' {
		i := 0
		for i < len(b) && b[i] != ' ' && b[i] != ',' {
			if b[i] == '"' {
				if n := quoted(b[i:]); n > 0 {
					i += n
					continue
				}
			}
			i++
		}
		return b[:i], b[i:], true
	}
	i := 1
	for i < len(b) {
		switch b[i] {
		case '"':
			if n := quoted(b[i:]); n > 0 {
				i += n
				continue
			}
		case '>':
			return b[1:i], b[i+1:], true
		}
		i++
	}
	return nil, nil, false
}

// quoted returns the length of a quoted string at the beginning of b, 0 if it does
// not end.
func quoted(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

func unbracket(b []byte) []byte {
	if len(b) > 1 && b[0] == '<' && b[len(b)-1] == '>' {
		return b[1 : len(b)-1]
	}
	return b
}

// leadingInt reads digits, 0 if there are none; it stops at a billion.
func leadingInt(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 1e8 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// decimal reads a number such as 0.05 without allocating; negative if it is not one.
func decimal(b []byte) float64 {
	n, scale, seen := 0.0, 0.0, false
	for _, c := range b {
		switch {
		case c == '.' && scale == 0:
			scale = 1
		case c >= '0' && c <= '9':
			seen = true
			n = n*10 + float64(c-'0')
			scale *= 10
		default:
			return -1
		}
	}
	if !seen {
		return -1
	}
	if scale > 1 {
		return n / scale
	}
	return n
}

func isLoopback(ip []byte) bool {
	return hasPrefix(ip, "127.") || string(ip) == "::1" || hasPrefix(ip, "IPv6:::1")
}

// isPrivate reports whether an address is of a private network, if a relay is a
// hop of one's own.
func isPrivate(ip []byte) bool {
	if len(ip) < 3 || !(ip[0] == '1' || ip[0] == 'f') {
		return false
	}
	a, err := netip.ParseAddr(string(ip))
	return err == nil && a.IsPrivate()
}

// leadingCodes reads "CODE X.Y.Z" at the beginning of a text.
func leadingCodes(b []byte) (code int, enhanced []byte) {
	if n, ok := num(b, 3); ok && n >= 200 && n < 600 && (len(b) == 3 || b[3] == ' ' || b[3] == '-') {
		code = n
		if len(b) > 4 {
			b = b[4:]
			if len(b) > 0 && b[0] == '#' {
				b = b[1:]
			}
			enhanced = enhancedAt(b)
		}
	}
	return code, enhanced
}

// enhancedAt reads an enhanced status code (RFC 3463, section 2), nil if there is none.
func enhancedAt(b []byte) []byte {
	if len(b) < 5 || (b[0] != '2' && b[0] != '4' && b[0] != '5') || b[1] != '.' {
		return nil
	}
	i := 2
	for part := 0; part < 2; part++ {
		start := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		if i == start || i-start > 3 {
			return nil
		}
		if part == 0 {
			if i >= len(b) || b[i] != '.' {
				return nil
			}
			i++
		}
	}
	return b[:i]
}

// atoi reads a number, 0 if it is not one.
func atoi(b []byte) int {
	n, err := strconv.Atoi(string(b))
	if err != nil {
		return 0
	}
	return n
}
