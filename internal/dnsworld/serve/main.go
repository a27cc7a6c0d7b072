// Command serve serves the synthetic DNS world of package dnsworld on loopback
// until it is stopped: for measuring the command by hand.
//
//	go run ./internal/dnsworld/serve &
//	mailworthy audit -f domains.txt --resolver 127.0.0.1:PORT
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"

	"mailworthy/internal/dnsworld"
)

func main() {
	seed := flag.Uint64("seed", 1, "which world")
	domains := flag.Int("domains", 1_000_000, "how many domains it has")
	latency := flag.Duration("latency", 0, "how long every answer takes")
	list := flag.Int("list", 0, "print the names of this many domains, and serve nothing")
	flag.Parse()
	if *list > 0 {
		for i := range *list {
			fmt.Println(dnsworld.Domain(i))
		}
		return
	}
	s, err := dnsworld.Serve(dnsworld.New(*seed, *domains), *latency)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	defer s.Close()
	fmt.Println(s.Addr())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
}
