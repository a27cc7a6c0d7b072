package bounce

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

// The bounds of what is read. What exceeds them is not read, and Message.Limits says
// so.
const (
	MaxSize       = 16 << 20
	maxDepth      = 8
	maxParts      = 100
	maxFields     = 500
	maxFieldBytes = 16 << 10
	maxText       = 256 << 10
	maxRecipients = 1000
)

// field is one header field, unfolded.
type field struct{ name, value string }

// header is the fields of a message or part in their order; names are lower case.
type header []field

func (h header) get(name string) string {
	for i := range h {
		if h[i].name == name {
			return h[i].value
		}
	}
	return ""
}

func (h header) all(name string) []string {
	var out []string
	for i := range h {
		if h[i].name == name {
			out = append(out, h[i].value)
		}
	}
	return out
}

// part is one leaf of a MIME tree, or a message in it.
type part struct {
	header header
	// media is the type in lower case, "text/plain" if none is given.
	media string
	// body is decoded from its transfer encoding, not from its charset.
	body    []byte
	charset string
	depth   int
}

// reader walks a message and counts what it may.
type reader struct {
	parts  []part
	limits []string
}

func (r *reader) limit(what string) {
	for _, l := range r.limits {
		if l == what {
			return
		}
	}
	r.limits = append(r.limits, what)
}

