package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// processes are those that tests start, by name.
var processes = map[string]func(ctx context.Context, url string) error{"node": serveNode}

// TestMain serves an OpenID provider or a process of processes instead when a test
// asks for one.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_OPENID_PROVIDER") != "" {
		serveProvider()
		return
	}
	testkit.Main(m, processes)
}

const chiefPassword = "seven slow ferries"

// site is a server with an administrator, chief@example.org.
type site struct {
	*app.App
	url string
	log *bytes.Buffer
}

// eachSite runs test with a server on each database.
func eachSite(t *testing.T, test func(t *testing.T, s *site), args ...string) {
	t.Helper()
	testkit.EachURL(t, func(t *testing.T, database string) {
		// The server must know its own address before it is made.
		var handler http.Handler
		listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
		t.Cleanup(listener.Close)
		var cfg config.Serve
		parser, err := kong.New(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		settings := []string{"--database=" + database, "--media-dir=" + t.TempDir(), "--oidc-redirect-url=" + listener.URL + "/auth/oidc/callback", "--public-url=" + listener.URL}
		if _, err := parser.Parse(append(settings, args...)); err != nil {
			t.Fatal(err)
		}
		s := &site{url: listener.URL, log: &bytes.Buffer{}}
		if s.App, err = app.New(t.Context(), cfg, slog.New(slog.NewTextHandler(s.log, nil))); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		handler = s.Handler()
		spec := account.User{Email: "chief@example.org", DisplayName: "Chief", Role: user.RoleAdmin}
		if _, _, err := s.Accounts.Create(access.AsSystem(t.Context()), spec, chiefPassword); err != nil {
			t.Fatal(err)
		}
		test(t, s)
	})
}

// browser keeps cookies.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a document as a client does.
func (s *site) ask(t *testing.T, client *http.Client, query string, headers ...string) reply {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return do(t, client, r)
}

func do(t *testing.T, client *http.Client, r *http.Request) reply {
	t.Helper()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(text)}
}

const (
	whoAmI   = `{viewer{email role}}`
	nobody   = `{"data":{"viewer":null}}`
	chief    = `{"data":{"viewer":{"email":"chief@example.org","role":"ADMIN"}}}`
	byCookie = `mutation{signIn(input:{email:"chief@example.org",password:"` + chiefPassword + `"}){token viewer{role sessions{transport}} userErrors{code}}}`
	byToken  = `mutation{signIn(input:{email:"chief@example.org",password:"` + chiefPassword + `",transport:TOKEN,label:"a program"}){token userErrors{code}}}`
)

func wants(t *testing.T, what string, got reply, status int, body string) {
	t.Helper()
	if got.status != status || !strings.Contains(got.body, body) {
		t.Errorf("%s: %d %.300s, want %d %s", what, got.status, got.body, status, body)
	}
}

