package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"path"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// fileBatch is how many attachments are stored together.
const fileBatch = 200

// oldFile is an attachment. Its original stays where it is until media are
// imported.
type oldFile struct {
	site   *oldSite
	at     position
	number int
	status string
	uri    string
	title  string
	link   string // of the page that WordPress makes for a file

	Kind         media.Kind
	URL          string
	Alt, Caption string
	Credit       string
	Rights       *schema.Rights
	Width        int
	Height       int
	meta         fields
	comments     []wxr.Comment // without their texts, to be counted
	metaCount    int
	hash         string
	repairs      []fix
	refusal      *fix
}

func newOldFile(s *oldSite, it *wxr.Item) *oldFile {
	f := &oldFile{
		site: s, at: position{it.Index, it.Line, it.Offset}, number: it.ID, status: it.Status, title: tidy(richtext.PlainText(it.Title)),
		URL: strings.TrimSpace(it.AttachmentURL), Alt: tidy(richtext.PlainText(it.Get("_wp_attachment_image_alt"))),
		Caption: shorten(strings.TrimSpace(richtext.PlainText(it.Excerpt)), 10_000),
	}
	f.readMeta(it)
	f.metaCount = len(it.Meta)
	for i := range it.Comments {
		f.comments = append(f.comments, wxr.Comment{Approved: it.Comments[i].Approved, Type: it.Comments[i].Type})
	}
	f.uri = s.itemURI(it.ID)
	if it.ID == 0 {
		f.uri = it.GUID
	}
	if u, ok := s.path(it.Link); ok && u.RawQuery == "" && it.Link != "" {
		f.link = it.Link
	}
	f.repairs = damage(it)
	address, ok := s.path(f.URL)
	switch {
	case f.URL == "":
		f.refusal = &fix{reasonNoFile, "the attachment has no address of a file"}
	case f.uri == "":
		f.refusal = &fix{reasonNoIdentity, "the attachment has neither a number nor a guid"}
	case ok:
		f.URL = address.String()
	case !strings.HasPrefix(f.URL, "http://") && !strings.HasPrefix(f.URL, "https://"):
		f.refusal = &fix{reasonNoFile, "the address of the file is none: " + shorten(f.URL, 100)}
	}
	f.Kind = kindOfFile(f.URL)
	text, _ := json.Marshal(f) // strings always marshal
	sum := sha256.Sum256(text)
	f.hash = hex.EncodeToString(sum[:])
	return f
}

// readMeta takes who made a file and whose it is, by the plugins for credits and else by what the
// camera or the agency wrote into it.
func (f *oldFile) readMeta(it *wxr.Item) {
	var credit, organisation, copyright, fromFile string
	for _, m := range it.Meta {
		value := tidy(richtext.PlainText(m.Value))
		switch m.Key {
		case "_wp_attachment_image_alt":
			f.meta.use("alternative text")
		case "_media_credit", "media_credit", "_credit", "credit", "photo_credit", "_photo_credit", "photographer", "photographer_name", "_photographer_name", "_wp_attachment_source_name":
			if credit == "" {
				credit = value
			}
			f.meta.use("credit")
		case "_navis_media_credit_org", "credit_organization", "_media_credit_org":
			organisation = value
			f.meta.use("credit")
		case "copyright", "_copyright", "media_copyright", "_media_copyright":
			copyright = cmp.Or(copyright, value)
			f.meta.use("rights.notice")
		case "_wp_attachment_metadata":
			values := wxr.PHPTexts(m.Value, "credit", "copyright", "width", "height")
			fromFile = tidy(values["credit"])
			copyright = cmp.Or(copyright, tidy(values["copyright"]))
			f.Width, f.Height = pixels(values["width"]), pixels(values["height"])
			f.meta.use("size, credit and rights, of the metadata of the file")
		default:
			countName(&f.meta.dropped, m.Key, 1)
		}
	}
	f.Credit = cmp.Or(credit, fromFile)
	if organisation != "" && !strings.Contains(f.Credit, organisation) {
		f.Credit = strings.TrimPrefix(f.Credit+"/"+organisation, "/")
	}
	f.Credit = shorten(f.Credit, maxShort)
	if copyright != "" {
		f.Rights = &schema.Rights{Notice: shorten(copyright, maxNotice)}
	}
	if description := tidy(richtext.PlainText(it.Content)); description != "" && description != f.Caption {
		f.meta.mark("descriptions of attachments: left out")
	}
}

func pixels(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 100_000 {
		return 0
	}
	return n
}

// damage gives what the reader has mended in an item.
func damage(it *wxr.Item) []fix {
	var all []fix
	for _, p := range it.Problems {
		all = append(all, fix{string(p.Code), p.Message})
	}
	return all
}

// contentTypes are those of names that machines may not know.
var contentTypes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".svg": "image/svg+xml",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".ogv": "video/ogg", ".wmv": "video/x-ms-wmv", ".avi": "video/x-msvideo",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac",
	".pdf": "application/pdf",
}

func contentType(address string) string {
	address, _, _ = strings.Cut(address, "?")
	ext := strings.ToLower(path.Ext(address))
	if t := contentTypes[ext]; t != "" {
		return t
	}
	t, _, _ := strings.Cut(mime.TypeByExtension(ext), ";")
	return t
}

func kindOfFile(address string) media.Kind {
	switch first, _, _ := strings.Cut(contentType(address), "/"); first {
	case "image":
		return media.KindImage
	case "video":
		return media.KindVideo
	case "audio":
		return media.KindAudio
	}
	return media.KindFile
}

