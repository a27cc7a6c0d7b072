package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"mailworthy/history"
	"mailworthy/history/historytest"
)

// writer is a process of its own: it adds runs from the one whose number stands
// in the environment, and says so line by line.
func writer(file string) {
	n, _ := strconv.Atoi(os.Getenv("HISTORY_TEST_FROM"))
	s, err := Open(context.Background(), file, nil)
	for ; err == nil; n++ {
		if _, err = s.Observe(context.Background(), historytest.Numbered(n), history.Options{}); err == nil {
			fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// spawn starts a writer, and returns what it says.
func spawn(t *testing.T, file string, from int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HISTORY_TEST_WRITER="+file, "HISTORY_TEST_FROM="+strconv.Itoa(from))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// TestKilled: processes that are killed at random points of many runs lose none that
// they had said was kept, and double none that they add again.
func TestKilled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history.db")
	random := rand.New(rand.NewPCG(3, 4))
	runs := 30
	if os.Getenv("IN_FULL") != "" {
		runs = 100
	}
	next, kills := 0, 0
	for next < runs {
		cmd, says := spawn(t, file, next)
		for lines := random.IntN(8); lines >= 0 && says.Scan(); lines-- {
			next = said(t, says) + 1
		}
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for says.Scan() {
			next = said(t, says) + 1
		}
		if cmd.Wait() == nil || cmd.ProcessState.Exited() {
			t.Fatalf("the writer ended by itself: %v", cmd.ProcessState)
		}
		kills++
	}
	t.Logf("%d kills", kills)
	s := open(t, file)
	list, err := s.List(t.Context(), "made.example", 0)
	if err != nil {
		t.Fatal(err)
	}
	// The last one may have been kept without its writer living to say so.
	if len(list) != next && len(list) != next+1 {
		t.Fatalf("%d runs, %d were said to be kept", len(list), next)
	}
	for i, run := range list {
		if want := historytest.Numbered(i); !run.Started.Equal(want.Started) {
			t.Fatalf("run %d started %s, want %s", i, run.Started, want.Started)
		}
		historytest.SameJSON(t, s, run, historytest.Numbered(i))
	}
	var verdict string
	if err := database(t, file).QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("integrity_check: %q, %v", verdict, err)
	}
}

func said(t *testing.T, says *bufio.Scanner) int {
	t.Helper()
	n, err := strconv.Atoi(says.Text())
	if err != nil {
		t.Fatalf("the writer says %q", says.Text())
	}
	return n
}

// TestTwoWriters: two processes that start at once, on no file yet, and write the
// same runs keep each once.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history.db")
	var wg sync.WaitGroup
	for range 2 {
		cmd, says := spawn(t, file, 0)
		wg.Go(func() {
			for says.Scan() && says.Text() != "30" {
			}
			_ = cmd.Process.Kill()
			for says.Scan() {
			}
			if cmd.Wait() == nil || cmd.ProcessState.Exited() {
				t.Errorf("a writer ended by itself: %v", cmd.ProcessState)
			}
		})
	}
	wg.Wait()
	s := open(t, file)
	list, err := s.List(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range list {
		if want := historytest.Numbered(i).Started; !run.Started.Equal(want) {
			t.Fatalf("run %d started %s, want %s", i, run.Started, want)
		}
	}
	if len(list) < 31 {
		t.Fatalf("%d runs", len(list))
	}
}
