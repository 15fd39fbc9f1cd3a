package ninjs

import (
	"math"
	"strings"
)

// decode reads the JSON text of an item into it. The error is a *rejection:
// the text is no JSON.
func (d *decoder) decode(text []byte, it *Item) error {
	d.text, d.pos, d.err = text, 0, nil
	d.path, d.elements, d.cut, d.problems, d.spelling = d.path[:0], 0, false, nil, 0
	d.item(it, nil)
	if d.err == nil && d.peek() != 0 {
		d.unexpected("the end")
	}
	d.text = nil
	if cap(d.scratch) > 1<<20 {
		d.scratch = nil
	}
	if d.err != nil {
		return d.err
	}
	if it.URI == "" {
		d.path = d.path[:0]
		d.path = append(d.path, step{field: "uri"})
		d.problem(CodeMissingID, "", "the item has no uri", false)
	}
	it.Problems = d.problems
	d.problems = nil
	return nil
}

// item takes an item, or one within an association of another.
func (d *decoder) item(it *Item, as *Association) {
	it.PubStatus = Usable
	for f := range d.fields(itemNames) {
		switch f {
		case unknown:
			if d.prefixed(it) {
				d.spelling |= singular
			} else if len(it.Unknown) < maxUnknown {
				it.Unknown = append(it.Unknown, d.key)
			}
		case fURI:
			s, _ := d.str() // a number is no identifier
			it.URI = strings.TrimSpace(s)
		case fVersion:
			it.Version = d.string()
		case fType:
			it.Type, _ = d.oneOf("text", "audio", "video", "picture", "graphic", "composite", "component", "event", "planning")
		case fProfile:
			it.Profile = d.string()
		case fRepresentationType:
			it.RepresentationType = d.string()
		case fPubStatus:
			it.PubStatus = d.pubStatus()
		case fUrgency:
			it.Urgency = d.integer(1, 9)
		case fLanguage:
			it.Language = strings.TrimSpace(d.string())

		case fFirstCreated:
			it.FirstCreated = d.date()
		case fVersionCreated:
			it.VersionCreated = d.date()
		case fContentCreated:
			it.ContentCreated = d.date()
		case fEmbargoedUntil:
			it.EmbargoedUntil = d.date()
		case fExpires:
			it.Expires = d.date()

		case fTitle:
			it.Title = d.string()
		case fHeadline:
			if s := d.string(); s != "" {
				// First, so that it is the main one.
				it.Headlines = append([]Text{{Value: s}}, it.Headlines...)
			}
		case fHeadlines:
			it.Headlines = d.texts(it.Headlines)
		case fDescriptions:
			it.Descriptions = d.texts(it.Descriptions)
		case fBodies:
			it.Bodies = d.texts(it.Bodies)
		case fBy:
			it.By = d.string()
		case fSlugline:
			it.Slugline = d.string()
		case fLocated:
			it.Located = d.string()
		case fEdNote:
			it.EdNote = d.string()
		case fCopyrightHolder:
			it.Copyright.Holder = d.string()
		case fCopyrightNotice:
			it.Copyright.Notice = d.string()
		case fUsageTerms:
			it.UsageTerms = d.string()
		case fRightsInfo:
			it.Rights = d.rights()

		case fPeople:
			it.People = d.entities()
		case fOrganisations:
			it.Organisations = d.entities()
		case fSubjects:
			it.Subjects = d.entities()
		case fEvents:
			it.Events = d.entities()
		case fObjects:
			it.Objects = d.entities()
		case fGenres:
			it.Genres = d.entities()
		case fInfoSources:
			it.InfoSources = d.entities()
		case fPlaces:
			it.Places = d.places()
		case fSourceType:
			d.entity(&it.SourceType, nil)

		case fAltIDs:
			it.AltIDs = d.altIDs()
		case fTrustIndicators:
			it.TrustIndicators = d.trustIndicators()
		case fRenditions:
			it.Renditions = d.renditions()
		case fAssociations:
			it.Associations = d.associations()
		case fStandard:
			it.Standard = d.standard()

		case fName, fRel:
			switch {
			case as == nil:
				if len(it.Unknown) < maxUnknown {
					it.Unknown = append(it.Unknown, [...]string{fName: "name", fRel: "rel"}[f])
				}
			case f == fName:
				as.Name = d.string()
			default:
				as.Rel = d.string()
			}
		}
	}
	it.Major = d.spelling.major()
	if it.Standard != "" && it.Standard[0] >= '1' && it.Standard[0] <= '9' {
		it.Major = int(it.Standard[0] - '0')
	}
}

// prefixed takes the fields of ninjs 1.x which carry a role or a type in their
// names, as body_html does.
func (d *decoder) prefixed(it *Item) bool {
	base, role, found := strings.Cut(strings.ToLower(d.key), "_")
	if !found {
		return false
	}
	switch base {
	case "headline":
		if s := d.string(); s != "" {
			it.Headlines = append(it.Headlines, Text{Role: role, Value: s})
		}
	case "description":
		if s := d.string(); s != "" {
			it.Descriptions = append(it.Descriptions, Text{Role: role, Value: s})
		}
	case "body":
		if s := d.string(); s != "" {
			it.Bodies = append(it.Bodies, bodyOf(role, s))
		}
	default:
		return false
	}
	return true
}

