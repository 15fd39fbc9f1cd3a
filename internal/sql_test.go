package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// maintains are the hand-written statements that read a guarded table without
// its visibility rule, each with the reason why no reader gets
// what they read.
var maintains = map[string]string{
	"content.lockArticlesSQL":    "holds articles that an import brings new versions of",
	"content.reviveEntrySQL":     "gives an entry of a live blog that comes back its key again",
	"content.archiveSQL":         "reads what articles are about, to rank all of them",
	"content.holdSQL":            "locks articles that are about to be related",
	"content.profilesPostgres":   "reads what articles are about, to rank one of them",
	"content.profilesSQLite":     "reads what articles are about, to rank one of them",
	"content.lockArticleSQL":     "holds an article for a change, after the viewer was asked for",
	"content.listOnSiteSQL":      "fills the listings, of public articles alone",
	"content.listUnderOwnersSQL": "fills the listings from those of the site",
	"content.postponeAllSQL":     "names the public articles whose related ones are to be found",
	"content.relatedDocsSQL":     "reads what was just saved to index its words",
	"content.relatedFacetsSQL":   "reads what was just saved to index what it is about",
	"content.reassignSQL":        "gives articles of a merged section or series to another",
	"content.slugsInUseSQL":      "a slug is taken also by what is hidden",
	"content.articlesAfterSQL":   "walks all articles to note the files of their bodies",
	"site.pagesAfterSQL":         "walks all pages to note the files of their bodies",
	"media.usesSQL":              "names the uses of a file, which are shown by the rule, and counted to those who would delete it",
	"media.conditions":           "tells whether a file is used, to those who work with all files",
	"newsroom.claimDue":          "claims what the server is to publish or take back at its moment",
	"newsroom.claimOneDue":       "claims one such article where one of a batch fails",
	"newsroom.nextDueSQL":        "tells when something is due next, not what",
	"newsroom.comingSQL":         "tells when something is due next, not what",
	"newsroom.dueCountSQL":       "counts what is due for scheduleHealth, which only the newsroom reads",
	"newsroom.checksSQL":         "checks an article on its way to readers, of a record that the viewer may see",
	"newsroom.versionsSQL":       "tells whether an article that failed was changed",
	"account.archived":           "reads what a reader wrote, for the archive that this reader asked for",
	"retention.rules":            "empties what is too old of rows that are not given to anybody",
	"comment.bySourceSQL":        "tells an import what it brought before",
	"comment.lockText":           "locks rows before they change",
	"comment.storedSQL":          "reads what a save is about to change",
	"comment.hiddenAboveSQL":     "looks whether a comment can be reached, for the count of its article",
	"comment.reachedBelowSQL":    "counts the replies that can be reached with a comment",
	"comment.recountArticlesSQL": "counts the approved comments of an article",
	"comment.recountParentsSQL":  "counts the approved replies to a comment",
	"comment.threadSQL":          "tells whether the thread of a comment that the viewer sees is closed",
	"comment.articleOfSQL":       "names the article of a comment that the viewer reacts to or changes",
	"comment.authorSQL":          "tells a guest about their own comment; the title of an article that is not published is left out",
	"comment.reporterSQL":        "tells a reporter about the comment that they saw; the title of an article that is not published is left out",
	"interest.holdText":          "locks the article that was found visible a moment ago",
	"comment.ofGuestSQL":         "gives guests their own comment by the token of its link",
	"comment.policySQL":          "reads who may comment on the article of a comment that its author changes",
	"comment.ancestorSQL":        "finds the comment of the thread under which a deep reply is shown",
	"comment.ownRepeatSQL":       "counts repeats by the same author, shown or not",
	"comment.otherRepeatSQL":     "counts repeats by others, which moderators look at",
	"comment.lockManyText":       "locks the articles of comments that moderators decide on",
	"comment.lockOwnText":        "locks the article of a comment that its author changes",
	"popularity.addHourSQL":      "leaves out views of articles that were deleted meanwhile",
	"popularity.addTotalSQL":     "leaves out views of articles that were deleted meanwhile",
	"interest.tellReplySQL":      "tells the author of a comment of a reply that is approved",
	"interest.tellDecisionSQL":   "tells the author of a comment of a decision about it",
	"search.articlesSQL":         "reads what was saved to index it",
	"search.namesSQL":            "reads what was saved to index what it is about",
	"search.articlesAfterSQL":    "walks all articles to index them anew",
	"search.findPostgres":        "carries the rule, with no counterpart on the other database",
	"search.findHiddenPostgres":  "carries the rule of the newsroom's lists, with no counterpart on the other database",
	"ingest.linkingEntriesSQL":   "finds entries of imported live blogs with links to the old site, to rewrite them",
	"ingest.linkingArticlesSQL":  "finds imported articles with links to the old site, to rewrite them",
	"ingest.linkingPagesSQL":     "finds imported pages with links to the old site, to rewrite them",
	"ingest.showingPagesSQL":     "finds pages that show files, to write where those are",
	"partner.candidatesSQL":      "names articles of which those are given that the key may have",
	"partner.versionsSQL":        "reads the versions of articles that the caller was given by the rule",
	"site.ancestorsSQL":          "finds circles in the tree of pages when one is saved",
	"site.moveBelowSQL":          "moves the pages below one that moved",
}

