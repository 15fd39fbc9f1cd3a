package webhook

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/partner"
)

// Types of events that are no changes.
const (
	TestEvent     = "webhook.test"          // Test sends it
	ReminderEvent = "article.kill_reminder" // an editor reminds partners of a kill
)

// typeOf is the type of the event that a change is told by.
func typeOf(t partner.ChangeType) string { return "article." + strings.ToLower(string(t)) }

// commentPrefix begins the types of events about comments.
const commentPrefix = "comment."

// commentTypeOf is the type of the event that a change of a comment is told by.
func commentTypeOf(t partner.CommentChangeType) string {
	return commentPrefix + strings.ToLower(string(t))
}

// EventType is a type of events, with a schema and an example of its messages.
type EventType struct {
	Name, Description string
	Schema, Example   json.RawMessage
}

// Schemas of messages, JSON Schema 2020-12.
var (
	//go:embed schema_article.json
	articleSchema []byte
	//go:embed schema_reminder.json
	reminderSchema []byte
	//go:embed schema_comment.json
	commentSchema []byte
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

var describedComments = map[partner.CommentChangeType]string{
	partner.CommentPublished: "A comment below an article that the key is entitled to became public. Needs the scope COMMENTS.",
	partner.CommentEdited:    "The text of a comment, or the name of its author, was changed. Needs the scope COMMENTS.",
	partner.CommentRemoved:   "A comment is not public any more: remove the copy. Needs the scope COMMENTS.",
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
	all = append(all, EventType{ReminderEvent, "An editor reminds the partner of an article that was killed: remove the copy, and acknowledge it.", reminderSchema,
		json.RawMessage(`{"type":"article.kill_reminder","timestamp":"2026-03-01T11:00:00Z","data":{"articleId":"art_0w3k5z7q9c1vd","reason":"KILLED","cursor":"YwIEn2…","href":"/partner/articles/art_0w3k5z7q9c1vd"}}`)})
	for _, t := range partner.CommentChangeTypes() {
		example := fmt.Sprintf(`{"type":%q,"timestamp":"2026-03-01T09:05:00Z","data":{"commentId":"com_1q8m2x4r6t0yb","articleId":"art_0w3k5z7q9c1vd","href":"/partner/comments/com_1q8m2x4r6t0yb"}}`, commentTypeOf(t))
		all = append(all, EventType{commentTypeOf(t), describedComments[t], commentSchema, json.RawMessage(example)})
	}
	return append(all, EventType{TestEvent, "A test that an administrator asked for. It is about nothing.", testSchema,
		json.RawMessage(`{"type":"webhook.test","timestamp":"2026-03-01T09:00:00Z","data":{"message":"This is a test."}}`)})
}
