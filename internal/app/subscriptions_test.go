package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/coder/websocket"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// served is a server that runs, one of several on its database.
type served struct {
	*app.App
	url  string
	stop func()
}

func runNode(t *testing.T, database string, args ...string) *served {
	t.Helper()
	return runPrepared(t, database, func(*app.App) {}, args...)
}

// runPrepared is runNode with something done before it serves.
func runPrepared(t *testing.T, database string, prepare func(*app.App), args ...string) *served {
	t.Helper()
	var cfg config.Serve
	parser, err := kong.New(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"--addr=127.0.0.1:0", "--database=" + database, "--media-dir=" + t.TempDir()}, args...)); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	listener, err := app.Listen(ctx, cfg.Addr)
	if err != nil {
		t.Fatal(err)
	}
	prepare(a)
	a.WordPress.ServerURL = "http://" + listener.Addr().String()
	go func() { ended <- a.Serve(ctx, listener, func(addr net.Addr) { listening <- addr }) }()
	s := &served{App: a}
	s.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
		ended <- nil
	}
	t.Cleanup(func() {
		s.stop()
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s.url = "http://" + (<-listening).String()
	for !a.Log.Hears() {
		time.Sleep(10 * time.Millisecond)
	}
	return s
}

// publish makes a published article.
func (s *served) publish(t *testing.T, title string) string {
	t.Helper()
	saved, err := s.Articles.Save(access.AsSystem(t.Context()), &content.Draft{Title: title, Status: article.StatusPublished, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words."}}})
	if err != nil {
		t.Fatal(err)
	}
	return saved[0].PublicID()
}

// signedIn makes an account with a session.
func (s *served) signedIn(t *testing.T, role user.Role) (account, sessionID, token string) {
	t.Helper()
	return s.account(t, role, strings.ToLower(string(role))+"@example.org")
}

// account is signedIn with an address.
func (s *served) account(t *testing.T, role user.Role, email string) (account, sessionID, token string) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	u := s.DB.Ent(ctx).User.Create().SetEmail(email).SetDisplayName("Reem").SetRole(role).SaveX(ctx)
	token = secret.New("bst_")
	now := time.Now().UTC()
	made := s.DB.Ent(ctx).Session.Create().SetUserID(u.ID).SetTokenHash(secret.Hash(token)).SetKind(session.KindBearer).SetLabel("").SetAddress("").SetUserAgent("").
		SetCreatedAt(now).SetSeenAt(now).SetExpiresAt(now.Add(time.Hour)).SaveX(ctx)
	return id.Encode(id.User, u.ID), id.Encode(id.Session, made.ID), token
}

// change sends a mutation, which must have no errors.
func (s *served) change(t *testing.T, token, mutation string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": mutation})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || strings.Contains(string(text), `"errors"`) || !strings.Contains(string(text), `"userErrors":[]`) {
		t.Fatalf("%s: %s %v", mutation, text, err)
	}
}

// subscriber is a client on a WebSocket.
type subscriber struct {
	t *testing.T
	*websocket.Conn
}

func (s *served) listen(t *testing.T, token string, subscriptions ...string) subscriber {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(s.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	l := subscriber{t, conn}
	payload := ""
	if token != "" {
		payload = fmt.Sprintf(`,"payload":{"authorization":"Bearer %s"}`, token)
	}
	l.send(`{"type":"connection_init"` + payload + `}`)
	l.expect(`{"type":"connection_ack"}`)
	for i, query := range subscriptions {
		text, err := json.Marshal(query)
		if err != nil {
			t.Fatal(err)
		}
		l.send(fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":%s}}`, i+1, text))
	}
	return l
}

// watched waits until so many subscriptions and accounts are watched.
func (s *served) watched(t *testing.T, n int) {
	t.Helper()
	if err := s.Watch.Await(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

func (l subscriber) send(text string) {
	l.t.Helper()
	if err := l.Write(l.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		l.t.Fatal(err)
	}
}

// message is the next one that is no ping, or what ended the connection.
func (l subscriber) message() ([]byte, error) {
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	for {
		_, got, err := l.Read(ctx)
		if err != nil || string(got) != `{"type":"ping"}` {
			return got, err
		}
		l.send(`{"type":"pong"}`)
	}
}

func (l subscriber) read(into any) {
	l.t.Helper()
	got, err := l.message()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := json.Unmarshal(got, into); err != nil {
		l.t.Fatalf("%s: %v", got, err)
	}
}

func (l subscriber) expect(want string) {
	l.t.Helper()
	got, err := l.message()
	if err != nil || string(got) != want {
		l.t.Errorf("%s %v, want %s", got, err, want)
	}
}

func (l subscriber) closed(want websocket.StatusCode) {
	l.t.Helper()
	if got, err := l.message(); websocket.CloseStatus(err) != want {
		l.t.Errorf("%s %v, want it closed with %d", got, err, want)
	}
}

func next(id int, data string) string {
	return fmt.Sprintf(`{"id":"%d","type":"next","payload":{"data":%s}}`, id, data)
}

// TestSubscribersAreToldOnEveryNode: what happens on one node is told on the other,
// and what ends there ends here.
func TestSubscribersAreToldOnEveryNode(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		here, there := runNode(t, url), runNode(t, url)
		_, _, admin := here.signedIn(t, user.RoleAdmin)
		editor, _, editing := here.signedIn(t, user.RoleEditor)
		_, session, reading := here.signedIn(t, user.RoleReader)

		all := there.listen(t, "", `subscription { articlePublished { title } }`, `subscription { breakingNews { text article { title } } }`)
		there.watched(t, 2)
		story := here.publish(t, "Rain")
		all.expect(next(1, `{"articlePublished":{"title":"Rain"}}`))
		reader := there.listen(t, reading, `subscription { notificationAdded { text } }`)
		there.watched(t, 4) // its account as well
		here.change(t, editing, `mutation { sendBreakingNews(input: {articleId: "`+story+`", text: "It rains"}) { userErrors { code } } }`)
		all.expect(next(2, `{"breakingNews":{"text":"It rains","article":{"title":"Rain"}}}`))
		reader.expect(next(1, `{"notificationAdded":{"text":"It rains"}}`))

		one := there.listen(t, "", `subscription { articleUpdated(id: "`+story+`") { title } }`, `subscription { commentAdded(articleId: "`+story+`") { body } }`)
		one.expect(next(1, `{"articleUpdated":{"title":"Rain"}}`))
		here.change(t, editing, `mutation { updateArticle(input: {id: "`+story+`", article: {title: "Snow"}}) { userErrors { code } } }`)
		one.expect(next(1, `{"articleUpdated":{"title":"Snow"}}`))

		// A killed story is told of as gone, and by nothing else.
		here.change(t, editing, `mutation { killArticle(input: {id: "`+story+`"}) { userErrors { code } } }`)
		seen := map[string]bool{}
		for range 3 {
			_, got, err := one.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			seen[string(got)] = true
		}
		for _, want := range []string{next(1, `{"articleUpdated":null}`), `{"id":"1","type":"complete"}`, `{"id":"2","type":"complete"}`} {
			if !seen[want] {
				t.Errorf("after the kill: %v, want %s", seen, want)
			}
		}

		// A session that ends and a role that is lowered end their connections.
		here.change(t, reading, `mutation { revokeSession(input: {sessionId: "`+session+`"}) { userErrors { code } } }`)
		reader.closed(4403)
		desk := there.listen(t, editing, `subscription { articleUpdated(id: "`+story+`") { title } }`)
		desk.expect(next(1, `{"articleUpdated":{"title":"Snow"}}`)) // editors see killed stories
		here.change(t, admin, `mutation { setUserRole(input: {userId: "`+editor+`", role: READER}) { userErrors { code } } }`)
		desk.closed(4403)
		again := there.listen(t, editing)
		again.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { articleUpdated(id: \"` + story + `\") { title } }"}}`)
		again.expect(next(1, `{"articleUpdated":null}`))
		again.expect(`{"id":"1","type":"complete"}`)

		there.stop()
		all.closed(websocket.StatusServiceRestart)
	})
}

// TestPartnersFollowChanges: a key is told of each change once, and no longer when it
// is revoked.
func TestPartnersFollowChanges(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		here, there := runNode(t, url), runNode(t, url)
		key, token, err := here.Partners.Create(access.AsSystem(t.Context()), partner.Key{Name: "Agency", Scopes: partner.Scopes()})
		if err != nil {
			t.Fatal(err)
		}
		l := there.listen(t, token)
		var cursor struct {
			Payload struct {
				Data struct{ Changes struct{ Next string } }
			}
		}
		l.send(`{"id":"1","type":"subscribe","payload":{"query":"{ changes(first: 1) { next } }"}}`)
		l.read(&cursor)
		l.expect(`{"id":"1","type":"complete"}`)
		from := cursor.Payload.Data.Changes.Next
		if from == "" {
			t.Fatal("there is no cursor to go on from")
		}
		// What is published from here on comes after the cursor, whenever the subscription begins.
		l.send(`{"id":"2","type":"subscribe","payload":{"query":"subscription { changes(after: \"` + from + `\") { changes { type article } next } }"}}`)
		here.publish(t, "Story")
		var told struct {
			Payload struct {
				Data struct {
					Changes struct{ Changes []struct{ Type string } }
				}
			}
		}
		l.read(&told)
		if changes := told.Payload.Data.Changes.Changes; len(changes) != 1 || changes[0].Type != "PUBLISHED" {
			t.Errorf("told of %+v", changes)
		}
		if _, err := here.Partners.Revoke(access.AsSystem(t.Context()), key.ID); err != nil {
			t.Fatal(err)
		}
		here.publish(t, "Secret")
		l.closed(4403)
	})
}

// TestClientsOfNpmSubscribe runs the clients of graphql-ws and graphql-sse.
func TestClientsOfNpmSubscribe(t *testing.T) {
	t.Parallel()
	testkit.NeedPackages(t, "../../web", "graphql-ws", "graphql-sse", "ws")
	s := runNode(t, "sqlite:"+t.TempDir()+"/site.db")
	story := s.publish(t, "First")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	clients := exec.CommandContext(ctx, "node", "e2e/subscriptions.mjs", s.url+"/graphql", story)
	clients.Dir = "../../web"
	clients.Stderr = t.Output()
	out, err := clients.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 6)
	if _, err := io.ReadFull(out, ready); err != nil || string(ready) != "ready\n" {
		rest, _ := io.ReadAll(out)
		t.Fatalf("%s%s %v", ready, rest, err)
	}
	s.watched(t, 2)
	s.publish(t, "Second")
	rest, _ := io.ReadAll(out)
	if err := clients.Wait(); err != nil || string(rest) != "told: Second, Second\n" {
		t.Errorf("%s %v", rest, err)
	}
}

// TestClientsOfNpmAsk runs Apollo Client, urql and Relay's runtime.
func TestClientsOfNpmAsk(t *testing.T) {
	t.Parallel()
	testkit.NeedPackages(t, "../../web", "@apollo/client", "@urql/core", "relay-runtime", "ws")
	s := runNode(t, "sqlite:"+t.TempDir()+"/site.db")
	for i := range 6 {
		s.publish(t, fmt.Sprintf("Story %d", i))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	clients := exec.CommandContext(ctx, "node", "e2e/clients.mjs", s.url+"/graphql")
	clients.Dir = "../../web"
	var wrong strings.Builder
	clients.Stderr = &wrong
	out, err := clients.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	read, _ := lines.ReadString('\n')
	if read != "read: apollo; apollo, by hashes and GET; urql; relay\n" {
		_ = clients.Wait()
		t.Fatalf("%s%s", read, &wrong)
	}
	s.watched(t, 2)
	s.publish(t, "Last")
	told, _ := lines.ReadString('\n')
	if err := clients.Wait(); err != nil || told != "told: Last, Last\n" {
		t.Errorf("%s%s %v", told, &wrong, err)
	}
}