// guardedTables matches SQL that reads a table whose rows may be hidden.
var guardedTables = func() *regexp.Regexp {
	var names []string
	for _, table := range access.Tables() {
		if table.Checked() {
			names = append(names, table.Name)
		}
	}
	return regexp.MustCompile(`\b(FROM|JOIN)\s+(` + strings.Join(names, "|") + `)\b`)
}()

// statement is a piece of SQL in the source.
type statement struct {
	name string // package.declaration
	text string
	at   token.Position
	how  []string // the functions of store that make statements of it
}

// statements finds the pieces of SQL of a package that read guarded tables, and
// by which functions of the store they become statements: directly, by a function
// of the package that calls one, or as a constant that another declaration hands
// on.
func statements(t *testing.T, name string, p listed) []*statement {
	t.Helper()
	var found []*statement
	makers := map[string][]string{} // identifier → functions of store that it is handed to
	files := token.NewFileSet()
	var decls []ast.Decl
	for _, file := range p.GoFiles {
		f, err := parser.ParseFile(files, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, f.Decls...)
	}
	own := map[string][]string{} // function of the package → functions of store that it calls
	calls := func(n ast.Node) (how []string) {
		ast.Inspect(n, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				switch f := call.Fun.(type) {
				case *ast.SelectorExpr:
					if isName(f.X, "store") && slices.Contains([]string{"Read", "ReadBoth", "Maintain", "MaintainBoth"}, f.Sel.Name) {
						how = append(how, strings.TrimSuffix(f.Sel.Name, "Both"))
					}
				case *ast.Ident:
					how = append(how, own[f.Name]...)
				}
			}
			return true
		})
		return how
	}
	for range 2 { // one may call another
		for _, decl := range decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				own[f.Name.Name] = slices.Compact(calls(f))
			}
		}
	}
	for _, decl := range decls {
		for _, part := range parts(decl) {
			how := calls(part.node)
			ast.Inspect(part.node, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.Ident:
					makers[n.Name] = append(makers[n.Name], how...)
				case *ast.BasicLit:
					if n.Kind == token.STRING && guardedTables.MatchString(n.Value) {
						found = append(found, &statement{name: filepath.Base(name) + "." + part.name, text: n.Value, at: files.Position(n.Pos()), how: how})
					}
				}
				return true
			})
		}
	}
	for _, s := range found {
		if len(s.how) == 0 {
			_, declared, _ := strings.Cut(s.name, ".")
			s.how = makers[declared]
		}
	}
	return found
}

type part struct {
	name string
	node ast.Node
}

// parts splits a declaration into what has a name of its own.
func parts(decl ast.Decl) (all []part) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		return []part{{d.Name.Name, d}}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				all = append(all, part{v.Names[0].Name, v})
			}
		}
	}
	return all
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// TestSQLIsGuarded holds that SQL over the guarded tables is run by
// the store alone, which refuses to run it for a reader without the visibility
// rule, and that what is run for no reader has a reason.
func TestSQLIsGuarded(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for name, p := range all(t) {
		if !below(name, "internal") && !below(name, "graph") || name == "internal/access" || below(name, "internal/tool") || below(name, "internal/testkit") {
			continue // access holds the rule itself; the tools are no part of the server
		}
		for _, s := range statements(t, name, p) {
			switch {
			case len(s.how) == 0:
				t.Errorf("%s: %s is no statement of the store: %.60s", s.at, s.name, s.text)
			case slices.Contains(s.how, "Maintain"):
				used[s.name] = true
				if maintains[s.name] == "" {
					t.Errorf("%s: %s reads without the visibility rule and has no reason in this test: %.80s", s.at, s.name, s.text)
				}
			}
		}
	}
	for name := range maintains {
		if !used[name] {
			t.Errorf("%s is listed here and reads no guarded table any more", name)
		}
	}
}

// TestEntIsAskedOnlyWhereRulesReach: ent's interceptors see neither HasXWith
// conditions nor, after a commit, edges that are followed from a row.
func TestEntIsAskedOnlyWhereRulesReach(t *testing.T) {
	t.Parallel()
	blind := regexp.MustCompile(`^(Has[A-Z]\w*With|Query[A-Z]\w*)$`)
	ofSQL := []string{"QueryContext", "QueryRow", "QueryRowContext", "QueryEscape"}
	for name, p := range all(t) {
		if !below(name, "internal") && !below(name, "graph") || below(name, "internal/tool") || below(name, "internal/testkit") || strings.HasSuffix(name, "/generated") || strings.HasSuffix(name, "/reference") {
			continue
		}
		files := token.NewFileSet()
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(files, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if s, ok := call.Fun.(*ast.SelectorExpr); ok && blind.MatchString(s.Sel.Name) && !slices.Contains(ofSQL, s.Sel.Name) {
					t.Errorf("%s: %s follows an edge past the visibility rules: load by id through a service", files.Position(n.Pos()), s.Sel.Name)
				}
				return true
			})
		}
	}
}
