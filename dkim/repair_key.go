package dkim

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailworthy/internal/ascii"
	"mailworthy/internal/lazyre"
)

// material is a public key that was found in a record.
type material struct {
	algorithm string
	// text is the value of p=; "" revokes.
	text string
}

// key finds the one public key of the record. It is not known if there is none, if
// two differ, or if something beside it has a meaning that nobody can tell.
func (w *written) key() (material, bool) {
	kind := strings.ToLower(strings.Join(w.values["k"], " "))
	var found []material
	note := func(text string) bool {
		m, ok := readMaterial(text, kind)
		if ok && !slices.Contains(found, m) {
			found = append(found, m)
		}
		return ok
	}
	loose, whole := w.loose, false
	for _, p := range w.values["p"] {
		whole = note(p) || whole
	}
	if !whole && len(w.values["p"]) == 0 {
		// The name or the equals sign is missing.
		for i, text := range loose {
			// A p at the beginning is the name, not a part of a key that lacks a character.
			if note(strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(text, "p"), "P"), fws+":=")) {
				loose = slices.Delete(slices.Clone(loose), i, i+1)
				break
			}
		}
		if len(found) == 0 {
			w.others = slices.DeleteFunc(w.others, func(t tag) bool {
				m, ok := readMaterial(t.value, kind)
				if ok = ok && m.algorithm == algorithmRSA; ok {
					found = append(found, m)
				}
				return ok
			})
		}
	}
	if slices.ContainsFunc(loose, meaningful) {
		return material{}, false
	}
	if len(loose) > 0 && len(found) == 1 && found[0].algorithm == algorithmEd25519 {
		return material{}, false // nothing in a key of 43 characters shows that one is missing
	}
	switch {
	case len(found) == 1:
		for _, p := range w.values["p"] {
			// Beside the key, p= may be there again, cut off. An empty one revokes the
			// key, and another may be the one that signs.
			if _, ok := readMaterial(p, kind); !ok && (empty(p) || !strings.HasPrefix(found[0].text, stripFWS(p))) {
				return material{}, false
			}
		}
		return found[0], true
	case len(found) == 0 && len(loose) == 0 && len(w.values["p"]) > 0 && !slices.ContainsFunc(w.values["p"], filled):
		algorithm := algorithmRSA
		if apart(kind, algorithmEd25519) <= 2 {
			algorithm = algorithmEd25519
		}
		return material{algorithm: algorithm}, true
	}
	return material{}, false
}

func empty(p string) bool  { return strings.Trim(p, fws+`"'=,.`) == "" }
func filled(p string) bool { return !empty(p) }

// meaningful reports whether a text that belongs to no tag can have been one that
// restricts the key.
func meaningful(text string) bool {
	return len(text) > 2 || strings.ContainsAny(strings.ToLower(text), "thsy*")
}

// strayWithin reports whether one character that is none of base64 stands between two of the
// key in a record: it may be there in place of one, and another be too much elsewhere. What is
// left is a key then, and not the one that signs. Quotation marks in pairs and what is written
// before a sign to escape it are in place of nothing. For the same reason a key that a
// semicolon cuts is not joined.
func (k *Key) strayWithin(record string) bool {
	key := k.tag("p")
	if key == nil {
		return false
	}
	raw, want := stripFWS(record), strings.TrimRight(stripFWS(key.value), "=")
	if len(want) < 43 || strings.Contains(raw, want) {
		return false
	}
	if strings.Contains(want, "+") && !strings.Contains(raw, "+") {
		// Blanks stand in the place of +: one of another kind may stand in the place of a character.
		if at := strings.Index(raw, want[:8]); at >= 0 && strings.ContainsFunc(raw[at:], func(c rune) bool { return c >= 0x80 && unicode.IsSpace(c) }) {
			return true
		}
		raw = strings.ReplaceAll(record, " ", "+")
	}
	for from := 0; ; from++ {
		at := strings.IndexByte(raw[from:], want[0])
		if at < 0 {
			return false
		}
		from += at
		if strays, all := between(raw[from:], want); all {
			return strays > 0
		}
	}
}

