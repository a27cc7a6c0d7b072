package spf

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		parent, end := context.WithCancel(context.WithValue(context.Background(), key{}, 1))
		d := withDeadline(parent, time.Now().Add(time.Second))
		if d.Err() != nil || d.Value(key{}) != 1 {
			t.Error(d.Err(), d.Value(key{}))
		}
		child, cancel := context.WithTimeout(d, time.Minute)
		defer cancel()
		<-child.Done()
		if !errors.Is(child.Err(), context.DeadlineExceeded) || !errors.Is(d.Err(), context.DeadlineExceeded) || d.Value(key{}) != 1 {
			t.Error(child.Err(), d.Err())
		}
		// Without anybody waiting.
		d = withDeadline(parent, time.Now().Add(time.Second))
		time.Sleep(time.Second)
		if !errors.Is(d.Err(), context.DeadlineExceeded) {
			t.Error(d.Err())
		}
		d = withDeadline(parent, time.Now().Add(time.Second))
		d.stop()
		if !errors.Is(d.Err(), context.Canceled) {
			t.Error(d.Err())
		}
		<-d.Done()
		d = withDeadline(parent, time.Now().Add(time.Second))
		end()
		<-d.Done()
		if !errors.Is(d.Err(), context.Canceled) {
			t.Error(d.Err())
		}
	})
}
