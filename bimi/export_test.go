package bimi

// ReadLogotype returns the bytes of the logo in the extension of a certificate.
func ReadLogotype(der []byte) ([]byte, error) {
	l, err := readLogotype(der)
	if err != nil {
		return nil, err
	}
	l.hashed()
	if l.data == nil {
		return []byte{}, nil
	}
	return l.data, nil
}
