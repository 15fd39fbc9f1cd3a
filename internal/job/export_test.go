package job

import "context"

// Die claims everything that is due and does nothing with it, as a node does
// that is killed.
func (r *Runner) Die(ctx context.Context) (claimed int, err error) {
	now, err := r.now(ctx)
	if err != nil {
		return 0, err
	}
	all, err := r.claim(ctx, now, r.known(), 100)
	return len(all), err
}

// RenewOnce renews the claims of this node.
func (r *Runner) RenewOnce(ctx context.Context) error { return r.renewOnce(ctx) }
