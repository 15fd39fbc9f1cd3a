package graph_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var pictures atomic.Uint32

// forgetNoted empties the tables that are derived from bodies.
var forgetNoted = map[string]*store.Statement{"article_media": store.MaintainBoth(`DELETE FROM article_media`), "page_media": store.MaintainBoth(`DELETE FROM page_media`)}

// freshPicture is a picture of which there is no other.
func freshPicture(t *testing.T) []byte {
	t.Helper()
	n := pictures.Add(1)
	p := image.NewRGBA(image.Rect(0, 0, 4, 2))
	p.Set(0, 0, color.RGBA{R: byte(n >> 16), G: byte(n >> 8), B: byte(n), A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sendFile sends a multipart request with one file, as the variable $file.
func (n *newsroom) sendFile(t *testing.T, v access.Viewer, query string, variables map[string]any, file []byte) (answer, []byte) {
	t.Helper()
	all := map[string]any{"file": nil}
	for name, value := range variables {
		all[name] = value
	}
	operations, err := json.Marshal(map[string]any{"query": query, "variables": all})
	if err != nil {
		t.Fatal(err)
	}
	body, contentType := multipartForm(t, string(operations), `{"0":["variables.file"]}`, file)
	return n.sendAs(t, v, body, contentType)
}

func multipartForm(t *testing.T, operations, places string, file []byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	err := w.WriteField("operations", operations)
	if err == nil {
		err = w.WriteField("map", places)
	}
	var to io.Writer
	if err == nil {
		to, err = w.CreateFormFile("0", "harbour.png")
	}
	if err == nil {
		_, err = to.Write(file)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// TestMediaAreUploadedUsedAndDeleted is the life of a picture.
func TestMediaAreUploadedUsedAndDeleted(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		editor := n.holder(t, access.Editor)
		const upload = `mutation($file: Upload!, $key: String) { uploadMedia(input: {file: $file, alt: "Boats", idempotencyKey: $key}) { media { id kind contentType width height url alt usedIn { place } } userErrors { code field } } }`
		file := freshPicture(t)
		first, raw := n.sendFile(t, editor, upload, map[string]any{"key": "one"}, file)
		if len(first.Errors) > 0 || !bytes.Contains(raw, []byte(`"contentType":"image/png","width":4,"height":2,"url":"https://beacon.example/media/`)) {
			t.Fatalf("uploaded: %s", raw)
		}
		var got struct {
			UploadMedia struct{ Media struct{ ID string } }
		}
		if err := json.Unmarshal(first.Data, &got); err != nil {
			t.Fatal(err)
		}
		mediaID := got.UploadMedia.Media.ID
		if _, again := n.sendFile(t, editor, upload, map[string]any{"key": "one"}, file); !bytes.Equal(raw, again) {
			t.Errorf("repeated: %s, then %s", raw, again)
		}
		if _, other := n.sendFile(t, editor, upload, nil, []byte("<html></html>")); !bytes.Contains(other, []byte(`{"code":"INVALID","field":["file"]}`)) {
			t.Errorf("a page: %s", other)
		}
		body := []richtext.Block{{Kind: richtext.Gallery, Images: []richtext.Image{{MediaID: mediaID}}}}
		system := access.AsSystem(t.Context())
		a := must[[]*ent.Article](t)(n.Articles.Save(system, &content.Draft{Title: "With boats", Status: article.StatusPublished, Body: body}))[0]
		p := must[*ent.Page](t)(n.Site.SavePage(system, site.Page{Title: "Boats", Body: body}))
		_, raw = n.askAs(t, editor, `query($id: ID!) { node(id: $id) { ... on Media { usedIn { place target { id } } } } mediaLibrary(filter: {unused: true}) { nodes { id } } }`, map[string]any{"id": mediaID})
		for _, want := range []string{`{"place":"BODY","target":{"id":"` + a.PublicID() + `"}}`, `{"place":"BODY","target":{"id":"` + p.PublicID() + `"}}`} {
			if !bytes.Contains(raw, []byte(want)) {
				t.Errorf("used in %s, want %s", raw, want)
			}
		}
		if bytes.Contains(raw[bytes.Index(raw, []byte("mediaLibrary")):], []byte(mediaID)) {
			t.Errorf("called unused: %s", raw)
		}
		const remove = `mutation($id: ID!, $force: Boolean) { deleteMedia(input: {id: $id, force: $force}) { deletedId userErrors { code message } } }`
		if _, raw = n.askAs(t, editor, remove, map[string]any{"id": mediaID}); !bytes.Contains(raw, []byte(`"deletedId":null,"userErrors":[{"code":"IN_USE","message":"The media item is used: in 2 bodies."}]`)) {
			t.Errorf("deleted: %s", raw)
		}
		d := &content.Draft{ID: a.ID, Title: "Without boats", Status: article.StatusPublished}
		must[[]*ent.Article](t)(n.Articles.Save(system, d))
		if _, raw = n.askAs(t, editor, remove, map[string]any{"id": mediaID}); !bytes.Contains(raw, []byte("in one body")) {
			t.Errorf("deleted: %s", raw)
		}
		if _, raw = n.askAs(t, editor, remove, map[string]any{"id": mediaID, "force": true}); !bytes.Contains(raw, []byte(`"deletedId":"`+mediaID+`"`)) {
			t.Errorf("forced: %s", raw)
		}
		if _, raw = n.askAs(t, editor, `query($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": mediaID}); !bytes.Contains(raw, []byte(`"node":null`)) {
			t.Errorf("deleted, yet found: %s", raw)
		}
	})
}

// TestOldBodiesAreSearchedForMedia forgets what is noted of bodies and finds it
// again, as the job after an upgrade does.
func TestOldBodiesAreSearchedForMedia(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		system := access.AsSystem(t.Context())
		m := n.DB.Ent(system).Media.Create().SetAlt("Boats").SaveX(system)
		body := []richtext.Block{{Kind: richtext.Picture, MediaID: m.PublicID()}}
		must[[]*ent.Article](t)(n.Articles.Save(system, &content.Draft{Title: "Live", Kind: article.KindLiveBlog, Entries: []content.Entry{{Title: "x", Body: body, PublishedAt: n.clock}}}))
		must[*ent.Page](t)(n.Site.SavePage(system, site.Page{Title: "Boats", Body: body}))
		uses := func() string {
			found, err := n.MediaDesk.Uses(system, []int{m.ID})
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(found[m.ID])
		}
		want := uses()
		if strings.Count(want, "BODY") != 2 {
			t.Fatalf("used in %s", want)
		}
		for _, table := range []string{"article_media", "page_media"} {
			must[sql.Result](t)(n.DB.Exec(system, forgetNoted[table]))
		}
		if got := uses(); got != "[]" {
			t.Fatalf("used in %s", got)
		}
		for _, find := range []func() error{func() error { return n.Articles.NoteAllMedia(t.Context()) }, func() error { return n.Site.NoteAllMedia(t.Context()) }} {
			if err := find(); err != nil {
				t.Fatal(err)
			}
		}
		if got := uses(); got != want {
			t.Errorf("used in %s, want %s", got, want)
		}
	})
}

var formField = regexp.MustCompile(`-F (operations|map)='([^\n]*)' \\`)

// TestUploadOfTheDocs sends the request that docs/media.md shows for curl.
func TestUploadOfTheDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/media.md")
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for _, m := range formField.FindAllStringSubmatch(string(text), -1) {
		fields[m[1]] = m[2]
	}
	if len(fields) != 2 || !strings.Contains(string(text), "-F 0=@harbour.jpg") || !strings.Contains(string(text), "GraphQL-Require-Preflight: 1") {
		t.Fatalf("found %v", fields)
	}
	n := demoNewsroom(t)
	body, contentType := multipartForm(t, fields["operations"], fields["map"], freshPicture(t))
	if a, raw := n.sendAs(t, member(t, n.DB, access.Author, 0), body, contentType); len(a.Errors) > 0 || !bytes.Contains(raw, []byte(`"url":"/media/`)) {
		t.Errorf("answered %s", raw)
	}
}
