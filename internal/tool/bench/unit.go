package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// The unit of comparison answers each operation by one SQL statement that
// returns JSON, through the same driver and as prepared statements: what a
// careful handler for just this page would do.
const (
	unitStamp = `to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`

	unitShown = `%[1]s.status = 'PUBLISHED' AND %[1]s.visibility = 'PUBLIC' AND %[1]s.trashed_at IS NULL`

	unitLatest = `SELECT json_build_object('latestNews', json_build_object('nodes', coalesce(json_agg(json_build_object(
			'title', a.title, 'slug', a.slug, 'excerpt', a.excerpt, 'publishedAt', {stamp a.published_at},
			'primaryCategory', (SELECT json_build_object('name', c.name, 'slug', c.slug) FROM categories c WHERE c.id = a.primary_category_id),
			'authors', (SELECT coalesce(json_agg(json_build_object('name', u.name, 'slug', u.slug) ORDER BY b.position), '[]')
				FROM bylines b JOIN authors u ON u.id = b.author_id WHERE b.article_id = a.id))
			ORDER BY l.published_at DESC, l.article_id DESC), '[]')))
		FROM (SELECT published_at, article_id FROM listings WHERE kind = 0 AND owner_id = 0 ORDER BY published_at DESC, article_id DESC LIMIT 20) l
		JOIN articles a ON a.id = l.article_id AND {shown a}`

	unitRelated = `(SELECT json_build_object('nodes', coalesce(json_agg(json_build_object({fields}) ORDER BY x.rank), '[]'))
			FROM (SELECT c.rank, b.* FROM article_candidates s CROSS JOIN LATERAL jsonb_array_elements(s.candidates) WITH ORDINALITY AS c (item, rank)
				JOIN articles b ON b.id = (c.item ->> 'a')::bigint AND {shown b}
				WHERE s.article_id = a.id ORDER BY c.rank LIMIT {n}) x)`

	unitArticle = `SELECT json_build_object('article', (SELECT json_build_object(
			'title', a.title, 'slug', a.slug, 'bodyHtml', d.html, 'publishedAt', {stamp a.published_at},
			'primaryCategory', (SELECT json_build_object('name', c.name, 'slug', c.slug) FROM categories c WHERE c.id = a.primary_category_id),
			'authors', (SELECT coalesce(json_agg(json_build_object('name', u.name, 'slug', u.slug) ORDER BY b.position), '[]')
				FROM bylines b JOIN authors u ON u.id = b.author_id WHERE b.article_id = a.id),
			'tags', (SELECT coalesce(json_agg(json_build_object('name', t.name, 'slug', t.slug) ORDER BY t.name, t.id), '[]')
				FROM article_tags x JOIN tags t ON t.id = x.tag_id WHERE x.article_id = a.id),
			'relatedArticles', ` + unitRelated + `,
			'comments', (SELECT json_build_object('nodes', coalesce(json_agg(json_build_object('body', m.body, 'createdAt', {stamp m.posted_at},
					'author', json_build_object('name', coalesce(u.display_name, m.guest_name))) ORDER BY m.posted_at DESC, m.id DESC), '[]'))
				FROM (SELECT * FROM comments m WHERE m.article_id = a.id AND m.parent_id IS NULL AND m.status = 'APPROVED' AND m.kind = 'COMMENT'
					ORDER BY m.parent_id DESC, m.posted_at DESC, m.id DESC LIMIT 10) m LEFT JOIN users u ON u.id = m.user_id))
			FROM articles a JOIN article_details d ON d.article_id = a.id WHERE a.slug = $1 AND {shown a}),
		'latestNews', (SELECT json_build_object('nodes', coalesce(json_agg(json_build_object('title', b.title, 'slug', b.slug, 'publishedAt', {stamp b.published_at})
				ORDER BY l.published_at DESC, l.article_id DESC), '[]'))
			FROM (SELECT published_at, article_id FROM listings WHERE kind = 0 AND owner_id = 0 ORDER BY published_at DESC, article_id DESC LIMIT 8) l
			JOIN articles b ON b.id = l.article_id AND {shown b}))`

	unitGrid = `SELECT json_build_object('latestNews', json_build_object('nodes', coalesce(json_agg(json_build_object(
			'slug', a.slug, 'title', a.title, 'relatedArticles', ` + unitRelated + `) ORDER BY l.published_at DESC, l.article_id DESC), '[]')))
		FROM (SELECT published_at, article_id FROM listings WHERE kind = 0 AND owner_id = 0 ORDER BY published_at DESC, article_id DESC LIMIT 20) l
		JOIN articles a ON a.id = l.article_id AND {shown a}`
)

func unitSQL(text, fields, n string) string {
	text = strings.NewReplacer("{fields}", fields, "{n}", n).Replace(text)
	for {
		start := strings.Index(text, "{")
		if start < 0 {
			return text
		}
		end := start + strings.Index(text[start:], "}")
		name, arg, _ := strings.Cut(text[start+1:end], " ")
		form := map[string]string{"stamp": unitStamp, "shown": unitShown}[name]
		text = text[:start] + fmt.Sprintf(form, arg) + text[end+1:]
	}
}

var unitStatements = map[string]string{
	"bench-latest": unitSQL(unitLatest, "", ""),
	"bench-article": unitSQL(unitArticle,
		`'title', x.title, 'slug', x.slug, 'publishedAt', {stamp x.published_at}`, "8"),
	"related-grid": unitSQL(unitGrid, `'slug', x.slug, 'title', x.title,
		'primaryCategory', (SELECT json_build_object('name', c.name, 'slug', c.slug) FROM categories c WHERE c.id = x.primary_category_id)`, "4"),
}

// serveUnit answers POST /NAME with {"variables": {"slug": …}}.
func serveUnit(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve-unit", flag.ContinueOnError)
	database := flags.String("database", "", "postgres://…")
	if err := flags.Parse(args); err != nil {
		return err
	}
	db, err := sql.Open("postgres", *database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	mux := http.NewServeMux()
	for name, text := range unitStatements {
		stmt, err := db.PrepareContext(ctx, text) //nolint:sqlclosecheck // the handler runs it until the database is closed
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			var request struct {
				Variables struct{ Slug string }
			}
			if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			var args []any
			if strings.Contains(text, "$1") {
				args = append(args, request.Variables.Slug)
			}
			var data []byte
			if err := stmt.QueryRowContext(r.Context(), args...).Scan(&data); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"data":`))
			_, _ = w.Write(data)
			_, _ = w.Write([]byte(`}`))
		})
	}
	return listenAndPrint(ctx, mux)
}

// listenAndPrint serves on a free port and prints the address.
func listenAndPrint(ctx context.Context, handler http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
