package account

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/consentrecord"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// Document names a version of a legal document or of a consent form.
type Document struct{ Kind, Version string }

// accepted is a consent that waits for its account.
type accepted struct {
	Document
	Place     string    `json:"place"`
	At        time.Time `json:"at"`
	Address   string    `json:"address"`
	UserAgent string    `json:"userAgent"`
}

const (
	maxAccepted = 20
	maxPlace    = 200
	maxConsents = 100 // shown
)

var consentsFromAddress = throttle.Limit{Name: "consent from", Free: 100, First: time.Second, Longest: time.Hour}

// accept checks documents that were accepted with a form.
func (s *Service) accept(ctx context.Context, place string, documents []Document) ([]accepted, error) {
	if len(documents) > maxAccepted {
		return nil, fault.Mistake(fault.TooLong, "accepted", "At most %d documents are accepted at once.", maxAccepted)
	}
	if len(documents) == 0 {
		return nil, nil
	}
	site, err := s.site(ctx)
	if err != nil {
		return nil, err
	}
	origin, all := access.OriginOf(ctx), make([]accepted, len(documents))
	for i, d := range documents {
		if _, err := s.present(site, fmt.Sprintf("accepted[%d].", i), d); err != nil {
			return nil, err
		}
		all[i] = accepted{Document: d, Place: place, At: s.Now(), Address: origin.Address, UserAgent: origin.UserAgent}
	}
	return all, nil
}

// present gives the words of a consent form, or nothing for a legal document,
// when the version is the one in force.
func (s *Service) present(site *ent.Site, field string, d Document) (text string, err error) {
	if form, ok := site.Consents[d.Kind]; ok {
		if form.Version != d.Version {
			return "", fault.Mistake(fault.Expired, field+"version", "The version in force is %s: show that one.", form.Version)
		}
		return form.HTML, nil
	}
	version, at := "", time.Time{}
	for _, doc := range site.LegalDocuments {
		if doc.Kind == d.Kind && !doc.PublishedAt.After(s.Now()) && (version == "" || doc.PublishedAt.After(at)) {
			version, at = doc.Version, doc.PublishedAt
		}
	}
	switch version {
	case "":
		return "", fault.Mistake(fault.Missing, field+"document", "There is no document of the kind %.40q.", d.Kind)
	case d.Version:
		return "", nil
	}
	return "", fault.Mistake(fault.Expired, field+"version", "The version in force is %s: show that one.", version)
}

// RecordConsent keeps that the viewer accepted a version of a document. Without
// an account it is kept that somebody did. Mistakes: NOT_FOUND, EXPIRED,
// TOO_LONG, INVALID, RATE_LIMITED.
func (s *Service) RecordConsent(ctx context.Context, d Document, place string) (*ent.ConsentRecord, error) {
	place, err := CheckPlace("place", place)
	if err != nil {
		return nil, err
	}
	site, err := s.site(ctx)
	if err != nil {
		return nil, err
	}
	text, err := s.present(site, "", d)
	if err != nil {
		return nil, err
	}
	if kept, err := s.sameConsent(ctx, d, place); err != nil || kept != nil {
		return kept, err
	}
	if subjects := from(ctx, consentsFromAddress); len(subjects) > 0 {
		if err := s.throttle.Count(ctx, "Too many consents were sent from this address. Try again later.", subjects...); err != nil {
			return nil, err
		}
	}
	viewer, origin := access.Of(ctx), access.OriginOf(ctx)
	create := s.db.Ent(ctx).ConsentRecord.Create().SetDocument(d.Kind).SetVersion(d.Version).SetText(text).SetPlace(place).
		SetGivenAt(s.Now()).SetAddress(origin.Address).SetUserAgent(origin.UserAgent)
	if viewer.UserID != 0 {
		create.SetUserID(viewer.UserID)
	}
	kept, err := create.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("keep a consent: %w", err)
	}
	return kept, nil
}

// sameWithin is how long the same consent is taken for one that a client repeats.
const sameWithin = time.Minute

// sameConsent finds the consent that the viewer, or without an account the same
// program at the same address, gave a moment ago; nil when there is none.
func (s *Service) sameConsent(ctx context.Context, d Document, place string) (*ent.ConsentRecord, error) {
	viewer, origin := access.Of(ctx), access.OriginOf(ctx)
	query := s.db.Ent(ctx).ConsentRecord.Query().Where(consentrecord.Document(d.Kind), consentrecord.Version(d.Version), consentrecord.Place(place),
		consentrecord.GivenAtGT(s.Now().Add(-sameWithin)), consentrecord.SubscriberIDIsNil())
	switch {
	case viewer.UserID != 0:
		query.Where(consentrecord.UserID(viewer.UserID))
	case origin.Address != "":
		query.Where(consentrecord.UserIDIsNil(), consentrecord.Address(origin.Address), consentrecord.UserAgent(origin.UserAgent))
	default:
		return nil, nil
	}
	kept, err := query.Order(ent.Desc(consentrecord.FieldGivenAt)).First(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("look for a consent: %w", err)
	}
	return kept, nil
}

// CheckPlace refuses what is no name of a place on a page.
func CheckPlace(field, place string) (string, error) {
	switch {
	case utf8.RuneCountInString(place) > maxPlace:
		return "", fault.Mistake(fault.TooLong, field, "A place has at most %d characters.", maxPlace)
	case !utf8.ValidString(place) || strings.ContainsFunc(place, readername.IsHidden):
		return "", fault.Mistake(fault.Invalid, field, "A place is text in one line.")
	}
	return strings.TrimSpace(place), nil
}

// Consents are what the viewer agreed to, the newest first.
func (s *Service) Consents(ctx context.Context) ([]*ent.ConsentRecord, error) {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return nil, err
	}
	found, err := s.db.Ent(ctx).ConsentRecord.Query().Where(consentrecord.UserID(access.Of(ctx).UserID)).
		Order(ent.Desc(consentrecord.FieldGivenAt, consentrecord.FieldID)).Limit(maxConsents).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return found, nil
}
