package app_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// provider is an OpenID provider in a process of its own: this test binary,
// started again.
func provider(t *testing.T) (issuer string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "TEST_OPENID_PROVIDER=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // its end is the end of the provider
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider does not say where it is: %v", err)
	}
	return strings.TrimSpace(line)
}

// grant is a sign-in at the provider that waits for its code to come back.
type grant struct{ challenge, nonce, redirect, person string }

// serveProvider is a small OpenID provider for the tests: everybody who comes
// is who the login_hint of the test says, as subject|email|verified, and a
// "forged", "old" or "stray" one gets an ID token that must not be believed.
func serveProvider() {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // lives as long as the process
	if err != nil {
		panic(err)
	}
	issuer := "http://" + listener.Addr().String()
	key, other := newKey(), newKey()
	var mu sync.Mutex
	grants := map[string]grant{}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"jwks_uri": issuer + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("client_id") != "newsroom" || q.Get("nonce") == "" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		code := rand.Text()
		mu.Lock()
		grants[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri"), r.Header.Get("X-Person")}
		mu.Unlock()
		back := url.Values{"code": {code}, "state": {q.Get("state")}}
		if r.Header.Get("X-Person") == "" {
			back = url.Values{"error": {"access_denied"}, "state": {q.Get("state")}}
		}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		mu.Lock()
		g, known := grants[r.PostFormValue("code")]
		delete(grants, r.PostFormValue("code"))
		mu.Unlock()
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !known || id != "newsroom" || secret != "client-secret" || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge || r.PostFormValue("redirect_uri") != g.redirect {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": "invalid_grant"})
			return
		}
		parts := strings.Split(g.person, "|")
		signing, nonce, expires := key, g.nonce, time.Now().Add(time.Hour)
		switch parts[0] {
		case "forged":
			signing = other
		case "old":
			expires = time.Now().Add(-time.Hour)
		case "stray":
			nonce = "another"
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: signing, KeyID: "1"}}, nil)
		if err != nil {
			panic(err)
		}
		token, err := jwt.Signed(signer).Claims(map[string]any{"iss": issuer, "aud": "newsroom", "sub": parts[0], "email": parts[1], "email_verified": parts[2] == "yes",
			"nonce": nonce, "iat": time.Now().Unix(), "exp": expires.Unix()}).Serialize()
		if err != nil {
			panic(err)
		}
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token, "expires_in": 60})
	})
	fmt.Println(issuer) // the test reads it
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	_ = server.Serve(listener)
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// visitor is a browser that is a certain person at the provider.
type visitor struct {
	*http.Client
	person string
}

func visit(t *testing.T, person string) *visitor {
	t.Helper()
	v := &visitor{browser(t), person}
	v.Transport = v
	return v
}

// RoundTrip tells the provider who it is.
func (v *visitor) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/authorize" {
		r.Header.Set("X-Person", v.person)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (s *site) get(t *testing.T, client *http.Client, path string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, client, r)
}

func TestSignInByOpenID(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	const start = "/auth/oidc/start?return=/schema.graphql"
	eachSite(t, func(t *testing.T, s *site) {
		for _, test := range []struct {
			name, person string
			status       int
			body         string
		}{
			{"an address that nobody verified", "chief|chief@example.org|no", 403, "no account"},
			{"an address that nobody has here", "guest|guest@example.org|yes", 403, "no account"},
			{"a token signed by another key", "forged|chief@example.org|yes", 403, "cannot be believed"},
			{"a token of yesterday", "old|chief@example.org|yes", 403, "cannot be believed"},
			{"a token for another sign-in", "stray|chief@example.org|yes", 403, "cannot be believed"},
			{"somebody who changed their mind", "", 403, "did not sign you in"},
			{"the first time, by a verified address", "chief|Chief@example.org|yes", 200, "type Query"},
			{"again, under another address", "chief|new@example.org|no", 200, "type Query"},
			{"somebody else with the same address", "other|chief@example.org|yes", 403, "no account"},
		} {
			v := visit(t, test.person)
			wants(t, test.name, s.get(t, v.Client, start), test.status, test.body)
			want := nobody
			if test.status == 200 {
				want = chief
			}
			wants(t, test.name+", then", s.ask(t, v.Client, whoAmI), 200, want)
		}
		ctx := access.AsSystem(t.Context())
		if n := s.DB.Ent(ctx).Identity.Query().CountX(ctx); n != 1 {
			t.Errorf("%d identities are linked", n)
		}
		if n := s.DB.Ent(ctx).User.Query().CountX(ctx); n != 1 {
			t.Errorf("%d accounts", n)
		}
		if logged := s.log.String(); strings.Contains(logged, "client-secret") || strings.Contains(logged, "level=ERROR") {
			t.Errorf("logged:\n%s", logged)
		}
	}, "--oidc-issuer="+issuer, "--oidc-client-id=newsroom", "--oidc-client-secret=client-secret")
}

