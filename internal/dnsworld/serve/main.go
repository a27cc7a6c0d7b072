// Command serve serves the synthetic DNS world of package dnsworld on loopback
// until it is stopped: for measuring the command by hand.
//
//	go run ./internal/dnsworld/serve &
//	mailworthy audit -f domains.txt --resolver 127.0.0.1:PORT
//
// With -measure it runs commands itself, one after the other, on lists of these lengths:
//
//	go run ./internal/dnsworld/serve -measure ./before,./mailworthy 10000 100000 1000000
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"mailworthy/internal/dnsworld"
)

func main() {
	seed := flag.Uint64("seed", 1, "which world")
	domains := flag.Int("domains", 1_000_000, "how many domains it has")
	latency := flag.Duration("latency", 0, "how long every answer takes")
	list := flag.Int("list", 0, "print the names of this many domains, and serve nothing")
	commands := flag.String("measure", "", "measure these `commands`, separated by commas, on lists as long as the arguments say")
	format := flag.String("format", "rows", "what the measured commands write")
	rounds := flag.Int("rounds", 1, "how often each is measured")
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
	if *commands != "" {
		m := measurement{resolver: s.Addr(), format: *format, rounds: *rounds, commands: strings.Split(*commands, ",")}
		if err := m.run(flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			s.Close()
			os.Exit(1)
		}
		return
	}
	fmt.Println(s.Addr())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
}