func TestABrowserSignsInAndOut(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		b := browser(t)
		anonymous := s.ask(t, b, whoAmI)
		wants(t, "before", anonymous, 200, nobody)
		if strings.Contains(anonymous.header.Get("Cache-Control"), "private") || anonymous.header.Get("Set-Cookie") != "" {
			t.Errorf("anonymous answers are everybody's: %v", anonymous.header)
		}
		in := s.ask(t, b, byCookie)
		wants(t, "signing in", in, 200, `{"data":{"signIn":{"token":null,"viewer":{"role":"ADMIN","sessions":[{"transport":"COOKIE"}]},"userErrors":[]}}}`)
		cookie, err := http.ParseSetCookie(in.header.Get("Set-Cookie"))
		if err != nil || cookie.Name != "broadsheet" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure || cookie.Path != "/" {
			t.Errorf("cookie %+v, %v", cookie, err)
		}
		after := s.ask(t, b, whoAmI)
		wants(t, "signed in", after, 200, chief)
		if after.header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("an answer for one viewer may be kept: %v", after.header)
		}
		wants(t, "from a page of another site", s.ask(t, b, `mutation{signOut{userErrors{code}}}`, "Sec-Fetch-Site", "cross-site"), 403, `"FORBIDDEN"`)
		wants(t, "from a page of another origin", s.ask(t, b, whoAmI, "Origin", "https://evil.example"), 403, `"FORBIDDEN"`)
		wants(t, "from a page of this server", s.ask(t, b, whoAmI, "Sec-Fetch-Site", "same-origin"), 200, chief)
		wants(t, "the cookie as a token", s.ask(t, &http.Client{}, whoAmI, "Authorization", "Bearer "+cookie.Value), 401, `"UNAUTHENTICATED"`)
		other := browser(t)
		s.ask(t, other, byCookie)
		wants(t, "acting after signing out in one document", s.ask(t, other, `mutation{...both} fragment both on Mutation{signOut{userErrors{code}} again:signOut{userErrors{code}}}`), 200, `"UNAUTHENTICATED"`)
		out := s.ask(t, b, `mutation{signOut{userErrors{code}}}`)
		wants(t, "signing out", out, 200, `{"data":{"signOut":{"userErrors":[]}}}`)
		if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("the cookie stays: %v", out.header)
		}
		wants(t, "signed out", s.ask(t, b, whoAmI), 200, nobody)
		old := s.ask(t, &http.Client{}, whoAmI, "Cookie", "broadsheet="+cookie.Value)
		wants(t, "the old cookie", old, 200, nobody)
		if !strings.Contains(old.header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("a cookie that opens nothing stays: %v", old.header)
		}
		wants(t, "signing in from another site", s.ask(t, b, byCookie, "Sec-Fetch-Site", "cross-site"), 200, `"code":"INVALID"`)
		if s.log.Len() > 0 && strings.Contains(s.log.String(), chiefPassword) {
			t.Error("the log holds the password")
		}
	})
}

func TestCookiesGoOverHTTPSOnly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args    []string
		headers []string
		want    string
	}{
		"a site of https":        {[]string{"--site-url=https://news.example"}, nil, "__Host-broadsheet"},
		"a proxy that is known":  {[]string{"--trusted-proxies=127.0.0.1"}, []string{"X-Forwarded-Proto", "https"}, "__Host-broadsheet"},
		"a proxy that is not":    {nil, []string{"X-Forwarded-Proto", "https"}, "broadsheet"},
		"a server of plain http": {nil, nil, "broadsheet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachSite(t, func(t *testing.T, s *site) {
				in := s.ask(t, &http.Client{}, byCookie, test.headers...)
				cookie, err := http.ParseSetCookie(in.header.Get("Set-Cookie"))
				if err != nil || cookie.Name != test.want || cookie.Secure != (test.want != "broadsheet") || cookie.Domain != "" {
					t.Errorf("cookie %+v, %v: %s", cookie, err, in.body)
				}
			}, test.args...)
		})
	}
}

