package retention

import "time"

// Stated are the ages of all flags under which rules run.
func Stated(a Ages) map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, r := range rules {
		all[r.Setting] = r.age(a)
	}
	return all
}
