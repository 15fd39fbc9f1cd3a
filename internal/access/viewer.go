// Package access says who is looking and what they may see and do. What a
// viewer may see is one rule for each type (see rule.go), applied below every
// query; nothing above has to remember it.
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
	UserID int // 0: nobody signed in
	Role   Role
	system bool
}

// System reports whether the viewer is the program itself.
func (v Viewer) System() bool { return v.system }

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
// It is for services and commands, never for answering a request.
func AsSystem(ctx context.Context) context.Context {
	return With(ctx, Viewer{system: true})
}
