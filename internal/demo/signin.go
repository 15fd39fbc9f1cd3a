package demo

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/demo/newsroom"
)

// SignIn is a demo account that somebody can sign in to.
type SignIn struct{ Role, Email, Password string }

// SignIns gives passwords, made up, to one account of each role of the demo
// newsroom, which was just loaded. The others have none.
func SignIns(ctx context.Context, s Services) ([]SignIn, error) {
	news, err := newsroom.Load()
	if err != nil {
		return nil, fmt.Errorf("make the demo accounts: %w", err)
	}
	ctx = access.AsSystem(ctx)
	var made []SignIn
	seen := map[string]bool{}
	for _, u := range news.Users {
		if seen[u.Role] {
			continue
		}
		seen[u.Role] = true
		key, err := s.Accounts.ByEmail(ctx, u.Email)
		if err != nil {
			return nil, fmt.Errorf("make the demo accounts: %w", err)
		}
		_, password, err := s.Accounts.ResetPassword(ctx, key, "")
		if err != nil {
			return nil, fmt.Errorf("make the demo accounts: %w", err)
		}
		made = append(made, SignIn{Role: u.Role, Email: u.Email, Password: password})
	}
	return made, nil
}
