package newsroom_test

import (
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestTranslationsHaveALanguageEach: an article joins another in another language
// only, and whoever keeps the other one learns that it has a translation.
func TestTranslationsHaveALanguageEach(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		original := b.step(access.Editor, newsroom.Publish, b.create(access.Author, "Harbour opens"))
		of := newsroom.Maybe[int]{Given: true, Value: &original.ID}
		arabic := b.create(access.Author, "افتتاح الميناء")
		if err := b.patch(arabic, newsroom.Patch{TranslationOf: of}); reasonOf(err) != fault.Taken {
			t.Errorf("in the language of the original: %v", err)
		}
		before := b.events("article.updated")
		if err := b.patch(arabic, newsroom.Patch{TranslationOf: of, Language: new("ar")}); err != nil {
			t.Fatal(err)
		}
		if got := b.events("article.updated") - before; got != 2 {
			t.Errorf("%d events, want one of the translation and one of the original", got)
		}
		kept := b.stored(original)
		if kept.Version != original.Version || kept.TranslationGroup == nil || *kept.TranslationGroup != original.ID {
			t.Errorf("the original has version %d and group %v", kept.Version, kept.TranslationGroup)
		}
		second := b.create(access.Author, "الميناء")
		if err := b.patch(second, newsroom.Patch{TranslationOf: of, Language: new("ar")}); reasonOf(err) != fault.Taken {
			t.Errorf("a second translation into one language: %v", err)
		}
		french := b.create(access.Author, "Le port ouvre")
		if err := b.patch(french, newsroom.Patch{TranslationOf: newsroom.Maybe[int]{Given: true, Value: &arabic.ID}, Language: new("fr")}); err != nil {
			t.Fatal(err)
		}
		if err := b.patch(french, newsroom.Patch{Language: new("ar")}); reasonOf(err) != fault.Taken {
			t.Errorf("another language that is taken: %v", err)
		}
		if err := b.patch(french, newsroom.Patch{TranslationOf: newsroom.Maybe[int]{Given: true}}); err != nil {
			t.Fatal(err)
		}
		if err := b.patch(french, newsroom.Patch{Language: new("ar")}); err != nil {
			t.Errorf("alone again: %v", err)
		}
	})
}
