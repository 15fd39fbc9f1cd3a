package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/mail"
	"regexp"
	"strings"

	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// commentKinds are the types of comments that are known. Others are notes of
// plugins, which are often private.
var commentKinds = map[string]entcomment.Kind{
	"": entcomment.KindComment, "comment": entcomment.KindComment, "review": entcomment.KindComment,
	"pingback": entcomment.KindPingback, "trackback": entcomment.KindTrackback,
}

// commentStatus says what a status of WordPress is here; false: not known.
func commentStatus(approved string) (entcomment.Status, bool) {
	switch approved {
	case "1", "approve", "approved":
		return entcomment.StatusApproved, true
	case "0", "hold", "":
		return entcomment.StatusPending, true
	case "spam":
		return entcomment.StatusSpam, true
	case "trash", "post-trashed":
		return entcomment.StatusTrash, true
	}
	return entcomment.StatusPending, false
}

// maxCommentBytes leaves room below the bound of package comment.
const maxCommentBytes = 90_000

// remark is a comment on its way.
type remark struct {
	*wxr.Comment
	draft  comment.Draft
	status string // as it is counted
	wanted int    // number of the parent
	uri    string
}

// kindName is how the type of a comment is counted.
func kindName(c *wxr.Comment) string {
	if c.Type == "" {
		return "comment"
	}
	return c.Type
}

// newRemark makes a draft of a comment, without its place. A fix says why
// there is none.
func newRemark(p *post, c *wxr.Comment) (*remark, *fix) {
	status, known := commentStatus(c.Approved)
	r := &remark{Comment: c, status: strings.ToLower(string(status)), wanted: c.Parent}
	if !known {
		r.status = c.Approved
	}
	kind, ok := commentKinds[c.Type]
	if !ok {
		return r, &fix{string(leftOut), ""}
	}
	body := strings.TrimSpace(richtext.PlainText(wxr.Paragraphs(writeLinks(c.Content))))
	if body == "" {
		return r, &fix{reasonNoComment, fmt.Sprintf("comment %d is empty", c.ID)}
	}
	r.draft = comment.Draft{
		GuestName: shorten(tidy(richtext.PlainText(c.Author)), 250), Body: shorten(body, maxCommentBytes), Kind: kind, Status: status, PostedAt: c.Date,
	}
	if a, err := mail.ParseAddress(c.Email); err == nil && len(a.Address) <= 254 {
		r.draft.GuestEmail = a.Address
	}
	text, _ := json.Marshal([]any{r.draft.GuestName, r.draft.GuestEmail, c.Content, kind, status, c.Date, c.Parent}) // texts always marshal
	sum := sha256.Sum256(text)
	r.draft.SourceHash = hex.EncodeToString(sum[:])
	if r.uri = p.commentURI(c.ID); c.ID == 0 {
		r.uri = p.uri + "#comment-" + r.draft.SourceHash[:16]
	}
	r.draft.SourceURI = r.uri
	return r, nil
}

// anchor matches a link in a comment.
var anchor = regexp.MustCompile(`(?is)<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>(.*?)</a>`)

// writeLinks writes the addresses of links behind their words, for comments are plain text.
func writeLinks(text string) string {
	return anchor.ReplaceAllStringFunc(text, func(link string) string {
		parts := anchor.FindStringSubmatch(link)
		address, label := strings.TrimSpace(html.UnescapeString(parts[1]+parts[2])), parts[3]
		if webAddress(address) == "" {
			return label
		}
		shown := strings.TrimSpace(richtext.PlainText(label))
		short, bare := strings.TrimSuffix(shown, "…"), strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
		if shown == address || short != "" && strings.HasPrefix(bare, short) { // the words are the address, or its beginning
			return html.EscapeString(address)
		}
		return label + " (" + html.EscapeString(address) + ")"
	})
}

func (p *post) commentURI(number int) string { return fmt.Sprintf("%s#comment-%d", p.uri, number) }

