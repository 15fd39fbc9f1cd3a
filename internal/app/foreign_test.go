package app_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// TestSocketsOfForeignPages: a page of another origin connects only if it is named, and
// acts for whoever is signed in only then.
func TestSocketsOfForeignPages(t *testing.T) {
	t.Parallel()
	named := slices.Clip([]string{"--cors-origins=https://news.example.com"})
	for _, c := range []struct {
		name     string
		settings []string
		origin   string
		cookie   bool // of somebody who is signed in
		status   int  // of the refusal; 0: it connects
	}{
		{"a program", named, "", true, 0},
		{"a page that is named", named, "https://news.example.com", false, 0},
		{"a page that is named, with a cookie", named, "https://news.example.com", true, http.StatusForbidden},
		{"a page that is named and may send cookies", append(named, "--cors-credentials"), "https://news.example.com", true, 0},
		{"a page of another site", named, "https://evil.example", false, http.StatusForbidden},
		{"a page of another site, with a cookie", named, "https://evil.example", true, http.StatusForbidden},
		{"a host that begins as the one that is named", named, "https://news.example.com.evil.example", false, http.StatusForbidden},
		{"a page without an origin of its own", named, "null", false, http.StatusForbidden},
		{"any page where all may connect", nil, "https://evil.example", false, 0},
		{"any page where all may connect, with a cookie", nil, "https://evil.example", true, http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := runNode(t, "sqlite:"+filepath.Join(t.TempDir(), "site.db"), c.settings...)
			_, _, token := s.signedIn(t, user.RoleEditor)
			s.DB.Ent(access.AsSystem(t.Context())).Session.Update().SetKind(session.KindCookie).ExecX(access.AsSystem(t.Context()))
			header := http.Header{}
			if c.cookie {
				header.Set("Cookie", "broadsheet="+token)
			}
			if c.origin != "" {
				header.Set("Origin", c.origin)
			}
			conn, response, err := websocket.Dial(t.Context(), strings.Replace(s.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
			if c.status != 0 {
				if err == nil || response == nil || response.StatusCode != c.status {
					t.Errorf("%v, want status %d", err, c.status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.CloseNow() }()
			l := subscriber{t, conn}
			l.send(`{"type":"connection_init"}`)
			l.expect(`{"type":"connection_ack"}`)
			l.send(`{"id":"1","type":"subscribe","payload":{"query":"{ viewer { __typename } }"}}`)
			if c.cookie {
				l.expect(next(1, `{"viewer":{"__typename":"Viewer"}}`))
				return
			}
			l.expect(next(1, `{"viewer":null}`))
		})
	}
}
