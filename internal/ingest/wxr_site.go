package ingest

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// oldSite is what is known of a WordPress site while it is imported: numbers
// and names, never bodies.
type oldSite struct {
	base     *url.URL
	uri      string // the beginning of the addresses of its things
	title    string
	tagline  string
	tongue   string // the language as the site itself says it
	language string

	seed       maphash.Seed
	guids      map[int]uint64     // by number of an item: its identity, to find numbers given twice
	taken      map[uint64]bool    // guids that stand for numbers
	keys       map[termKey]int    // keys of sections and tags
	termIDs    map[int]termKey    // by number
	ways       map[string]string  // by slug of a section: the slugs on the way to it
	terms      []*wxr.Term        // as they were read, until they are stored
	otherTerms map[string]int     // that are no sections and tags
	authors    map[string]int     // keys by login
	people     []taxonomy.Author  // until they are stored
	logins     []string           // of people
	media      map[int]int        // keys by number
	addresses  map[uint64]int     // keys of media by old address
	kinds      map[int]media.Kind // by number, of what is no picture
	titles     map[int]string     // likewise
	attached   map[int][]int      // by number of a post: those of its attachments
	patterns   map[int]string     // bodies of reusable blocks
	patternLen int
	parents    map[int]int    // of pages, by number; of two pages with a number, of the first
	firsts     map[int]uint64 // by number: the first post or page that has it
	pageURIs   map[int]string // of pages, by number
	pages      []placedPage   // in the order of the files
	blogs      map[int][]*oldEntry
	entryBytes int
	menus      []*oldMenu
}

// placedPage is a page with the number of the one above it.
type placedPage struct {
	uri            string
	number, parent int
}

type termKey struct{ taxonomy, slug string }

// Bounds on what is held of a site.
const (
	maxPatternBytes = 4 << 20
	maxTermsHeld    = 200_000
	maxPeople       = 20_000
)

// enter finds or makes the site that a file is about.
func (in *wxrImport) enter(rec *wxr.Site, index int) (*oldSite, error) {
	address := rec.BaseBlogURL
	if address == "" {
		address = rec.Link
	}
	base, err := url.Parse(strings.TrimRight(address, "/") + "/")
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		base = &url.URL{Scheme: "https", Host: "wordpress.invalid", Path: "/"}
	}
	uri := "https://" + bareHost(base) + strings.TrimRight(base.EscapedPath(), "/")
	s := in.sites[uri]
	if s == nil {
		s = &oldSite{
			base: base, uri: uri, title: rec.Title, tagline: rec.Description, tongue: rec.Language, seed: maphash.MakeSeed(), guids: map[int]uint64{}, taken: map[uint64]bool{}, keys: map[termKey]int{}, termIDs: map[int]termKey{}, ways: map[string]string{},
			authors: map[string]int{}, media: map[int]int{}, addresses: map[uint64]int{}, kinds: map[int]media.Kind{}, titles: map[int]string{},
			attached: map[int][]int{}, patterns: map[int]string{}, parents: map[int]int{}, firsts: map[int]uint64{}, pageURIs: map[int]string{}, blogs: map[int][]*oldEntry{},
		}
		s.language = languageOf(rec.Language, in.language)
		in.sites[uri] = s
		if !slices.Contains(in.report.Sites, address) {
			in.report.Sites = append(in.report.Sites, address)
		}
	}
	if in.mute {
		return s, nil
	}
	for _, p := range rec.Problems {
		at := position{index, p.Position.Line, p.Position.Offset}
		in.report.note(at, string(p.Code), "", "%s", p.Message)
		if in.opts.Strict {
			return nil, fmt.Errorf("%w: line %d: %s: %s", ErrStrict, p.Position.Line, p.Code, p.Message)
		}
	}
	return s, nil
}

// bareHost is the host of an address without what makes no difference.
func bareHost(u *url.URL) string {
	return strings.TrimPrefix(strings.ToLower(u.Host), "www.")
}

// languageOf reads a language tag as WordPress writes it: en-US, pt_BR. Where
// the language is the one here, the region is not told: all installations of
// WordPress have one.
func languageOf(tag, here string) string {
	if here == "" {
		here = "en"
	}
	parsed, err := language.Parse(strings.ReplaceAll(tag, "_", "-"))
	if err != nil || tag == "" {
		return here
	}
	base, _ := parsed.Base()
	if ours, err := language.Parse(here); err == nil {
		if known, _ := ours.Base(); known == base {
			return here
		}
	}
	return parsed.String()
}

// itemURI is the identity of a post, page or attachment: its short address,
// which holds whatever becomes of its title.
func (s *oldSite) itemURI(number int) string { return fmt.Sprintf("%s/?p=%d", s.uri, number) }

func (s *oldSite) hash(text string) uint64 { return maphash.String(s.seed, text) }

// path gives the path of an address on the old site, false for one elsewhere.
func (s *oldSite) path(address string) (*url.URL, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" {
		return nil, false
	}
	u = s.base.ResolveReference(u)
	if bareHost(u) != bareHost(s.base) {
		return nil, false
	}
	root := strings.TrimRight(s.base.Path, "/")
	if u.Path != root && !strings.HasPrefix(u.Path, root+"/") {
		return nil, false
	}
	return u, true
}

// sized matches what WordPress puts behind the name of a smaller picture, or
// of one that it scaled or turned at upload.
var sized = regexp.MustCompile(`-(?:\d{1,5}x\d{1,5}|scaled|rotated|e\d{10,})(\.[A-Za-z0-9]{2,5})$`)

