package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/dataexport"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// exportsOfAccount allows two archives at once, then one after some hours.
var exportsOfAccount = throttle.Limit{Name: "export", Free: 2, First: 6 * time.Hour, Longest: 12 * time.Hour}

// exportLasts is how long the link to an archive is valid.
var exportLasts = mail.Span{Number: 7, Unit: "day"}

// ExportLifetime is the same as a duration.
const ExportLifetime = 7 * 24 * time.Hour

// sameExport is how long an archive is taken for the one that a request repeated
// asks for.
const sameExport = time.Hour

// RequestExport asks for an archive of all that is kept about the viewer: a job
// makes it and mails a link. While one is being made, and for an hour after it was
// asked for, that one is meant. Mistakes: RATE_LIMITED.
func (s *Service) RequestExport(ctx context.Context) error {
	u, err := s.self(ctx)
	if err != nil {
		return err
	}
	now := s.Now()
	there, err := s.db.Ent(ctx).DataExport.Query().Where(dataexport.UserID(u.ID), dataexport.Or(dataexport.RequestedAtGT(now.Add(-sameExport)),
		dataexport.And(dataexport.ArchiveIsNil(), dataexport.RequestedAtGT(now.Add(-waits))))).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for an archive: %w", err)
	}
	if there {
		return nil
	}
	if err := s.throttle.Count(ctx, "An archive was made a short time ago. Try again later.", exportsOfAccount.Subject(fmt.Sprint(u.ID))); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		row, err := s.db.Ent(ctx).DataExport.Create().SetUserID(u.ID).SetRequestedAt(now).SetExpiresAt(now.Add(waits + ExportLifetime)).Save(ctx)
		if err != nil {
			return fmt.Errorf("ask for an archive: %w", err)
		}
		if err := job.Enqueue(ctx, s.jobs, exportJob, exportArgs{Export: row.ID}, job.Options{}); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "requestDataExport", Entity: id.User, EntityID: u.ID})
	})
}

// runExport makes an archive and mails its link.
func (s *Service) runExport(ctx context.Context, args exportArgs) error {
	row, err := s.db.Ent(ctx).DataExport.Get(ctx, args.Export)
	if ent.IsNotFound(err) {
		return nil // the account is gone
	}
	if err != nil {
		return fmt.Errorf("read an export: %w", err)
	}
	u, err := s.db.Ent(ctx).User.Get(ctx, row.UserID)
	if err != nil {
		return fmt.Errorf("read an account: %w", err)
	}
	archive, err := s.archive(ctx, u.ID)
	if err != nil {
		return err
	}
	token := secret.New(tokenPrefix)
	if err := s.db.Ent(ctx).DataExport.UpdateOne(row).SetArchive(archive).SetTokenHash(secret.Hash(token)).SetExpiresAt(s.Now().Add(ExportLifetime)).Exec(ctx); err != nil {
		return fmt.Errorf("keep an archive: %w", err)
	}
	words := mail.Words{Name: u.DisplayName, URL: s.ServerURL + exportPath + "?token=" + token, Lasts: exportLasts}
	return sent(s.mail.SendTemplate(ctx, mail.Address{Name: u.DisplayName, Email: u.Email}, "data-export", u.Language, words))
}

// archive is all that is kept about an account, as JSON.
func (s *Service) archive(ctx context.Context, userID int) ([]byte, error) {
	parts := map[string]any{"generatedAt": s.Now()}
	for _, part := range archived {
		rows, err := store.Collect(ctx, s.db, part.statement, scanNamed, userID)
		if err != nil {
			return nil, fmt.Errorf("read %s for an archive: %w", part.name, err)
		}
		if rows == nil {
			rows = []map[string]any{}
		}
		parts[part.name] = rows
	}
	archive, err := json.MarshalIndent(parts, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write an archive: %w", err)
	}
	return archive, nil
}

// scanNamed scans a row by the names of its columns.
func scanNamed(rows *sql.Rows) (map[string]any, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	row := make(map[string]any, len(names))
	for i, name := range names {
		if text, ok := values[i].([]byte); ok {
			values[i] = string(text)
		}
		row[name] = values[i]
	}
	return row, nil
}

// exportPath is where archives are downloaded.
const exportPath = "/account/export"

// ExportHandler serves the archive of a link, as long as that is valid.
func (s *Service) ExportHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		archive, err := s.exported(access.AsSystem(r.Context()), r.URL.Query().Get("token"))
		switch {
		case err != nil:
			http.Error(w, "The archive cannot be read right now. Try again later.", http.StatusServiceUnavailable)
		case archive == nil:
			http.Error(w, "This link is not valid, or not any more. Ask for another archive.", http.StatusNotFound)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Disposition", `attachment; filename="account.json"`)
			_, _ = w.Write(archive)
		}
	})
}

func (s *Service) exported(ctx context.Context, token string) ([]byte, error) {
	row, err := s.db.Ent(ctx).DataExport.Query().Where(dataexport.TokenHash(secret.Hash(token)), dataexport.ExpiresAtGT(s.Now())).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for an archive: %w", err)
	}
	return row.Archive, nil
}
