package letter_test

import (
	"testing"
	"time"
)

// poll asks until the answer is yes; after a minute it fails the test.
func poll(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it has not happened in a minute")
		}
	}
}
