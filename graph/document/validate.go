package document

import (
	"context"
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// maxMessage is how many bytes of a message are shown: some repeat values of
// the document.
const maxMessage = 250

// specified are the rules of the specification as the library has them, but for
// the merging of fields, which is in overlap.go.
var specified = []validator.Rule{
	rules.FieldsOnCorrectTypeRule, rules.FragmentsOnCompositeTypesRule, rules.KnownArgumentNamesRule, rules.KnownDirectivesRule,
	rules.KnownFragmentNamesRule, rules.KnownRootTypeRule, rules.KnownTypeNamesRule, rules.LoneAnonymousOperationRule,
	rules.MaxIntrospectionDepth, rules.NoFragmentCyclesRule, rules.NoUndefinedVariablesRule, rules.NoUnusedFragmentsRule,
	rules.NoUnusedVariablesRule, rules.PossibleFragmentSpreadsRule, rules.ProvidedRequiredArgumentsRule, rules.ScalarLeafsRule,
	rules.SingleFieldSubscriptionsRule, rules.UniqueArgumentNamesRule, rules.UniqueDirectivesPerLocationRule,
	rules.UniqueFragmentNamesRule, rules.UniqueInputFieldNamesRule, rules.UniqueOperationNamesRule, rules.UniqueVariableNamesRule,
	rules.ValuesOfCorrectTypeRule, rules.VariablesAreInputTypesRule, rules.VariablesInAllowedPositionRule,
}

// withoutSuggestions stand for the rules that would name what is similar.
var withoutSuggestions = map[string]validator.Rule{
	rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
	rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
	rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
	rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
	rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
}

// stopped ends a validation in the middle of the library's walk, which has no
// other way out.
type stopped struct{ err error }

var errEnough = errors.New("enough mistakes were found")

// validate gives the mistakes of a document, the first ones if there are many.
func (s *Store) validate(ctx context.Context, doc *ast.QueryDocument) (errs gqlerror.List) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		end, ok := thrown.(stopped)
		if !ok {
			panic(thrown)
		}
		if !errors.Is(end.err, errEnough) {
			errs = gqlerror.List{gqlerror.Wrap(end.err)}
		}
	}()
	suggests := s.opts.Suggests == nil || s.opts.Suggests(ctx)
	found := func(rule string) validator.AddErrFunc {
		return func(options ...validator.ErrorOption) {
			err := &gqlerror.Error{Rule: rule}
			for _, o := range options {
				o(err)
			}
			errs = append(errs, mistake(err, suggests))
			if len(errs) >= maxErrors {
				panic(stopped{errEnough})
			}
		}
	}
	set := rules.NewRules(validator.Rule{Name: "Ends", RuleFunc: func(observers *validator.Events, _ validator.AddErrFunc) { endWith(ctx, observers) }})
	for _, rule := range append(specified[:len(specified):len(specified)], mergeRule) {
		if other, ok := withoutSuggestions[rule.Name]; ok && !suggests {
			rule = other
		}
		set.AddRule(rule.Name, func(observers *validator.Events, _ validator.AddErrFunc) { rule.RuleFunc(observers, found(rule.Name)) })
	}
	_ = validator.ValidateWithRules(s.schema, doc, set)
	return errs
}

// endWith stops a validation that nobody waits for any more.
func endWith(ctx context.Context, observers *validator.Events) {
	steps := 0
	step := func() {
		if steps++; steps%64 == 0 && ctx.Err() != nil {
			panic(stopped{context.Cause(ctx)})
		}
	}
	observers.OnField(func(*validator.Walker, *ast.Field) { step() })
	observers.OnFragmentSpread(func(*validator.Walker, *ast.FragmentSpread) { step() })
	observers.OnValue(func(*validator.Walker, *ast.Value) { step() })
}

func mistake(err *gqlerror.Error, suggests bool) *gqlerror.Error {
	if !suggests { // some rules make them all the same
		err.Message, _, _ = strings.Cut(err.Message, " Did you mean")
	}
	if len(err.Message) > maxMessage {
		err.Message = strings.ToValidUTF8(err.Message[:maxMessage], "") + " …"
	}
	if err.Extensions["code"] == nil {
		setCode(err, codeValidation)
	}
	return err
}
