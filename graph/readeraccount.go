package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
)

// Registration is the field of the same name of Site.
func (r *siteResolver) Registration(context.Context, *loader.Site) (account.Registration, error) {
	return r.Accounts.Registration, nil
}

// SignInProviders is the field of the same name of Site.
func (r *siteResolver) SignInProviders(context.Context, *loader.Site) ([]*model.SignInProvider, error) {
	shown := []*model.SignInProvider{}
	for _, p := range r.Accounts.Providers {
		shown = append(shown, &model.SignInProvider{Name: p.Name, URL: p.URL})
	}
	return shown, nil
}

// Language is the field of the same name of Viewer.
func (r *viewerResolver) Language(_ context.Context, v *model.Viewer) (*string, error) {
	return shownOnce(v.Language), nil
}

// Consents is the field of the same name of Viewer.
func (r *viewerResolver) Consents(ctx context.Context, v *model.Viewer) ([]*loader.ConsentRecord, error) {
	found, err := r.Accounts.Consents(access.With(ctx, v.As))
	return loader.ConsentRecords.Rows(ctx, found), err
}

// SignUp is the field of the same name of Mutation.
func (r *mutationResolver) SignUp(ctx context.Context, in model.SignUpInput) (*model.SignUpPayload, error) {
	up := account.SignUp{Email: in.Email, DisplayName: in.DisplayName, Password: text(in.Password), Language: text(in.Language), Invitation: text(in.Invitation)}
	for _, d := range in.Accepted.Value() {
		up.Accepted = append(up.Accepted, account.Document{Kind: d.Document, Version: d.Version})
	}
	wrong, err := mistakes(r.Accounts.SignUp(ctx, up))
	return &model.SignUpPayload{UserErrors: wrong}, err
}

// VerifyEmail is the field of the same name of Mutation.
func (r *mutationResolver) VerifyEmail(ctx context.Context, in model.VerifyEmailInput) (*model.VerifyEmailPayload, error) {
	opened, err := r.Accounts.VerifyEmail(ctx, in.Token, account.How{Kind: in.Transport, Label: text(in.Label)})
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return &model.VerifyEmailPayload{UserErrors: wrong}, err
	}
	r.mergeDevice(ctx, opened, in.DeviceToken)
	return &model.VerifyEmailPayload{Session: loader.Sessions.One(ctx, opened.Session), Token: shownOnce(opened.Token), Viewer: viewerOf(opened), UserErrors: wrong}, nil
}

// viewerOf is who has just signed in.
func viewerOf(in *account.SignedIn) *model.Viewer {
	return &model.Viewer{Account: in.Account, As: in.Viewer}
}

// RequestSignInLink is the field of the same name of Mutation.
func (r *mutationResolver) RequestSignInLink(ctx context.Context, in model.RequestSignInLinkInput) (*model.RequestSignInLinkPayload, error) {
	wrong, err := mistakes(r.Accounts.RequestSignInLink(ctx, in.Email))
	return &model.RequestSignInLinkPayload{UserErrors: wrong}, err
}

// SignInWithLink is the field of the same name of Mutation.
func (r *mutationResolver) SignInWithLink(ctx context.Context, in model.SignInWithLinkInput) (*model.SignInWithLinkPayload, error) {
	opened, err := r.Accounts.SignInWithLink(ctx, account.LinkSignIn{Token: text(in.Token), Email: text(in.Email), Code: text(in.Code),
		SecondFactorCode: text(in.SecondFactorCode), How: account.How{Kind: in.Transport, Label: text(in.Label)}})
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return &model.SignInWithLinkPayload{UserErrors: wrong}, err
	}
	r.mergeDevice(ctx, opened, in.DeviceToken)
	return &model.SignInWithLinkPayload{Session: loader.Sessions.One(ctx, opened.Session), Token: shownOnce(opened.Token), Viewer: viewerOf(opened), UserErrors: wrong}, nil
}

