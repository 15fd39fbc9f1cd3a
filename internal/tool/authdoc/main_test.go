package main

import (
	"testing"

	"github.com/broadsheet-cms/broadsheet"
)

func TestSchemaSaysWhoMayUseEachField(t *testing.T) {
	t.Parallel()
	mended, err := describe(broadsheet.SDL)
	if err != nil {
		t.Fatal(err)
	}
	if mended != broadsheet.SDL {
		t.Error("schema.graphql does not say who may use its fields: make generate")
	}
}

func TestSentenceFollowsTheDirective(t *testing.T) {
	t.Parallel()
	const head = "directive @auth(can: Capability!) on FIELD_DEFINITION\nenum Capability { READ_AUDIT_LOG }\n"
	for _, c := range []struct{ name, have, want string }{
		{"is added", "type Query {\n  \"Who did what.\"\n  a: Int @auth(can: READ_AUDIT_LOG)\n}\n",
			"type Query {\n  \"Who did what. Needs READ_AUDIT_LOG (admin).\"\n  a: Int @auth(can: READ_AUDIT_LOG)\n}\n"},
		{"goes with it", "type Query {\n  \"Who did what. Needs READ_AUDIT_LOG (admin).\"\n  a: Int\n}\n", "type Query {\n  \"Who did what.\"\n  a: Int\n}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := describe(head + c.have)
			if err != nil {
				t.Fatal(err)
			}
			if got != head+c.want {
				t.Errorf("got\n%s\nwant\n%s", got, head+c.want)
			}
		})
	}
	if _, err := describe(head + "type Query {\n  a: Int @auth(can: READ_AUDIT_LOG)\n}\n"); err == nil {
		t.Error("a guarded field without a description was taken")
	}
}
