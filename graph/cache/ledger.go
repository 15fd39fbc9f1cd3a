package cache

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/broadsheet-cms/broadsheet/internal/event"
)

// slots is how many counters stand for all tags. Two tags that share one make
// answers old a little too often, never too late.
const slots = 1 << 16

// ledger knows when each tag was touched last, counted in changes. An answer is
// as good as it was when none of its tags was touched since its reading began. So
// an eviction costs by the tags of its event, and what was read before a commit
// and is stored after it is old at once.
type ledger struct {
	mu      sync.Mutex
	now     atomic.Uint64 // the number of the last change
	dropped atomic.Uint64 // the last change that touched everything
	touched [slots]atomic.Uint64
	seed    maphash.Seed
}

func newLedger() *ledger { return &ledger{seed: maphash.MakeSeed()} }

func (l *ledger) slot(t Tag) uint16 { return uint16(maphash.Comparable(l.seed, t) % slots) }

// tell notes changes. When it returns, no answer that they made old is given.
func (l *ledger) tell(events []event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.now.Load() + 1
	for _, e := range events {
		tags, everything := Touched(e)
		if everything {
			l.dropped.Store(next)
			break
		}
		for _, t := range tags {
			l.touched[l.slot(t)].Store(next)
		}
	}
	// Last, so that whoever sees this number sees what it touched.
	l.now.Store(next)
}

// drop makes everything old.
func (l *ledger) drop() { l.tell([]event.Event{{Action: event.Missed}}) }

// since reports whether any of the slots was touched after a change.
func (l *ledger) since(change uint64, of []uint16) bool {
	if l.dropped.Load() > change {
		return true
	}
	for _, s := range of {
		if l.touched[s].Load() > change {
			return true
		}
	}
	return false
}
