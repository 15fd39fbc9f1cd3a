package digest

import (
	"net/http"

	"github.com/broadsheet-cms/broadsheet/internal/mail"
)

// Handler serves the address by which a mail program ends digests.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	s.mail.HandleOneClick(mux, mail.OneClick{Path: oneClickPath, Page: mail.PageStopDigest, Stop: s.Stop, Done: "You get no digests any more."})
	return mail.Unlisted(mux)
}