// TestOpenIDCannotBeReplayed: a state is for one browser, once, and leads to no
// other site.
func TestOpenIDCannotBeReplayed(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	eachSite(t, func(t *testing.T, s *site) {
		var callback string
		v := visit(t, "chief|chief@example.org|yes")
		v.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.Path, "/auth/oidc/callback") {
				callback = r.URL.RequestURI()
				return http.ErrUseLastResponse
			}
			return nil
		}
		s.get(t, v.Client, "/auth/oidc/start?return=//evil.example")
		if callback == "" {
			t.Fatal("the provider did not send the browser back")
		}
		wants(t, "another browser", s.get(t, browser(t), callback), 400, "another browser")
		v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		in := s.get(t, v.Client, callback)
		if in.status != http.StatusSeeOther || in.header.Get("Location") != "/" {
			t.Errorf("%d to %q, want the root of this server", in.status, in.header.Get("Location"))
		}
		wants(t, "signed in", s.ask(t, v.Client, whoAmI), 200, chief)
		if again := s.get(t, v.Client, callback); again.status != http.StatusBadRequest {
			t.Errorf("the same answer again: %d", again.status)
		}
	}, "--oidc-issuer="+issuer, "--oidc-client-id=newsroom", "--oidc-client-secret=client-secret")
}

// TestProviderThatHangs: those who wait for a provider wait together, no longer
// than they want to, and leave nothing behind.
func TestProviderThatHangs(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	t.Cleanup(hanging.CloseClientConnections)
	var sites atomic.Int32
	eachSite(t, func(t *testing.T, s *site) {
		sites.Add(1)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/auth/oidc/start", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if res, err := http.DefaultClient.Do(r); err == nil {
					t.Errorf("answered %s by a provider that says nothing", res.Status)
					_ = res.Body.Close()
				}
			})
		}
		all.Wait()
	}, "--oidc-issuer="+hanging.URL, "--oidc-client-id=newsroom", "--oidc-client-secret=client-secret")
	t.Cleanup(func() {
		if asked.Load() > sites.Load() {
			t.Errorf("%d servers asked the provider %d times at once", sites.Load(), asked.Load())
		}
	})
}

func TestReadersSignInByOpenID(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	const start = "/auth/reader/example/start?return=/schema.graphql"
	eachSite(t, func(t *testing.T, s *site) {
		if got := s.ask(t, browser(t), `{ site { signInProviders { name url } } }`); !strings.Contains(got.body, `{"name":"Example","url":"`+s.url+`/auth/reader/example/start"}`) {
			t.Errorf("providers: %s", got.body)
		}
		for _, test := range []struct {
			name, person string
			status       int
		}{
			{"an address that nobody verified", "nadia|nadia@example.org|no", 403},
			{"an account of the newsroom", "chief|chief@example.org|yes", 403},
			{"a token signed by another key", "forged|nadia@example.org|yes", 403},
			{"a new reader", "nadia|nadia@example.org|yes", 200},
			{"the same with another address", "nadia|other@example.org|yes", 200},
			{"another person with the address", "omar|nadia@example.org|yes", 403},
		} {
			who := visit(t, test.person)
			if got := s.get(t, who.Client, start); got.status != test.status {
				t.Errorf("%s: %d %.200s", test.name, got.status, got.body)
			}
			if test.status == 200 {
				if got := s.ask(t, who.Client, `{ viewer { email role } }`); got.body != `{"data":{"viewer":{"email":"nadia@example.org","role":"READER"}}}` {
					t.Errorf("%s is %s", test.name, got.body)
				}
			}
		}
	}, "--reader-oidc=Example,"+issuer+",newsroom,client-secret")
}