// lines returns data with LF at the end of each line, whatever it was: LF, CRLF or,
// as old Macs wrote, CR.
func lines(data []byte) []byte {
	if bytes.IndexByte(data, '\r') < 0 {
		return data
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// split returns the header and the body of a message or part.
func (r *reader) split(data []byte) (header, []byte) {
	var h header
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		if len(bytes.TrimRight(line, " \t")) == 0 {
			return h, rest
		}
		if (line[0] == ' ' || line[0] == '\t') && len(h) > 0 {
			last := &h[len(h)-1]
			if len(last.value)+len(line) < maxFieldBytes {
				last.value += " " + string(bytes.TrimSpace(line))
			} else {
				r.limit("a header field was longer than 16 KB")
			}
			data = rest
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || len(name) > 100 || bytes.ContainsAny(bytes.TrimRight(name, " \t"), " \t") {
			if len(h) == 0 && bytes.HasPrefix(line, []byte("From ")) {
				data = rest
				continue
			}
			// No field: the body begins without an empty line.
			return h, data
		}
		if len(h) >= maxFields {
			r.limit("a header had more than 500 fields")
			data = rest
			continue
		}
		if len(value) > maxFieldBytes {
			value = value[:maxFieldBytes]
			r.limit("a header field was longer than 16 KB")
		}
		h = append(h, field{strings.ToLower(string(bytes.TrimSpace(name))), string(bytes.TrimSpace(value))})
		data = rest
	}
	return h, nil
}

// walk adds the parts of an entity, those inside of it first to last. Messages in it
// are parts as they are: what is in them is the original's.
func (r *reader) walk(h header, body []byte, depth int) {
	if len(r.parts) >= maxParts {
		r.limit("more than 100 parts")
		return
	}
	media, params := mediaType(h.get("content-type"))
	if boundary := params["boundary"]; strings.HasPrefix(media, "multipart/") && boundary != "" {
		if depth >= maxDepth {
			r.limit("parts nested more than 8 deep")
			return
		}
		pieces, ok := r.pieces(body, boundary)
		if ok {
			for _, p := range pieces {
				ph, pb := r.split(p)
				r.walk(ph, pb, depth+1)
			}
			return
		}
		media = "text/plain"
	}
	if strings.HasPrefix(media, "multipart/") {
		media = "text/plain"
	}
	r.parts = append(r.parts, part{header: h, media: media, body: decode(h.get("content-transfer-encoding"), body), charset: params["charset"], depth: depth})
}

// pieces cuts a multipart body at its boundary. It reports false if there is none.
func (r *reader) pieces(body []byte, boundary string) ([][]byte, bool) {
	mark := []byte("--" + boundary)
	var out [][]byte
	start := -1
	for at := 0; at < len(body); {
		end := bytes.IndexByte(body[at:], '\n')
		next := len(body)
		line := body[at:]
		if end >= 0 {
			line, next = body[at:at+end], at+end+1
		}
		if bytes.HasPrefix(line, mark) {
			tail := bytes.TrimRight(line[len(mark):], " \t")
			if len(tail) == 0 || string(tail) == "--" {
				if start >= 0 {
					out = append(out, body[start:max(start, at-1)])
					if len(out) >= maxParts {
						r.limit("more than 100 parts")
						return out, true
					}
				}
				if len(tail) > 0 {
					return out, len(out) > 0
				}
				start = next
			}
		}
		at = next
	}
	if start >= 0 {
		// The last boundary is missing: cut off.
		out = append(out, body[min(start, len(body)):])
	}
	return out, len(out) > 0
}

// mediaType reads a Content-Type, also one that is malformed.
func mediaType(value string) (string, map[string]string) {
	if value == "" {
		return "text/plain", nil
	}
	media, params, err := mime.ParseMediaType(value)
	if err == nil {
		return media, params
	}
	params = map[string]string{}
	pieces := strings.Split(value, ";")
	media = strings.ToLower(strings.TrimSpace(pieces[0]))
	for _, p := range pieces[1:min(len(pieces), 20)] {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		params[strings.ToLower(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"`)
	}
	if !strings.Contains(media, "/") {
		media = "text/plain"
	}
	return media, params
}

// decode undoes a transfer encoding, as far as it can.
func decode(encoding string, body []byte) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		clean := make([]byte, 0, len(body))
		for _, c := range body {
			if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
				clean = append(clean, c)
			}
		}
		out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
		n, _ := base64.RawStdEncoding.Decode(out, clean)
		return lines(out[:n])
	case "quoted-printable":
		out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		if err != nil {
			// What follows the error is kept as it is.
			return lenientQP(body)
		}
		return lines(out)
	}
	return body
}

// lenientQP decodes quoted-printable with faults: bytes that are no escape stay.
func lenientQP(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '=' {
			out = append(out, body[i])
			continue
		}
		if i+1 < len(body) && body[i+1] == '\n' {
			i++
			continue
		}
		var b byte
		if i+2 < len(body) {
			if _, err := fmt.Sscanf(string(body[i+1:i+3]), "%02X", &b); err == nil {
				out = append(out, b)
				i += 2
				continue
			}
		}
		out = append(out, '=')
	}
	return lines(out)
}

// text returns the body as UTF-8.
func (p *part) text() string { return toUTF8(p.body, p.charset) }

// toUTF8 decodes a text of a charset. One that is not known, or not given, is found
// by the bytes: ISO-2022-JP by its escapes, UTF-8 by being valid, else Windows-1252.
func toUTF8(body []byte, charset string) string {
	if len(body) > maxText {
		body = body[:maxText]
	}
	charset = strings.ToLower(strings.Trim(charset, `"' `))
	if bytes.Contains(body, []byte("\x1b$")) || bytes.Contains(body, []byte("\x1b(")) {
		charset = "iso-2022-jp"
	} else if utf8.Valid(body) {
		return string(body)
	}
	for _, name := range []string{charset, "windows-1252"} {
		if name == "" || name == "utf-8" {
			continue
		}
		enc, err := htmlindex.Get(name)
		if err != nil {
			continue
		}
		out, _, err := transform.Bytes(enc.NewDecoder(), body)
		if err == nil || len(out) > 0 {
			return strings.ToValidUTF8(string(out), "\uFFFD")
		}
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

var words = &mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return enc.NewDecoder().Reader(r), nil
}}

// decodeWords decodes the encoded words of a header field (RFC 2047).
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	out, err := words.DecodeHeader(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(out, "\uFFFD")
}
