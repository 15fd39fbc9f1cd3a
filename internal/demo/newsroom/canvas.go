package newsroom

import (
	"image"
	"math"
	"slices"
)

// tone is a colour with channels from 0 to 1, gamma-encoded as sRGB: mixing there
// is not physical light, but it is how the palettes were chosen.
type tone struct{ r, g, b float64 }

// hex reads 0xRRGGBB.
func hex(v uint32) tone {
	return tone{float64(v>>16&0xff) / 255, float64(v>>8&0xff) / 255, float64(v&0xff) / 255}
}

// mix goes from a to b as t goes from 0 to 1.
func mix(a, b tone, t float64) tone {
	return tone{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

var (
	white = tone{1, 1, 1}
	black = tone{0, 0, 0}
)

// point is a place on the canvas, in pixels from the top left.
type point struct{ x, y float64 }

// canvas is an opaque picture that is painted from back to front with smooth
// edges.
type canvas struct {
	*image.RGBA
	w, h float64
	row  []float32 // coverage of the row being filled
}

func newCanvas(w, h int) *canvas {
	return &canvas{image.NewRGBA(image.Rect(0, 0, w, h)), float64(w), float64(h), make([]float32, w+1)}
}

func byteOf(v float64) uint8 { return uint8(math.Round(255 * min(max(v, 0), 1))) }

// ink is a tone in bytes, worked out once for many pixels.
type ink struct{ r, g, b int32 }

func (t tone) ink() ink { return ink{int32(byteOf(t.r)), int32(byteOf(t.g)), int32(byteOf(t.b))} }

// blend lays a colour over the pixel at byte offset o with opacity a.
func (c *canvas) blend(o int, t ink, a float64) {
	p := c.Pix[o : o+4 : o+4]
	k := int32(a*256 + .5)
	if k >= 256 {
		p[0], p[1], p[2] = uint8(t.r), uint8(t.g), uint8(t.b)
		return
	}
	p[0] += uint8((t.r - int32(p[0])) * k >> 8)
	p[1] += uint8((t.g - int32(p[1])) * k >> 8)
	p[2] += uint8((t.b - int32(p[2])) * k >> 8)
}

// wash fills the whole canvas with a vertical gradient through evenly spaced
// stops.
func (c *canvas) wash(stops ...tone) { c.band(0, c.h, stops...) }

// band fills the rows from y0 to y1 with a vertical gradient.
func (c *canvas) band(y0, y1 float64, stops ...tone) {
	for y := max(int(y0), 0); y < min(int(math.Ceil(y1)), int(c.h)); y++ {
		f := min(max((float64(y)-y0)/(y1-y0), 0), 1) * float64(len(stops)-1)
		i := min(int(f), len(stops)-2)
		c.fill(y, mix(stops[i], stops[i+1], f-float64(i)).ink())
	}
}

// fill paints a whole row.
func (c *canvas) fill(y int, t ink) {
	row := c.Pix[y*c.Stride : y*c.Stride+4*int(c.w)]
	copy(row, []uint8{uint8(t.r), uint8(t.g), uint8(t.b), 255})
	for n := 4; n < len(row); n *= 2 { // doubling copies beat writing pixels
		copy(row[n:], row[:n])
	}
}

// glow lightens a round area, most in its middle.
func (c *canvas) glow(at point, radius float64, t tone, strength float64) {
	colour := t.ink()
	x0, x1 := max(int(at.x-radius), 0), min(int(at.x+radius)+1, int(c.w))
	y0, y1 := max(int(at.y-radius), 0), min(int(at.y+radius)+1, int(c.h))
	for y := y0; y < y1; y++ {
		dy := float64(y) - at.y
		o := y*c.Stride + 4*x0
		for x := x0; x < x1; x++ {
			dx := float64(x) - at.x
			if f := 1 - (dx*dx+dy*dy)/(radius*radius); f > 0 {
				c.blend(o, colour, f*f*f*strength)
			}
			o += 4
		}
	}
}

// disc paints a filled circle shaded from top to bottom.
func (c *canvas) disc(at point, radius float64, top, bottom tone, alpha float64) {
	inner := max(radius-.5, 0) * max(radius-.5, 0)
	y0, y1 := max(int(at.y-radius-1), 0), min(int(at.y+radius)+2, int(c.h))
	x0, x1 := max(int(at.x-radius-1), 0), min(int(at.x+radius)+2, int(c.w))
	for y := y0; y < y1; y++ {
		dy := float64(y) - at.y
		t := mix(top, bottom, min(max(dy/radius/2+.5, 0), 1)).ink()
		for x := x0; x < x1; x++ {
			dx := float64(x) - at.x
			d := dx*dx + dy*dy
			if d <= inner {
				c.blend(y*c.Stride+4*x, t, alpha)
			} else if f := radius + .5 - math.Sqrt(d); f > 0 {
				c.blend(y*c.Stride+4*x, t, min(f, 1)*alpha)
			}
		}
	}
}

// ridge fills everything below the line y = height(x), shaded from its highest
// point to the bottom of the canvas.
func (c *canvas) ridge(height func(x float64) float64, top, bottom tone, alpha float64) {
	line := make([]float64, int(c.w))
	highest, lowest := c.h, 0.
	for x := range line {
		line[x] = height(float64(x))
		highest, lowest = min(highest, line[x]), max(lowest, line[x])
	}
	for y := max(int(highest)-1, 0); y < int(c.h); y++ {
		t := mix(top, bottom, min(max((float64(y)-highest)/(c.h-highest), 0), 1)).ink()
		if float64(y) >= lowest && alpha == 1 {
			c.fill(y, t)
			continue
		}
		o := y * c.Stride
		for _, at := range line {
			if f := float64(y) + 1 - at; f > 0 {
				c.blend(o, t, min(f, 1)*alpha)
			}
			o += 4
		}
	}
}

// rim shades a strip above the line y = height(x), fading upwards: the soft shadow
// of what is painted below it.
func (c *canvas) rim(height func(x float64) float64, thickness float64, t tone, alpha float64) {
	colour := t.ink()
	for x := range int(c.w) {
		at := height(float64(x))
		for y := max(int(at-thickness), 0); y < min(int(at)+2, int(c.h)); y++ {
			f := 1 - (at-float64(y))/thickness
			c.blend(y*c.Stride+4*x, colour, min(max(f, 0), 1)*alpha)
		}
	}
}

// subrows is how many times each row of a polygon is sampled.
const subrows = 4

// polygon fills a closed outline by the even-odd rule, shaded from top to bottom.
func (c *canvas) polygon(outline []point, top, bottom tone, alpha float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range outline {
		low, high = min(low, p.y), max(high, p.y)
	}
	var cuts []float64
	for y := max(int(low), 0); y <= min(int(high), int(c.h)-1); y++ {
		clear(c.row)
		left, right := int(c.w), 0
		for s := range subrows {
			at := float64(y) + (float64(s)+.5)/subrows
			cuts = cuts[:0]
			for i, a := range outline {
				b := outline[(i+1)%len(outline)]
				if (a.y <= at) != (b.y <= at) {
					cuts = append(cuts, a.x+(at-a.y)/(b.y-a.y)*(b.x-a.x))
				}
			}
			slices.Sort(cuts)
			for i := 0; i+1 < len(cuts); i += 2 {
				x0, x1 := max(cuts[i], 0), min(cuts[i+1], c.w)
				if x0 >= x1 {
					continue
				}
				left, right = min(left, int(x0)), max(right, min(int(x1), int(c.w)-1))
				first, last := int(x0), min(int(x1), int(c.w)-1)
				for x := first + 1; x < last; x++ {
					c.row[x] += 1. / subrows
				}
				c.row[first] += float32(min(x1, float64(first)+1)-x0) / subrows
				if last > first {
					c.row[last] += float32(min(x1, float64(last)+1)-float64(last)) / subrows
				}
			}
		}
		t := mix(top, bottom, min(max((float64(y)-low)/(high-low+1), 0), 1)).ink()
		for x := left; x <= right; x++ {
			if f := c.row[x]; f > 0 {
				c.blend(y*c.Stride+4*x, t, float64(min(f, 1))*alpha)
			}
		}
	}
}

// box paints an upright rectangle.
func (c *canvas) box(x, y, w, h float64, top, bottom tone, alpha float64) {
	c.polygon([]point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, top, bottom, alpha)
}

// stroke draws a path as a ribbon whose width goes from the first to the second.
func (c *canvas) stroke(path []point, from, to float64, t tone, alpha float64) {
	n := len(path)
	ribbon := make([]point, 2*n)
	for i, p := range path {
		a, b := path[max(i-1, 0)], path[min(i+1, n-1)]
		dx, dy := b.x-a.x, b.y-a.y
		d := math.Hypot(dx, dy)
		if d == 0 {
			d = 1
		}
		half := (from + (to-from)*float64(i)/float64(max(n-1, 1))) / 2
		ribbon[i] = point{p.x - dy/d*half, p.y + dx/d*half}
		ribbon[2*n-1-i] = point{p.x + dy/d*half, p.y - dx/d*half}
	}
	c.polygon(ribbon, t, t, alpha)
}

// curve samples the quadratic Bézier curve from a past b to d.
func curve(a, b, d point, steps int) []point {
	path := make([]point, steps+1)
	for i := range path {
		t := float64(i) / float64(steps)
		u := 1 - t
		path[i] = point{u*u*a.x + 2*u*t*b.x + t*t*d.x, u*u*a.y + 2*u*t*b.y + t*t*d.y}
	}
	return path
}

// oval samples an ellipse's arc from one angle to another, in radians clockwise
// from the right.
func oval(at point, rx, ry, from, to float64, steps int) []point {
	path := make([]point, steps+1)
	for i := range path {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/float64(steps))
		path[i] = point{at.x + rx*cos, at.y + ry*sin}
	}
	return path
}
