package trusted

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Parse reads the documents of a file: a GraphQL document, or a manifest in JSON as
// GraphQL Code Generator, the Relay compiler and Apollo's generator write it.
func Parse(name string, text []byte) ([]Document, error) {
	if !strings.HasSuffix(name, ".json") {
		document := string(text)
		if strings.TrimSpace(document) == "" {
			return nil, errors.New("the file is empty")
		}
		return []Document{{ID: Hash(document), Text: document}}, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("the manifest is no JSON object: %w", err)
	}
	if list, ok := members["operations"]; ok && bytes.HasPrefix(bytes.TrimSpace(list), []byte("[")) {
		return parseApollo(list)
	}
	documents := make([]Document, 0, len(members))
	for _, id := range slices.Sorted(maps.Keys(members)) {
		d := Document{ID: ID(id)}
		if err := json.Unmarshal(members[id], &d.Text); err != nil || d.Text == "" {
			return nil, fmt.Errorf("the manifest gives no document for %.60q", id)
		}
		documents = append(documents, d)
	}
	if len(documents) == 0 {
		return nil, errors.New("the manifest has no documents")
	}
	return documents, nil
}

// parseApollo reads the operations of an Apollo persisted query manifest.
func parseApollo(list []byte) ([]Document, error) {
	var operations []struct{ ID, Body string }
	if err := json.Unmarshal(list, &operations); err != nil {
		return nil, fmt.Errorf("the operations of the manifest: %w", err)
	}
	documents := make([]Document, len(operations))
	for i, o := range operations {
		if o.ID == "" || o.Body == "" {
			return nil, fmt.Errorf("operation %d of the manifest has no id or no body", i+1)
		}
		documents[i] = Document{ID: ID(o.ID), Text: o.Body}
	}
	return documents, nil
}
