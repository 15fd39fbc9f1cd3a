package newsroom

import "math"

// dunes are long crests, each with a lit and a shaded side.
func (s *sketch) dunes() {
	sun := s.at(s.between(.22, .78), s.between(.28, .38))
	s.sunnySky(sun, 58*s.u)
	const layers = 6
	for i := range layers {
		t := float64(i) / (layers - 1)
		base := s.h * (.46 + .42*t)
		line := s.swell(base, s.h*(.04+.05*t), 1.1+.3*t)
		s.ridge(line, mix(s.layer(t), s.sun, .3*(1-t)+.08), s.layer(min(t+.2, 1)), 1)
		// The side away from the sun: below the crest, offset along the wind.
		shade := func(x float64) float64 {
			slope := line(x+40*s.u) - line(x-40*s.u)
			return line(x) + max(0, slope)*.9 + s.h*.012 + max(0, -slope)*4
		}
		s.ridge(shade, s.layer(min(t+.12, 1)), s.layer(min(t+.3, 1)), .55)
	}
}

// mountains are jagged ridges with mist between them.
func (s *sketch) mountains() {
	s.sunnySky(s.at(s.between(.25, .75), .3), 50*s.u)
	const layers = 5
	for i := range layers {
		t := float64(i) / (layers - 1)
		line := s.jagged(s.h*(.42+.42*t), s.h*(.26-.12*t))
		s.ridge(line, s.layer(t), mix(s.layer(t), s.sky[2], .55*(1-t)), 1)
	}
}

// jagged is a mountain line made by halving: each midpoint strays less than the
// one before.
func (s *sketch) jagged(base, height float64) func(x float64) float64 {
	const n = 256
	line := make([]float64, n+1)
	line[0], line[n] = s.between(-.5, .3), s.between(-.5, .3)
	stray := 1.0
	for step := n; step > 1; step /= 2 {
		for i := step / 2; i < n; i += step {
			line[i] = (line[i-step/2]+line[i+step/2])/2 + stray*s.between(-.5, .5)
		}
		stray *= .52
	}
	return func(x float64) float64 {
		f := x / s.w * n
		i := min(max(int(f), 0), n-1)
		return base + height*(line[i]+(line[i+1]-line[i])*(f-float64(i)))
	}
}

// heat is a great sun of rings over a shaking horizon.
func (s *sketch) heat() {
	s.wash(s.sky[0], s.sky[1], s.sky[2], s.sun)
	sun := s.at(.5, .46)
	s.glow(sun, 480*s.u, s.sun, .5)
	for i := range 5 {
		f := float64(i) / 4
		s.disc(sun, (240-34*float64(i))*s.u, mix(s.sky[1], s.sun, .25+.75*f), mix(s.accent, s.sun, .2+.7*f), .35+.6*f)
	}
	// Mirage: bands cut through the lower half of the sun.
	for i := range 7 {
		f := float64(i) / 6
		line := s.swell(0, 3*s.u, 2)
		y := sun.y + (60+26*float64(i))*s.u
		var path []point
		for x := 0.; x <= s.w; x += s.w / 64 {
			path = append(path, point{x, y + line(x)})
		}
		s.stroke(path, (2+7*f)*s.u, (2+7*f)*s.u, mix(s.sky[2], s.far, f), .6)
	}
	for i := range 3 {
		t := float64(i) / 2
		s.ridge(s.swell(s.h*(.76+.085*t), s.h*.03, 1.3), mix(s.layer(.35+.6*t), s.accent, .25*(1-t)), s.layer(.6+.4*t), 1)
	}
}

// palms lean over a quiet shore.
func (s *sketch) palms() {
	sun := s.at(.64, .42)
	s.sunnySky(sun, 74*s.u)
	s.ridge(s.swell(s.h*.56, s.h*.025, 1.6), s.layer(.15), s.layer(.3), 1)
	s.band(s.h*.62, s.h, mix(s.water, s.sky[2], .45), s.water, mix(s.water, s.near, .5))
	s.shimmer(sun.x, s.h*.63, s.h*.86, 120*s.u, s.sun)
	s.ridge(s.swell(s.h*.87, s.h*.03, .9), s.layer(.85), s.near, 1)
	for _, p := range []struct{ x, y, lean, size float64 }{{.17, .93, .07, 1}, {.29, .95, .1, .78}, {.86, .94, -.08, .88}} {
		foot := s.at(p.x, p.y)
		head := point{foot.x + p.lean*s.w, foot.y - .5*s.h*p.size}
		s.stroke(curve(foot, point{foot.x + p.lean*.15*s.w, (foot.y + head.y) / 2}, head, 24), 17*s.u*p.size, 8*s.u*p.size, s.near, 1)
		for i := range 9 {
			angle := math.Pi * (-.12 + 1.24*float64(i)/8)
			length := s.between(120, 150) * s.u * p.size
			sin, cos := math.Sincos(angle)
			tip := point{head.x + length*cos, head.y - length*.55*sin + length*.34}
			bend := point{head.x + length*.6*cos, head.y - length*.75*sin - length*.12}
			s.leaf(head, bend, tip, 15*s.u*p.size)
		}
		s.disc(head, 9*s.u*p.size, s.near, s.near, 1)
	}
}

