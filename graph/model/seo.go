package model

// SEO is what search engines and share previews are told.
type SEO struct {
	Title        string
	Description  string
	CanonicalURL string
	NoIndex      bool
	// Of is what it is said of: a row of package loader.
	Of any
}
