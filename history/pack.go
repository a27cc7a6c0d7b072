package history

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"mailworthy/report"
)

// volatileKeys are the members of a report that say nothing about the domain and
// differ from run to run: when, how long, from which server, for how long more.
var volatileKeys = map[string]bool{
	"started": true, "duration_ms": true, "ttl": true, "server": true, "queries": true, "questions": true,
	"ms": true,
}

// member is one top-level member of a report in JSON.
type member struct{ name, text string }

// pack splits a report into its members, without what is volatile, and that.
func pack(r *report.Report) (parts []member, volatile string, err error) {
	text, err := report.MarshalJSON(r, "")
	if err != nil {
		return nil, "", err
	}
	var taken strings.Builder
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil, "", err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, "", err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, "", err
		}
		key := name.(string)
		// The scan needs the key before the value to know it.
		whole := takeOut([]byte(`"`+key+`":`+string(value)), &taken)
		parts = append(parts, member{key, whole[len(key)+3:]})
	}
	return parts, taken.String(), nil
}

// unpack is the JSON that pack was given.
func unpack(parts []member, volatile string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + p.name + `":` + p.text)
	}
	b.WriteByte('}')
	return putBack(b.Bytes(), volatile)
}

// takeOut removes the values of volatile keys, if they are strings or numbers,
// from compact JSON, and appends each with a line break to taken. A key without
// a value, which JSON does not have, marks the place.
func takeOut(text []byte, taken *strings.Builder) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '"' {
			out.WriteByte(text[i])
			i++
			continue
		}
		end := stringEnd(text, i)
		out.Write(text[i:end])
		key := text[i+1 : end-1]
		i = end
		if i >= len(text) || text[i] != ':' {
			continue
		}
		out.WriteByte(':')
		i++
		if !volatileKeys[string(key)] || i >= len(text) || text[i] == '{' || text[i] == '[' {
			continue
		}
		end = scalarEnd(text, i)
		taken.Write(text[i:end])
		taken.WriteByte('\n')
		i = end
	}
	return out.String()
}

// putBack is the reverse of takeOut.
func putBack(text []byte, taken string) ([]byte, error) {
	var out bytes.Buffer
	for i := 0; i < len(text); {
		if text[i] == '"' {
			end := stringEnd(text, i)
			out.Write(text[i:end])
			i = end
			continue
		}
		out.WriteByte(text[i])
		i++
		if text[i-1] == ':' && (i == len(text) || text[i] == ',' || text[i] == '}') {
			value, rest, ok := strings.Cut(taken, "\n")
			if !ok {
				return nil, errors.New("a run lacks times and TTLs")
			}
			out.WriteString(value)
			taken = rest
		}
	}
	if taken != "" {
		return nil, errors.New("a run has times and TTLs too many")
	}
	return out.Bytes(), nil
}

// stringEnd is the index after the JSON string that starts at i.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(text))
}

// scalarEnd is the index after the string, number or word that starts at i.
func scalarEnd(text []byte, i int) int {
	if text[i] == '"' {
		return stringEnd(text, i)
	}
	for i < len(text) && text[i] != ',' && text[i] != '}' && text[i] != ']' {
		i++
	}
	return i
}

func compress(text string) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// mostText bounds what one content may decompress to.
const mostText = 256 << 20

func decompress(data []byte) (string, error) {
	r := flate.NewReader(bytes.NewReader(data))
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(r, mostText+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %v", ErrDamaged, err)
	case n > mostText:
		return "", fmt.Errorf("%w: a text of more than %d bytes", ErrDamaged, mostText)
	}
	return b.String(), nil
}

// keep stores a text and returns its number: that of the same text, if there is one.
func keep(ctx context.Context, tx Tx, text string) (int64, error) {
	return tx.Keep(ctx, sha256.Sum256([]byte(text)), func() ([]byte, error) { return compress(text) })
}

// text returns a stored text.
func text(ctx context.Context, tx Tx, id int64) (string, error) {
	data, err := tx.Content(ctx, id)
	if err != nil {
		return "", err
	}
	return decompress(data)
}
