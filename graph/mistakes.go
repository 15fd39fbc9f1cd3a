package graph

import (
	"errors"
	"strings"

	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// mistakes parts the error of a mutation's service in two: what the user can
// mend, for the payload's userErrors, and what ends the field, such as a
// missing capability or a failure of ours.
//
//	article, err := r.Newsroom.Publish(ctx, …)
//	wrong, err := mistakes(err)
//	if err != nil {
//		return nil, err
//	}
//	return &model.PublishArticlePayload{Article: article, UserErrors: wrong}, nil
func mistakes(err error) ([]model.UserError, error) {
	wrong := []model.UserError{}
	if err == nil {
		return wrong, nil
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // errors.Join at the top alone: a fault may be wrapped, a list is not
		all = joined.Unwrap()
	}
	for _, one := range all {
		f, ok := errors.AsType[*fault.Error](one)
		if !ok || f.ReasonOf() == "" {
			return nil, err
		}
		wrong = append(wrong, model.InputError{Message: f.Message, Field: fieldPath(f.Field), Code: f.ReasonOf()})
	}
	return wrong, nil
}

// fieldPath splits a path such as blocks[2].html into its steps.
func fieldPath(path string) []string {
	if path == "" {
		return []string{}
	}
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}
