package readername_test

import (
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
)

// TestDeletedReaderIsNamedInTheSitesLanguage: a site in Arabic has no English names, nor
// has one in any other language that mails are written in.
func TestDeletedReaderIsNamedInTheSitesLanguage(t *testing.T) {
	t.Parallel()
	for language, name := range map[string]string{"": "Deleted reader", "en-GB": "Deleted reader", "ar": "قارئ حذف حسابه", "ar-OM": "قارئ حذف حسابه", "fr": "Deleted reader"} {
		if got := readername.Deleted(language); got != name {
			t.Errorf("%q: %q, want %q", language, got, name)
		}
	}
	for _, language := range readername.DeletedLanguages() {
		if mail.Supported(language) != language {
			t.Errorf("mails are not written in %s", language)
		}
	}
}
