package probe

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Records and handshake messages of TLS (RFC 8446, 5.1, 4).
const (
	recordAlert       = 21
	recordHandshake   = 22
	messageServer     = 2
	extServerName     = 0
	extGroups         = 10
	extPointFormats   = 11
	extSignatures     = 13
	extMasterSecret   = 23
	extVersions       = 43
	extKeyShare       = 51
	maxServerHello    = 16 << 10
	fatalNoShare      = 0x00ff // TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746, 3.3
	groupX25519       = 0x001d
	versionBeforeTLS1 = 0x0301 // in the record of a first hello, whatever it offers
)

// suites are what a hello offers before TLS 1.3: also those that crypto/tls does not have,
// which are all that old servers have with old versions. They are fewer than 64, which some
// servers stop reading after.
var suites = []struct {
	id   uint16
	name string
}{
	{0xc02b, "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}, {0xc02f, "ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, {0xc02c, "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
	{0xc030, "ECDHE_RSA_WITH_AES_256_GCM_SHA384"}, {0xcca9, "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}, {0xcca8, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	{0x009e, "DHE_RSA_WITH_AES_128_GCM_SHA256"}, {0x009f, "DHE_RSA_WITH_AES_256_GCM_SHA384"}, {0xccaa, "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	{0xc023, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"}, {0xc027, "ECDHE_RSA_WITH_AES_128_CBC_SHA256"}, {0xc024, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
	{0xc028, "ECDHE_RSA_WITH_AES_256_CBC_SHA384"}, {0x0067, "DHE_RSA_WITH_AES_128_CBC_SHA256"}, {0x006b, "DHE_RSA_WITH_AES_256_CBC_SHA256"},
	{0xc009, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA"}, {0xc013, "ECDHE_RSA_WITH_AES_128_CBC_SHA"}, {0xc00a, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
	{0xc014, "ECDHE_RSA_WITH_AES_256_CBC_SHA"}, {0x0033, "DHE_RSA_WITH_AES_128_CBC_SHA"}, {0x0039, "DHE_RSA_WITH_AES_256_CBC_SHA"},
	{0x0032, "DHE_DSS_WITH_AES_128_CBC_SHA"}, {0x0038, "DHE_DSS_WITH_AES_256_CBC_SHA"}, {0x009c, "RSA_WITH_AES_128_GCM_SHA256"},
	{0x009d, "RSA_WITH_AES_256_GCM_SHA384"}, {0x003c, "RSA_WITH_AES_128_CBC_SHA256"}, {0x003d, "RSA_WITH_AES_256_CBC_SHA256"},
	{0x002f, "RSA_WITH_AES_128_CBC_SHA"}, {0x0035, "RSA_WITH_AES_256_CBC_SHA"}, {0x0041, "RSA_WITH_CAMELLIA_128_CBC_SHA"}, {0x0084, "RSA_WITH_CAMELLIA_256_CBC_SHA"},
	{0xc008, "ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"}, {0xc012, "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"}, {0x0016, "DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
	{0x000a, "RSA_WITH_3DES_EDE_CBC_SHA"}, {0xc007, "ECDHE_ECDSA_WITH_RC4_128_SHA"}, {0xc011, "ECDHE_RSA_WITH_RC4_128_SHA"},
	{0x0005, "RSA_WITH_RC4_128_SHA"}, {0x0004, "RSA_WITH_RC4_128_MD5"},
}

// suites13 are those of TLS 1.3 (RFC 8446, B.4).
var suites13 = []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256}

// suiteName is the name of a suite; of one that nobody offered, its number.
func suiteName(id uint16) string {
	for _, s := range suites {
		if s.id == id {
			return "TLS_" + s.name
		}
	}
	return tls.CipherSuiteName(id)
}

func number(values ...uint16) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// vector is content with its length in front, in a number of bytes.
func vector(width int, content []byte) []byte {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(content)))
	return append(slices.Clone(length[4-width:]), content...)
}

func extension(id uint16, content []byte) []byte { return append(number(id), vector(2, content)...) }

// clientHello is the first record of a client that speaks one version of TLS and no other,
// and asks for a name, if it is not empty. No handshake can follow: it shows what a server
// chooses, and takes no cryptography.
func clientHello(version uint16, name string) []byte {
	var random, session, share [32]byte
	for _, b := range [][]byte{random[:], session[:], share[:]} {
		_, _ = rand.Read(b) // it never fails
	}
	offered := number(suites13...)
	if version < tls.VersionTLS13 {
		offered = nil
		for _, s := range suites {
			offered = append(offered, number(s.id)...)
		}
		offered = append(offered, number(fatalNoShare)...)
	}
	var ext []byte
	if name != "" {
		ext = append(ext, extension(extServerName, vector(2, append([]byte{0}, vector(2, []byte(name))...)))...)
	}
	ext = append(ext, extension(extGroups, vector(2, number(groupX25519, uint16(tls.CurveP256), uint16(tls.CurveP384), uint16(tls.CurveP521))))...)
	if version >= tls.VersionTLS12 {
		ext = append(ext, extension(extSignatures, vector(2, number(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0807, 0x0203, 0x0201)))...)
	}
	if version >= tls.VersionTLS13 {
		ext = append(ext, extension(extVersions, vector(1, number(version)))...)
		// Whatever 32 bytes are a key of X25519.
		ext = append(ext, extension(extKeyShare, vector(2, append(number(groupX25519), vector(2, share[:])...)))...)
	} else {
		ext = append(ext, extension(extPointFormats, vector(1, []byte{0}))...)
		ext = append(ext, extension(extMasterSecret, nil)...)
	}
	body := number(min(version, tls.VersionTLS12))
	body = append(body, random[:]...)
	body = append(body, vector(1, session[:])...)
	body = append(body, vector(2, offered)...)
	body = append(body, vector(1, []byte{0})...) // no compression
	body = append(body, vector(2, ext)...)
	message := append([]byte{1}, vector(3, body)...)
	return append(append([]byte{recordHandshake}, number(versionBeforeTLS1)...), vector(2, message)...)
}

// serverHello is what a server chose.
type serverHello struct{ version, suite uint16 }

// readServerHello reads what a server answers a hello with. The error is a tls.AlertError if
// that is a fatal alert, an *errProtocol if it is no TLS, or else that of the connection. A
// request for another key share is a choice of TLS 1.3 as well.
func readServerHello(r io.Reader) (serverHello, error) {
	var message []byte
	for {
		var header [5]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return serverHello{}, err
		}
		if header[1] != 3 || header[0] != recordAlert && header[0] != recordHandshake {
			return serverHello{}, &errProtocol{why: fmt.Sprintf("no TLS: it begins with %q", header)}
		}
		record := make([]byte, binary.BigEndian.Uint16(header[3:]))
		if len(record) == 0 || len(record) > maxServerHello {
			return serverHello{}, &errProtocol{why: fmt.Sprintf("no TLS: a record of %d bytes", len(record))}
		}
		if _, err := io.ReadFull(r, record); err != nil {
			return serverHello{}, err
		}
		if header[0] == recordAlert {
			if len(record) != 2 {
				return serverHello{}, &errProtocol{why: "no TLS: an alert that is none"}
			}
			if record[0] == 1 && record[1] != 0 {
				continue // a warning, such as of an unknown name: the answer follows
			}
			return serverHello{}, tls.AlertError(record[1])
		}
		if message = append(message, record...); len(message) < 4 {
			continue
		}
		length := int(message[1])<<16 | int(message[2])<<8 | int(message[3])
		if message[0] != messageServer || length > maxServerHello {
			return serverHello{}, &errProtocol{why: fmt.Sprintf("a handshake message of type %d and %d bytes in place of a ServerHello", message[0], length)}
		}
		if len(message) >= 4+length {
			return parseServerHello(message[4 : 4+length])
		}
	}
}

// parseServerHello reads the body of a ServerHello (RFC 8446, 4.1.3).
func parseServerHello(b []byte) (h serverHello, err error) {
	bad := &errProtocol{why: "a ServerHello that is cut off"}
	const fixed = 2 + 32
	if len(b) < fixed+1 {
		return h, bad
	}
	h.version = binary.BigEndian.Uint16(b)
	session := int(b[fixed])
	if b = b[fixed+1:]; len(b) < session+3 {
		return h, bad
	}
	h.suite = binary.BigEndian.Uint16(b[session:])
	if b = b[session+3:]; len(b) == 0 {
		return h, nil // no extensions
	}
	if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
		return h, bad
	}
	for b = b[2 : 2+binary.BigEndian.Uint16(b)]; len(b) > 0; {
		if len(b) < 4 || len(b)-4 < int(binary.BigEndian.Uint16(b[2:])) {
			return h, bad
		}
		id, content := binary.BigEndian.Uint16(b), b[4:4+binary.BigEndian.Uint16(b[2:])]
		if id == extVersions && len(content) == 2 {
			h.version = binary.BigEndian.Uint16(content)
		}
		b = b[4+len(content):]
	}
	return h, nil
}
