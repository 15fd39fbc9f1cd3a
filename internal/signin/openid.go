package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// OpenID says at which provider people may sign in.
//
// Source: OpenID Connect Core 1.0, with PKCE (RFC 7636).
type OpenID struct {
	Issuer                 string
	ClientID, ClientSecret string
	RedirectURL            string // of the callback, as the provider knows it
	// Path is where the browser begins, with /start, and comes back to, with
	// /callback; empty: /auth/oidc.
	Path string
	// Readers says that the provider signs readers in, and makes their accounts;
	// else it signs in whoever has one.
	Readers bool
}

// openID is the way to a provider and back.
type openID struct {
	authenticator *Authenticator
	conf          OpenID
	client        *http.Client

	asking   singleflight.Group
	provider atomic.Pointer[oidc.Provider] // nil until it was asked what it can do
}

// trip is what must be remembered while a browser is at the provider. The
// browser itself keeps it, so that whoever only begins costs nothing.
type trip struct {
	State    string `json:"state"`    // what the browser must bring back
	Nonce    string `json:"nonce"`    // what the ID token must repeat
	Verifier string `json:"verifier"` // of PKCE, RFC 7636
	Return   string `json:"return"`   // path to go to afterwards
}

// tripLifetime is how long somebody may take at the provider.
const tripLifetime = 10 * time.Minute

// OpenID gives the handler of the start and callback of each provider. A provider
// is asked for nothing before somebody signs in, so the server starts without it.
func (d *Authenticator) OpenID(providers ...OpenID) http.Handler {
	mux := http.NewServeMux()
	for _, conf := range providers {
		if conf.Path == "" {
			conf.Path = "/auth/oidc"
		}
		o := &openID{authenticator: d, conf: conf, client: &http.Client{Timeout: 10 * time.Second}}
		mux.HandleFunc("GET "+conf.Path+"/start", o.start)
		mux.HandleFunc("GET "+conf.Path+"/callback", o.callback)
	}
	return d.Handler(mux)
}

// discover asks the provider what it can do, once. All who wait for the answer
// wait together.
func (o *openID) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	provider := o.provider.Load()
	if provider == nil {
		answered := o.asking.DoChan("", func() (any, error) {
			// The provider is kept beyond the request; its client has a timeout.
			return oidc.NewProvider(oidc.ClientContext(context.Background(), o.client), o.conf.Issuer)
		})
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case answer := <-answered:
			if answer.Err != nil {
				return nil, nil, fmt.Errorf("ask the OpenID provider: %w", answer.Err)
			}
			provider = answer.Val.(*oidc.Provider)
			o.provider.Store(provider)
		}
	}
	return provider, &oauth2.Config{ClientID: o.conf.ClientID, ClientSecret: o.conf.ClientSecret, Endpoint: provider.Endpoint(),
		RedirectURL: o.conf.RedirectURL, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, nil
}

// tripCookie holds a trip. It is Lax, as the browser comes back from another
// site.
func (o *openID) tripCookie(r *http.Request, value string, age time.Duration) *http.Cookie {
	c := &http.Cookie{Name: "broadsheet" + strings.ReplaceAll(strings.TrimPrefix(o.conf.Path, "/auth"), "/", "-"), Value: value, MaxAge: int(age.Seconds()), Path: "/", HttpOnly: true, Secure: o.authenticator.isSecure(r), SameSite: http.SameSiteLaxMode} //nolint:gosec // G124: plain http has no secure cookies
	if c.Secure {
		c.Name = hostOnly + c.Name
	}
	return c
}

// remember has the browser keep a trip.
func (o *openID) remember(w http.ResponseWriter, r *http.Request, t trip) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	http.SetCookie(w, o.tripCookie(r, base64.RawURLEncoding.EncodeToString(text), tripLifetime))
	return nil
}

// recall gives the trip that a browser comes back from.
func (o *openID) recall(r *http.Request) (t trip, err error) {
	stray := fault.New(fault.BadUserInput, "This sign-in was begun in another browser, or took too long. Start again.")
	c, err := r.Cookie(o.tripCookie(r, "", 0).Name)
	if err != nil {
		return t, stray
	}
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(text, &t) != nil || t.State == "" || t.Nonce == "" {
		return t, stray
	}
	if subtle.ConstantTimeCompare([]byte(t.State), []byte(r.URL.Query().Get("state"))) != 1 {
		return t, stray
	}
	return t, nil
}

// start sends the browser to the provider.
func (o *openID) start(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_, conf, err := o.discover(r.Context())
	if err != nil {
		o.fail(w, r, err)
		return
	}
	t := trip{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: localPath(r.URL.Query().Get("return"))}
	if err := o.remember(w, r, t); err != nil {
		o.fail(w, r, err)
		return
	}
	http.Redirect(w, r, conf.AuthCodeURL(t.State, oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), http.StatusFound)
}

// callback takes the browser back from the provider.
func (o *openID) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	path, err := o.arrive(r)
	if err != nil {
		o.fail(w, r, err)
		return
	}
	http.SetCookie(w, o.tripCookie(r, "", -time.Second))
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // G710: localPath made it a path of this site
}

// arrive signs in whom the provider names, and tells where they wanted to go.
func (o *openID) arrive(r *http.Request) (path string, err error) {
	ctx, query := oidc.ClientContext(r.Context(), o.client), r.URL.Query()
	t, err := o.recall(r)
	if err != nil {
		return "", err
	}
	if code := query.Get("error"); code != "" {
		return "", fault.New(fault.Forbidden, "The provider did not sign you in (%.60q).", code)
	}
	provider, conf, err := o.discover(ctx)
	if err != nil {
		return "", err
	}
	refused := fault.New(fault.Forbidden, "What the provider says cannot be believed.")
	tokens, err := conf.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return "", refused.WithCause(withoutSecrets(err))
	}
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: o.conf.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", refused.WithCause(err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(t.Nonce)) != 1 {
		return "", refused.WithCause(errors.New("the nonce is another"))
	}
	var claims struct {
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
		Name          string `json:"name"`
	}
	if err := idToken.Claims(&claims); err != nil {
		return "", refused.WithCause(err)
	}
	who := account.Identity{Issuer: idToken.Issuer, Subject: idToken.Subject, Email: claims.Email, EmailVerified: claims.EmailVerified, Name: claims.Name}
	if o.conf.Readers {
		_, err = o.authenticator.accounts.SignInReader(ctx, who)
	} else {
		_, err = o.authenticator.accounts.SignInAs(ctx, who)
	}
	return localPath(t.Return), err
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
		o.authenticator.opts.Logger.ErrorContext(r.Context(), "signing in by OpenID failed", "error", err)
	}
	if errors.Unwrap(err) != nil && status == http.StatusForbidden {
		o.authenticator.opts.Logger.WarnContext(r.Context(), "a sign-in by OpenID was refused", "error", err)
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
