package budget

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

func from(t *testing.T, address string, account int) context.Context {
	t.Helper()
	return access.With(access.WithOrigin(t.Context(), access.Origin{Address: address}), access.Viewer{UserID: account})
}

func TestBudgetsAreByAddressAndAccount(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	b := New(Settings{Address: 600, Account: 1200, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	b.now = func() time.Time { return now }
	for _, c := range []struct {
		name    string
		address string
		account int
		points  int
		left    int
		wait    time.Duration
	}{
		{"a part", "192.0.2.1", 0, 400, 200, 0},
		{"too much", "192.0.2.1", 0, 201, 200, 100 * time.Millisecond},
		{"all that is left", "192.0.2.1", 0, 200, 0, 0},
		{"another address", "192.0.2.2", 0, 600, 0, 0},
		{"more than there is", "192.0.2.3", 0, 1_000_000, 0, 0},
		{"one customer of IPv6", "2001:db8::1", 0, 600, 0, 0},
		{"the same customer", "2001:db8::2", 0, 10, 0, time.Second},
		{"another customer", "2001:db8:0:1::1", 0, 10, 590, 0},
		{"an account at an address that has none left", "192.0.2.1", 7, 1200, 0, 0},
		{"the account elsewhere", "192.0.2.9", 7, 20, 0, time.Second},
		{"an exempt address", "10.1.2.3", 0, 1_000_000, -1, 0},
		{"an exempt address written for IPv6", "::ffff:10.1.2.3", 0, 1_000_000, -1, 0},
		{"no address", "", 0, 1_000_000, -1, 0},
	} {
		left, wait := b.Take(from(t, c.address, c.account), c.points)
		if left != c.left || wait.Round(time.Millisecond) != c.wait {
			t.Errorf("%s: %d left, wait %v; want %d, %v", c.name, left, wait, c.left, c.wait)
		}
	}
	now = now.Add(time.Minute)
	if left, wait := b.Take(from(t, "192.0.2.1", 0), 600); left != 0 || wait != 0 {
		t.Errorf("a minute later: %d left, wait %v", left, wait)
	}
	if left, _ := New(Settings{}).Take(from(t, "192.0.2.1", 0), 1_000_000_000); left != -1 {
		t.Errorf("without limits: %d left", left)
	}
}

func TestNoMoreThanSoManyAreRemembered(t *testing.T) {
	t.Parallel()
	b := New(Settings{Account: 10})
	for i := range maxSubjects + 10 {
		b.Take(access.With(t.Context(), access.Viewer{UserID: i + 1}), 1)
	}
	if n := b.buckets.Len(); n != maxSubjects {
		t.Errorf("%d are remembered", n)
	}
}
