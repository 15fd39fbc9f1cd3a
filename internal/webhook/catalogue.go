package webhook

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/partner"
)

// TestEvent is the type of the event that Test sends.
const TestEvent = "webhook.test"

// typeOf is the type of the event that a change is told by.
func typeOf(t partner.ChangeType) string { return "article." + strings.ToLower(string(t)) }

// EventType is a type of events, with a schema and an example of its messages.
type EventType struct {
	Name, Description string
	Schema, Example   json.RawMessage
}

// Schemas of messages, JSON Schema 2020-12.
var (
	//go:embed schema_article.json
	articleSchema []byte
	//go:embed schema_test.json
	testSchema []byte
)

var described = map[partner.ChangeType]string{
	partner.ChangePublished: "An article was published.",
	partner.ChangeUpdated:   "An article was changed.",
	partner.ChangeCorrected: "A correction of an article was issued.",
	partner.ChangeEntered:   "An article came into the entitlement of the key, or came back.",
	partner.ChangeWithdrawn: "An article was taken back (reason UNPUBLISHED) or killed (reason KILLED): remove the copy, and acknowledge it if it was killed.",
	partner.ChangeDeleted:   "An article was deleted: remove the copy.",
	partner.ChangeLeft:      "An article left the entitlement of the key: remove the copy.",
}

// Types is the catalogue of events.
func Types() []EventType {
	var all []EventType
	for _, t := range partner.ChangeTypes() {
		reason := ""
		switch t {
		case partner.ChangeWithdrawn:
			reason = `"reason":"KILLED",`
		case partner.ChangeDeleted:
			reason = `"reason":"DELETED",`
		case partner.ChangeLeft:
			reason = `"reason":"NOT_ENTITLED",`
		}
		example := fmt.Sprintf(`{"type":%q,"timestamp":"2026-03-01T09:00:00Z","data":{"articleId":"art_0w3k5z7q9c1vd",%s"cursor":"YwIEn2…","href":"/partner/articles/art_0w3k5z7q9c1vd"}}`, typeOf(t), reason)
		all = append(all, EventType{typeOf(t), described[t], articleSchema, json.RawMessage(example)})
	}
	return append(all, EventType{TestEvent, "A test that an administrator asked for. It is about nothing.", testSchema,
		json.RawMessage(`{"type":"webhook.test","timestamp":"2026-03-01T09:00:00Z","data":{"message":"This is a test."}}`)})
}