func TestAProgramSignsIn(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		c := &http.Client{}
		in := s.ask(t, c, byToken, "X-Forwarded-For", "203.0.113.5, 10.1.1.1, 198.51.100.9")
		var answer struct {
			Data struct{ SignIn struct{ Token string } }
		}
		if err := json.Unmarshal([]byte(in.body), &answer); err != nil || answer.Data.SignIn.Token == "" || in.header.Get("Set-Cookie") != "" {
			t.Fatalf("%s, %v, %v", in.body, in.header, err)
		}
		bearer := []string{"Authorization", "Bearer " + answer.Data.SignIn.Token}
		wants(t, "signed in", s.ask(t, c, whoAmI, bearer...), 200, chief)
		// A page elsewhere that holds a token was given it: no cookie is at stake.
		wants(t, "from another origin", s.ask(t, c, whoAmI, append(bearer, "Origin", "https://app.example")...), 200, chief)
		// The last hop that is no known proxy is the client; what it says of itself counts for nothing.
		wants(t, "the session", s.ask(t, c, `{viewer{sessions{label address isCurrent}}}`, bearer...), 200,
			`[{"label":"a program","address":"198.51.100.9","isCurrent":true}]`)
		for name, token := range map[string]string{"a made-up token": "Bearer bst_x", "no token": "Bearer ", "an empty one": "bearer"} {
			got := s.ask(t, c, whoAmI, "Authorization", token)
			wants(t, name, got, 401, `"UNAUTHENTICATED"`)
			if got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no WWW-Authenticate", name)
			}
		}
		wants(t, "what a proxy asked for", s.ask(t, c, whoAmI, "Authorization", "Basic eDp5"), 200, nobody)
		wants(t, "an account", s.ask(t, c, `mutation{createUser(input:{email:"new@example.org",displayName:"N",role:AUTHOR}){user{email role hasPassword}userErrors{code}}}`, bearer...), 200,
			`{"user":{"email":"new@example.org","role":"AUTHOR","hasPassword":true},"userErrors":[]}`)
		wants(t, "accounts", s.ask(t, c, `{users(staffOnly:true,first:1){nodes{email}pageInfo{hasNextPage}totalCount{value}}}`, bearer...), 200,
			`{"nodes":[{"email":"chief@example.org"}],"pageInfo":{"hasNextPage":true},"totalCount":{"value":2}}`)
		wants(t, "nobody's accounts", s.ask(t, c, `{users{nodes{email}}}`), 200, `"UNAUTHENTICATED"`)
	}, "--trusted-proxies=127.0.0.0/8,10.0.0.0/8")
}

// TestGuessesAreSlowedDown: a document holds one signIn, and as many requests are
// slowed down whether the account exists or not.
func TestGuessesAreSlowedDown(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		const guess = `%s:signIn(input:{email:%q,password:"wrong",transport:TOKEN}){userErrors{code}}`
		codes := func(email string) (all []string) {
			for range 9 {
				var answer struct {
					Data struct {
						A struct{ UserErrors []struct{ Code string } }
					}
				}
				got := s.ask(t, &http.Client{}, "mutation{"+fmt.Sprintf(guess, "a", email)+"}")
				if err := json.Unmarshal([]byte(got.body), &answer); err != nil || len(answer.Data.A.UserErrors) != 1 {
					t.Fatalf("%v: %s", err, got.body)
				}
				all = append(all, answer.Data.A.UserErrors[0].Code)
			}
			return all
		}
		known, unknown := codes("chief@example.org"), codes("nobody@example.org")
		if diff := cmp.Diff(known, unknown); diff != "" {
			t.Errorf("it can be told whether an account exists (-known +unknown):\n%s", diff)
		}
		if known[8] != "RATE_LIMITED" || known[0] != "INVALID_CREDENTIALS" {
			t.Errorf("nine guesses: %v", known)
		}
		two := "mutation{" + fmt.Sprintf(guess, "a", "nobody@example.org") + fmt.Sprintf(guess, "b", "nobody@example.org") + "}"
		wants(t, "two in one document", s.ask(t, &http.Client{}, two), 200, "may stand only once in a request")
	})
}

func TestTheServerTellsHowToSignIn(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, database string) {
		var logged, told bytes.Buffer
		var cfg config.Serve
		parser, err := kong.New(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse([]string{"--database=" + database, "--media-dir=" + t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		a, err := app.New(context.Background(), cfg, slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		if err := a.PrintSignIn(t.Context(), &told); err != nil {
			t.Fatal(err)
		}
		_, token, found := strings.Cut(told.String(), "\n  ")
		token, _, _ = strings.Cut(token, "\n")
		if !found || !strings.HasPrefix(token, "bst_") || strings.Contains(logged.String(), token) {
			t.Fatalf("told %q, logged %q", told.String(), logged.String())
		}
		spec := account.User{Email: "first@example.org", DisplayName: "First"}
		if _, err := a.Accounts.SetUpAdmin(t.Context(), token, spec, chiefPassword); err != nil {
			t.Fatal(err)
		}
		told.Reset()
		if err := a.PrintSignIn(t.Context(), &told); err != nil || told.Len() > 0 {
			t.Errorf("told again: %q, %v", told.String(), err)
		}
	})
}
