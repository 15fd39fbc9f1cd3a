package newsroom

import (
	"math"
	"slices"
)

// skyline is a town in three depths over its own reflection.
func (s *sketch) skyline() {
	sun := s.at(s.between(.4, .62), .42)
	s.sunnySky(sun, 110*s.u)
	ground := s.h * .78
	for i := range 3 {
		t := float64(i) / 2
		shade := s.layer(.2 + .75*t)
		for x := -s.between(0, 40) * s.u; x < s.w; {
			w := s.between(34, 82) * s.u
			middle := 1 - math.Abs((x+w/2)/s.w-.5)*1.1
			h := s.h * (.12 + (.34-.1*t)*middle*s.between(.45, 1))
			s.tower(x, ground-h, w, h, shade, t)
			x += w + s.between(2, 16)*s.u
		}
	}
	s.band(ground, s.h, mix(s.near, s.water, .35), s.water, mix(s.water, s.near, .5))
	s.shimmer(sun.x, ground+4*s.u, s.h*.98, 170*s.u, s.sun)
}

// tower is one building: flat, domed or with a spire, and lit if it is near.
func (s *sketch) tower(x, y, w, h float64, shade tone, near float64) {
	s.box(x, y, w, h+2, shade, mix(shade, s.near, .4), 1)
	switch s.rng.IntN(5) {
	case 0:
		s.polygon(oval(point{x + w/2, y + 1}, w*.38, w*.42, math.Pi, 2*math.Pi, 24), shade, shade, 1)
		s.box(x+w/2-1.2*s.u, y-w*.6, 2.4*s.u, w*.3, shade, shade, 1)
	case 1:
		s.polygon([]point{{x + w*.3, y + 1}, {x + w*.5, y - w*.9}, {x + w*.7, y + 1}}, shade, shade, 1)
	case 2:
		s.box(x+w*.18, y-w*.25, w*.64, w*.26, shade, shade, 1)
	}
	if near < .4 {
		return
	}
	for wy := y + 12*s.u; wy < y+h-10*s.u; wy += 15 * s.u {
		for wx := x + 7*s.u; wx < x+w-9*s.u; wx += 12 * s.u {
			if s.rng.IntN(3) == 0 {
				s.box(wx, wy, 5*s.u, 7*s.u, s.sun, s.accent, .3+.5*near)
			}
		}
	}
}

// stadium is a floodlit pitch between full stands.
func (s *sketch) stadium() {
	s.wash(s.sky[0], s.sky[1], s.sky[2])
	for i := range 3 {
		f := float64(i)
		t := f / 2
		stand := func(x float64) float64 {
			d := x/s.w*2 - 1
			return s.h * (.26 + .09*f + .1*(1-d*d))
		}
		s.ridge(stand, s.layer(.25+.3*t), s.layer(.6+.3*t), 1)
		for range 420 { // the crowd, as points of its colours
			x := s.rng.Float64() * s.w
			c := []tone{s.accent, s.sun, s.contrast, white}[s.rng.IntN(4)]
			s.disc(point{x, stand(x) + s.between(8, 60)*s.u}, s.between(1, 2)*s.u, c, c, .6)
		}
	}
	top, bottom := s.h*.56, s.h*1.02
	edge := func(f, y float64) point { // f across the pitch, y down the screen
		half := s.w * (.36 + .36*(y-top)/(bottom-top))
		return point{s.w/2 + (f*2-1)*half, y}
	}
	grass := mix(hex(0x2f8f5b), s.water, .25)
	s.band(top-8*s.u, s.h, mix(grass, s.near, .5), mix(grass, s.near, .35))
	const stripes = 12
	for i := range stripes {
		f0, f1 := float64(i)/stripes, float64(i+1)/stripes
		t := mix(grass, white, .1)
		if i%2 == 0 {
			t = mix(grass, s.near, .12)
		}
		s.polygon([]point{edge(f0, top), edge(f1, top), edge(f1, bottom), edge(f0, bottom)}, mix(t, s.near, .25), t, 1)
	}
	lines := mix(white, grass, .1)
	s.stroke([]point{edge(.02, top+6*s.u), edge(.98, top+6*s.u)}, 2.5*s.u, 2.5*s.u, lines, .9)
	s.stroke([]point{edge(.5, top+6*s.u), edge(.5, bottom)}, 3*s.u, 6*s.u, lines, .9)
	ring := oval(s.at(.5, .78), 150*s.u, 52*s.u, 0, 2*math.Pi, 72)
	s.stroke(ring, 5*s.u, 5*s.u, lines, .9)
	s.stroke([]point{edge(.02, top+6*s.u), edge(.02, bottom)}, 3*s.u, 5*s.u, lines, .9)
	s.stroke([]point{edge(.98, top+6*s.u), edge(.98, bottom)}, 3*s.u, 5*s.u, lines, .9)
	ball := s.at(.57, .8)
	s.polygon(oval(point{ball.x + 6*s.u, ball.y + 17*s.u}, 20*s.u, 6*s.u, 0, 2*math.Pi, 24), black, black, .35)
	s.disc(ball, 17*s.u, white, mix(white, s.sky[0], .35), 1)
	for _, x := range []float64{.08, .92} { // floodlights last, over everything
		mast := s.at(x, .1)
		s.stroke([]point{mast, {mast.x, s.h * .42}}, 5*s.u, 9*s.u, s.near, 1)
		s.glow(mast, 330*s.u, white, .5)
		for i := range 8 {
			p := point{mast.x + (float64(i%4)-1.5)*19*s.u, mast.y + (float64(i/4)-.5)*19*s.u}
			s.disc(p, 7.5*s.u, white, s.sun, 1)
		}
	}
}

