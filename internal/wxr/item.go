package wxr

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// readItem reads an item, or its beginning where it has very many comments.
func (r *Reader) readItem(t *tag) (Record, error) {
	it := &Item{Position: r.start(t)}
	r.index++
	return r.readParts(it, t)
}

// continueItem reads further comments of an item.
func (r *Reader) continueItem() (Record, error) {
	before := r.item
	r.item = nil
	it := &Item{Position: before.Position, ID: before.ID, GUID: before.GUID, Type: before.Type, Status: before.Status, Link: before.Link, Part: before.Part + 1}
	return r.readParts(it, &tag{local: "item", at: before.Position})
}

func (r *Reader) readParts(it *Item, t *tag) (Record, error) {
	var plain []TermRef
	from := r.scan.offset
	whole := false
	err := r.parts(t, func(part *tag) error {
		if r.scan.offset-from > int64(r.opts.MaxItemBytes) {
			return fmt.Errorf("the item is %w of %d bytes", errTooLong, r.opts.MaxItemBytes)
		}
		r.learn(part)
		if part.local == "comment" && part.prefix != "" && len(it.Comments) == r.opts.CommentsPerPart {
			r.scan.unread = part
			return errMore
		}
		return r.readPart(it, part, &plain)
	})
	switch {
	case err == errMore: //nolint:errorlint // it is ours, as it is
		it.More = true
		r.item = it
	case err != nil:
		return Record{}, r.refused(it.Position, err)
	default:
		whole = true
	}
	if whole || it.More {
		it.Terms = withPlain(it.Terms, plain)
	}
	it.Problems = r.takeProblems()
	return Record{Item: it}, nil
}

// errMore says that an item has more comments than one part takes.
var errMore = errors.New("further comments follow")

// withPlain adds the categories that were written without a slug. Version 1.0
// writes each once so and once with its slug.
func withPlain(terms, plain []TermRef) []TermRef {
	for _, p := range plain {
		known := false
		for _, t := range terms {
			known = known || t.Name == p.Name
		}
		if !known && len(terms) < maxTerms {
			p.Domain = "category"
			terms = append(terms, p)
		}
	}
	return terms
}

func (r *Reader) readPart(it *Item, t *tag, plain *[]TermRef) error {
	switch t.local {
	case "title":
		return r.word(t, &it.Title)
	case "link":
		return r.word(t, &it.Link)
	case "creator":
		return r.word(t, &it.Creator)
	case "guid":
		return r.word(t, &it.GUID)
	case "pubDate":
		return r.date(t, time.RFC1123Z, &it.PubDate)
	case "encoded":
		return r.readEncoded(it, t)
	case "post_id":
		return r.number(t, &it.ID)
	case "post_parent":
		return r.number(t, &it.Parent)
	case "menu_order":
		var text string // may be below zero
		if err := r.word(t, &text); err != nil {
			return err
		}
		it.MenuOrder, _ = strconv.Atoi(text) // 0 where it is none
		return nil
	case "post_date":
		return r.date(t, dateLayout, &it.Date)
	case "post_date_gmt":
		return r.date(t, dateLayout, &it.DateGMT)
	case "post_modified_gmt":
		return r.date(t, dateLayout, &it.Modified)
	case "post_name":
		return r.word(t, &it.Name)
	case "status":
		return r.word(t, &it.Status)
	case "post_type":
		return r.word(t, &it.Type)
	case "post_password":
		return r.word(t, &it.Password)
	case "is_sticky":
		var text string
		err := r.word(t, &text)
		it.Sticky = text != "" && text != "0"
		return err
	case "comment_status":
		return r.word(t, &it.CommentStatus)
	case "attachment_url":
		return r.word(t, &it.AttachmentURL)
	case "category":
		return r.readTermRef(it, t, plain)
	case "postmeta":
		return r.readMeta(it, t)
	case "comment":
		return r.readComment(it, t)
	}
	return r.scan.skipField(t)
}

// skipField passes over a field that has no place here.
func (s *scanner) skipField(t *tag) error {
	_, _, err := s.field(t, 256)
	return err
}

func (r *Reader) readEncoded(it *Item, t *tag) error {
	if r.isExcerpt(t) {
		var err error
		it.Excerpt, err = r.value(t)
		return err
	}
	text, tooLong, err := r.scan.field(t, r.opts.MaxBodyBytes)
	if err == nil && tooLong {
		err = fmt.Errorf("the body is %w of %d bytes", errTooLong, r.opts.MaxBodyBytes)
	}
	it.Content = text
	return err
}

func (r *Reader) readTermRef(it *Item, t *tag, plain *[]TermRef) error {
	w := TermRef{Domain: t.attr("domain"), Slug: t.attr("nicename")}
	if err := r.word(t, &w.Name); err != nil {
		return err
	}
	if w.Domain == "tag" {
		w.Domain = "post_tag" // version 1.0
	}
	switch {
	case w.Name == "" && w.Slug == "":
	case len(it.Terms)+len(*plain) >= maxTerms:
		r.problem(CodeListCut, "more than %d terms: the others are dropped", maxTerms)
	case w.Slug == "":
		*plain = append(*plain, w)
	default:
		it.Terms = append(it.Terms, w)
	}
	return nil
}

func (r *Reader) readMeta(it *Item, t *tag) error {
	var m Meta
	err := r.parts(t, func(part *tag) (err error) {
		switch part.local {
		case "meta_key":
			return r.word(part, &m.Key)
		case "meta_value":
			m.Value, err = r.value(part)
		}
		return err
	})
	switch {
	case err != nil || m.Key == "":
	case len(it.Meta) >= maxMeta:
		r.problem(CodeListCut, "more than %d custom fields: the others are dropped", maxMeta)
	default:
		it.Meta = append(it.Meta, m)
	}
	return err
}

// readCommentMeta reads a custom field of a comment.
func (r *Reader) readCommentMeta(t *tag, c *Comment) error {
	var key, value string
	err := r.parts(t, func(part *tag) error {
		switch part.local {
		case "meta_key":
			return r.word(part, &key)
		case "meta_value":
			return r.word(part, &value)
		}
		return r.scan.skipField(part)
	})
	if key == "liveblog_replaces" {
		c.Replaces, _ = strconv.Atoi(value) // 0 where it is none
	}
	return err
}

func (r *Reader) readComment(it *Item, t *tag) error {
	c := Comment{Position: r.start(t)}
	c.Position.Index = it.Index
	var local time.Time
	err := r.parts(t, func(part *tag) (err error) {
		switch part.local {
		case "comment_id":
			return r.number(part, &c.ID)
		case "comment_parent":
			return r.number(part, &c.Parent)
		case "comment_user_id":
			return r.number(part, &c.UserID)
		case "comment_author":
			return r.word(part, &c.Author)
		case "comment_author_email":
			return r.word(part, &c.Email)
		case "comment_author_url":
			return r.word(part, &c.URL)
		case "comment_content":
			c.Content, err = r.value(part)
			return err
		case "comment_approved":
			return r.word(part, &c.Approved)
		case "comment_type":
			return r.word(part, &c.Type)
		case "comment_date_gmt":
			return r.date(part, dateLayout, &c.Date)
		case "comment_date":
			return r.date(part, dateLayout, &local)
		case "commentmeta":
			return r.readCommentMeta(part, &c)
		}
		return r.scan.skipField(part)
	})
	if c.Date.IsZero() {
		c.Date = local
	}
	if err == nil {
		it.Comments = append(it.Comments, c)
	}
	return err
}
