package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// servant is the name under which the test binary runs one command after another: to
// start a process for each of the 500 commands of the scripts takes longer than they do.
const servant = "mailworthy-servant"

// order is a command and the folder that it runs in, and served what came of it.
type (
	order struct {
		Dir  string
		Args []string
	}
	served struct {
		Stdout, Stderr []byte
		Status         int
		// ReadStdin: the command asked for its standard input, which a script keeps to itself.
		ReadStdin bool
	}
)

// serve runs the commands that the standard input orders.
func serve() {
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		if err := os.Chdir(o.Dir); err != nil {
			panic(err)
		}
		var stdout, stderr bytes.Buffer
		var stdin noStdin
		status := run(context.Background(), o.Args, &stdin, &stdout, &stderr)
		if err := answers.Encode(served{stdout.Bytes(), stderr.Bytes(), status, stdin.read}); err != nil {
			panic(err)
		}
	}
}

// noStdin is a standard input that is not to be had.
type noStdin struct{ read bool }

func (u *noStdin) Read([]byte) (int, error) {
	u.read = true
	return 0, errors.New("the standard input is not served")
}

// sitting runs the commands of one script, in one process for as long as the
// environment of the script stays as it is.
type sitting struct {
	names   []string // of the variables of the environment
	env     []string
	process *exec.Cmd
	orders  *json.Encoder
	answers *json.Decoder
	input   io.Closer
	stderr  bytes.Buffer
}

// newSitting returns what runs the commands of a script that begins with some
// variables.
func newSitting(vars []string) *sitting {
	c := &sitting{}
	for _, v := range vars {
		name, _, _ := strings.Cut(v, "=")
		c.names = append(c.names, name)
	}
	return c
}

// setsVariable is a line of a script that sets a variable of the environment.
var setsVariable = regexp.MustCompile(`(?m)^(?:\[[^\]]*\] *)?env ([A-Z_]+)=`)

// run runs a command, and returns false if it must have a process of its own.
func (c *sitting) run(ts *testscript.TestScript, args []string) (served, bool) {
	if os.Getenv("SCRIPTS") == "processes" {
		return served{}, false
	}
	if c.env == nil {
		text, err := os.ReadFile(filepath.Join(scripts, ts.Name()+".txtar"))
		ts.Check(err)
		c.names = append(c.names, "DNS") // publish sets it
		for _, m := range setsVariable.FindAllStringSubmatch(string(text), -1) {
			c.names = append(c.names, m[1])
		}
	}
	var env []string
	for _, name := range c.names {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	dir := ts.MkAbs(".")
	if c.process == nil || !slices.Equal(env, c.env) {
		c.end()
		c.env = env
		ts.Check(c.start())
	}
	ts.Check(c.orders.Encode(order{dir, args}))
	var s served
	if err := c.answers.Decode(&s); err != nil {
		c.end()
		ts.Fatalf("%q ended the process: %v\n%s", args, err, c.stderr.String())
	}
	return s, !s.ReadStdin
}

func (c *sitting) start() error {
	c.process = exec.Command(servant)
	c.process.Env = c.env
	c.stderr.Reset()
	c.process.Stderr = &c.stderr
	in, err := c.process.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.process.StdoutPipe()
	if err != nil {
		return err
	}
	c.input, c.orders, c.answers = in, json.NewEncoder(in), json.NewDecoder(out)
	return c.process.Start()
}

func (c *sitting) end() {
	if c.process != nil {
		c.input.Close()
		_ = c.process.Wait()
		c.process = nil
	}
}
