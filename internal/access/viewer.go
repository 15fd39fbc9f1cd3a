// Package access says who is looking and what they may see and do. What a
// viewer may see is one rule for each type (see rule.go), applied below every
// query; what a viewer may do is one table of capabilities (see
// capability.go), asked by services before they act.
package access

import "context"

// Role is what a signed-in person is to the newsroom. The zero Role is a
// reader.
type Role string

// The roles, as stored with users.
const (
	Reader      Role = "READER"
	Contributor Role = "CONTRIBUTOR"
	Author      Role = "AUTHOR"
	Editor      Role = "EDITOR"
	Moderator   Role = "MODERATOR"
	Admin       Role = "ADMIN"
)

// Viewer is who a request is answered for. The zero Viewer is an anonymous
// reader, so a forgotten viewer sees the least.
type Viewer struct {
	UserID    int // 0: nobody signed in
	Role      Role
	Name      string // as the record of who did what shall have it
	SessionID int
	// Preview is the key of the one article that a preview token lets the
	// viewer read before it is published, 0 for none.
	Preview int
	system  bool
}

// System reports whether the program itself is looking, be it for somebody.
func (v Viewer) System() bool { return v.system }

// SeesExpired reports whether the viewer is shown media whose licence has ended:
// whoever writes or looks after the site. The program itself is not: what it reads
// in this way is for others, such as partners.
func (v Viewer) SeesExpired() bool {
	return !v.system && (v.Can(WriteArticles) || v.Can(ManageSite))
}

type viewerKey struct{}

// With gives a context in which v is looking.
func With(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// Of gives the viewer of a context, an anonymous reader when none was set.
func Of(ctx context.Context) Viewer {
	v, _ := ctx.Value(viewerKey{}).(Viewer)
	return v
}

// AsSystem gives a context for the program's own work, which sees everything.
// It still knows for whom the work is done, if for anybody. It is for services,
// after they asked what the viewer may do, and for commands.
func AsSystem(ctx context.Context) context.Context {
	v := Of(ctx)
	v.system = true
	return With(ctx, v)
}

// Origin is where a request came from.
type Origin struct {
	Address   string // network address of the client
	UserAgent string
	RequestID string
}

type originKey struct{}

// WithOrigin gives a context of a request from o.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf gives where the request of a context came from, nothing for the
// program's own work.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