// fileKey identifies a file by its address, whatever its size, host prefix and
// scheme.
func (s *oldSite) fileKey(address string) uint64 {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return 0
	}
	u = s.base.ResolveReference(u)
	return s.hash(bareHost(u) + path.Clean("/"+u.Path))
}

// addFile makes a file known by its address.
func (s *oldSite) addFile(address string, number, key int) {
	if number > 0 {
		s.media[number] = key
	}
	if address == "" {
		return
	}
	s.addresses[s.fileKey(address)] = key
	if bare := sized.ReplaceAllString(address, "$1"); bare != address {
		if k := s.fileKey(bare); s.addresses[k] == 0 {
			s.addresses[k] = key
		}
	}
}

// fileByAddress finds a file of ours by an old address, also that of a smaller
// copy.
func (s *oldSite) fileByAddress(address string) int {
	if key := s.addresses[s.fileKey(address)]; key != 0 {
		return key
	}
	if u, _, ok := strings.Cut(address, "?"); ok {
		address = u
	}
	if bare := sized.ReplaceAllString(address, "$1"); bare != address {
		return s.addresses[s.fileKey(bare)]
	}
	return 0
}

func mediaName(key int) string {
	if key == 0 {
		return ""
	}
	return id.Encode(id.Media, key)
}

// survey reads all files for what others refer to, and stores it.
func (in *wxrImport) survey(ctx context.Context) error {
	var files []*oldFile
	flush := func() error {
		if len(files) == 0 {
			return nil
		}
		batch := files
		files = nil
		return in.onFiles(ctx, batch)
	}
	err := in.read(ctx, func(s *oldSite, rec wxr.Record) error {
		switch {
		case rec.Author != nil:
			s.addAuthor(rec.Author)
		case rec.Term != nil:
			s.addTerm(rec.Term)
		case rec.Item != nil && rec.Item.Part == 0:
			if f := in.surveyItem(s, rec.Item); f != nil {
				if files = append(files, f); len(files) >= fileBatch {
					return flush()
				}
			}
		}
		return nil
	}, func(*wxr.ItemError) error { return nil })
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	for _, s := range in.sites {
		if err := in.storeTerms(ctx, s); err != nil {
			return err
		}
		if err := in.loadFiles(ctx, s); err != nil {
			return err
		}
	}
	in.report.Surveyed = true
	return nil
}

// surveyItem notes what others may refer to. It gives the file that an
// attachment is.
func (in *wxrImport) surveyItem(s *oldSite, it *wxr.Item) *oldFile {
	switch as := in.typeOf(it); as {
	case "post", wxr.TypePage:
		s.surveyPage(it, as == wxr.TypePage)
		return nil
	case wxr.TypeLiveEntry:
		if blog := in.blogOf(it); blog > 0 {
			s.blogs[blog] = nil
		}
		return nil
	}
	switch it.Type {
	case "attachment":
		if it.Parent > 0 {
			s.attached[it.Parent] = append(s.attached[it.Parent], it.ID)
		}
		return newOldFile(s, it)
	case "guest-author":
		s.addGuest(it)
	case "wp_block":
		if s.patternLen += len(it.Content); s.patternLen <= maxPatternBytes {
			s.patterns[it.ID] = it.Content
		}
	case "nav_menu_item":
		s.addMenuItem(it)
		if !in.report.Surveyed {
			countName(&in.report.Used, "menus", len(it.Meta))
		}
	}
	return nil
}

// surveyPage notes where a page belongs. Numbers that were given twice are told apart as
// identify does.
func (s *oldSite) surveyPage(it *wxr.Item, isPage bool) {
	if it.ID == 0 || it.Status == "auto-draft" || it.Status == "inherit" {
		return
	}
	me, uri := s.hash(it.GUID+"\x00"+it.Link), s.itemURI(it.ID)
	if first, twice := s.firsts[it.ID]; twice && first != me {
		uri = it.GUID
	} else if !twice && len(s.firsts) < maxSeen {
		s.firsts[it.ID] = me
	}
	if !isPage || uri == "" {
		return
	}
	if _, known := s.pageURIs[it.ID]; !known {
		s.pageURIs[it.ID], s.parents[it.ID] = uri, it.Parent
	}
	if it.Parent > 0 {
		s.pages = append(s.pages, placedPage{uri, it.ID, it.Parent})
	}
}

// takeSettings takes over the name, tagline and language of a site, unless this one has a name
// of its own.
func (in *wxrImport) takeSettings(ctx context.Context, s *oldSite) error {
	name, tagline := shorten(words(s.title), 200), shorten(words(s.tagline), 400)
	if name == "" && tagline == "" {
		return nil
	}
	there, err := in.DB.Ent(ctx).Site.Query().Count(ctx)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	row := tally(&in.report.Things, "site name and tagline", "")
	if there > 0 {
		row.add(Kept, false)
		return nil
	}
	set := site.Settings{Name: cmp.Or(name, "Broadsheet"), Tagline: tagline, Language: languageOf(s.tongue, "en")}
	if _, err := in.Site.SaveSettings(ctx, set); err != nil {
		in.report.note(position{}, reasonRefused, s.uri, "the name %q, tagline and language of the site were not taken over: %v", shorten(name, 60), err)
		row.add(leftOut, false)
		return nil //nolint:nilerr // told
	}
	row.add(Created, false)
	return nil
}

// oldMenu is a menu with its items as they were read.
type oldMenu struct {
	slug, name string
	items      []*oldMenuItem
	cut        int
}

type oldMenuItem struct {
	at            position
	number, order int
	parent        int
	label         string
	kind, object  string // taxonomy, category …
	objectID      int
	address       string
	target        site.Target
	status        string
}
