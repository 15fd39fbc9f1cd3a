package model

import "github.com/broadsheet-cms/broadsheet/internal/fault"

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
