package model

import (
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// BlockChange is the type of the same name: a block before and after.
type BlockChange struct{ newsroom.BlockChange }

// BlockChanges gives the changes of a body as the API types them.
func BlockChanges(of []newsroom.BlockChange) []*BlockChange {
	changes := make([]*BlockChange, len(of))
	for i, c := range of {
		changes[i] = &BlockChange{c}
	}
	return changes
}

// Before is the block as it was, nil where it was added.
func (c *BlockChange) Before() ContentBlock { return typed(c.BlockChange.Before) }

// After is the block as it became, nil where it was removed.
func (c *BlockChange) After() ContentBlock { return typed(c.BlockChange.After) }

// BeforeText is the words of the block as they were.
func (c *BlockChange) BeforeText() string { return words(c.BlockChange.Before) }

// AfterText is the words of the block as they became.
func (c *BlockChange) AfterText() string { return words(c.BlockChange.After) }

func typed(b *richtext.Block) ContentBlock {
	if b == nil {
		return nil
	}
	for _, one := range Blocks([]richtext.Block{*b}) {
		return one
	}
	return nil
}

func words(b *richtext.Block) string {
	if b == nil {
		return ""
	}
	return richtext.Text([]richtext.Block{*b})
}