// market has striped awnings, lanterns and heaped fruit.
func (s *sketch) market() {
	s.wash(s.layer(.75), s.layer(.55), s.layer(.85))
	s.glow(s.at(.5, .45), 560*s.u, s.sun, .55)
	for i := range 9 { // lanterns
		x := .06 + .11*float64(i)
		p := s.at(x, .43+.05*math.Sin(float64(i)*1.9))
		s.stroke([]point{{p.x, 0}, p}, 1.5*s.u, 1.5*s.u, s.near, .8)
		s.glow(p, 85*s.u, s.sun, .8)
		body := oval(p, 15*s.u, 21*s.u, 0, 2*math.Pi, 28)
		s.polygon(body, mix(s.sun, white, .4), s.accent, 1)
		s.box(p.x-7*s.u, p.y-25*s.u, 14*s.u, 5*s.u, s.near, s.near, 1)
	}
	const stripes = 14
	for i := range stripes { // awning with scalloped hem
		x, w := s.w*float64(i)/stripes, s.w/stripes
		t := mix(white, s.sky[2], .5)
		if i%2 == 0 {
			t = s.accent
		}
		dark := mix(t, s.near, .3)
		s.box(x, 0, w+1, s.h*.23, dark, t, 1)
		s.polygon(oval(point{x + w/2, s.h * .23}, w/2, 26*s.u, 0, math.Pi, 20), t, dark, 1)
	}
	fruit := []tone{s.accent, s.sun, mix(hex(0x7fae4a), s.water, .25), mix(s.accent, s.near, .4), mix(s.sun, s.accent, .55)}
	for stall := range 4 {
		cx := s.w * (.125 + .25*float64(stall))
		t := fruit[stall%len(fruit)]
		for level := 4; level >= 0; level-- {
			n := 3 + (4-level)*1
			for j := range n {
				p := point{cx + (float64(j)-float64(n-1)/2)*33*s.u + s.between(-3, 3)*s.u, s.h*.77 - float64(level)*25*s.u}
				shade := mix(t, s.near, s.between(0, .18))
				s.disc(p, 18*s.u, mix(shade, white, .3), mix(shade, s.near, .35), 1)
				s.disc(point{p.x - 5*s.u, p.y - 7*s.u}, 4*s.u, white, white, .35)
			}
		}
		s.polygon([]point{{cx - .118*s.w, s.h * .79}, {cx + .118*s.w, s.h * .79}, {cx + .105*s.w, s.h * 1.01}, {cx - .105*s.w, s.h * 1.01}}, mix(s.far, s.near, .45), s.near, 1)
		s.box(cx-.122*s.w, s.h*.775, .244*s.w, 14*s.u, mix(s.sky[2], s.near, .25), mix(s.sky[2], s.near, .4), 1)
	}
}

