package newsroom

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"
)

// Limits of [Picture], in pixels a side.
const (
	MinPicture = 16
	MaxPicture = 4096
)

// quality is where gradients stay smooth and a 1280 × 720 picture below 150 kB.
const quality = 88

// Picture draws an editorial illustration of w by h pixels as JPEG. The seed
// "scene/palette/anything" names what is drawn ([Scenes]) and in what light
// ([Palettes]); the rest, and any name not known, is settled by the seed's hash. A
// harbour that is "idle" in the third place has no ship in it.
//
// One seed always gives the same bytes on one platform; across processor
// architectures floating-point rounding may differ in a few pixels.
func Picture(seed string, w, h int) ([]byte, error) {
	if w < MinPicture || h < MinPicture || w > MaxPicture || h > MaxPicture {
		return nil, fmt.Errorf("newsroom: a picture of %d by %d pixels: sides go from %d to %d", w, h, MinPicture, MaxPicture)
	}
	c := newCanvas(w, h)
	s := newSketch(c, seed)
	scene, ok := scenes[part(seed, 0)]
	if !ok {
		scene = scenes[sceneNames[s.rng.IntN(len(sceneNames))]]
	}
	scene(s)
	return c.jpeg(seed)
}

// Portrait draws a stylised head and shoulders, size pixels square, as JPEG. The
// figure has no features: it stands for an invented person. The seed
// "look/palette/anything" may name a look: scarf, long or short hair, or desk for
// an emblem without a face.
func Portrait(seed string, size int) ([]byte, error) {
	if size < MinPicture || size > MaxPicture {
		return nil, fmt.Errorf("newsroom: a portrait of %d pixels: sides go from %d to %d", size, MinPicture, MaxPicture)
	}
	c := newCanvas(size, size)
	s := newSketch(c, seed)
	if part(seed, 0) == "desk" {
		s.emblem()
	} else {
		s.bust(part(seed, 0))
	}
	return c.jpeg(seed)
}

func (c *canvas) jpeg(seed string) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, c.RGBA, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("newsroom: picture %q: %w", seed, err)
	}
	return b.Bytes(), nil
}

// part returns the i-th part of a seed, empty if it has none.
func part(seed string, i int) string {
	for range i {
		_, seed, _ = strings.Cut(seed, "/")
	}
	p, _, _ := strings.Cut(seed, "/")
	return p
}

// sketch is a canvas with a palette and the seed's own run of chance.
type sketch struct {
	*canvas
	palette
	rng     *rand.Rand
	variant string  // the seed's third part
	u       float64 // a thousandth of the longer side, the unit of line widths
}

func newSketch(c *canvas, seed string) *sketch {
	h := fnv.New64a()
	h.Write([]byte(seed)) // never fails
	sum := h.Sum64()
	// FNV hardly spreads the last letters of a seed: finish as SplitMix64 does.
	sum = (sum ^ sum>>30) * 0xbf58476d1ce4e5b9
	sum = (sum ^ sum>>27) * 0x94d049bb133111eb
	sum ^= sum >> 31
	rng := rand.New(rand.NewPCG(sum, sum*0x9e3779b97f4a7c15))
	p, ok := palettes[part(seed, 1)]
	if !ok {
		p = palettes[paletteNames[rng.IntN(len(paletteNames))]]
	}
	return &sketch{c, p, rng, part(seed, 2), max(c.w, c.h) / 1000}
}

// between is a chance number from a to b.
func (s *sketch) between(a, b float64) float64 { return a + (b-a)*s.rng.Float64() }

// at is the point at fractions of the sides.
func (s *sketch) at(x, y float64) point { return point{x * s.w, y * s.h} }

// layer is the colour of a layer from 0, far away, to 1, near.
func (s *sketch) layer(t float64) tone { return mix(s.far, s.near, t) }

// palette is the light of a picture: the sky from its top to the horizon, the sun,
// the land from far to near, the water and two accents.
type palette struct {
	sky      [3]tone
	sun      tone
	far      tone
	near     tone
	water    tone
	accent   tone
	contrast tone
}

