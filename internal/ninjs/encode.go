package ninjs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Standard identifies the version that Encode writes.
const (
	StandardVersion = "3.1"
	StandardSchema  = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"
)

type jsonItem struct {
	Standard           *jsonStandard     `json:"standard,omitempty"`
	URI                string            `json:"uri,omitempty"`
	Type               string            `json:"type,omitempty"`
	RepresentationType string            `json:"representationType,omitempty"`
	Profile            string            `json:"profile,omitempty"`
	Version            string            `json:"version,omitempty"`
	FirstCreated       string            `json:"firstCreated,omitempty"`
	VersionCreated     string            `json:"versionCreated,omitempty"`
	ContentCreated     string            `json:"contentCreated,omitempty"`
	EmbargoedUntil     string            `json:"embargoedUntil,omitempty"`
	Expires            string            `json:"expires,omitempty"`
	PubStatus          PubStatus         `json:"pubStatus,omitempty"`
	Urgency            int               `json:"urgency,omitempty"`
	CopyrightHolder    string            `json:"copyrightHolder,omitempty"`
	CopyrightNotice    string            `json:"copyrightNotice,omitempty"`
	UsageTerms         string            `json:"usageTerms,omitempty"`
	EdNote             string            `json:"edNote,omitempty"`
	Language           string            `json:"language,omitempty"`
	Title              string            `json:"title,omitempty"`
	By                 string            `json:"by,omitempty"`
	Slugline           string            `json:"slugline,omitempty"`
	Located            string            `json:"located,omitempty"`
	Headlines          []jsonText        `json:"headlines,omitempty"`
	Descriptions       []jsonText        `json:"descriptions,omitempty"`
	Bodies             []jsonText        `json:"bodies,omitempty"`
	People             []jsonEntity      `json:"people,omitempty"`
	Organisations      []jsonEntity      `json:"organisations,omitempty"`
	Subjects           []jsonEntity      `json:"subjects,omitempty"`
	Events             []jsonEntity      `json:"events,omitempty"`
	Objects            []jsonEntity      `json:"objects,omitempty"`
	Genres             []jsonEntity      `json:"genres,omitempty"`
	InfoSources        []jsonEntity      `json:"infoSources,omitempty"`
	Places             []jsonEntity      `json:"places,omitempty"`
	AltIDs             []jsonAltID       `json:"altIds,omitempty"`
	TrustIndicators    []jsonTrust       `json:"trustIndicators,omitempty"`
	Renditions         []jsonRendition   `json:"renditions,omitempty"`
	Associations       []jsonAssociation `json:"associations,omitempty"`
}

type jsonStandard struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Schema  string `json:"schema"`
}

type jsonText struct {
	Role        string `json:"role,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	Value       string `json:"value"`
}

type jsonEntity struct {
	Name    string     `json:"name,omitempty"`
	Rel     string     `json:"rel,omitempty"`
	Role    string     `json:"role,omitempty"`
	URI     string     `json:"uri,omitempty"`
	Literal string     `json:"literal,omitempty"`
	GeoJSON *jsonPoint `json:"geoJSON,omitempty"`
}

type jsonPoint struct {
	Type        string     `json:"type"`
	Coordinates [2]float64 `json:"coordinates"` // longitude, latitude
}

type jsonAltID struct {
	Role  string `json:"role,omitempty"`
	Value string `json:"value"`
}

type jsonTrust struct {
	Role  string `json:"role,omitempty"`
	Title string `json:"title,omitempty"`
	Href  string `json:"href,omitempty"`
}

type jsonRendition struct {
	Name        string  `json:"name,omitempty"`
	Href        string  `json:"href,omitempty"`
	ContentType string  `json:"contentType,omitempty"`
	Title       string  `json:"title,omitempty"`
	Width       int     `json:"width,omitempty"`
	Height      int     `json:"height,omitempty"`
	SizeInBytes int     `json:"sizeInBytes,omitempty"`
	Duration    float64 `json:"duration,omitempty"`
	Format      string  `json:"format,omitempty"`
	POI         *Focus  `json:"poi,omitempty"`
}

type jsonAssociation struct {
	Name string `json:"name,omitempty"`
	Rel  string `json:"rel,omitempty"`
	*jsonItem
}

// Encode writes an item as ninjs 3.1. The result depends on the item alone.
func Encode(it *Item) ([]byte, error) {
	out := encodeItem(it)
	out.Standard = &jsonStandard{"ninjs", StandardVersion, StandardSchema}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // bodies are HTML
	if err := e.Encode(out); err != nil {
		return nil, fmt.Errorf("write an item of ninjs: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func encodeItem(it *Item) *jsonItem {
	out := &jsonItem{
		URI: it.URI, Type: it.Type, RepresentationType: it.RepresentationType, Profile: it.Profile, Version: it.Version,
		FirstCreated: moment(it.FirstCreated), VersionCreated: moment(it.VersionCreated), ContentCreated: moment(it.ContentCreated),
		EmbargoedUntil: moment(it.EmbargoedUntil), Expires: moment(it.Expires), PubStatus: it.PubStatus, Urgency: it.Urgency,
		CopyrightHolder: it.Copyright.Holder, CopyrightNotice: it.Copyright.Notice, UsageTerms: it.UsageTerms, EdNote: it.EdNote,
		Language: it.Language, Title: it.Title, By: it.By, Slugline: it.Slugline, Located: it.Located,
		Headlines: texts(it.Headlines), Descriptions: texts(it.Descriptions), Bodies: texts(it.Bodies),
		People: entities(it.People), Organisations: entities(it.Organisations), Subjects: entities(it.Subjects), Events: entities(it.Events),
		Objects: entities(it.Objects), Genres: entities(it.Genres), InfoSources: entities(it.InfoSources),
	}
	for _, p := range it.Places {
		e := entity(p.Entity)
		if p.Point != nil {
			e.GeoJSON = &jsonPoint{"Point", [2]float64{p.Point.Longitude, p.Point.Latitude}}
		}
		out.Places = append(out.Places, e)
	}
	for _, a := range it.AltIDs {
		out.AltIDs = append(out.AltIDs, jsonAltID(a))
	}
	for _, t := range it.TrustIndicators {
		out.TrustIndicators = append(out.TrustIndicators, jsonTrust(t))
	}
	for _, r := range it.Renditions {
		out.Renditions = append(out.Renditions, jsonRendition{r.Name, r.Href, r.ContentType, r.Title, r.Width, r.Height, r.SizeInBytes, r.Duration, r.Format, r.Focus})
	}
	for i := range it.Associations {
		a := &it.Associations[i]
		out.Associations = append(out.Associations, jsonAssociation{a.Name, a.Rel, encodeItem(&a.Item)})
	}
	return out
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func texts(in []Text) (out []jsonText) {
	for _, t := range in {
		out = append(out, jsonText(t))
	}
	return out
}

func entities(in []Entity) (out []jsonEntity) {
	for _, e := range in {
		out = append(out, entity(e))
	}
	return out
}

func entity(e Entity) jsonEntity {
	return jsonEntity{Name: e.Name, Rel: e.Rel, Role: e.Role, URI: e.URI, Literal: e.Literal}
}
