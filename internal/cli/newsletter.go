package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/ent/suppression"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
)

type newsletterCommand struct {
	List     listNewslettersCommand `cmd:"" help:"List newsletters."`
	Send     sendNewsletterCommand  `cmd:"" help:"Compose an issue and have the server send it."`
	Suppress suppressCommand        `cmd:"" help:"Send no newsletters to an address any more."`
	Release  releaseCommand         `cmd:"" help:"Take an address from the suppression list."`
}

type listNewslettersCommand struct{ config.Database }

// Run lists newsletters, one a line.
func (c *listNewslettersCommand) Run(ctx context.Context, s *streams) error {
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		all, err := services.Newsletters.All(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "SLUG\tNAME\tLANGUAGE\tFREQUENCY\tSUBSCRIBERS")
		keys := make([]int, len(all))
		for i, n := range all {
			keys[i] = n.ID
		}
		counts, err := services.Newsletters.SubscriberCounts(ctx, keys)
		if err != nil {
			return err
		}
		for _, n := range all {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", n.Slug, n.Name, n.Language, n.Frequency, counts[n.ID])
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
		return nil
	})
}

type sendNewsletterCommand struct {
	config.Database
	config.Seal
	Subject  string   `help:"Subject of the issue." required:"" placeholder:"TEXT"`
	Intro    string   `help:"Plain text above the articles." placeholder:"TEXT"`
	Source   string   `help:"Where the articles come from: latest, picks, category or chosen." default:"latest" enum:"latest,picks,category,chosen" placeholder:"SOURCE"`
	Category string   `help:"Slug of the section, for the source category." placeholder:"SLUG"`
	Article  []string `help:"Id of an article, for the source chosen; may be given several times." placeholder:"ID"`
	Count    int      `help:"How many articles." default:"10" placeholder:"N"`
	Preview  bool     `help:"Print the text of the mail and send nothing."`
	Slug     string   `arg:"" help:"The newsletter."`
}

// Run composes an issue and has the server send it.
func (c *sendNewsletterCommand) Run(ctx context.Context, s *streams) error {
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		services.Seal(c.Sealer())
		list, err := c.find(ctx, services)
		if err != nil {
			return err
		}
		issue := newsletter.Issue{Newsletter: list.ID, Subject: c.Subject, Intro: c.Intro, Source: newsletterissue.Source(strings.ToUpper(c.Source)), Count: c.Count}
		if c.Category != "" {
			dir, err := services.Directory.Current(ctx)
			if err != nil {
				return err
			}
			section := dir.Categories.BySlug(c.Category)
			if section == nil {
				return fmt.Errorf("--category: there is no section %q", c.Category)
			}
			issue.Category = section.ID
		}
		for _, publicID := range c.Article {
			prefix, key, err := id.Decode(publicID)
			if err != nil || prefix != id.Article {
				return fmt.Errorf("--article: %q is not the id of an article", publicID)
			}
			issue.Articles = append(issue.Articles, key)
		}
		made, err := services.Newsletters.CreateIssue(ctx, issue)
		if err != nil {
			return err
		}
		if c.Preview {
			previews, err := services.Newsletters.Previews(ctx, []*ent.NewsletterIssue{made})
			if err != nil {
				return errors.Join(err, services.Newsletters.DeleteIssue(ctx, made.ID))
			}
			_, _ = fmt.Fprintf(s.out, "Subject: %s\n\n%s", previews[0].Subject, previews[0].Text)
			return services.Newsletters.DeleteIssue(ctx, made.ID)
		}
		if made, err = services.Newsletters.SendIssue(ctx, made.ID); err != nil {
			return err
		}
		progress, err := services.Newsletters.Progress(ctx, []int{made.ID})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.out, "issue %s of %s goes to %d addresses; the server sends it\n", made.PublicID(), list.Name, progress[made.ID].Recipients)
		return nil
	})
}

func (c *sendNewsletterCommand) find(ctx context.Context, services *app.Services) (*ent.Newsletter, error) {
	all, err := services.Newsletters.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if n.Slug == c.Slug {
			return n, nil
		}
	}
	return nil, fmt.Errorf("there is no newsletter %q: broadsheet newsletter list names them", c.Slug)
}

type suppressCommand struct {
	config.Database
	Email string `arg:"" help:"The address."`
}

// Run puts an address on the suppression list.
func (c *suppressCommand) Run(ctx context.Context, s *streams) error {
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		err := services.Newsletters.Suppress(ctx, c.Email, suppression.ReasonManual)
		if err == nil {
			_, _ = fmt.Fprintf(s.out, "%s gets no newsletters any more\n", c.Email)
		}
		return err
	})
}

type releaseCommand struct {
	config.Database
	Email string `arg:"" help:"The address."`
}

// Run takes an address from the suppression list.
func (c *releaseCommand) Run(ctx context.Context, s *streams) error {
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		err := services.Newsletters.Release(ctx, c.Email)
		if err == nil {
			_, _ = fmt.Fprintf(s.out, "%s may subscribe again\n", c.Email)
		}
		return err
	})
}