// storeFiles stores attachments in one transaction. One that is there changes
// only where the export says something else than it did before: what was
// written here stays.
func (in *wxrImport) storeFiles(ctx context.Context, files []*oldFile) error {
	next := in.report.clone()
	err := in.DB.Tx(ctx, func(ctx context.Context) error { return in.storeFilesIn(ctx, files, next) })
	if err != nil {
		return err
	}
	if !in.report.Surveyed { // by an earlier run
		in.report = next
	}
	return nil
}

func (in *wxrImport) storeFilesIn(ctx context.Context, files []*oldFile, report *WXRReport) error {
	var uris []string
	for _, f := range files {
		if f.refusal == nil {
			uris = append(uris, f.uri)
		}
	}
	client := in.DB.Ent(ctx)
	rows, err := client.Media.Query().Where(media.SourceURIIn(uris...)).All(ctx)
	if err != nil {
		return fmt.Errorf("look for media: %w", err)
	}
	have := make(map[string]*ent.Media, len(rows))
	for _, m := range rows {
		have[*m.SourceURI] = m
	}
	seen, err := sources(ctx, in.DB, uris)
	if err != nil {
		return err
	}
	var events []event.Event
	for _, f := range files {
		res := &result{item: &item{at: f.at, uri: f.uri, repairs: f.repairs}, outcome: Unchanged, code: reasonSame}
		old := have[f.uri]
		switch {
		case f.refusal != nil:
			res.outcome, res.code, res.message = Rejected, f.refusal.code, f.refusal.message
		case old != nil && old.SourceURL == f.URL && seen[f.uri].hash == f.hash:
		case old == nil:
			m, err := client.Media.Create().SetSourceURI(f.uri).SetSourceURL(f.URL).SetKind(f.Kind).SetContentType(contentType(f.URL)).
				SetAlt(f.Alt).SetCaption(f.Caption).SetCredit(f.Credit).SetRights(f.Rights).SetWidth(f.Width).SetHeight(f.Height).Save(ctx)
			if err != nil {
				return fmt.Errorf("store a media item: %w", err)
			}
			have[f.uri] = m
			res.outcome, res.code = Created, ""
			events = append(events, event.Event{Action: event.Created, Entity: id.Media, EntityID: m.ID})
		default:
			b := client.Media.UpdateOneID(old.ID).SetSourceURL(f.URL).SetCaption(f.Caption)
			if f.Credit != "" {
				b.SetCredit(f.Credit)
			}
			if f.Rights != nil {
				b.SetRights(f.Rights)
			}
			if f.Alt != "" { // a person may have written one where there was none
				b.SetAlt(f.Alt)
			}
			if have[f.uri], err = b.Save(ctx); err != nil {
				return fmt.Errorf("update a media item: %w", err)
			}
			res.outcome, res.code = Updated, ""
			events = append(events, event.Event{Action: event.Updated, Entity: id.Media, EntityID: old.ID})
		}
		if in.opts.Strict && (f.refusal != nil || len(f.repairs) > 0) {
			return strictly(f.at, append(f.repairs, fixOf(f.refusal)...))
		}
		report.count("attachment", f.status, res)
		switch res.outcome {
		case Created, Updated:
			f.meta.count(report)
		case Rejected:
			countName(&report.Dropped, "of items of the type attachment that are not here", f.metaCount)
		}
		leaveComments(report, f.comments, "on a file")
		if f.refusal != nil {
			continue
		}
		if err := saveSource(ctx, in.DB, f.uri, lastSeen{hash: f.hash}); err != nil {
			return err
		}
		if f.link != "" {
			f.site.addresses[f.site.fileKey(f.link)] = have[f.uri].ID
		}
		if f.Kind != media.KindImage {
			f.site.kinds[f.number], f.site.titles[f.number] = f.Kind, f.title
		}
	}
	return in.Log.Append(ctx, events...)
}

func fixOf(f *fix) []fix {
	if f == nil {
		return nil
	}
	return []fix{*f}
}

// strictly is how an import ends that may not mend anything.
func strictly(at position, fixes []fix) error {
	f := fixes[len(fixes)-1]
	return fmt.Errorf("%w: item %d, line %d: %s: %s", ErrStrict, at.index, at.line, f.code, f.message)
}

var filesSQL = store.MaintainBoth(`SELECT id, source_uri, source_url FROM media WHERE id > $1 AND source_uri LIKE $2 ORDER BY id LIMIT 5000`)

// loadFiles makes known all files of a site, those of earlier exports too.
func (in *wxrImport) loadFiles(ctx context.Context, s *oldSite) error {
	last := 0
	for {
		n := 0
		_, err := store.Collect(ctx, in.DB, filesSQL, func(rows *sql.Rows) (struct{}, error) {
			var uri, address string
			if err := rows.Scan(&last, &uri, &address); err != nil {
				return struct{}{}, err
			}
			n++
			number := 0
			if rest, ok := strings.CutPrefix(uri, s.uri+"/?p="); ok {
				_, _ = fmt.Sscanf(rest, "%d", &number)
			}
			s.addFile(address, number, last)
			return struct{}{}, nil
		}, last, s.uri+"/%")
		if err != nil {
			return fmt.Errorf("read the media of %s: %w", s.uri, err)
		}
		if n == 0 {
			return nil
		}
	}
}
