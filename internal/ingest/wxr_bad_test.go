package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// oldExport wraps items in a file of a site.
func oldExport(items ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Old</title><language>en</language><wp:wxr_version>1.2</wp:wxr_version><wp:base_blog_url>https://old.example</wp:base_blog_url>
` + strings.Join(items, "\n") + "\n</channel></rss>\n"
}

// oldPost is a published post with further elements.
func oldPost(number int, further ...string) string {
	return fmt.Sprintf(`<item><title>Post %d</title><guid>https://old.example/?p=%d</guid><link>https://old.example/post-%d/</link><content:encoded><![CDATA[Words of %d]]></content:encoded>`+
		`<wp:post_id>%d</wp:post_id><wp:post_date_gmt>2024-01-01 00:00:00</wp:post_date_gmt><wp:post_name>post-%d</wp:post_name><wp:status>publish</wp:status><wp:post_type>post</wp:post_type>%s</item>`,
		number, number, number, number, number, number, strings.Join(further, ""))
}

func oldComment(number, parent int) string {
	return fmt.Sprintf(`<wp:comment><wp:comment_id>%d</wp:comment_id><wp:comment_author>R</wp:comment_author><wp:comment_content>Remark %d</wp:comment_content>`+
		`<wp:comment_date_gmt>2024-01-02 00:00:00</wp:comment_date_gmt><wp:comment_approved>1</wp:comment_approved><wp:comment_parent>%d</wp:comment_parent></wp:comment>`, number, number, parent)
}

func many(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i + 1))
	}
	return b.String()
}