// RequestPasswordReset is the field of the same name of Mutation.
func (r *mutationResolver) RequestPasswordReset(ctx context.Context, in model.RequestPasswordResetInput) (*model.RequestPasswordResetPayload, error) {
	wrong, err := mistakes(r.Accounts.RequestPasswordReset(ctx, in.Email))
	return &model.RequestPasswordResetPayload{UserErrors: wrong}, err
}

// ResetPassword is the field of the same name of Mutation.
func (r *mutationResolver) ResetPassword(ctx context.Context, in model.ResetPasswordInput) (*model.ResetPasswordPayload, error) {
	wrong, err := mistakes(r.Accounts.ResetWithToken(ctx, in.Token, in.NewPassword))
	return &model.ResetPasswordPayload{UserErrors: wrong}, err
}

// ChangeEmail is the field of the same name of Mutation.
func (r *mutationResolver) ChangeEmail(ctx context.Context, in model.ChangeEmailInput) (*model.ChangeEmailPayload, error) {
	wrong, err := mistakes(r.Accounts.ChangeEmail(ctx, in.NewEmail, text(in.Password)))
	return &model.ChangeEmailPayload{UserErrors: wrong}, err
}

// ConfirmEmailChange is the field of the same name of Mutation.
func (r *mutationResolver) ConfirmEmailChange(ctx context.Context, in model.ConfirmEmailChangeInput) (*model.ConfirmEmailChangePayload, error) {
	wrong, err := mistakes(r.Accounts.ConfirmEmailChange(ctx, in.Token))
	return &model.ConfirmEmailChangePayload{UserErrors: wrong}, err
}

// UpdateProfile is the field of the same name of Mutation.
func (r *mutationResolver) UpdateProfile(ctx context.Context, in model.UpdateProfileInput) (*model.UpdateProfilePayload, error) {
	change := account.Profile{DisplayName: in.DisplayName.Value()}
	if in.Language.IsSet() {
		change.Language = new(text(in.Language))
	}
	v, wrong, err := r.after(ctx, r.Accounts.UpdateProfile(ctx, change))
	return &model.UpdateProfilePayload{Viewer: v, UserErrors: wrong}, err
}

// DeleteAccount is the field of the same name of Mutation.
func (r *mutationResolver) DeleteAccount(ctx context.Context, in model.DeleteAccountInput) (*model.DeleteAccountPayload, error) {
	v, wrong, err := r.after(ctx, r.Accounts.Delete(ctx, text(in.Password)))
	return &model.DeleteAccountPayload{Viewer: v, UserErrors: wrong}, err
}

// CancelAccountDeletion is the field of the same name of Mutation.
func (r *mutationResolver) CancelAccountDeletion(ctx context.Context) (*model.CancelAccountDeletionPayload, error) {
	v, wrong, err := r.after(ctx, r.Accounts.CancelDeletion(ctx))
	return &model.CancelAccountDeletionPayload{Viewer: v, UserErrors: wrong}, err
}

// RequestDataExport is the field of the same name of Mutation.
func (r *mutationResolver) RequestDataExport(ctx context.Context) (*model.RequestDataExportPayload, error) {
	wrong, err := mistakes(r.Accounts.RequestExport(ctx))
	return &model.RequestDataExportPayload{UserErrors: wrong}, err
}

// RecordConsent is the field of the same name of Mutation.
func (r *mutationResolver) RecordConsent(ctx context.Context, in model.RecordConsentInput) (*model.RecordConsentPayload, error) {
	kept, err := r.Accounts.RecordConsent(ctx, account.Document{Kind: in.Document, Version: in.Version}, text(in.Place))
	wrong, err := mistakes(err)
	return &model.RecordConsentPayload{Consent: loader.ConsentRecords.One(ctx, kept), UserErrors: wrong}, err
}

// InviteReader is the field of the same name of Mutation.
func (r *mutationResolver) InviteReader(ctx context.Context, in model.InviteReaderInput) (*model.InviteReaderPayload, error) {
	wrong, err := mistakes(r.Accounts.Invite(ctx, in.Email, text(in.Language)))
	return &model.InviteReaderPayload{UserErrors: wrong}, err
}
