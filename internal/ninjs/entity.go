package ninjs

import (
	"iter"
	"strings"
)

// listOrMap iterates over the objects of a list, or over those of a map as
// ninjs 1.x has it, whose names it gives.
func (d *decoder) listOrMap() iter.Seq[string] {
	return func(yield func(string) bool) {
		if d.peek() != '{' {
			for range d.list() {
				if d.isObject() {
					yield("")
				}
			}
			return
		}
		i := 0
		for range d.fields(nil) {
			name := d.key
			d.path = d.path[:len(d.path)-1] // an index rather than the name
			d.element(i, func(int) bool {
				if d.isObject() {
					i++
					yield(name)
				}
				return true
			})
			d.path = append(d.path, step{field: name})
		}
	}
}

func (d *decoder) entities() (all []Entity) {
	for range d.list() {
		if d.peek() == 'n' {
			continue
		}
		var e Entity
		if d.entity(&e, nil) {
			all = append(all, e)
		}
	}
	return all
}

// entity takes an object with a name and identifiers, or a mere name. Of a
// place it takes what only places have as well.
func (d *decoder) entity(e *Entity, place *Place) bool {
	if d.peek() == '"' {
		e.Name = d.name()
		return e.Name != ""
	}
	if !d.isObject() {
		return false
	}
	for f := range d.fields(partNames) {
		switch f {
		case pName:
			e.Name = d.string()
		case pRel:
			e.Rel = d.string()
		case pRole:
			e.Role = d.string()
		case pURI:
			e.URI = strings.TrimSpace(d.string())
		case pLiteral:
			e.Literal = d.string()
		case pCode:
			e.Literal = d.string()
		case pScheme:
			e.Scheme = d.string()
		case pContactInfo:
			if place != nil {
				d.contactCountry(place)
			}
		case pGeoJSON:
			if place != nil {
				d.geometry(place)
			}
		case unknown:
			if place != nil && strings.HasPrefix(d.key, "geometry_") { // 1.x
				d.geometry(place)
			}
		}
	}
	return true
}

// name takes a name where an object should be.
func (d *decoder) name() string {
	s, _ := d.str()
	d.problem(CodeWrongType, s, "expected an object, found text: taken as the name", true)
	return s
}

func (d *decoder) places() (all []Place) {
	for range d.list() {
		if d.peek() == 'n' {
			continue
		}
		var p Place
		if !d.entity(&p.Entity, &p) {
			continue
		}
		identifier := p.Literal
		if p.Scheme != "" {
			identifier = strings.TrimRight(p.Scheme, "/:#") + ":" + p.Literal
		}
		for _, id := range []string{identifier, p.URI} {
			if country := countryOf(id); country != "" {
				p.Country = country
				break
			}
		}
		all = append(all, p)
	}
	return all
}

// contactCountry takes the country of the first address which names it by its
// code. The identifiers of the place go before it.
func (d *decoder) contactCountry(p *Place) {
	for range d.list() {
		if d.peek() != '{' {
			continue
		}
		for f := range d.fields(partNames) {
			if f != pAddress || d.peek() != '{' {
				continue
			}
			for f := range d.fields(partNames) {
				if f != pCountry || d.peek() != '"' {
					continue
				}
				if country := countryOf(d.string()); p.Country == "" {
					p.Country = country
				}
			}
		}
	}
}

// geometry takes a position from GeoJSON (RFC 7946): a Point, or the first one
// among features. Other geometries are passed over.
func (d *decoder) geometry(p *Place) {
	if !d.isObject() {
		return
	}
	for f := range d.fields(partNames) {
		switch f {
		case pGeometry:
			d.geometry(p)
		case pFeatures:
			for range d.list() {
				d.geometry(p)
			}
		case pCoordinates:
			d.point(p)
		}
	}
}

// point takes [longitude, latitude, …].
func (d *decoder) point(p *Place) {
	if d.peek() != '[' {
		return
	}
	open := d.pos
	d.pos++
	nested := d.peek() == '[' // a line or a polygon
	if d.pos = open; nested {
		return
	}
	var at [2]float64
	n := 0
	for i := range d.list() {
		number, ok := d.float()
		if ok && i < len(at) {
			at[i] = number
			n++
		}
	}
	switch {
	case n < len(at) || p.Point != nil:
	case at[0] < -180 || at[0] > 180 || at[1] < -90 || at[1] > 90:
		d.problem(CodeOutOfRange, "", "expected longitude and latitude in degrees", false)
	default:
		p.Point = &Point{Longitude: at[0], Latitude: at[1]}
	}
}