// between counts the texts that stand between the characters of a key in a text that
// begins with it, but for line ends as escapes; all reports whether the whole key is there.
func between(raw, key string) (strays int, all bool) {
	i := 0
	for key != "" {
		switch {
		case i == len(raw):
			return strays, false
		case raw[i] == key[0]:
			i, key = i+1, key[1:]
		default:
			start := i
			for i < len(raw) && raw[i] != key[0] && !inKey(raw[i]) {
				i++
			}
			if run := raw[start:i]; run == `\` && i+1 < len(raw) && strings.IndexByte("nrt", raw[i]) >= 0 && raw[i] != key[0] {
				if raw[i] == 't' {
					strays++ // no line ends so: the backslash slipped in before a t of the key
				}
				i++
				continue
			}
			if i == start || i == len(raw) || raw[i] != key[0] {
				return strays, false
			}
			// A sign may be escaped, and strings have a quotation mark at both ends.
			if run := raw[start:i]; utf8.RuneCountInString(run) == 1 && !(run == `\` && !ascii.IsAlphanumeric(key[0])) {
				strays++
			}
		}
	}
	return strays, true
}

// inKey reports whether a character is one of base64.
func inKey(c byte) bool { return ascii.IsAlphanumeric(c) || c == '+' || c == '/' || c == '=' }

// armour is a line of a PEM file around a public key.
var armour = lazyre.New(`(?i)-+\s*(?:BEGIN|END)\s*(?:RSA)?\s*PUBLIC\s*KEY\s*-+`)

// readMaterial reads a public key in the forms that it is met in. What it returns
// is one with certainty: an encoding that fits its length to the octet, or 32
// octets if an Ed25519 key is announced.
func readMaterial(text, kind string) (material, bool) {
	if strings.Contains(strings.ToUpper(text), "PRIVATE") {
		return material{}, false
	}
	text = armour.ReplaceAllString(text, " ")
	if fields := strings.Fields(text); len(fields) > 1 && fields[0] == "ssh-rsa" {
		return readSSH(fields[1])
	}
	text = strings.TrimRight(strings.NewReplacer(`"`, "", "'", "", "(", "", ")", "", "<", "", ">", "").Replace(text), fws+",.|:")
	text = strings.Trim(text, fws)
	if m, ok := readBase64(stripFWS(text), kind); ok {
		return m, true
	}
	if plus, ok := withPlus(text); ok {
		return readBase64(plus, kind)
	}
	if der, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "", "\t", "").Replace(text)); err == nil && (len(der) > 64 || len(der) == 32 && apart(kind, algorithmEd25519) <= 2) {
		return readDER(der, kind)
	}
	return material{}, false
}

// readBase64 reads a key in base64, with or without padding, in either alphabet. In a
// key that has signs of both, one stands in place of a letter.
func readBase64(text, kind string) (material, bool) {
	if strings.ContainsAny(text, "-_") && strings.ContainsAny(text, "+/") {
		return material{}, false
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	der, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return material{}, false
	}
	return readDER(der, kind)
}

// readDER reads a key that was decoded.
func readDER(der []byte, kind string) (material, bool) {
	encoded := base64.StdEncoding.EncodeToString
	if len(der) == 32 {
		if announced := apart(strings.Trim(kind, fws), algorithmEd25519) <= 2; announced || onCurve(der) {
			return material{algorithmEd25519, encoded(der)}, onCurve(der)
		}
		return material{}, false
	}
	if info, ok := parseSPKI(der); ok {
		switch {
		case info.Algorithm.OID.Equal(oidEd25519) && len(info.Key.Bytes) == 32:
			return material{algorithmEd25519, encoded(info.Key.Bytes)}, true
		case !info.Algorithm.OID.Equal(oidRSA):
			return material{}, false
		}
	}
	if probe := new(Key); !probe.decodePlainRSA(der) {
		return material{}, false
	}
	return material{algorithmRSA, encoded(der)}, true
}

// withPlus is a key in which blanks stand for the + that a form or panel took them
// from, with the + again. That they do shows in the length that the encoding
// announces, in that no + is left, and in that nothing is amiss with the modulus.
// A blank in the 43 characters of an Ed25519 key shows nothing of the kind.
func withPlus(text string) (string, bool) {
	if !strings.ContainsAny(text, " ") || strings.ContainsAny(text, "+-") {
		return "", false
	}
	plus := strings.ReplaceAll(text, " ", "+")
	m, ok := readBase64(plus, "")
	if !ok || m.algorithm != algorithmRSA {
		return "", false
	}
	key, err := ParseKey("p=" + m.text)
	if err != nil || key.insecurity(true) != "" {
		return "", false
	}
	return m.text, true
}

// readSSH reads the public key of an SSH key file (RFC 4253, 6.6).
func readSSH(text string) (material, bool) {
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return material{}, false
	}
	field := func() []byte {
		if len(blob) < 4 {
			return nil
		}
		n := binary.BigEndian.Uint32(blob)
		if blob = blob[4:]; uint64(n) > uint64(len(blob)) {
			blob = nil
			return nil
		}
		value := blob[:n]
		blob = blob[n:]
		return value
	}
	name, e, n := field(), field(), field()
	if !bytes.Equal(name, []byte("ssh-rsa")) || len(e) == 0 || len(e) > 4 || len(n) < 32 || len(blob) > 0 {
		return material{}, false
	}
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())})
	if err != nil {
		return material{}, false
	}
	return readDER(der, algorithmRSA)
}

// The field and the constant of edwards25519 (RFC 8032, 5.1).
var (
	fieldPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	curveD     = new(big.Int).Mod(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), fieldPrime)), fieldPrime)
)

// onCurve reports whether 32 octets encode a point of edwards25519 (RFC 8032,
// 5.1.3): half of all texts of that length do not.
func onCurve(point []byte) bool {
	octets := slices.Clone(point)
	slices.Reverse(octets)
	octets[0] &= 0x7f
	y := new(big.Int).SetBytes(octets)
	square := y.Mod(y.Mul(y, y), fieldPrime)
	u := new(big.Int).Sub(square, big.NewInt(1))
	v := new(big.Int).Add(new(big.Int).Mul(curveD, square), big.NewInt(1))
	// u/v is a square if u*v is.
	return big.Jacobi(u.Mod(u.Mul(u, v), fieldPrime), fieldPrime) >= 0
}
