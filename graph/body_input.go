package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// decodeBody gives the blocks of a body in the form in which they are stored.
// The field is the path of the body in the input; what is wrong in it comes as
// mistakes with their paths, such as body.blocks[2].list.items.0.html.
func decodeBody(field string, in *model.BodyInput) ([]richtext.Block, error) {
	form, err := exactlyOne(field, key{"blocks", in.Blocks.IsSet(), in.Blocks.Value() == nil}, givenText("html", in.HTML), givenText("markdown", in.Markdown))
	if err != nil {
		return nil, err
	}
	switch form {
	case "html":
		return decodeText(field+".html", *in.HTML.Value(), richtext.FromHTML)
	case "markdown":
		return decodeText(field+".markdown", *in.Markdown.Value(), richtext.FromMarkdown)
	}
	return decodeBlocks(field+".blocks", in.Blocks.Value())
}

// decodeText converts a body that was given as one text.
func decodeText(field, text string, convert func(string, richtext.Options) ([]richtext.Block, richtext.Notes)) ([]richtext.Block, error) {
	if len(text) > richtext.MaxBodyBytes {
		return nil, fault.Mistake(fault.TooLong, field, "A body has at most %d bytes.", richtext.MaxBodyBytes)
	}
	blocks, notes := convert(text, richtext.Options{})
	if found := notes.Unreadable(); found != "" {
		return nil, fault.Mistake(fault.TooLong, field, "The body has %s.", found)
	}
	if found := notes.Unsafe(); len(found) > 0 {
		return nil, fault.Mistake(fault.Invalid, field, "The body holds %s.", strings.Join(found, " and "))
	}
	return blocks, nil
}

func decodeBlocks(field string, in []*model.BlockInput) ([]richtext.Block, error) {
	if len(in) > richtext.MaxBlocks {
		return nil, fault.Mistake(fault.TooLong, field, "A body has at most %d blocks.", richtext.MaxBlocks)
	}
	blocks := make([]richtext.Block, len(in))
	kinds := make([]string, len(in)) // as they are called in the input
	for i, b := range in {
		var err error
		if blocks[i], kinds[i], err = decodeBlock(fmt.Sprintf("%s[%d]", field, i), b); err != nil {
			return nil, err
		}
	}
	if err := richtext.Validate(blocks); err != nil {
		return nil, bodyMistake(field, kinds, err)
	}
	return richtext.Sanitise(blocks), nil
}

// decodeBlock gives one block and what its kind is called in the input.
func decodeBlock(field string, in *model.BlockInput) (richtext.Block, string, error) {
	kinds := [...]struct {
		name  string
		kind  richtext.Kind
		value graphql.Omittable[*model.BlockFields]
	}{
		{"paragraph", richtext.Paragraph, in.Paragraph}, {"heading", richtext.Heading, in.Heading}, {"list", richtext.List, in.List},
		{"quote", richtext.Quote, in.Quote}, {"code", richtext.Code, in.Code}, {"table", richtext.Table, in.Table},
		{"image", richtext.Picture, in.Image}, {"gallery", richtext.Gallery, in.Gallery}, {"video", richtext.Video, in.Video},
		{"audio", richtext.Audio, in.Audio}, {"embed", richtext.Embed, in.Embed}, {"file", richtext.File, in.File},
		{"button", richtext.Button, in.Button}, {"divider", richtext.Divider, in.Divider}, {"html", richtext.RawHTML, in.HTML},
	}
	keys := make([]key, len(kinds))
	for i, k := range kinds {
		keys[i] = key{k.name, k.value.IsSet(), k.value.Value() == nil}
	}
	name, err := exactlyOne(field, keys...)
	if err != nil {
		return richtext.Block{}, "", err
	}
	var b richtext.Block
	for _, k := range kinds {
		if k.name != name {
			continue
		}
		fields := k.value.Value()
		b = fields.Block
		b.Kind = k.kind
		if fields.IsPullQuote {
			b.Kind = richtext.PullQuote
		}
		if fields.Direction != nil {
			b.Dir = strings.ToLower(string(*fields.Direction))
		}
	}
	if err := checkMediaID(field+"."+name+".mediaId", b.MediaID); err != nil {
		return b, name, err
	}
	for i, image := range b.Images {
		if err := checkMediaID(fmt.Sprintf("%s.%s.images[%d].mediaId", field, name, i), image.MediaID); err != nil {
			return b, name, err
		}
	}
	return b, name, nil
}

// checkMediaID refuses the id of anything but a media item.
func checkMediaID(field, mediaID string) error {
	if mediaID == "" {
		return nil
	}
	key, err := decodeID(field, id.Media, mediaID)
	if err == nil && key == 0 {
		err = fault.Mistake(fault.Missing, field, "There is no such media item.")
	}
	return err
}

// bodyMistake words what richtext.Validate found in terms of the input.
func bodyMistake(field string, kinds []string, err error) error {
	invalid, ok := errors.AsType[*richtext.InvalidError](err)
	if !ok {
		return err
	}
	reason := fault.Invalid
	switch invalid.Problem {
	case richtext.ProblemTooMany, richtext.ProblemTooLong:
		reason = fault.TooLong
	case richtext.ProblemMissing:
		reason = fault.Blank
	}
	if invalid.Block < 0 {
		return fault.Mistake(reason, field, "The body has %s.", invalid.Detail)
	}
	field = fmt.Sprintf("%s[%d].%s", field, invalid.Block, kinds[invalid.Block])
	if path := invalid.Path; path != "" {
		if path == "dir" {
			path = "direction"
		}
		field += "." + path
	}
	return fault.Mistake(reason, field, "This field of the block %s.", invalid.Detail)
}
