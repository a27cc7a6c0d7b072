package bimi

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"hash"
	"net/url"
	"strings"
)

// logotype is the logo in a certificate (RFC 3709, 4.1): its bytes as the data: URI has
// them, and their digests.
type logotype struct {
	data    []byte
	digests []digest
}

type digest struct {
	algorithm asn1.ObjectIdentifier
	value     []byte
}

// maxNesting bounds how deep the extension is read.
const maxNesting = 12

// readLogotype returns the first logo of the subject, or else the first one that there is.
func readLogotype(der []byte) (*logotype, error) {
	whole, err := parse(der)
	if err != nil {
		return nil, errors.New("the extension is not DER")
	}
	var details *logotypeDetails
	for _, part := range whole {
		// subjectLogo [2]
		if part.Class == asn1.ClassContextSpecific && part.Tag == 2 {
			details = findDetails(part, maxNesting)
		}
	}
	for i := 0; details == nil && i < len(whole); i++ {
		details = findDetails(whole[i], maxNesting)
	}
	if details == nil {
		return nil, errors.New("the extension names no image")
	}
	for _, uri := range details.uris {
		data, err := dataURI(uri)
		if err != nil {
			continue
		}
		return &logotype{data: data, digests: details.digests}, nil
	}
	return nil, errors.New("its image is not in the certificate itself (a data: URI in base64)")
}

// parse returns the parts of a sequence.
func parse(der []byte) ([]asn1.RawValue, error) {
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &whole); err != nil || len(rest) > 0 || !whole.IsCompound {
		return nil, errors.New("no sequence")
	}
	return parts(whole)
}

// parts are the values inside a value.
func parts(v asn1.RawValue) (out []asn1.RawValue, err error) {
	for rest := v.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return nil, err
		}
		out = append(out, part)
	}
	return out, nil
}

// logotypeDetails are a media type, digests and URIs (LogotypeDetails in RFC 3709, 4.1).
type logotypeDetails struct {
	digests []digest
	uris    []string
}

// findDetails looks for the first LogotypeDetails in a value: a sequence of a string, a
// sequence of digests and a sequence of strings. Encoders differ in the tags around it.
func findDetails(v asn1.RawValue, deep int) *logotypeDetails {
	if deep == 0 || !v.IsCompound {
		return nil
	}
	inside, err := parts(v)
	if err != nil {
		return nil
	}
	if len(inside) >= 3 && inside[0].Class == asn1.ClassUniversal && inside[0].Tag == asn1.TagIA5String {
		d := &logotypeDetails{}
		digests, _ := parts(inside[1])
		for _, one := range digests {
			var hashed struct {
				Algorithm struct {
					ID         asn1.ObjectIdentifier
					Parameters asn1.RawValue `asn1:"optional"`
				}
				Value []byte
			}
			if _, err := asn1.Unmarshal(one.FullBytes, &hashed); err == nil {
				d.digests = append(d.digests, digest{hashed.Algorithm.ID, hashed.Value})
			}
		}
		uris, _ := parts(inside[2])
		for _, one := range uris {
			if one.Tag == asn1.TagIA5String {
				d.uris = append(d.uris, string(one.Bytes))
			}
		}
		return d
	}
	for _, part := range inside {
		if d := findDetails(part, deep-1); d != nil {
			return d
		}
	}
	return nil
}

// dataURI returns what a data: URI has (RFC 2397).
func dataURI(uri string) ([]byte, error) {
	scheme, rest, _ := strings.Cut(uri, ":")
	head, data, ok := strings.Cut(rest, ",")
	if !ok || !strings.EqualFold(scheme, "data") {
		return nil, errors.New("no data: URI")
	}
	if !strings.HasSuffix(strings.ToLower(strings.ReplaceAll(head, " ", "")), ";base64") {
		text, err := url.PathUnescape(data)
		return []byte(text), err
	}
	data = strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \t\r\n=", c) {
			return -1
		}
		return c
	}, data)
	return base64.RawStdEncoding.DecodeString(data)
}

// hashes are the algorithms of digests that are known.
var hashes = []struct {
	oid asn1.ObjectIdentifier
	new func() hash.Hash
}{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, sha1.New},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, sha256.New},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, sha512.New384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, sha512.New},
}

// hashed reports whether every digest that can be made is that of the data, compressed or
// not.
func (l *logotype) hashed() bool {
	plain, _, _ := unpack(l.data)
	for _, d := range l.digests {
		for _, h := range hashes {
			if !h.oid.Equal(d.algorithm) {
				continue
			}
			fits := func(data []byte) bool {
				sum := h.new()
				sum.Write(data)
				return bytes.Equal(sum.Sum(nil), d.value)
			}
			if !fits(l.data) && !fits(plain) {
				return false
			}
		}
	}
	return true
}
