//go:build !race

package cache

import "testing"

// mostHitAllocations is what an answer from memory may allocate; it may be exceeded by a
// tenth. Measure anew with go test -bench Hit.
const mostHitAllocations = 11

func TestHitsAllocateLittle(t *testing.T) { //nolint:paralleltest // allocations of other tests would be counted
	if got := testing.AllocsPerRun(200, hit(t)); got > mostHitAllocations*1.1 {
		t.Errorf("an answer from memory costs %.0f allocations, at most %d are expected", got, mostHitAllocations)
	}
}
