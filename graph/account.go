package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Viewer is the field of the same name of Query.
func (r *queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) { return r.viewer(ctx) }

// viewer reads who is signed in, nil when nobody is.
func (r *Resolver) viewer(ctx context.Context) (*model.Viewer, error) {
	self, err := r.Accounts.Self(ctx)
	if self == nil || err != nil {
		return nil, err
	}
	return &model.Viewer{Account: self, As: access.Of(ctx)}, nil
}

// SecondFactor is the field of the same name of Viewer.
func (r *viewerResolver) SecondFactor(_ context.Context, v *model.Viewer) (*model.SecondFactor, error) {
	return &model.SecondFactor{IsEnabled: v.SecondFactor, IsRequired: r.Accounts.RequireSecondFactor && v.Role.Staff(),
		RecoveryCodesLeft: int32(v.RecoveryCodesLeft)}, nil
}

// Sessions is the field of the same name of Viewer.
func (r *viewerResolver) Sessions(ctx context.Context, v *model.Viewer) ([]*loader.Session, error) {
	found, err := r.Accounts.Sessions(access.With(ctx, v.As))
	if err != nil {
		return nil, err
	}
	return loader.Sessions.Rows(ctx, found), nil
}

// IsCurrent is the field of the same name of Session.
func (r *sessionResolver) IsCurrent(ctx context.Context, s *loader.Session) (bool, error) {
	return access.Of(ctx).SessionID == s.ID, nil
}

// SignIn is the field of the same name of Mutation.
func (r *mutationResolver) SignIn(ctx context.Context, in model.SignInInput) (*model.SignInPayload, error) {
	opened, err := r.Accounts.SignIn(ctx, account.SignIn{Email: in.Email, Password: in.Password, Code: text(in.Code), Kind: in.Transport, Label: text(in.Label)})
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return &model.SignInPayload{UserErrors: wrong}, err
	}
	r.mergeDevice(ctx, opened, in.DeviceToken)
	payload := &model.SignInPayload{Session: loader.Sessions.One(ctx, opened.Session), Viewer: &model.Viewer{Account: opened.Account, As: opened.Viewer}, UserErrors: wrong}
	if opened.Token != "" {
		payload.Token = &opened.Token
	}
	return payload, nil
}

// mergeDevice moves the bookmarks of a device to the account that has just signed in, if
// the device sent its token. The session is open already, and what it was opened with may
// be used up: an error is answered beside it, and the client keeps the device token for
// mergeBookmarks.
func (r *Resolver) mergeDevice(ctx context.Context, in *account.SignedIn, token graphql.Omittable[*string]) {
	device := text(token)
	if device == "" {
		return
	}
	if _, err := r.Bookmarks.Merge(access.With(ctx, in.Viewer), device); err != nil {
		graphql.AddError(ctx, err)
	}
}

// text is an optional text of an input, empty when it is not given.
func text(o graphql.Omittable[*string]) string {
	if v := o.Value(); v != nil {
		return *v
	}
	return ""
}

// SignOut is the field of the same name of Mutation.
func (r *mutationResolver) SignOut(ctx context.Context) (*model.SignOutPayload, error) {
	wrong, err := mistakes(r.Accounts.SignOut(ctx))
	if err != nil {
		return nil, err
	}
	return &model.SignOutPayload{UserErrors: wrong}, nil
}

// SetUpAdmin is the field of the same name of Mutation.
func (r *mutationResolver) SetUpAdmin(ctx context.Context, in model.SetUpAdminInput) (*model.SetUpAdminPayload, error) {
	made, err := r.Accounts.SetUpAdmin(ctx, in.Token, account.User{Email: in.Email, DisplayName: in.DisplayName}, in.Password)
	wrong, err := mistakes(err)
	return &model.SetUpAdminPayload{User: loader.Accounts.One(ctx, made), UserErrors: wrong}, err
}

// after reads the viewer anew after a mutation of their own account that went
// well.
func (r *mutationResolver) after(ctx context.Context, err error) (*model.Viewer, []model.UserError, error) {
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return nil, wrong, err
	}
	v, err := r.viewer(ctx)
	return v, wrong, err
}

// ChangePassword is the field of the same name of Mutation.
func (r *mutationResolver) ChangePassword(ctx context.Context, in model.ChangePasswordInput) (*model.ChangePasswordPayload, error) {
	v, wrong, err := r.after(ctx, r.Accounts.ChangePassword(ctx, in.CurrentPassword, in.NewPassword))
	return &model.ChangePasswordPayload{Viewer: v, UserErrors: wrong}, err
}

// StartSecondFactor is the field of the same name of Mutation.
func (r *mutationResolver) StartSecondFactor(ctx context.Context, in model.StartSecondFactorInput) (*model.StartSecondFactorPayload, error) {
	secret, address, err := r.Accounts.StartSecondFactor(ctx, text(in.Password))
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return &model.StartSecondFactorPayload{UserErrors: wrong}, err
	}
	return &model.StartSecondFactorPayload{Secret: &secret, OtpauthURL: &address, UserErrors: wrong}, nil
}

// ConfirmSecondFactor is the field of the same name of Mutation.
func (r *mutationResolver) ConfirmSecondFactor(ctx context.Context, in model.SecondFactorCodeInput) (*model.ConfirmSecondFactorPayload, error) {
	codes, err := r.Accounts.ConfirmSecondFactor(ctx, in.Code)
	v, wrong, err := r.after(ctx, err)
	return &model.ConfirmSecondFactorPayload{RecoveryCodes: orEmptyList(codes), Viewer: v, UserErrors: wrong}, err
}

