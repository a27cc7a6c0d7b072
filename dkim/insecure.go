package dkim

import (
	"crypto/ed25519"
	"fmt"
	"math/big"
	"math/bits"
	"sync"
)

// The depth of the tests of an RSA modulus. A modulus of two random primes has no
// factor below either bound; one that was typed, cut or made by broken code nearly
// always has one.
const (
	// fewPrimes bounds the factors tried in every audit: some microseconds a key.
	fewPrimes = 1 << 10
	// manyPrimes bounds those tried of a single key, and of a key that a repair made.
	manyPrimes = 1 << 16
	// mostWeighed bounds the modulus that is tested, in bits.
	mostWeighed = 16384
)

// insecurity says why everybody can sign with a key that is in the right form, as
// part of a sentence; "" if nothing of the kind was found. thorough tries more
// factors of an RSA modulus.
func (k *Key) insecurity(thorough bool) string {
	switch {
	case k.Bits == 0:
	case k.Encoding == Raw:
		if smallOrder(k.material) {
			return "The Ed25519 key is a point of small order: signatures that anyone can make verify with it."
		}
	default:
		if why := weakModulus(k.material, thorough); why != "" {
			return "The RSA modulus " + why + ": anyone can compute the private key."
		}
	}
	return ""
}

// smallOrder reports whether an encoded point of edwards25519 has an order that
// divides 8. There are eight such points; the y of each is one of five, which may
// also be written with the prime added, as far as that fits into 255 bits.
func smallOrder(point []byte) bool {
	if len(point) != ed25519.PublicKeySize {
		return false
	}
	y := [32]byte(point)
	y[31] &= 0x7f // the sign of x
	for i := range smallOrderY {
		if y == smallOrderY[i] {
			return true
		}
	}
	return false
}

// smallOrderY are the y coordinates of the points of small order, little-endian:
// 1 (the identity), -1 (order 2), 0 (order 4), the two of order 8, and then p,
// p + 1, which are 0 and 1 not reduced.
var smallOrderY = [...][32]byte{
	littleEndian("01"),
	littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
	littleEndian("00"),
	littleEndian("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"),
	littleEndian("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"),
	littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"),
	littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffee"),
}

// littleEndian is a number in hexadecimal as the 32 octets of a point.
func littleEndian(hexadecimal string) (out [32]byte) {
	n, ok := new(big.Int).SetString(hexadecimal, 16)
	if !ok {
		panic("dkim: no number: " + hexadecimal)
	}
	n.FillBytes(out[:])
	for i := range len(out) / 2 {
		out[i], out[len(out)-1-i] = out[len(out)-1-i], out[i]
	}
	return out
}

// weakModulus says why an odd RSA modulus can be factored at once; "" if it has no
// small factor and is no power, as far as that was tried.
func weakModulus(octets []byte, thorough bool) string {
	if len(octets) > mostWeighed/8 {
		return ""
	}
	s := sieve()
	words := wordsOf(octets)
	n := new(big.Int).SetBytes(octets)
	batches := s.batches
	if !thorough || !s.divides(n) {
		batches = batches[:s.few]
	}
	for i := range batches {
		b := &batches[i]
		rest := remainder(words, b.product)
		for _, p := range b.primes {
			if rest%uint64(p) == 0 {
				return fmt.Sprintf("is divisible by %d", p)
			}
		}
	}
	powers := []int{2, 3, 5, 7}
	if thorough {
		// Without factors under manyPrimes a power cannot be a high one.
		for k := 11; k <= n.BitLen()/bits.Len(manyPrimes); k += 2 {
			if isPrime(k) {
				powers = append(powers, k)
			}
		}
	}
	for _, k := range powers {
		if isPower(n, words, k) {
			if k == 2 {
				return "is a square"
			}
			return fmt.Sprintf("is a number to the power of %d", k)
		}
	}
	if thorough && closePrimes(n) {
		return "has two primes that are next to each other (CVE-2022-26320)"
	}
	return ""
}

// batch is primes whose product fits into a word, so that one division of the
// modulus serves all of them.
type batch struct {
	product uint64
	primes  []uint32
}

// primes are those under manyPrimes in batches; the first few hold those under
// fewPrimes. others is the product of the primes of all other batches: one greatest
// common divisor says for each of them that it is no factor.
type primes struct {
	batches []batch
	few     int
	others  *big.Int
}

