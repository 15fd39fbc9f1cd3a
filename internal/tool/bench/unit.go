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
// returns JSON, through the same driver and as a prepared statement: the cheapest
// one known on these tables. Whoever finds a cheaper one puts it in.
//
// What makes them cheap: row_to_json of narrow rows instead of json_build_object,
// moments as PostgreSQL writes them, and look-ups behind OFFSET 0 and LIMIT, so
// that only what is shown is looked up.
const (
	unitShown = `%[1]s.status = 'PUBLISHED' AND %[1]s.visibility = 'PUBLIC' AND %[1]s.trashed_at IS NULL`

	unitLatest = `SELECT '{"latestNews":{"nodes":' || coalesce(json_agg(row_to_json(t)), '[]')::text || '}}' FROM (
			SELECT a.title, a.slug, a.excerpt, a.published_at AS "publishedAt", {category c} AS "primaryCategory", {authors} AS authors
			FROM listings l JOIN articles a ON a.id = l.article_id AND {shown a} LEFT JOIN categories c ON c.id = a.primary_category_id
			WHERE l.kind = 0 AND l.owner_id = 0 ORDER BY l.published_at DESC, l.article_id DESC LIMIT 20) t`

	unitCategory = `(SELECT row_to_json(k) FROM (SELECT %[1]s.name, %[1]s.slug WHERE %[1]s.id IS NOT NULL) k)`

	unitAuthors = `(SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (SELECT u.name, u.slug FROM bylines b JOIN authors u ON u.id = b.author_id
			WHERE b.article_id = a.id ORDER BY b.position) x)`

	unitRelated = `(SELECT row_to_json(z) FROM (SELECT coalesce(json_agg(row_to_json(r)), '[]') AS nodes FROM (SELECT {fields}
			FROM article_candidates s CROSS JOIN LATERAL (SELECT item FROM jsonb_array_elements(s.candidates) WITH ORDINALITY AS e (item, rank)) e
			CROSS JOIN LATERAL (SELECT * FROM articles b WHERE b.id = (e.item ->> 'a')::bigint OFFSET 0) b {join}
			WHERE s.article_id = a.id AND {shown b} LIMIT {n}) r) z)`

	unitArticle = `SELECT '{"article":' || coalesce((SELECT row_to_json(t)::text FROM (
			SELECT a.title, a.slug, d.html AS "bodyHtml", a.published_at AS "publishedAt", {category c} AS "primaryCategory", {authors} AS authors,
				(SELECT coalesce(json_agg(row_to_json(x)), '[]') FROM (SELECT t.name, t.slug FROM article_tags y JOIN tags t ON t.id = y.tag_id
					WHERE y.article_id = a.id ORDER BY t.name, t.id) x) AS tags,
				` + unitRelated + ` AS "relatedArticles",
				(SELECT row_to_json(z) FROM (SELECT coalesce(json_agg(row_to_json(r)), '[]') AS nodes FROM (
					SELECT m.body, m.posted_at AS "createdAt", (SELECT row_to_json(k) FROM (SELECT coalesce(u.display_name, m.guest_name) AS name) k) AS author
					FROM (SELECT * FROM comments m WHERE m.article_id = a.id AND m.parent_id IS NULL AND m.status = 'APPROVED' AND m.kind = 'COMMENT'
						ORDER BY m.parent_id DESC, m.posted_at DESC, m.id DESC LIMIT 10) m LEFT JOIN users u ON u.id = m.user_id ORDER BY m.posted_at DESC, m.id DESC) r) z) AS comments
			FROM articles a JOIN article_details d ON d.article_id = a.id LEFT JOIN categories c ON c.id = a.primary_category_id
			WHERE a.slug = $1 AND {shown a}) t), 'null') || ',"latestNews":' || (SELECT row_to_json(z)::text FROM (SELECT json_agg(row_to_json(l)) AS nodes FROM (
			SELECT a.title, a.slug, a.published_at AS "publishedAt" FROM listings l JOIN articles a ON a.id = l.article_id AND {shown a}
			WHERE l.kind = 0 AND l.owner_id = 0 ORDER BY l.published_at DESC, l.article_id DESC LIMIT 8) l) z) || '}'`

	unitGrid = `SELECT '{"latestNews":{"nodes":' || coalesce(json_agg(row_to_json(t)), '[]')::text || '}}' FROM (
			SELECT a.slug, a.title, ` + unitRelated + ` AS "relatedArticles"
			FROM listings l JOIN articles a ON a.id = l.article_id AND {shown a}
			WHERE l.kind = 0 AND l.owner_id = 0 ORDER BY l.published_at DESC, l.article_id DESC LIMIT 20) t`
)

// unitSQL fills in what statements share.
func unitSQL(text, fields, join, n string) string {
	text = strings.NewReplacer("{fields}", fields, "{join}", join, "{n}", n, "{authors}", unitAuthors).Replace(text)
	for _, form := range []struct{ name, text string }{{"{category ", unitCategory}, {"{shown ", unitShown}} {
		for {
			before, rest, found := strings.Cut(text, form.name)
			if !found {
				break
			}
			alias, after, _ := strings.Cut(rest, "}")
			text = before + fmt.Sprintf(form.text, alias) + after
		}
	}
	return text
}

var unitStatements = map[string]string{
	"bench-latest":  unitSQL(unitLatest, "", "", ""),
	"bench-article": unitSQL(unitArticle, `b.title, b.slug, b.published_at AS "publishedAt"`, "", "8"),
	"related-grid": unitSQL(unitGrid, `b.slug, b.title, {category c} AS "primaryCategory"`,
		`LEFT JOIN LATERAL (SELECT * FROM categories c WHERE c.id = b.primary_category_id OFFSET 0) c ON true`, "4"),
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
