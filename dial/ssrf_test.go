package dial

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"mailworthy/resolver"
)

// inside are addresses that a record may not lead to, with the class of each: the
// first, the last and one amid each range, and the ways to write one in IPv6.
var inside = []struct {
	addr  string
	class Class
}{
	{"0.0.0.0", Unspecified}, {"0.1.2.3", Unspecified}, {"0.255.255.255", Unspecified},
	{"10.0.0.0", Private}, {"10.1.2.3", Private}, {"10.255.255.255", Private},
	{"100.64.0.0", Shared}, {"100.127.255.255", Shared}, {"100.100.100.200", Metadata},
	{"127.0.0.1", Loopback}, {"127.0.0.53", Loopback}, {"127.255.255.255", Loopback},
	{"168.63.129.16", Metadata}, {"169.254.0.0", LinkLocal}, {"169.254.169.253", LinkLocal}, {"169.254.169.254", Metadata},
	{"169.254.170.2", Metadata}, {"169.254.255.255", LinkLocal},
	{"172.16.0.0", Private}, {"172.31.255.255", Private},
	{"192.0.0.8", Private}, {"192.0.0.170", Private}, {"192.0.0.192", Metadata}, {"192.0.2.1", Documentation}, {"192.88.99.1", Reserved},
	{"192.168.0.0", Private}, {"192.168.255.255", Private},
	{"198.18.0.0", Benchmarking}, {"198.19.255.255", Benchmarking}, {"198.51.100.9", Documentation}, {"203.0.113.9", Documentation},
	{"224.0.0.1", Multicast}, {"239.255.255.255", Multicast}, {"240.0.0.1", Reserved}, {"255.255.255.255", Reserved},
	{"::", Unspecified}, {"::1", Loopback}, {"::2", Reserved}, {"::127.0.0.1", Reserved}, {"::8.8.8.8", Reserved},
	{"::ffff:127.0.0.1", Loopback}, {"::ffff:10.0.0.1", Private}, {"::ffff:169.254.169.254", Metadata}, {"::ffff:0.0.0.0", Unspecified},
	{"::ffff:0:127.0.0.1", Reserved},
	{"64:ff9b::127.0.0.1", Loopback}, {"64:ff9b::10.0.0.1", Private}, {"64:ff9b::169.254.169.254", Metadata}, {"64:ff9b:1::1", Private},
	{"100::1", Reserved}, {"200::1", Reserved}, {"4000::1", Reserved}, {"5f00::1", Reserved},
	{"2001::1", Reserved}, {"2001:0:4136:e378:8000:63bf:80ff:fffe", Reserved}, {"2001:20::1", Reserved}, {"2001:db8::1", Documentation}, {"3fff::1", Documentation},
	{"2002:7f00:1::", Loopback}, {"2002:a00:1::5", Private}, {"2002:c0a8:101::1", Private}, {"2002:a9fe:a9fe::1", Metadata},
	{"2a00:1450::5efe:10.0.0.1", Private}, {"2a00:1450::200:5efe:127.0.0.1", Loopback},
	{"fc00::1", Private}, {"fdff:ffff::1", Private}, {"fd00:ec2::254", Metadata}, {"fd20:ce::254", Metadata},
	{"fe80::1", LinkLocal}, {"fe80::1%1", LinkLocal}, {"febf::1", LinkLocal}, {"fec0::1", Private}, {"ff02::1", Multicast}, {"ff05::2", Multicast},
}

// outside are addresses next to those, which may be connected to.
var outside = []string{
	"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "168.63.129.17", "169.253.255.255",
	"169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.31.196.1", "192.167.255.255", "192.169.0.0",
	"198.17.255.255", "198.20.0.0", "198.51.99.255", "203.0.114.0", "223.255.255.255", "2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1",
	"2001:db9::1", "2003::1", "2606:4700::1111", "3ffe::1", "64:ff9b::8.8.8.8", "2002:808:808::1", "2a00:1450::5efe:8.8.8.8", "::ffff:8.8.8.8",
}

func TestClassOf(t *testing.T) {
	for _, in := range inside {
		if got := ClassOf(netip.MustParseAddr(in.addr)); got != in.class {
			t.Errorf("%s is %q, want %q", in.addr, got, in.class)
		}
	}
	for _, addr := range outside {
		if got := ClassOf(netip.MustParseAddr(addr)); got != Public {
			t.Errorf("%s is %q", addr, got)
		}
	}
	if ClassOf(netip.Addr{}) == Public {
		t.Error("no address is public")
	}
}