// leaf is a blade that is widest in its middle.
func (s *sketch) leaf(from, bend, tip point, width float64) {
	spine := curve(from, bend, tip, 14)
	outline := make([]point, 0, 2*len(spine))
	for i, p := range spine {
		outline = append(outline, point{p.x, p.y - width*.25*math.Sin(math.Pi*float64(i)/14)})
	}
	for i := len(spine) - 1; i >= 0; i-- {
		p := spine[i]
		outline = append(outline, point{p.x, p.y + width*math.Sin(math.Pi*float64(i)/14)})
	}
	s.polygon(outline, s.near, s.near, 1)
}

// solar is a field of panels that runs to the horizon.
func (s *sketch) solar() {
	sun := s.at(.72, .24)
	s.sunnySky(sun, 52*s.u)
	s.ridge(s.jagged(s.h*.46, s.h*.12), s.layer(.1), s.layer(.2), 1)
	s.ridge(s.swell(s.h*.5, s.h*.015, 1.4), s.layer(.3), s.layer(.75), 1)
	vanish := s.at(.62, .42)
	const rows = 6
	for i := range rows {
		f := math.Pow(float64(i+1)/rows, 1.9)
		y := s.h * (.5 + .5*f)
		depth := s.h * .5 * f * .3
		const panels = 10
		for j := -panels; j < panels; j++ {
			left := vanish.x + float64(j)*s.w*.2*(f+.07)
			right := left + s.w*.17*(f+.07)
			shift := -(left - vanish.x) * .12
			if right+s.w*.1 < 0 || left-s.w*.1 > s.w {
				continue
			}
			quad := []point{{left + shift, y - depth}, {right + shift*.96, y - depth}, {right, y}, {left, y}}
			s.box((left+right)/2-2*s.u*f, y-2, 4*s.u*f, depth*.4, s.near, s.near, .9)
			s.polygon(quad, mix(s.contrast, s.sky[1], .4), mix(s.contrast, s.near, .55), 1)
			for k := 1; k < 4; k++ {
				t := float64(k) / 4
				a := point{quad[0].x + (quad[1].x-quad[0].x)*t, quad[0].y}
				b := point{quad[3].x + (quad[2].x-quad[3].x)*t, quad[3].y}
				s.stroke([]point{a, b}, 1.2*s.u, 2*s.u*f, mix(s.sky[2], s.contrast, .4), .6)
			}
			mid := point{(quad[0].x + quad[3].x) / 2, y - depth/2}
			s.stroke([]point{mid, {(quad[1].x + quad[2].x) / 2, mid.y}}, 1.2*s.u, 1.2*s.u, mix(s.sky[2], s.contrast, .4), .6)
		}
	}
	s.glow(sun, 420*s.u, s.sun, .28)
}

// arches are gateways one within the other, with light at the end.
func (s *sketch) arches() {
	s.wash(s.layer(.9), s.layer(.75), s.near)
	const n = 7
	for i := range n {
		f := float64(i) / (n - 1)
		half := s.w * (.44 - .35*f)
		foot := s.h * (1.12 - .3*f)
		spring := s.h * (.42 + .07*f)
		rise := half * .98
		outline := oval(point{s.w * .5, spring}, half, min(rise, s.h*.62-s.h*.2*f), math.Pi, 2*math.Pi, 48)
		outline = append(outline, point{s.w*.5 + half, foot}, point{s.w*.5 - half, foot})
		s.polygon(outline, mix(s.layer(.8-.8*f), s.sky[2], .25+.5*f), mix(s.layer(.9-.7*f), s.accent, .3*f), 1)
	}
	s.glow(s.at(.5, .6), 260*s.u, s.sun, .75)
	floor := []point{s.at(.36, .82), s.at(.64, .82), s.at(1.05, 1.02), s.at(-.05, 1.02)}
	s.polygon(floor, mix(s.sun, s.accent, .25), s.layer(.95), .5)
	for i := range 3 { // three figures, no more than strokes
		at := s.at(.45+.05*float64(i), .8)
		s.stroke([]point{at, {at.x, at.y - 52*s.u}}, 17*s.u, 8*s.u, s.near, .9)
		s.disc(point{at.x, at.y - 58*s.u}, 6.5*s.u, s.near, s.near, .9)
	}
}
