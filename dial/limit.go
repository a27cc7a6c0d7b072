package dial

import (
	"context"
	"net/netip"
	"sync"
)

// places are those of one address, and how many callers hold or wait for one.
type places struct {
	free  chan struct{}
	users int
}

// enter waits for a place at the address and one of the dialer, and returns the
// function that gives both back, once however often it is called.
func (d *Dialer) enter(ctx context.Context, a netip.Addr) (leave func(), err error) {
	d.mu.Lock()
	if d.total == nil {
		most := d.MaxOpen
		if most <= 0 {
			most = DefaultMaxOpen
		}
		d.total = make(chan struct{}, most)
	}
	total := d.total
	var here *places
	if d.MaxPerAddr > 0 {
		if here = d.byAddr[a]; here == nil {
			here = &places{free: make(chan struct{}, d.MaxPerAddr)}
			if d.byAddr == nil {
				d.byAddr = make(map[netip.Addr]*places)
			}
			d.byAddr[a] = here
		}
		here.users++
	}
	d.mu.Unlock()

	forget := func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if here.users--; here.users == 0 {
			delete(d.byAddr, a)
		}
	}
	// Whoever waits for a busy address takes no place from the others.
	if here != nil {
		select {
		case here.free <- struct{}{}:
		case <-ctx.Done():
			forget()
			return nil, ctx.Err()
		}
	}
	giveBack := func() {
		if here != nil {
			<-here.free
			forget()
		}
	}
	select {
	case total <- struct{}{}:
	case <-ctx.Done():
		giveBack()
		return nil, ctx.Err()
	}
	return sync.OnceFunc(func() { <-total; giveBack() }), nil
}