// TestForgery: however a destination inside is written or led to, nothing is connected
// to. Listeners on both loopback addresses count who comes.
func TestForgery(t *testing.T) {
	v4 := serve(t, "127.0.0.1", greet)
	listeners := []*service{v4}
	port := v4.addr.Port()
	if l, err := net.Listen("tcp", fmt.Sprintf("[::1]:%d", port)); err == nil {
		// The same port, so that either address finds somebody.
		l.Close()
		s := &service{}
		server := &http.Server{ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.count.Add(1)
			}
		}}
		if l, err = net.Listen("tcp", l.Addr().String()); err == nil {
			done := make(chan struct{})
			go func() { defer close(done); _ = server.Serve(l) }()
			t.Cleanup(func() { server.Close(); <-done })
			listeners = append(listeners, s)
		}
	}
	refused := func(t *testing.T, what string, want Class, err error) {
		t.Helper()
		var r *Refused
		if !errors.As(err, &r) || r.Class != want {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
		for _, s := range listeners {
			if n := s.count.Load(); n != 0 {
				t.Fatalf("%s: %d connections", what, n)
			}
		}
	}
	get := func(client *http.Client, url string) error {
		res, err := client.Get(url)
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	for _, in := range inside {
		t.Run(in.addr, func(t *testing.T) {
			addr := netip.MustParseAddr(in.addr)
			literal := net.JoinHostPort(in.addr, fmt.Sprint(port))
			plain := &Dialer{}
			_, err := plain.DialContext(t.Context(), "tcp", literal)
			refused(t, "address", in.class, err)
			if addr.Zone() == "" {
				refused(t, "URL", in.class, get(plain.HTTP(HTTP{}), "http://"+literal+"/"))
			}

			// By A or AAAA, by an alias of such, and by an alias of an alias. Addresses of
			// IPv4 in records of IPv6 are what AAAA can hold.
			if addr.Zone() == "" {
				kind := "AAAA"
				if addr.Is4() {
					kind = "A"
				}
				zone, err := resolver.ParseZone(strings.NewReader("$ORIGIN evil.example.\n$TTL 1\n@ SOA ns h 1 1 1 1 1\n@ NS ns\n"+
					"direct "+kind+" "+in.addr+"\nalias CNAME direct\nlong CNAME alias\n"), "", "test")
				if err != nil {
					t.Fatal(err)
				}
				named := &Dialer{Lookup: Through(resolver.NewOverlay(nil, zone))}
				for _, host := range []string{"direct", "alias", "long"} {
					at := fmt.Sprintf("%s.evil.example:%d", host, port)
					_, err := named.DialContext(t.Context(), "tcp", at)
					refused(t, host, in.class, err)
					refused(t, host+" by HTTP", in.class, get(named.HTTP(HTTP{Redirects: 5}), "http://"+at+"/"))
				}

				// By a redirect of a server that the user stated, to the address and to a name.
				for _, to := range []string{literal, fmt.Sprintf("alias.evil.example:%d", port)} {
					leads := httptest.NewServer(http.RedirectHandler("http://"+to+"/", http.StatusFound))
					err := get(named.HTTP(HTTP{Given: true, Redirects: 5}), leads.URL)
					leads.Close()
					refused(t, "redirect to "+to, in.class, err)
				}
			}

			// By a name that is public when it is looked at, and inside when it is used.
			rebinding := &Dialer{Lookup: hosts([]netip.Addr{netip.MustParseAddr("8.8.8.8")}, []netip.Addr{addr})}
			if list, _ := rebinding.Lookup(t.Context(), "evil.example"); ClassOf(list[0]) != Public {
				t.Fatal("the first answer is not public")
			}
			_, err = rebinding.DialContext(t.Context(), "tcp", fmt.Sprintf("evil.example:%d", port))
			refused(t, "rebinding", in.class, err)
		})
	}
	// As other programs read addresses.
	for _, host := range []string{"localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "LOCALHOST."} {
		if conn, err := (&Dialer{}).DialContext(t.Context(), "tcp", v4.at(host)); err == nil {
			conn.Close()
			t.Errorf("%s: connected", host)
		}
	}
	for _, s := range listeners {
		if n := s.count.Load(); n != 0 {
			t.Fatalf("%d connections", n)
		}
	}
	// They do count.
	conn, err := (&Dialer{}).DialGiven(t.Context(), "tcp", v4.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(conn)
	conn.Close()
	if v4.count.Load() != 1 {
		t.Error("the listener does not count")
	}
}
