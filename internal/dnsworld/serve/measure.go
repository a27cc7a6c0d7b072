package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"mailworthy/internal/dnsworld"
	"mailworthy/internal/proctime"
)

// measurement runs commands on lists, and says what each took. The world is in this
// process, so that what a command took is its own.
type measurement struct {
	resolver, format string
	commands         []string
	rounds           int
}

func (m *measurement) run(lengths []string) error {
	if len(lengths) == 0 {
		return errors.New("how many domains? 10000 100000, for example")
	}
	dir, err := os.MkdirTemp("", "dnsworld")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%-24s %9s %9s %10s %10s %14s %8s\n", "command", "domains", "seconds", "domains/s", "steady", "µs-cpu/domain", "peak MB")
	for _, length := range lengths {
		n, err := strconv.Atoi(length)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number of domains", length)
		}
		list := filepath.Join(dir, "list")
		if err := writeList(list, n); err != nil {
			return err
		}
		for range m.rounds {
			for _, command := range m.commands {
				if err := m.one(command, list, n); err != nil {
					return fmt.Errorf("%s: %w", command, err)
				}
			}
		}
	}
	return nil
}

// one runs a command on the list of n domains. That domains fail is no error of it.
//
// A list ends with the domains whose servers are silent and are waited for: steady is the
// rate without that, between the tenth of the rows and nine tenths.
func (m *measurement) one(command, list string, n int) error {
	c := exec.Command(command, "audit", "-f", list, "--resolver", m.resolver, "--format", m.format, "--skip", "rbl", "--progress=false", "--summary", "never")
	rows := &counter{from: n / 10, to: n * 9 / 10}
	c.Stdout, c.Stderr = rows, os.Stderr
	began := time.Now()
	err := c.Run()
	seconds := time.Since(began).Seconds()
	if _, failed := err.(*exec.ExitError); err != nil && !(failed && (c.ProcessState.ExitCode() == 1 || c.ProcessState.ExitCode() == 3)) {
		return err
	}
	used := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	fmt.Printf("%-24s %9d %9.1f %10.0f %10.0f %14.0f %8.0f\n", command, rows.n, seconds, float64(rows.n)/seconds,
		float64(rows.to-rows.from)/rows.ended.Sub(rows.began).Seconds(), float64(used.Microseconds())/float64(rows.n), float64(proctime.Peak(c.ProcessState))/(1<<20))
	return nil
}

// counter counts lines, and notes when the one from came and when the one to.
type counter struct {
	from, to, n  int
	began, ended time.Time
}

func (c *counter) Write(p []byte) (int, error) {
	before := c.n
	c.n += bytes.Count(p, []byte{'\n'})
	if before <= c.from && c.from < c.n {
		c.began = time.Now()
	}
	if before <= c.to && c.to < c.n {
		c.ended = time.Now()
	}
	return len(p), nil
}

func writeList(name string, n int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	for i := range n {
		fmt.Fprintln(w, dnsworld.Domain(i))
	}
	return errors.Join(w.Flush(), file.Close())
}
