package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// OpenID says at which provider people may sign in.
//
// Source: OpenID Connect Core 1.0, with PKCE (RFC 7636).
type OpenID struct {
	Issuer                 string
	ClientID, ClientSecret string
	RedirectURL            string // of /auth/oidc/callback, as the provider knows it
}

// openID is the way to a provider and back.
type openID struct {
	door   *Door
	conf   OpenID
	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider // nil until it was asked what it can do
}

// OpenID gives the handler of /auth/oidc/start and /auth/oidc/callback. The
// provider is asked for nothing before somebody signs in, so the server starts
// without it.
func (d *Door) OpenID(conf OpenID) http.Handler {
	o := &openID{door: d, conf: conf, client: &http.Client{Timeout: 10 * time.Second}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/oidc/start", o.start)
	mux.HandleFunc("GET /auth/oidc/callback", o.callback)
	return d.Handler(mux)
}

// discover asks the provider what it can do, once.
func (o *openID) discover() (*oidc.Provider, *oauth2.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		// The provider is kept beyond the request; its client has a timeout.
		p, err := oidc.NewProvider(oidc.ClientContext(context.Background(), o.client), o.conf.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("ask the OpenID provider: %w", err)
		}
		o.provider = p
	}
	return o.provider, &oauth2.Config{ClientID: o.conf.ClientID, ClientSecret: o.conf.ClientSecret, Endpoint: o.provider.Endpoint(),
		RedirectURL: o.conf.RedirectURL, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, nil
}

// stateCookie binds a trip to the browser that began it. It is Lax, as the
// browser comes back from another site.
func (o *openID) stateCookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{Name: "broadsheet_oidc", Value: value, Path: "/auth/oidc/", MaxAge: age, HttpOnly: true, Secure: o.door.isSecure(r), //nolint:gosec // G124: plain http has no secure cookies
		SameSite: http.SameSiteLaxMode}
}

// start sends the browser to the provider.
func (o *openID) start(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_, conf, err := o.discover()
	if err != nil {
		o.fail(w, r, err)
		return
	}
	state, trip := rand.Text(), account.Trip{Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: localPath(r.URL.Query().Get("return"))}
	if err := o.door.accounts.Leave(r.Context(), state, trip); err != nil {
		o.fail(w, r, err)
		return
	}
	http.SetCookie(w, o.stateCookie(r, state, 600))
	http.Redirect(w, r, conf.AuthCodeURL(state, oidc.Nonce(trip.Nonce), oauth2.S256ChallengeOption(trip.Verifier)), http.StatusFound)
}

// callback takes the browser back from the provider.
func (o *openID) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	path, err := o.arrive(r)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	http.SetCookie(w, o.stateCookie(r, "", -1))
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // G710: localPath made it a path of this site
}

// arrive signs in whom the provider names, and tells where they wanted to go.
func (o *openID) arrive(r *http.Request) (path string, err error) {
	ctx, query := oidc.ClientContext(r.Context(), o.client), r.URL.Query()
	state := query.Get("state")
	if c, err := r.Cookie("broadsheet_oidc"); err != nil || state == "" || subtle.ConstantTimeCompare([]byte(c.Value), []byte(state)) != 1 {
		return "", fault.New(fault.BadUserInput, "This sign-in was begun in another browser, or took too long. Start again.")
	}
	trip, err := o.door.accounts.Return(ctx, state)
	if err != nil {
		return "", err
	}
	if code := query.Get("error"); code != "" {
		return "", fault.New(fault.Forbidden, "The provider did not sign you in (%.60q).", code)
	}
	provider, conf, err := o.discover()
	if err != nil {
		return "", err
	}
	refused := fault.New(fault.Forbidden, "What the provider says cannot be believed.")
	tokens, err := conf.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(trip.Verifier))
	if err != nil {
		return "", refused.Because(withoutSecrets(err))
	}
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: o.conf.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", refused.Because(err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(trip.Nonce)) != 1 {
		return "", refused.Because(errors.New("the nonce is another"))
	}
	var claims struct {
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
	}
	if err := idToken.Claims(&claims); err != nil {
		return "", refused.Because(err)
	}
	who := account.Identity{Issuer: idToken.Issuer, Subject: idToken.Subject, Email: claims.Email, EmailVerified: claims.EmailVerified}
	_, err = o.door.accounts.SignInAs(ctx, who)
	return trip.Return, err
}

// withoutSecrets keeps of a provider's refusal its code: the answer itself may
// repeat what it was sent.
func withoutSecrets(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider refused the code: %s", refused.ErrorCode)
	}
	return err
}

// fail tells a person what stood in the way.
func (o *openID) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, message := http.StatusBadGateway, "Signing in does not work right now. Try again later."
	if f, ok := errors.AsType[*fault.Error](err); ok {
		status, message = http.StatusForbidden, f.Message
		if f.Code == fault.BadUserInput {
			status = http.StatusBadRequest
		}
	} else if r.Context().Err() == nil {
		o.door.opts.Logger.ErrorContext(r.Context(), "signing in by OpenID failed", "error", err)
	}
	if errors.Unwrap(err) != nil && status == http.StatusForbidden {
		o.door.opts.Logger.WarnContext(r.Context(), "a sign-in by OpenID was refused", "error", err)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, message) // the browser may be gone
}

// localPath gives a path of this server; anything else becomes its root, or a
// link could lead whoever signs in to another site.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || len(path) > 500 {
		return "/"
	}
	return path
}
