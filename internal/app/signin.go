package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/demo"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/server"
	"github.com/broadsheet-cms/broadsheet/internal/signin"
)

// signIn gives the authenticator that says whom requests are answered for, and the
// handler of sign-ins by OpenID, nil when there is no provider.
func (a *App) signIn() (*signin.Authenticator, http.Handler, error) {
	proxies, err := a.cfg.Proxies()
	if err != nil {
		return nil, nil, err
	}
	a.Accounts.SessionIdle, a.Accounts.TokenIdle, a.Accounts.SessionLifetime = a.cfg.SessionIdle, a.cfg.TokenIdle, a.cfg.SessionLifetime
	a.Accounts.RequireSecondFactor = a.cfg.RequireSecondFactor
	if u, err := url.Parse(a.cfg.SiteURL); err == nil && u.Host != "" {
		a.Accounts.Issuer = u.Hostname()
	}
	var trusted []string
	if a.cfg.CORSCredentials {
		trusted = a.cfg.CORSOrigins
	}
	authenticator := signin.New(a.Accounts, signin.Options{TrustedOrigins: trusted, SiteURL: a.cfg.SiteURL, TrustedProxies: proxies, RequestID: server.RequestID,
		Keys: a.Partners.Authenticate, KeyPrefix: partner.Prefix,
		Logger: slog.New(server.LogRequestID(a.logger.Handler()))})
	var providers []signin.OpenID
	if a.cfg.OIDCIssuer != "" {
		providers = append(providers, signin.OpenID{Issuer: a.cfg.OIDCIssuer, ClientID: a.cfg.OIDCClientID, ClientSecret: a.cfg.OIDCClientSecret,
			RedirectURL: a.cfg.OIDCRedirectURL})
	}
	readers, err := a.cfg.Providers()
	if err != nil {
		return nil, nil, err
	}
	for _, p := range readers {
		path := "/auth/reader/" + p.Slug()
		a.Accounts.Providers = append(a.Accounts.Providers, &account.Provider{Name: p.Name, URL: a.Accounts.ServerURL + path + "/start"})
		providers = append(providers, signin.OpenID{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, Path: path,
			RedirectURL: a.Accounts.ServerURL + path + "/callback", Readers: true})
	}
	if len(providers) == 0 {
		return authenticator, nil, nil
	}
	return authenticator, authenticator.OpenID(providers...), nil
}

// ErrNoDemo says that a database does not hold the demo newsroom.
var ErrNoDemo = errors.New("the database does not hold the demo newsroom")

// NewDemoPasswords gives the demo accounts new passwords and writes them.
func NewDemoPasswords(ctx context.Context, s *Services, w io.Writer) error {
	accounts, err := demo.SignIns(ctx, s.Demo())
	if fault.CodeOf(err) == fault.NotFound {
		return ErrNoDemo
	}
	if err != nil {
		return err
	}
	writeSignIns(w, accounts)
	return nil
}

// writeSignIns writes demo accounts with their passwords, one a line.
func writeSignIns(w io.Writer, accounts []demo.SignIn) {
	_, _ = fmt.Fprintln(w, "Demo accounts:")
	for _, d := range accounts {
		_, _ = fmt.Fprintf(w, "  %-12s %-28s %s\n", d.Role, d.Email, d.Password)
	}
}

// PrintSignIn tells whoever starts the server how to sign in: by the demo accounts
// that were just made, or by a token that makes the first administrator. It
// writes secrets, which have no place in a log, and does so only once.
func (a *App) PrintSignIn(ctx context.Context, w io.Writer) error {
	if len(a.demoSignIns) > 0 {
		writeSignIns(w, a.demoSignIns)
		_, _ = fmt.Fprintln(w, "New passwords for them: broadsheet demo accounts --database …")
		a.demoSignIns = nil
	}
	token, err := a.Accounts.OfferSetup(ctx)
	if err != nil {
		return fmt.Errorf("offer to make the first administrator: %w", err)
	}
	if token != "" {
		_, _ = fmt.Fprintf(w, "There is no administrator yet. This token makes one, once, within 24 hours:\n  %s\n"+
			"  mutation { setUpAdmin(input: {token: \"…\", email: \"…\", displayName: \"…\", password: \"…\"}) { userErrors { field message } } }\n", token)
	}
	return nil
}
