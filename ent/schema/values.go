package schema

import "time"

// The structured values that rows keep as JSON: facts that are read whole and
// never searched by.

// Label is the wording of a section, tag or menu item in one language. What a
// thing is called is apart from what it is.
type Label struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Labels are keyed by BCP 47 language.
type Labels map[string]Label

// MediaWords are the words of a media item in one language. Empty ones fall back to
// those for all languages.
type MediaWords struct {
	Alt     string `json:"alt,omitempty"`
	Caption string `json:"caption,omitempty"`
	Credit  string `json:"credit,omitempty"`
}

// SEO is what search engines and share previews are told instead of the
// visible words. Empty fields fall back to the visible ones.
type SEO struct {
	Title        string `json:"title,omitempty"`
	Description  string `json:"description,omitempty"`
	CanonicalURL string `json:"canonicalUrl,omitempty"`
	NoIndex      bool   `json:"noIndex,omitempty"`
}

// Outputs are the settings of what other programs read of the site.
type Outputs struct {
	FullText  bool   `json:"fullText,omitempty"` // feeds have whole articles, not excerpts
	RobotsTxt string `json:"robotsTxt,omitempty"`
	AdsTxt    string `json:"adsTxt,omitempty"`
	HumansTxt string `json:"humansTxt,omitempty"`
}

// Rights say who owns a text or picture and how it may be used.
type Rights struct {
	Holder     string `json:"holder,omitempty"`
	Notice     string `json:"notice,omitempty"`
	UsageTerms string `json:"usageTerms,omitempty"`
}

// SocialProfile is an account of the site elsewhere, with its audience as an
// integer; how "235.3k" is written is the front end's business.
type SocialProfile struct {
	Network       string     `json:"network"`
	URL           string     `json:"url"`
	AudienceCount int        `json:"audienceCount"`
	Action        string     `json:"action,omitempty"`
	CountedAt     *time.Time `json:"countedAt,omitempty"`
}

// LegalDocument names the page that holds a version of the terms, the privacy
// policy or the like.
type LegalDocument struct {
	Kind        string    `json:"kind"`
	Version     string    `json:"version"`
	PublishedAt time.Time `json:"publishedAt"`
	PageSlug    string    `json:"pageSlug"`
}

// Consent is the wording a reader agrees to in a form, by version.
type Consent struct {
	Version string `json:"version"`
	HTML    string `json:"html"`
}

// CommentSettings are the rules for comments on the whole site. Zero values
// stand for the defaults, which internal/comment knows.
type CommentSettings struct {
	Mode            string   `json:"mode,omitempty"`       // who may comment at most, as articles.comment_policy
	Moderation      string   `json:"moderation,omitempty"` // BEFORE or AFTER comments are shown
	CloseAfterDays  int      `json:"closeAfterDays,omitempty"`
	MaxDepth        int      `json:"maxDepth,omitempty"`
	MaxLength       int      `json:"maxLength,omitempty"` // characters
	MaxLinks        *int     `json:"maxLinks,omitempty"`
	EditMinutes     *int     `json:"editMinutes,omitempty"`
	MinSeconds      *int     `json:"minSeconds,omitempty"` // on the page before a comment is sent
	HeldWords       []string `json:"heldWords,omitempty"`
	RefusedWords    []string `json:"refusedWords,omitempty"`
	BlockedNetworks []string `json:"blockedNetworks,omitempty"` // CIDR
}

// MailedArticle is an article as a newsletter showed it.
type MailedArticle struct {
	ID      int    `json:"id"`
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
	Path    string `json:"path"`
}