func TestWXRBadInputIsToldAndCostsNoOther(t *testing.T) {
	t.Parallel()
	whole := oldExport(oldPost(1), oldPost(2))
	cases := map[string]struct {
		in                string
		created, rejected int
		codes             string // of lines, in order, with their outcome
		fatal             string
	}{
		"empty":              {"", 0, 0, "", "WRONG_KIND"},
		"cut off":            {whole[:len(whole)-60], 1, 1, "rejected TRUNCATED", "TRUNCATED"},
		"three roots":        {whole + oldExport(oldPost(3)) + oldExport(oldPost(4)), 4, 0, "repaired SECOND_ROOT,repaired SECOND_ROOT", ""},
		"CDATA in CDATA":     {oldExport(strings.Replace(oldPost(1), "Words", "<![CDATA[Words]]>", 1)), 1, 0, "repaired NESTED_CDATA", ""},
		"wrong encoding":     {oldExport(strings.Replace(oldPost(1), "Words", "W\xf6rter", 1)), 1, 0, "repaired ENCODING", ""},
		"control characters": {oldExport(strings.Replace(oldPost(1), "Words", "W\x00\x02", 1)), 1, 0, "repaired ILLEGAL_CHARACTER", ""},
		"undeclared prefix":  {strings.NewReplacer(`xmlns:wp="http://wordpress.org/export/1.2/"`, "").Replace(whole), 2, 0, "", ""},
		"a number twice":     {oldExport(oldPost(1), strings.ReplaceAll(oldPost(1), "guid>https://old.example/?p=1", "guid>urn:other"), oldPost(1)), 2, 1, "repaired DUPLICATE_ID,repaired SLUG_TAKEN,rejected DUPLICATE_ID", ""},
		"no number":          {oldExport(strings.Replace(oldPost(1), "post_id>1<", "post_id><", 1)), 1, 0, "repaired MISSING_ID", ""},
		"neither":            {oldExport("<item><title>x</title><wp:post_type>post</wp:post_type><wp:status>publish</wp:status></item>"), 0, 1, "rejected MISSING_ID", ""},
		"unknown type":       {oldExport(strings.Replace(oldPost(1), "post_type>post<", "post_type>product<", 1), oldPost(2)), 1, 1, "rejected UNKNOWN_TYPE", ""},
		"unknown status":     {oldExport(strings.Replace(oldPost(1), ">publish<", ">wc-done<", 1)), 1, 0, "repaired UNKNOWN_STATUS", ""},
		"pages in a circle": {oldExport(strings.NewReplacer("post_type>post<", "post_type>page<", "<wp:post_id>", "<wp:post_parent>2</wp:post_parent><wp:post_id>").Replace(oldPost(1)),
			strings.NewReplacer("post_type>post<", "post_type>page<", "<wp:post_id>", "<wp:post_parent>1</wp:post_parent><wp:post_id>").Replace(oldPost(2))), 2, 0, "repaired NO_PARENT,repaired NO_PARENT", ""},
		"comments in a circle": {oldExport(oldPost(1, oldComment(1, 2), oldComment(2, 1), oldComment(3, 3))), 1, 0, "repaired NO_PARENT,repaired NO_PARENT", ""},
		"300 authors": {oldExport(many(300, func(i int) string {
			return fmt.Sprintf("<wp:author><wp:author_login>a%d</wp:author_login></wp:author>", i)
		}), oldPost(1)), 1, 0, "", ""},
		"300 by-lines": {oldExport(oldPost(1, many(300, func(i int) string {
			return fmt.Sprintf(`<category domain="author" nicename="cap-a%d">a%d</category>`, i, i)
		}))), 1, 0, "repaired TOO_MANY", ""},
		"serialised PHP":      {oldExport(oldPost(1, `<wp:postmeta><wp:meta_key>x</wp:meta_key><wp:meta_value><![CDATA[O:8:"Exploder":1:{s:4:"file";s:11:"/etc/passwd";}]]></wp:meta_value></wp:postmeta>`)), 1, 0, "", ""},
		"hostile HTML":        {oldExport(strings.Replace(oldPost(1), "Words", `<script>x</script><a href="javascript:x">w</a><svg onload=x>`, 1)), 1, 0, "", ""},
		"an empty comment":    {oldExport(oldPost(1, strings.Replace(oldComment(1, 0), "Remark 1", "", 1))), 1, 0, "repaired EMPTY_COMMENT", ""},
		"a body over a limit": {oldExport(strings.Replace(oldPost(1), "Words", strings.Repeat("word ", 20_000), 1), oldPost(2)), 1, 1, "rejected TOO_LARGE", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})
			s := wxrServices(db)
			limits := wxr.Options{MaxBodyBytes: 50_000}
			r := wxrImported(t, s, c.in, WXROptions{Limits: limits})
			fatal, codes := "", []string{}
			if r.Fatal != nil {
				fatal = r.Fatal.Code
			}
			for _, l := range r.Lines {
				codes = append(codes, string(l.Outcome)+" "+l.Code)
			}
			if r.Created != c.created || r.Rejected != c.rejected || fatal != c.fatal || strings.Join(codes, ",") != c.codes {
				t.Errorf("created %d, rejected %d, %s, %q", r.Created, r.Rejected, fatal, codes)
			}
			// What was told does not grow: the next time, everything is as it was.
			before := contents(t, db)
			if r := wxrImported(t, s, c.in, WXROptions{Limits: limits}); r.Created+r.Updated != 0 {
				t.Errorf("again: created %d, updated %d", r.Created, r.Updated)
			}
			if diff := gocmp.Diff(before, contents(t, db)); diff != "" {
				t.Errorf("again (-first +second):\n%s", diff)
			}
			ctx := access.AsSystem(t.Context())
			articles, _ := db.Ent(ctx).Article.Query().Count(ctx)
			details, _ := db.Ent(ctx).ArticleDetail.Query().Count(ctx)
			if articles != details || strings.Contains(before, "<script") || strings.Contains(before, "javascript:") {
				t.Errorf("%d articles, %d bodies", articles, details)
			}
			// Strictly, nothing is mended.
			_, err := WXR(ctx, wxrServices(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})), []WXRFile{asFile("x", c.in)}, WXROptions{Limits: limits, Strict: true})
			told := c.codes + c.fatal
			if quiet := told == "" || strings.Contains(told, "NO_PARENT") || strings.Contains(told, "EMPTY_COMMENT"); errors.Is(err, ErrStrict) == quiet {
				t.Errorf("strictly: %v", err)
			}
		})
	}
}

const wxrChild = "BROADSHEET_TEST_WXR_CHILD"

func killedExport() string {
	return oldExport(many(40, func(i int) string { return oldPost(i, oldComment(10*i, 0), oldComment(10*i+1, 10*i)) }))
}