var palettes = map[string]palette{
	"dawn":   {[3]tone{hex(0x2f4a7a), hex(0xd98a94), hex(0xffd9a8)}, hex(0xfff1d0), hex(0xc98a98), hex(0x1f2a4a), hex(0x4a6a94), hex(0xf2785c), hex(0x2fa39a)},
	"noon":   {[3]tone{hex(0x3d8fc9), hex(0x8fc9e6), hex(0xf4ead2)}, hex(0xfffbe6), hex(0xd9c79c), hex(0x8a5a32), hex(0x2f8fa8), hex(0xe8a33d), hex(0x1c5f75)},
	"dusk":   {[3]tone{hex(0x2b1f4f), hex(0xb0476b), hex(0xffa45c)}, hex(0xffe1a1), hex(0x94446e), hex(0x1a1334), hex(0x5a3a72), hex(0xff7a59), hex(0x35b0ab)},
	"night":  {[3]tone{hex(0x070f26), hex(0x14294f), hex(0x2f5580)}, hex(0xf5f0d6), hex(0x28486f), hex(0x060c1c), hex(0x16365c), hex(0xffc861), hex(0x4fc1c7)},
	"coral":  {[3]tone{hex(0xf7c6a8), hex(0xfbe0cb), hex(0xfff4e6)}, hex(0xff7f66), hex(0xf2a98f), hex(0x7c2f45), hex(0x3f8f94), hex(0xe4572e), hex(0x1f6f78)},
	"sand":   {[3]tone{hex(0xe9cfa3), hex(0xf4e1bf), hex(0xfdf4df)}, hex(0xf6a545), hex(0xdcb27b), hex(0x7a3f1d), hex(0x7fa8a3), hex(0xc8553d), hex(0x28586a)},
	"sea":    {[3]tone{hex(0x0f4c6b), hex(0x3fa0aa), hex(0xc6ece0)}, hex(0xfff6d9), hex(0x6fbfb8), hex(0x083547), hex(0x1b7f8f), hex(0xf6b352), hex(0xe4674d)},
	"mint":   {[3]tone{hex(0xa9dccb), hex(0xd4f0e2), hex(0xfdf8e8)}, hex(0xf9c74f), hex(0x8fcab5), hex(0x14504f), hex(0x4f9f97), hex(0xf3722c), hex(0x277da1)},
	"indigo": {[3]tone{hex(0x3a3f8f), hex(0x8c8fd0), hex(0xf3d9de)}, hex(0xfff0e0), hex(0x8a83c4), hex(0x20204f), hex(0x5058a5), hex(0xf48a8a), hex(0x58c4b2)},
	"ember":  {[3]tone{hex(0x7a1f1a), hex(0xe0592a), hex(0xffc65c)}, hex(0xfff0b3), hex(0xd06a34), hex(0x3a0f14), hex(0x8f3a2a), hex(0xffb03b), hex(0x2d6a73)},
}

// paletteNames and sceneNames are sorted, so that a hash picks the same each time.
var (
	paletteNames = []string{"coral", "dawn", "dusk", "ember", "indigo", "mint", "night", "noon", "sand", "sea"}
	sceneNames   = []string{"arches", "deep", "dunes", "harbour", "heat", "lighthouse", "market", "mountains", "network", "palms", "pearls", "sails", "sheets", "skyline", "solar", "stadium", "waves"}
)

var scenes = map[string]func(*sketch){
	"arches": (*sketch).arches, "deep": (*sketch).deep, "dunes": (*sketch).dunes, "harbour": (*sketch).harbour,
	"heat": (*sketch).heat, "lighthouse": (*sketch).lighthouse, "market": (*sketch).market,
	"mountains": (*sketch).mountains, "network": (*sketch).network, "palms": (*sketch).palms,
	"pearls": (*sketch).pearls, "sails": (*sketch).sails, "sheets": (*sketch).sheets,
	"skyline": (*sketch).skyline, "solar": (*sketch).solar, "stadium": (*sketch).stadium, "waves": (*sketch).waves,
}

// Scenes lists the names of scenes that a seed may use.
func Scenes() []string { return append([]string(nil), sceneNames...) }

// Palettes lists the names of palettes that a seed may use.
func Palettes() []string { return append([]string(nil), paletteNames...) }

// sunnySky paints the sky and a sun with its glow.
func (s *sketch) sunnySky(sun point, radius float64) {
	s.wash(s.sky[0], s.sky[1], s.sky[2])
	s.glow(sun, radius*5, s.sun, .55)
	s.disc(sun, radius, mix(s.sun, white, .25), s.sun, 1)
}

// swell is a smooth line around base: a few sine waves of chance phase.
func (s *sketch) swell(base, amplitude, waves float64) func(x float64) float64 {
	p1, p2, p3 := s.between(0, 2*math.Pi), s.between(0, 2*math.Pi), s.between(0, 2*math.Pi)
	k := 2 * math.Pi * waves / s.w
	return func(x float64) float64 {
		return base + amplitude*(.6*math.Sin(k*x+p1)+.3*math.Sin(2.1*k*x+p2)+.1*math.Sin(4.3*k*x+p3))
	}
}

// shimmer lays strips of sunlight on water between two heights.
func (s *sketch) shimmer(x, top, bottom, width float64, t tone) {
	const strips = 26
	for i := range strips {
		f := (float64(i) + s.between(0, .6)) / strips
		y := top + (bottom-top)*f
		half := width * (.25 + .75*f) * s.between(.25, 1)
		cx := x + width*s.between(-.25, .25)
		h := (1 + 3.5*f) * s.u
		path := []point{{cx - half, y}, {cx - half*.6, y - h/2}, {cx + half*.6, y - h/2}, {cx + half, y}, {cx + half*.6, y + h/2}, {cx - half*.6, y + h/2}}
		s.polygon(path, t, t, .55*(1-.5*f))
	}
}

// stars scatters small lights over the upper sky.
func (s *sketch) stars(n int, below float64) {
	for range n {
		s.disc(s.at(s.rng.Float64(), s.between(0, below)), s.between(.4, 1.3)*s.u, white, white, s.between(.25, .9))
	}
}