// pearls lie on folds of cloth.
func (s *sketch) pearls() {
	s.wash(s.sky[2], s.sky[1], s.sky[0])
	for i := range 6 {
		t := float64(i) / 5
		s.ridge(s.swell(s.h*(.14+.16*float64(i)), s.h*.07, .9), mix(s.sky[1], s.layer(t), .25+.5*t), mix(s.sky[0], s.layer(t), .35+.5*t), .75)
	}
	path := curve(s.at(-.04, .3), s.at(.35, 1.05), s.at(.66, .5), 60)
	path = append(path, curve(s.at(.66, .5), s.at(.82, .2), s.at(1.04, .44), 40)[1:]...)
	last := point{-1e9, 0}
	for _, p := range path {
		f := p.x / s.w
		r := (26 + 30*math.Sin(math.Pi*min(max(f, 0), 1))) * s.u
		if math.Hypot(p.x-last.x, p.y-last.y) < 1.75*r {
			continue
		}
		last = p
		s.polygon(oval(point{p.x + r*.25, p.y + r*.95}, r*1.05, r*.34, 0, 2*math.Pi, 32), black, black, .16)
		s.disc(p, r, mix(white, s.sky[2], .2), mix(s.sky[1], s.near, .3), 1)
		s.glow(point{p.x + r*.3, p.y + r*.35}, r*.8, s.accent, .28)
		s.glow(point{p.x - r*.34, p.y - r*.38}, r*.62, white, 1)
	}
}

// sheets are curled layers of paper, for words rather than places.
func (s *sketch) sheets() {
	s.wash(s.sky[0], s.sky[1])
	const n = 9
	colours := []tone{s.sky[2], s.accent, s.far, mix(s.sun, white, .3), s.contrast, s.water}
	for i := range n {
		f := float64(i) / (n - 1)
		t := colours[i%len(colours)]
		a, b := s.between(-.1, .12), s.between(.7, 1.3)
		line := func(x float64) float64 {
			u := x / s.w
			return s.h * (.06 + .98*f + .2*math.Sin(u*math.Pi*b+a*9+f*2) - .34*(u-.5))
		}
		s.rim(line, 22*s.u, black, .2)
		s.ridge(line, mix(t, white, .14), mix(t, s.near, .35), 1)
	}
}

// network is points joined over a dark ground, with light in the joints.
func (s *sketch) network() {
	s.wash(mix(s.near, s.sky[0], .4), mix(s.near, s.sky[1], .5), s.near)
	s.glow(s.at(.5, .5), 620*s.u, s.contrast, .4)
	const columns, rows = 9, 5
	var nodes [columns][rows]point
	for i := range columns {
		for j := range rows {
			nodes[i][j] = s.at((float64(i)+.5+s.between(-.36, .36))/columns, (float64(j)+.5+s.between(-.36, .36))/rows)
		}
	}
	for i := range columns {
		for j := range rows {
			for _, d := range [][2]int{{1, 0}, {0, 1}, {1, 1}, {1, -1}} {
				x, y := i+d[0], j+d[1]
				if x >= columns || y >= rows || y < 0 || s.rng.IntN(5) < 2 {
					continue
				}
				s.stroke([]point{nodes[i][j], nodes[x][y]}, 1.8*s.u, 1.8*s.u, mix(s.sky[2], s.contrast, .4), .55) //nolint:gosec // G602: x and y were checked above
			}
		}
	}
	for i := range columns {
		for j := range rows {
			t := []tone{s.accent, s.sun, s.contrast, s.sky[2]}[s.rng.IntN(4)]
			r := s.between(3, 11) * s.u
			s.glow(nodes[i][j], r*6, t, .5)
			s.disc(nodes[i][j], r, mix(t, white, .35), t, 1)
		}
	}
}

var looks = []string{"scarf", "long", "short"}