// DisableSecondFactor is the field of the same name of Mutation.
func (r *mutationResolver) DisableSecondFactor(ctx context.Context, in model.SecondFactorCodeInput) (*model.DisableSecondFactorPayload, error) {
	v, wrong, err := r.after(ctx, r.Accounts.DisableSecondFactor(ctx, in.Code))
	return &model.DisableSecondFactorPayload{Viewer: v, UserErrors: wrong}, err
}

// RegenerateRecoveryCodes is the field of the same name of Mutation.
func (r *mutationResolver) RegenerateRecoveryCodes(ctx context.Context, in model.SecondFactorCodeInput) (*model.RegenerateRecoveryCodesPayload, error) {
	codes, err := r.Accounts.RegenerateRecoveryCodes(ctx, in.Code)
	wrong, err := mistakes(err)
	return &model.RegenerateRecoveryCodesPayload{RecoveryCodes: orEmptyList(codes), UserErrors: wrong}, err
}

// RevokeSession is the field of the same name of Mutation.
func (r *mutationResolver) RevokeSession(ctx context.Context, in model.RevokeSessionInput) (*model.RevokeSessionPayload, error) {
	key, err := decodeID("sessionId", id.Session, in.SessionID)
	if err == nil {
		err = r.Accounts.RevokeSession(ctx, key)
	}
	v, wrong, err := r.after(ctx, err)
	return &model.RevokeSessionPayload{Viewer: v, UserErrors: wrong}, err
}

// RevokeOtherSessions is the field of the same name of Mutation.
func (r *mutationResolver) RevokeOtherSessions(ctx context.Context) (*model.RevokeOtherSessionsPayload, error) {
	n, err := r.Accounts.RevokeOtherSessions(ctx)
	v, wrong, err := r.after(ctx, err)
	return &model.RevokeOtherSessionsPayload{EndedCount: int32(n), Viewer: v, UserErrors: wrong}, err
}

// CreateUser is the field of the same name of Mutation.
func (r *mutationResolver) CreateUser(ctx context.Context, in model.CreateUserInput) (*model.CreateUserPayload, error) {
	made, password, err := r.Accounts.Create(ctx, account.User{Email: in.Email, DisplayName: in.DisplayName, Role: user.Role(in.Role)}, text(in.Password))
	wrong, err := mistakes(err)
	return &model.CreateUserPayload{User: loader.Accounts.One(ctx, made), GeneratedPassword: shownOnce(password), UserErrors: wrong}, err
}

// shownOnce is a text of an answer, nil when there is none.
func shownOnce(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// administer calls change with the account of a public id.
func administer(userID string, change func(key int) (*account.Account, error)) (*account.Account, []model.UserError, error) {
	key, err := decodeID("userId", id.User, userID)
	var changed *account.Account
	if err == nil {
		changed, err = change(key)
	}
	wrong, err := mistakes(err)
	return changed, wrong, err
}

// SetUserRole is the field of the same name of Mutation.
func (r *mutationResolver) SetUserRole(ctx context.Context, in model.SetUserRoleInput) (*model.SetUserRolePayload, error) {
	a, wrong, err := administer(in.UserID, func(key int) (*account.Account, error) { return r.Accounts.SetRole(ctx, key, in.Role) })
	return &model.SetUserRolePayload{User: loader.Accounts.One(ctx, a), UserErrors: wrong}, err
}

// DisableUser is the field of the same name of Mutation.
func (r *mutationResolver) DisableUser(ctx context.Context, in model.UserInput) (*model.DisableUserPayload, error) {
	a, wrong, err := administer(in.UserID, func(key int) (*account.Account, error) { return r.Accounts.Disable(ctx, key) })
	return &model.DisableUserPayload{User: loader.Accounts.One(ctx, a), UserErrors: wrong}, err
}

// EnableUser is the field of the same name of Mutation.
func (r *mutationResolver) EnableUser(ctx context.Context, in model.UserInput) (*model.EnableUserPayload, error) {
	a, wrong, err := administer(in.UserID, func(key int) (*account.Account, error) { return r.Accounts.Enable(ctx, key) })
	return &model.EnableUserPayload{User: loader.Accounts.One(ctx, a), UserErrors: wrong}, err
}

// ResetUserPassword is the field of the same name of Mutation.
func (r *mutationResolver) ResetUserPassword(ctx context.Context, in model.ResetUserPasswordInput) (*model.ResetUserPasswordPayload, error) {
	var password string
	a, wrong, err := administer(in.UserID, func(key int) (a *account.Account, err error) {
		a, password, err = r.Accounts.ResetPassword(ctx, key, text(in.Password))
		return a, err
	})
	return &model.ResetUserPasswordPayload{User: loader.Accounts.One(ctx, a), GeneratedPassword: shownOnce(password), UserErrors: wrong}, err
}

// ResetUserSecondFactor is the field of the same name of Mutation.
func (r *mutationResolver) ResetUserSecondFactor(ctx context.Context, in model.UserInput) (*model.ResetUserSecondFactorPayload, error) {
	a, wrong, err := administer(in.UserID, func(key int) (*account.Account, error) { return r.Accounts.ResetSecondFactor(ctx, key) })
	return &model.ResetUserSecondFactorPayload{User: loader.Accounts.One(ctx, a), UserErrors: wrong}, err
}