// leaveComments counts comments that have no place here.
func leaveComments(report *WXRReport, comments []wxr.Comment, where string) {
	for i := range comments {
		status, known := commentStatus(comments[i].Approved)
		name := strings.ToLower(string(status))
		if !known {
			name = comments[i].Approved
		}
		tally(&report.Comments, kindName(&comments[i])+" "+where, name).add(leftOut, false)
	}
}

// storeComments writes the comments of an article that are new or changed.
// Those that are as they were are left alone, with what was decided about them
// here.
func (in *wxrImport) storeComments(ctx context.Context, p *post, article int, report *WXRReport) error {
	if len(p.comments) == 0 {
		return nil
	}
	if p.refusal != nil || p.leave || p.isEntry {
		leaveComments(report, p.comments, "on an item that is not here")
		return nil
	}
	var all []*remark
	byNumber := map[int]*remark{}
	for i := range p.comments {
		c := &p.comments[i]
		at := position{p.at.index, c.Position.Line, c.Position.Offset}
		if c.URL != "" && article != 0 {
			countName(&report.Marks, "web addresses of people who commented: left out", 1)
		}
		r, bad := newRemark(p, c)
		row := tally(&report.Comments, kindName(c), r.status)
		switch {
		case article == 0 && (p.page != nil || p.kind == "page"):
			tally(&report.Comments, kindName(c)+" on a page", r.status).add(leftOut, false)
			continue
		case article == 0:
			row.add(Rejected, false)
			continue
		case bad != nil && bad.code == string(leftOut):
			row.add(leftOut, false)
			continue
		case bad != nil:
			row.add(Rejected, false)
			report.note(at, bad.code, p.uri, "%s", bad.message)
			continue
		case byNumber[c.ID] != nil && c.ID != 0:
			row.add(Rejected, false)
			report.note(at, reasonDuplicateID, p.uri, "an earlier comment has the number %d", c.ID)
			continue
		}
		all = append(all, r)
		byNumber[c.ID] = r
	}
	if len(all) == 0 {
		return nil
	}
	var uris []string
	for _, r := range all {
		uris = append(uris, r.uri)
		if r.wanted > 0 && byNumber[r.wanted] == nil {
			uris = append(uris, p.commentURI(r.wanted))
		}
	}
	stored, err := in.Comments.BySource(ctx, uris)
	if err != nil {
		return err
	}
	var drafts []*comment.Draft
	for _, r := range all {
		row := tally(&report.Comments, kindName(r.Comment), r.status)
		have, there := stored[r.uri]
		mended := false
		switch {
		case there && have.Hash == r.draft.SourceHash:
			row.add(Unchanged, false)
			continue
		case there:
			r.draft.ID = have.ID
			row.add(Updated, false)
		default:
			mended = !in.findParent(p, r, byNumber, stored, article)
			row.add(Created, mended)
		}
		if mended {
			report.note(position{p.at.index, r.Position.Line, r.Position.Offset}, reasonNoParent, r.uri, "comment %d, to which it replies, is not there: put at the top", r.wanted)
		}
		drafts = append(drafts, &r.draft)
	}
	_, err = in.Comments.Save(ctx, drafts...)
	return err
}

// findParent puts a comment below the one to which it replies. It is false
// when there is none such.
func (in *wxrImport) findParent(p *post, r *remark, byNumber map[int]*remark, stored map[string]comment.Imported, article int) bool {
	r.draft.ArticleID = article
	if r.wanted == 0 {
		return true
	}
	if have, ok := stored[p.commentURI(r.wanted)]; ok {
		r.draft.ParentID = &have.ID
		return true
	}
	parent := byNumber[r.wanted]
	if parent == nil {
		return false
	}
	// A circle has no beginning: whoever finds one stands at the top.
	for step, n := parent, 0; step != nil && step.wanted != 0; step, n = byNumber[step.wanted], n+1 {
		if step == r || n > len(byNumber) {
			r.wanted, r.draft.Parent = 0, nil
			return false
		}
		if _, ok := stored[step.uri]; ok {
			break
		}
	}
	r.draft.Parent = &parent.draft
	return true
}
