package model

import (
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// UserError is the interface of the same name: what is wrong with an input.
type UserError interface{ IsUserError() }

// InputError is the type of the same name.
type InputError struct {
	Message string
	Field   []string
	Code    fault.Reason
}

// IsUserError makes it a UserError.
func (InputError) IsUserError() {}

// VersionConflict is the type of the same name.
type VersionConflict struct {
	Message        string
	Field          []string
	Code           fault.Reason
	CurrentVersion int
	Current        *ent.Article    // as it is
	Shown          *loader.Article // Current in the response, if it entered it with others
}

// IsUserError makes it a UserError.
func (VersionConflict) IsUserError() {}

// ArticleLocked is the type of the same name.
type ArticleLocked struct {
	Message string
	Field   []string
	Code    fault.Reason
	Held    *ent.ArticleLock
	Shown   *loader.Lock // Held in the response, if it entered it with others
}

// IsUserError makes it a UserError.
func (ArticleLocked) IsUserError() {}
