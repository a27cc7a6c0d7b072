package maillog

import (
	"math"
	"sort"
)

// delays is a distribution: exact while it is small, then by classes of 4 %.
type delays struct {
	few  []float32
	many map[int16]uint32
	n    uint32
	max  float64
}

const exactDelays = 64

// class returns the class of a delay: the logarithm to the base of 1.04.
func class(d float64) int16 { return int16(math.Round(math.Log(max(d, 0.001)) / math.Log(1.04))) }

func (d *delays) add(s float64) {
	if s < 0 {
		return
	}
	d.n++
	d.max = max(d.max, s)
	if d.many == nil {
		if len(d.few) < exactDelays {
			d.few = append(d.few, float32(s))
			return
		}
		d.many = make(map[int16]uint32, 64)
		for _, f := range d.few {
			d.many[class(float64(f))]++
		}
		d.few = nil
	}
	d.many[class(s)]++
}

func (d *delays) merge(o *delays) {
	for _, f := range o.few {
		d.add(float64(f))
	}
	if o.many == nil {
		return
	}
	if d.many == nil {
		d.many = make(map[int16]uint32, 64)
		for _, f := range d.few {
			d.many[class(float64(f))]++
		}
		d.few = nil
	}
	for k, n := range o.many {
		d.many[k] += n
		d.n += n
	}
	d.max = max(d.max, o.max)
}

// at returns the delay that a share of the messages does not exceed; false if there
// are none.
func (d *delays) at(share float64) (float64, bool) {
	if d.n == 0 {
		return 0, false
	}
	rank := int(math.Ceil(share*float64(d.n))) - 1
	rank = max(rank, 0)
	if d.many == nil {
		list := append([]float32(nil), d.few...)
		sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
		return float64(list[min(rank, len(list)-1)]), true
	}
	keys := make([]int, 0, len(d.many))
	for k := range d.many {
		keys = append(keys, int(k))
	}
	sort.Ints(keys)
	for _, k := range keys {
		rank -= int(d.many[int16(k)])
		if rank < 0 {
			return min(math.Exp(float64(k)*math.Log(1.04)), d.max), true
		}
	}
	return d.max, true
}