func bodyOf(suffix, value string) Text {
	types := map[string]string{
		"html": "text/html", "html5": "text/html", "xhtml": "application/xhtml+xml",
		"markdown": "text/markdown", "md": "text/markdown", "text": "text/plain", "nitf": "application/nitf+xml",
	}
	if media, ok := types[suffix]; ok {
		return Text{ContentType: media, Value: value}
	}
	return Text{Role: suffix, Value: value}
}

func (d *decoder) pubStatus() PubStatus {
	if d.peek() == 'n' {
		d.skip()
		return Usable
	}
	s, ok := d.oneOf(string(Usable), string(Withheld), string(Canceled), "cancelled")
	switch {
	case !ok:
		return Withheld
	case s == "cancelled":
		return Canceled
	}
	return PubStatus(s)
}

func (d *decoder) standard() (version string) {
	if !d.isObject() {
		return ""
	}
	var schema string
	for f := range d.fields(partNames) {
		switch f {
		case pVersion:
			version = strings.TrimSpace(d.string())
		case pSchema:
			schema = d.string()
		}
	}
	if version == "" {
		// http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#
		_, after, _ := strings.Cut(schema, "schema_")
		version, _, _ = strings.Cut(after, ".json")
	}
	return version
}

func (d *decoder) texts(all []Text) []Text {
	for range d.list() {
		var t Text
		switch d.peek() {
		case '"':
			t.Value, _ = d.str()
		case '{':
			for f := range d.fields(partNames) {
				switch f {
				case pRole:
					t.Role = d.string()
				case pContentType:
					t.ContentType = d.string()
				case pValue:
					t.Value = d.string()
				}
			}
		case 'n':
			continue
		default:
			d.wrongType("an object")
			continue
		}
		all = append(all, t)
	}
	return all
}

func (d *decoder) rights() (r Rights) {
	if !d.isObject() {
		return r
	}
	for f := range d.fields(partNames) {
		switch f {
		case pLangID:
			r.LangID = d.string()
		case pLinkedRights:
			r.LinkedRights = d.string()
		case pEncodedRights:
			r.EncodedRights = d.string()
		}
	}
	return r
}

// isObject tells whether an object comes next. Null is passed over in silence,
// other types with a problem.
func (d *decoder) isObject() bool {
	switch d.peek() {
	case '{':
		return true
	case 'n':
		d.skip()
	default:
		d.wrongType("an object")
	}
	return false
}

func (d *decoder) altIDs() (all []AltID) {
	if d.peek() == '{' { // in 1.x the roles are names of fields
		for range d.fields(nil) {
			id := AltID{Role: d.key}
			if c := d.peek(); c == '-' || c >= '0' && c <= '9' {
				id.Value = d.number()
			} else {
				id.Value, _ = d.str()
			}
			if id.Value != "" && d.elements < maxElements {
				d.elements++
				all = append(all, id)
			}
		}
		return all
	}
	for range d.list() {
		if !d.isObject() {
			continue
		}
		var id AltID
		for f := range d.fields(partNames) {
			switch f {
			case pRole:
				id.Role = d.string()
			case pValue:
				id.Value = d.string()
			}
		}
		all = append(all, id)
	}
	return all
}

func (d *decoder) trustIndicators() (all []TrustIndicator) {
	for range d.list() {
		if !d.isObject() {
			continue
		}
		var t TrustIndicator
		for f := range d.fields(partNames) {
			switch f {
			case pRole, pCode:
				t.Role = d.string()
			case pTitle:
				t.Title = d.string()
			case pHref:
				t.Href = d.string()
			}
		}
		all = append(all, t)
	}
	return all
}

func (d *decoder) renditions() (all []Rendition) {
	for name := range d.listOrMap() {
		r := Rendition{Name: name}
		for f := range d.fields(partNames) {
			switch f {
			case pName:
				r.Name = d.string()
			case pHref:
				r.Href = d.string()
			case pContentType:
				r.ContentType = d.string()
			case pTitle:
				r.Title = d.string()
			case pWidth:
				r.Width = d.integer(0, math.MaxInt32)
			case pHeight:
				r.Height = d.integer(0, math.MaxInt32)
			case pSizeInBytes:
				r.SizeInBytes = d.integer(0, 1<<50)
			case pDuration:
				r.Duration, _ = d.float()
			case pFormat:
				r.Format = d.string()
			case pPOI:
				r.Focus = d.focus()
			}
		}
		all = append(all, r)
	}
	return all
}

func (d *decoder) focus() *Focus {
	if !d.isObject() {
		return nil
	}
	p, has := Focus{}, 0
	for f := range d.fields(partNames) {
		switch f {
		case pX:
			p.X = d.integer(0, math.MaxInt32)
			has |= 1
		case pY:
			p.Y = d.integer(0, math.MaxInt32)
			has |= 2
		}
	}
	if has != 3 {
		return nil
	}
	return &p
}

func (d *decoder) associations() (all []Association) {
	for name := range d.listOrMap() {
		a := Association{Name: name}
		d.item(&a.Item, &a)
		all = append(all, a)
	}
	return all
}
