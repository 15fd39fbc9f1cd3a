package readername_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	if diff := cmp.Diff(slices.Sorted(slices.Values(mail.Languages())), readername.DeletedLanguages()); diff != "" {
		t.Errorf("languages with a name, against those of mails (-want +got):\n%s", diff)
	}
}
