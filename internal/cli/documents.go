package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

type documentsCommand struct {
	Push   pushDocumentsCommand   `cmd:"" help:"Register documents: GraphQL files, and manifests of GraphQL Code Generator, Relay or Apollo."`
	Check  checkDocumentsCommand  `cmd:"" help:"Say which registered documents the schema of this program breaks."`
	List   listDocumentsCommand   `cmd:"" help:"List the ids of registered documents."`
	Remove removeDocumentsCommand `cmd:"" help:"Take ids of documents away."`
}

type pushDocumentsCommand struct {
	config.Database
	Files []string `arg:"" help:"Files to read: .json for manifests, anything else for one document." placeholder:"FILE"`
}

// maxManifest bounds a file, in bytes.
const maxManifest = 64 << 20

// Run registers the documents of all files, or none.
func (c *pushDocumentsCommand) Run(ctx context.Context, s *streams) error {
	check := app.DefaultDocumentCheck()
	var documents []trusted.Document
	broken := 0
	for _, file := range c.Files {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		if info.Size() > maxManifest {
			return fmt.Errorf("%s is larger than %d bytes", file, maxManifest)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		found, err := trusted.Parse(file, text)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, d := range found {
			if wrong := check(ctx, d); wrong != nil {
				broken++
				_, _ = fmt.Fprintf(s.err, "%s: %s: %v\n", file, d.ID, wrong)
			}
		}
		documents = append(documents, found...)
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d documents do not fit the schema: nothing was registered", broken, len(documents))
	}
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		added, err := services.Trusted.Push(ctx, documents...)
		if err != nil {
			return err
		}
		for _, d := range documents {
			_, _ = fmt.Fprintln(s.out, d.ID)
		}
		_, err = fmt.Fprintf(s.err, "%d documents, %d new ids\n", len(documents), added)
		return err
	})
}

type checkDocumentsCommand struct{ config.Database }

// Run checks all registered documents and fails if one is broken.
func (c *checkDocumentsCommand) Run(ctx context.Context, s *streams) error {
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		broken := 0
		all, err := services.BrokenDocuments(ctx, app.DefaultDocumentCheck(), func(d trusted.Document, wrong error) {
			broken++
			_, _ = fmt.Fprintf(s.out, "%s: %v\n", d.ID, wrong)
		})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.err, "%d ids of documents, %d broken\n", all, broken)
		if broken > 0 {
			return errReported
		}
		return nil
	})
}

type listDocumentsCommand struct{ config.Database }

// Run lists ids with when they were registered.
func (c *listDocumentsCommand) Run(ctx context.Context, s *streams) error {
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		return services.Trusted.Each(ctx, func(d trusted.Document) error {
			_, err := fmt.Fprintf(s.out, "%s %s %d bytes\n", d.ID, d.At.UTC().Format(time.RFC3339), len(d.Text))
			return err
		})
	})
}

type removeDocumentsCommand struct {
	config.Database
	IDs []string `arg:"" name:"id" help:"Ids to take away. A node may answer them for another minute."`
}

// Run takes ids away.
func (c *removeDocumentsCommand) Run(ctx context.Context, s *streams) error {
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		removed, err := services.Trusted.Remove(ctx, c.IDs...)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "removed %d\n", removed)
		return err
	})
}
