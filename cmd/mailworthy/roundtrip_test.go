package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRoundtripKeepsThePassword: a server that refuses the login and repeats the password
// gets it into no output and no state, whatever the way that it came.
func TestRoundtripKeepsThePassword(t *testing.T) {
	const password = "hunter2-Secret"
	sent := base64.StdEncoding.EncodeToString([]byte("\x00apikey\x00" + password))
	folder := t.TempDir()
	file, state, box := filepath.Join(folder, "password"), filepath.Join(folder, "state"), filepath.Join(folder, "box")
	for name, text := range map[string]string{file: password + "\n", box: ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address, roots := submission(t)
	try := func(t *testing.T, in string, args ...string) (int, string) {
		var out, errs bytes.Buffer
		args = append([]string{"roundtrip", "--via", "smtps://apikey@" + address, "--tls-ca", roots, "--from", "a@acme.example", "--to", "b@acme.example", "--wait", box, "--state", state,
			"--offline", "--zone", "../../testdata/zones/acme.example.zone"}, args...)
		status := run(context.Background(), args, strings.NewReader(in), &out, &errs)
		all := out.String() + errs.String()
		if text, err := os.ReadFile(state); err == nil {
			all += string(text)
		}
		for _, secret := range []string{password, sent, base64.StdEncoding.EncodeToString([]byte(password))} {
			if strings.Contains(all, secret) {
				t.Errorf("the output has %q: %s", secret, all)
			}
		}
		return status, all
	}
	for _, format := range []string{"table", "json", "markdown", "html", "nagios", "prometheus"} {
		status, out := try(t, "", "--password-file", file, "-v", "--format", format)
		want := 1
		if format == "nagios" {
			want = 2
		}
		if status != want || !strings.Contains(out, "bounced") {
			t.Errorf("%s: status %d, want %d: %s", format, status, want, out)
		}
	}
	if status, out := try(t, password+"\n", "-q"); status != 1 || !strings.Contains(out, "password of apikey: ") {
		t.Errorf("by standard input: %d, %s", status, out)
	}
	t.Setenv(passwordVariable, password)
	if status, out := try(t, ""); status != 1 {
		t.Errorf("by the environment: %d, %s", status, out)
	}
	status, out := try(t, "", "--via", "smtps://apikey:"+password+"@"+address)
	if status != 2 || !strings.Contains(out, "--password-file") {
		t.Errorf("in the address: %d, %s", status, out)
	}
	status, out = try(t, "", "--wait", "imaps://me:"+password+"@host")
	if status != 2 || !strings.Contains(out, mailboxVariable) {
		t.Errorf("in the address of a mailbox: %d, %s", status, out)
	}
}

// TestRoundtripUsage: what is wrong is said before anything is sent.
func TestRoundtripUsage(t *testing.T) {
	good := []string{"--via", "smtp://127.0.0.1:1", "--from", "a@acme.example", "--to", "b@acme.example", "--wait", filepath.Join(t.TempDir(), "box")}
	folder := t.TempDir()
	none, script := filepath.Join(folder, "none", "state"), filepath.Join(folder, "roundtrip_test.go")
	if err := os.WriteFile(script, []byte("package main"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--wait is missing":                          good[:6],
		"--to is missing":                            good[:4],
		`--via: "http://x" does not begin with smtp`: append([]string{"--via", "http://x"}, good[2:]...),
		`--from: "x" is no mail`:                     append(good[:len(good):len(good)], "--from", "x"),
		"--dkim-key needs":                           append(good[:len(good):len(good)], "--dkim-key", "x"),
		"are for --dkim-key":                         append(good[:len(good):len(good)], "--dkim-selector", "x"),
		`--retry "soon" is no time`:                  append(good[:len(good):len(good)], "--retry", "soon"),
		"--auth \"ntlm\"":                            append(good[:len(good):len(good)], "--auth", "ntlm"),
		"are for a login":                            append(good[:len(good):len(good)], "--auth", "plain"),
		"--timeout and --poll must":                  append(good[:len(good):len(good)], "--timeout", "0s"),
		"--wait-password-file is given":              append(good[:len(good):len(good)], "--wait-password-file", "x"),
		"given 2 times for 1 mailbox on servers":     append(good[:len(good):len(good)], "--wait", "imaps://me@127.0.0.1:1", "--wait-password-file", "x", "--wait-password-file", "y"),
		"--state " + none + ": no such file":         append(good[:len(good):len(good)], "--state", none),
		"--state " + folder + ": is a directory":     append(good[:len(good):len(good)], "--state", folder),
		"roundtrip_test.go: it is no state":          append(good[:len(good):len(good)], "--state", script),
		"--wait-auth \"x\"":                          append(good[:len(good):len(good)], "--wait-auth", "x"),
		`--wait: "pop3://…@host" is no place`:        append(good[:len(good):len(good)], "--wait", "pop3://me@host"),
	} {
		var out, errs bytes.Buffer
		if status := run(context.Background(), append([]string{"roundtrip"}, args...), strings.NewReader(""), &out, &errs); status != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%v: status %d, %s; want %s", args, status, errs.String(), want)
		}
	}
	// A server that nobody listens at is known at once, and is unknown.
	var out, errs bytes.Buffer
	status := run(context.Background(), append([]string{"roundtrip", "--format", "json"}, good...), strings.NewReader(""), &out, &errs)
	if status != 3 || !strings.Contains(out.String(), `"verdict": "unknown"`) || !strings.Contains(errs.String(), "connection refused") {
		t.Errorf("status %d: %s%s", status, out.String(), errs.String())
	}
	out.Reset()
	if status := run(context.Background(), append([]string{"roundtrip", "--unknown", "ok"}, good...), strings.NewReader(""), &out, &errs); status != 0 || !strings.Contains(out.String(), "unknown") {
		t.Errorf("--unknown ok: status %d: %s", status, out.String())
	}
}
