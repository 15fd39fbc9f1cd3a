package graph

import (
	"mime"
	"strconv"
	"strings"
)

// The media types of answers.
const (
	plainJSON   = "application/json"
	graphQLJSON = "application/graphql-response+json"
)

// preference is how much a client wants one media type.
type preference struct {
	quality  float64
	specific int // 2 for the type itself, 1 for application/*, 0 for */*, -1: not named
	place    int // in the header
}

// better reports whether p is to be preferred to q.
func (p preference) better(q preference) bool {
	switch {
	case p.quality != q.quality:
		return p.quality > q.quality
	case p.specific != q.specific:
		return p.specific > q.specific
	}
	return p.place < q.place
}

// negotiate picks the media type of the answer: the one with the highest q-value,
// among equals the one that is named more exactly, then the one named first, then
// plain JSON. A request that does not say what it accepts gets plain JSON; one that
// accepts neither gets acceptable false, and is refused in plain JSON.
//
// Source: RFC 9110, section 12.5.1; GraphQL over HTTP, section "Accept".
func negotiate(accept []string) (kind string, acceptable bool) {
	plain, full := preference{specific: -1}, preference{specific: -1}
	place := 0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		named, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		place++
		quality := 1.0
		if text, ok := params["q"]; ok {
			if quality, err = strconv.ParseFloat(text, 64); err != nil || !(quality >= 0 && quality <= 1) {
				continue
			}
		}
		for offered, wanted := range map[string]*preference{plainJSON: &plain, graphQLJSON: &full} {
			specific := exactness(named, offered)
			// The most exact range counts, not the best.
			if specific > wanted.specific {
				*wanted = preference{quality, specific, place}
			}
		}
	}
	if place == 0 { // nothing that says what is accepted
		return plainJSON, true
	}
	if full.quality > 0 && full.better(plain) {
		return graphQLJSON, true
	}
	return plainJSON, plain.quality > 0
}

// exactness is how exactly a media range names a type, -1 when it does not.
func exactness(named, offered string) int {
	switch named {
	case offered:
		return 2
	case "application/*":
		return 1
	case "*/*":
		return 0
	}
	return -1
}