// divides reports whether one of the primes that are not in the first few divides n.
func (s *primes) divides(n *big.Int) bool {
	if n.Sign() == 0 {
		return true
	}
	rest := new(big.Int).Rem(s.others, n)
	return rest.GCD(nil, nil, rest, n).Cmp(big.NewInt(1)) != 0
}

var sieve = sync.OnceValue(func() *primes {
	var s primes
	composite := make([]bool, manyPrimes)
	current := batch{product: 1}
	for p := 3; p < manyPrimes; p += 2 {
		if composite[p] {
			continue
		}
		for m := p * p; m < manyPrimes; m += 2 * p {
			composite[m] = true
		}
		if hi, _ := bits.Mul64(current.product, uint64(p)); hi != 0 || s.few == 0 && p > fewPrimes {
			s.batches = append(s.batches, current)
			if s.few == 0 && p > fewPrimes {
				s.few = len(s.batches)
			}
			current = batch{product: 1}
		}
		current.product *= uint64(p)
		current.primes = append(current.primes, uint32(p))
	}
	s.batches = append(s.batches, current)
	s.others = big.NewInt(1)
	for _, b := range s.batches[s.few:] {
		s.others.Mul(s.others, new(big.Int).SetUint64(b.product))
	}
	return &s
})

// wordsOf are the words of a number, the greatest first.
func wordsOf(octets []byte) []uint64 {
	words := make([]uint64, (len(octets)+7)/8)
	for i, b := range octets {
		at := len(words) - 1 - (len(octets)-1-i)/8
		words[at] = words[at]<<8 | uint64(b)
	}
	return words
}

// remainder is a number, its words given greatest first, modulo d.
func remainder(words []uint64, d uint64) (rest uint64) {
	for _, w := range words {
		_, rest = bits.Div64(rest, w, d)
	}
	return rest
}

func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}

// isPower reports whether n is a k-th power, k being prime. Residues show nearly
// always that it is not.
func isPower(n *big.Int, words []uint64, k int) bool {
	tried := 0
	for q := 2*k + 1; tried < 8; q += 2 * k { // q = 1 mod k, so that one residue of k is a power
		if !isPrime(q) {
			continue
		}
		tried++
		rest := remainder(words, uint64(q))
		power := uint64(1)
		for range (q - 1) / k {
			power = power * rest % uint64(q)
		}
		if rest != 0 && power != 1 {
			return false
		}
	}
	root := kthRoot(n, k)
	return root.Exp(root, big.NewInt(int64(k)), nil).Cmp(n) == 0
}

// kthRoot is the greatest number whose k-th power is not over n.
func kthRoot(n *big.Int, k int) *big.Int {
	if k == 2 {
		return new(big.Int).Sqrt(n)
	}
	// Bit by bit would take long for a large n: Newton's method from above.
	order := big.NewInt(int64(k))
	less := big.NewInt(int64(k - 1))
	x := new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen()/k+1))
	for {
		next := new(big.Int).Exp(x, less, nil)
		next.Div(n, next)
		next.Add(next, new(big.Int).Mul(x, less))
		next.Div(next, order)
		if next.Cmp(x) >= 0 {
			return x
		}
		x = next
	}
}

// residues is how many residues tell a square from nearly all else: of these 45,045 a
// square has one of 2,016.
const residues = 9 * 7 * 5 * 13 * 11

// squareResidues tells which residues a square can have.
var squareResidues = sync.OnceValue(func() []bool {
	is := make([]bool, residues)
	for i := range residues {
		is[i*i%residues] = true
	}
	return is
})

// closePrimes reports whether Fermat's method factors n in a few steps.
func closePrimes(n *big.Int) bool {
	const steps = 100
	a := new(big.Int).Sqrt(n)
	one, rest, root, square := big.NewInt(1), new(big.Int), new(big.Int), new(big.Int)
	modulus, residue, quotient := big.NewInt(residues), new(big.Int), new(big.Int)
	for range steps {
		a.Add(a, one)
		rest.Sub(rest.Mul(a, a), n)
		switch rest.Bits()[0] & 0xf { // a square ends so
		case 0, 1, 4, 9:
			// Few numbers that are not squares pass this as well, and a root takes long.
			quotient.QuoRem(rest, modulus, residue)
			if !squareResidues()[residue.Uint64()] {
				continue
			}
			if root.Sqrt(rest); square.Mul(root, root).Cmp(rest) == 0 {
				return true
			}
		}
	}
	return false
}