// bust is a head and shoulders before a plain ground with a low sun.
func (s *sketch) bust(look string) {
	s.wash(mix(s.sky[1], s.sky[2], .3), s.sky[2])
	s.disc(s.at(s.between(.3, .7), .42), s.w*.36, mix(s.accent, white, .35), mix(s.accent, s.sky[2], .3), .8)
	skin := []tone{hex(0xe0ac83), hex(0xc68a60), hex(0xa86d47), hex(0x8a5636), hex(0xedc29c)}[s.rng.IntN(5)]
	coat := []tone{s.near, s.contrast, mix(s.accent, s.near, .5), mix(s.water, s.near, .3)}[s.rng.IntN(4)]
	hair := []tone{hex(0x1d1715), hex(0x33231b), hex(0x5a4a42), hex(0x9a948e)}[s.rng.IntN(4)]
	shawl := []tone{mix(s.water, white, .3), mix(s.contrast, white, .2), mix(s.near, s.far, .3)}[s.rng.IntN(3)]
	head := s.at(.5, .41)
	r := s.w * .15
	if !slices.Contains(looks, look) {
		look = looks[s.rng.IntN(len(looks))]
	}
	switch look {
	case "scarf":
		s.polygon(oval(point{head.x, head.y + r*.25}, r*1.42, r*1.75, 0, 2*math.Pi, 64), shawl, mix(shawl, s.near, .25), 1)
	case "long":
		s.polygon(oval(point{head.x, head.y + r*.1}, r*1.22, r*1.5, 0, 2*math.Pi, 64), hair, hair, 1)
	}
	shoulders := oval(s.at(.5, 1.02), s.w*.37, s.h*.37, math.Pi, 2*math.Pi, 64)
	s.polygon(append(shoulders, s.at(.9, 1.1), s.at(.1, 1.1)), coat, mix(coat, black, .25), 1)
	s.box(head.x-r*.42, head.y+r*.7, r*.84, r*1.15, mix(skin, s.near, .25), skin, 1)
	s.polygon([]point{{head.x - r*.75, s.h * .685}, {head.x, s.h * .84}, {head.x + r*.75, s.h * .685}, {head.x, s.h * .64}}, mix(white, s.sky[2], .3), mix(white, s.sky[2], .5), 1)
	s.polygon([]point{{head.x - r*.42, head.y + r*1.7}, {head.x, s.h * .79}, {head.x + r*.42, head.y + r*1.7}}, skin, mix(skin, s.near, .15), 1)
	s.polygon(oval(head, r, r*1.22, 0, 2*math.Pi, 64), mix(skin, white, .1), skin, 1)
	switch look {
	case "scarf":
		outer := oval(point{head.x, head.y - r*.12}, r*1.16, r*1.3, math.Pi*.98, math.Pi*2.02, 40)
		inner := oval(point{head.x, head.y + r*.1}, r*.98, r*.95, math.Pi*2.02, math.Pi*.98, 40)
		s.polygon(append(outer, inner...), mix(shawl, white, .15), shawl, 1)
	default:
		outer := oval(point{head.x, head.y - r*.15}, r*1.08, r*1.2, math.Pi*.96, math.Pi*2.04, 40)
		inner := oval(point{head.x, head.y - r*.05}, r*1.02, r*s.between(.5, .72), math.Pi*2.02, math.Pi*.98, 40)
		s.polygon(append(outer, inner...), mix(hair, white, .08), hair, 1)
	}
}

// emblem is a small lighthouse mark, for desks that sign without a face.
func (s *sketch) emblem() {
	s.wash(s.near, mix(s.near, s.contrast, .6))
	lamp := s.at(.5, .34)
	for _, side := range []float64{-1, 1} {
		s.polygon([]point{lamp, s.at(.5+.62*side, .16), s.at(.5+.62*side, .5)}, s.sun, s.sun, .35)
	}
	s.glow(lamp, s.w*.3, s.sun, .7)
	s.polygon([]point{s.at(.44, .42), s.at(.56, .42), s.at(.61, .8), s.at(.39, .8)}, white, mix(white, s.sky[2], .6), 1)
	s.polygon([]point{s.at(.425, .53), s.at(.575, .53), s.at(.59, .63), s.at(.41, .63)}, s.accent, s.accent, 1)
	s.box(s.w*.42, s.h*.4, s.w*.16, s.h*.025, s.accent, s.accent, 1)
	s.box(s.w*.455, s.h*.3, s.w*.09, s.h*.1, s.sun, s.sun, 1)
	s.polygon(oval(s.at(.5, .3), s.w*.065, s.w*.065, math.Pi, 2*math.Pi, 24), s.accent, s.accent, 1)
	s.ridge(s.swell(s.h*.82, s.h*.02, 2.2), s.contrast, mix(s.contrast, s.near, .5), 1)
}