func TestWXRKilledChild(t *testing.T) {
	url := os.Getenv(wxrChild)
	if url == "" {
		return // it is the other test that runs this one
	}
	db, err := store.Open(context.Background(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, calls := wxrServices(db), 0
	s.Content.Now = func() time.Time {
		if calls++; calls > 5 { // a few batches are stored, one is half done
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return noon
	}
	_, err = WXR(t.Context(), s, []WXRFile{asFile("killed.xml", killedExport())}, WXROptions{batchItems: 10})
	t.Fatalf("survived: %v", err)
}

func TestWXRResumesAfterKill(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWXRKilledChild$")
		child.Env = append(os.Environ(), wxrChild+"="+url)
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Success() || exit.ExitCode() != -1 {
			t.Fatalf("the child was not killed: %v\n%s", err, out)
		}
		db := testkit.Open(t, url, store.Options{})
		done := rows(t, db)
		if done["articles"] == 0 || done["articles"] >= 40 || done["articles"] != done["details"] {
			t.Fatalf("the kill left %v", done)
		}
		r, err := WXR(t.Context(), wxrServices(db), []WXRFile{asFile("killed.xml", killedExport())}, WXROptions{batchItems: 10, Resume: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.Resumed == 0 || r.Created != 40 || r.Unchanged != 0 {
			t.Errorf("resumed after %d: created %d, unchanged %d", r.Resumed, r.Created, r.Unchanged)
		}
		ctx := access.AsSystem(t.Context())
		if n, _ := db.Ent(ctx).Comment.Query().Where(comment.ParentIDNotNil()).Count(ctx); n != 40 || rows(t, db)["articles"] != 40 {
			t.Errorf("%d replies, %v", n, rows(t, db))
		}
	})
}

func TestVerifyWXRFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		wxrImported(t, s, newsroom(t), WXROptions{})
		files := []WXRFile{asFile("export.xml", newsroom(t))}
		verify := func() *Verification {
			v, err := VerifyWXR(t.Context(), s, files, WXROptions{})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if v := verify(); !v.Equal() || len(v.Lines) > 0 {
			t.Errorf("after the import: %+v", v.Lines)
		}
		ctx := access.AsSystem(t.Context())
		client := db.Ent(ctx)
		for _, err := range []error{
			client.Article.Update().Where(article.Slug("storm")).SetTitle("Calm").SetStatus(article.StatusDraft).Exec(ctx),
			client.Comment.Update().Where(comment.Body("A reply.")).SetStatus(comment.StatusTrash).Exec(ctx),
			client.Media.Update().Where(media.SourceURLContains("quay")).SetCaption("Another").Exec(ctx),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.Article.Delete().Where(article.Slug("hostile")).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range verify().Lines {
			got = append(got, fmt.Sprintf("%s %s: %s, here %s", l.URI, l.Field, l.There, l.Here))
		}
		want := []string{
			"https://old.example/?p=202 caption: , here Another",
			"https://old.example/?p=101#comment-2 status: APPROVED, here TRASH",
			"https://old.example/?p=102 title: The storm, here Calm",
			"https://old.example/?p=102 status: PUBLISHED, here DRAFT",
			"https://old.example/?p=110 item: there, here missing",
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestPlaceMediaShowsWhatWasFetched(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		text := strings.Replace(newsroom(t), "About us.]]>", `About <a href="https://old.example/wp-content/uploads/2024/05/harbour.jpg">us</a>.<img src="https://old.example/wp-content/uploads/2024/05/quay-10x10.jpg">]]>`, 1)
		wxrImported(t, s, text, WXROptions{})
		ctx := access.AsSystem(t.Context())
		for name, key := range map[string]string{"quay": "2026/03/q.jpg", "harbour": "2026/03/h.jpg"} {
			if err := db.Ent(ctx).Media.Update().Where(media.SourceURLContains(name)).SetBlobKey(key).SetWidth(30).SetHeight(20).Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := PlaceMedia(ctx, s.Services); err != nil || n != 3 {
			t.Errorf("%d bodies, %v", n, err)
		}
		got := contents(t, db)
		for _, want := range []string{
			`src="/media/2026/03/q.jpg" alt="The quay" width="30" height="20"`, `About <a href="/media/2026/03/h.jpg">us</a>`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in\n%s", want, got)
			}
		}
		if n, err := PlaceMedia(ctx, s.Services); err != nil || n != 0 {
			t.Errorf("again: %d bodies, %v", n, err)
		}
		// The next export finds everything as it was.
		if r := wxrImported(t, s, text, WXROptions{}); r.Created+r.Updated != 0 {
			t.Errorf("created %d, updated %d", r.Created, r.Updated)
		}
	})
}

func TestWordPressUsersKeepTheirPasswords(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := wxrServices(db)
		wxrImported(t, s, newsroom(t), WXROptions{})
		accounts := account.New(db, s.Log, audit.NewLog(db))
		const hash = "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"
		dump := "ID,user_login,user_pass,user_nicename,user_email,display_name,roles\n1,ana," + hash + ",ana,Ana@old.example,Ana Reis,editor\n2,bo,5f4dcc3b5aa765d61d8327deb882cf99,bo,bo@old.example,,author\n3,x,,x,nobody,X,\n"
		take := func() *UsersReport {
			r, err := WordPressUsers(t.Context(), s.Services, accounts, strings.NewReader(dump))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := take(); r.Created != 2 || r.Passwords != 1 || r.Authors != 2 || r.Rejected != 1 {
			t.Errorf("got %+v", r)
		}
		if r := take(); r.Created != 0 || r.Unchanged != 2 || r.Passwords != 0 || r.Authors != 0 {
			t.Errorf("again: %+v", r)
		}
		ctx := access.AsSystem(t.Context())
		u, err := db.Ent(ctx).User.Query().Where(user.Email("ana@old.example")).WithAuthor().Only(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if u.Role != user.RoleEditor || !wxr.CheckPassword(u.PasswordHash, "test12345") || u.Edges.Author == nil || u.Edges.Author.Slug != "ana" {
			t.Errorf("got %+v", u)
		}
	})
}
