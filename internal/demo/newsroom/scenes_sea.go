package newsroom

import "math"

// waves roll in rows, each with a rim of foam.
func (s *sketch) waves() {
	sun := s.at(s.between(.3, .7), .26)
	s.sunnySky(sun, 66*s.u)
	const layers = 8
	for i := range layers {
		t := float64(i) / (layers - 1)
		length := s.w * (.09 + .16*t)
		height := s.h * (.012 + .06*t)
		base := s.h * (.42 + .46*t)
		phase := s.between(0, length)
		drift := s.swell(0, s.h*.012, 1.2)
		line := func(x float64) float64 {
			f := math.Mod(x+phase, length)/length*2 - 1 // cusps with round troughs between
			return base + drift(x) - height*(math.Abs(f)*math.Abs(f)*1.5-.5)
		}
		body := mix(mix(s.sky[2], s.water, .35+.65*t), s.near, .6*t*t)
		foam := 3 + 5*t
		s.ridge(func(x float64) float64 { return line(x) - foam*s.u }, mix(mix(white, s.sky[2], .5-.3*t), body, .2), body, 1)
		s.ridge(line, mix(body, s.contrast, .12), mix(body, s.near, .3), 1)
	}
}

// sails are boats with raked sails on a bright sea.
func (s *sketch) sails() {
	sun := s.at(.38, .4)
	s.sunnySky(sun, 92*s.u)
	horizon := s.h * .64
	s.ridge(s.swell(horizon-s.h*.02, s.h*.018, 1.3), s.layer(.1), s.layer(.25), 1)
	s.band(horizon, s.h, mix(s.water, s.sky[2], .5), s.water, mix(s.water, s.near, .65))
	s.shimmer(sun.x, horizon+4*s.u, s.h*.97, 150*s.u, s.sun)
	for _, b := range []struct{ x, y, size, depth float64 }{{.14, .68, .42, .45}, {.55, .71, .62, .65}, {.76, .84, 1.2, 1}} {
		s.boat(s.at(b.x, b.y), b.size, s.layer(b.depth))
	}
}

// boat is a hull with a tall sail and its broken reflection.
func (s *sketch) boat(at point, size float64, hull tone) {
	k := size * s.u
	sail := append(curve(point{at.x - 8*k, at.y - 30*k}, point{at.x + 110*k, at.y - 110*k}, point{at.x + 34*k, at.y - 290*k}, 20),
		curve(point{at.x + 34*k, at.y - 290*k}, point{at.x - 40*k, at.y - 150*k}, point{at.x - 92*k, at.y - 34*k}, 20)...)
	jib := curve(point{at.x + 64*k, at.y - 34*k}, point{at.x + 100*k, at.y - 100*k}, point{at.x + 52*k, at.y - 210*k}, 16)
	for i := range 9 {
		f := float64(i) / 8
		w := (120 - 60*f) * k * s.between(.6, 1)
		s.box(at.x-w/2-10*k, at.y+(8+16*float64(i))*k, w, (5-2*f)*k, hull, hull, .4*(1-f)+.08)
	}
	s.stroke([]point{{at.x, at.y - 10*k}, {at.x + 36*k, at.y - 300*k}}, 7*k, 4*k, hull, 1)
	s.polygon(sail, mix(white, s.sky[2], .25), mix(s.sun, s.accent, .35), 1)
	s.polygon(jib, mix(white, s.accent, .35), s.accent, .95)
	outline := append(curve(point{at.x - 130*k, at.y - 40*k}, point{at.x, at.y - 8*k}, point{at.x + 150*k, at.y - 58*k}, 20),
		curve(point{at.x + 150*k, at.y - 58*k}, point{at.x + 60*k, at.y + 26*k}, point{at.x - 92*k, at.y + 6*k}, 20)...)
	s.polygon(outline, hull, mix(hull, black, .3), 1)
}

// harbour has cranes, a laden ship and the light of a working day.
func (s *sketch) harbour() {
	sun := s.at(s.between(.18, .5), s.between(.3, .44))
	s.sunnySky(sun, 70*s.u)
	s.ridge(s.jagged(s.h*.56, s.h*.1), s.layer(.08), s.layer(.2), 1)
	quay := s.h * .7
	for i := range 4 {
		f := float64(i) / 3
		s.crane(point{s.w * (.1 + .25*float64(i) + s.between(-.02, .02)), quay}, .62+.42*f, s.layer(.3+.35*f))
	}
	s.band(quay, s.h, mix(s.water, s.sky[2], .35), s.water, mix(s.water, s.near, .7))
	s.shimmer(sun.x, quay+10*s.u, s.h*.95, 130*s.u, s.sun)
	if s.variant == "idle" { // boats instead of a ship
		s.boat(s.at(s.between(.2, .5), .8), .5, s.near)
		s.boat(s.at(s.between(.6, .8), .9), .85, s.near)
		return
	}
	s.ship(s.at(s.between(.46, .56), .82))
}

// crane is a gantry crane on the quay with its boom over the water.
func (s *sketch) crane(foot point, size float64, t tone) {
	k := size * s.u
	line := func(x0, y0, x1, y1, width float64) {
		s.stroke([]point{{foot.x + x0*k, foot.y + y0*k}, {foot.x + x1*k, foot.y + y1*k}}, width*k, width*k, t, 1)
	}
	line(-40, 0, -30, -190, 9)
	line(40, 0, 30, -190, 9)
	line(-37, -60, 37, -60, 6)
	line(-30, -190, 0, -290, 7)
	line(30, -190, 0, -290, 7)
	line(-120, -186, 190, -196, 11)
	line(0, -288, 180, -196, 3)
	line(0, -288, -112, -188, 3)
	line(-36, -60, 32, -185, 4)
	line(120, -192, 120, -130, 2.5)
	s.box(foot.x+104*k, foot.y-130*k, 34*k, 20*k, s.accent, mix(s.accent, t, .4), 1)
	s.box(foot.x-60*k, foot.y-214*k, 44*k, 26*k, t, t, 1)
}

// ship is a freighter with stacked containers.
func (s *sketch) ship(at point) {
	k := 1.15 * s.u
	colours := []tone{s.accent, s.contrast, s.sun, mix(s.accent, s.near, .45), mix(s.contrast, white, .45), s.far}
	for column := range 11 {
		for level := range 2 + s.rng.IntN(3) {
			t := colours[s.rng.IntN(len(colours))]
			x, y := at.x+(float64(column)*40-150)*k, at.y-(62+24*float64(level))*k
			s.box(x, y, 38*k, 22.5*k, mix(t, white, .12), mix(t, s.near, .25), 1)
		}
	}
	s.box(at.x-232*k, at.y-172*k, 62*k, 140*k, mix(s.sky[2], white, .5), mix(s.sky[2], s.near, .2), 1)
	for i := range 5 {
		s.box(at.x-226*k, at.y-(160-22*float64(i))*k, 50*k, 7*k, s.near, s.near, .75)
	}
	s.box(at.x-222*k, at.y-206*k, 26*k, 36*k, s.accent, mix(s.accent, s.near, .4), 1)
	hull := []point{{at.x - 262*k, at.y - 42*k}, {at.x + 352*k, at.y - 50*k}, {at.x + 306*k, at.y + 40*k}, {at.x - 236*k, at.y + 40*k}}
	s.polygon(hull, mix(s.near, s.contrast, .25), s.near, 1)
	s.stroke([]point{{at.x - 240*k, at.y + 30*k}, {at.x + 311*k, at.y + 30*k}}, 10*k, 10*k, s.accent, .9)
	for i := range 8 {
		f := float64(i) / 7
		w := (540 - 260*f) * k * s.between(.75, 1)
		s.box(at.x+30*k-w/2, at.y+(44+11*float64(i))*k, w, (7-4*f)*k, s.near, s.near, .38*(1-f)+.05)
	}
}

// lighthouse sweeps the night.
func (s *sketch) lighthouse() {
	s.wash(s.sky[0], s.sky[1], s.sky[2])
	s.stars(90, .5)
	lamp := s.at(.68, .3)
	for _, beam := range []struct{ dy0, dy1, alpha float64 }{{-.2, .13, .2}, {-.13, .07, .25}, {-.07, .02, .3}} {
		s.polygon([]point{lamp, s.at(-.05, .3+beam.dy0), s.at(-.05, .3+beam.dy1)}, s.sun, s.sun, beam.alpha)
	}
	s.polygon([]point{lamp, s.at(1.05, .22), s.at(1.05, .36)}, s.sun, s.sun, .35)
	s.glow(lamp, 240*s.u, s.sun, .8)
	s.band(s.h*.72, s.h, mix(s.water, s.sky[2], .4), s.water, s.near)
	s.shimmer(s.w*.3, s.h*.73, s.h*.97, 180*s.u, s.sun)
	s.ridge(func(x float64) float64 {
		f := max((x/s.w-.3)/.7, 0)
		return s.h * (1.02 - .38*math.Sin(min(f*2.2, math.Pi/2)) + .012*math.Sin(f*31))
	}, s.layer(.7), s.near, 1)
	x, y := lamp.x, lamp.y
	k := s.u
	tower := func(f0, f1 float64, t tone) {
		w0, w1 := 26+20*f0, 26+20*f1
		y0, y1 := y+30*k+f0*s.h*.35, y+30*k+f1*s.h*.35
		s.polygon([]point{{x - w0*k, y0}, {x + w0*k, y0}, {x + w1*k, y1}, {x - w1*k, y1}}, t, mix(t, s.near, .25), 1)
	}
	for i := range 5 {
		t := mix(white, s.sky[2], .25)
		if i%2 == 1 {
			t = s.accent
		}
		tower(float64(i)/5, float64(i+1)/5, t)
	}
	s.box(x-38*k, y+22*k, 76*k, 9*k, s.near, s.near, 1)
	s.box(x-20*k, y-16*k, 40*k, 38*k, s.sun, mix(s.sun, s.accent, .4), 1)
	s.stroke([]point{{x - 20*k, y - 16*k}, {x - 20*k, y + 24*k}}, 4*k, 4*k, s.near, 1)
	s.stroke([]point{{x + 20*k, y - 16*k}, {x + 20*k, y + 24*k}}, 4*k, 4*k, s.near, 1)
	s.polygon(oval(point{x, y - 15*k}, 27*k, 27*k, math.Pi, 2*math.Pi, 24), s.near, s.near, 1)
}

// deep is the sea floor with a cable across it.
func (s *sketch) deep() {
	s.wash(mix(s.sky[2], s.water, .25), s.water, mix(s.water, s.near, .6), s.near)
	for i := range 7 {
		x := s.w * (.02 + .15*float64(i) + s.between(-.03, .03))
		spread := s.between(.03, .08) * s.w
		lean := (x - s.w*.4) * .5
		s.polygon([]point{{x, -4}, {x + spread, -4}, {x + lean + 3*spread, s.h * .85}, {x + lean - spread, s.h * .85}}, mix(white, s.sky[2], .4), s.water, s.between(.07, .16))
	}
	for i := range 3 {
		t := float64(i) / 2
		s.ridge(s.swell(s.h*(.66+.1*t), s.h*.05, 1.5), mix(s.water, s.near, .35+.35*t), mix(s.near, black, .2*t), .95)
	}
	path := curve(s.at(-.02, .72), s.at(.35, .98), s.at(.62, .78), 40)
	path = append(path, curve(s.at(.62, .78), s.at(.82, .66), s.at(1.02, .8), 30)[1:]...)
	s.stroke(path, 30*s.u, 22*s.u, s.accent, .18)
	s.stroke(path, 13*s.u, 9*s.u, mix(s.near, black, .2), 1)
	s.stroke(path, 4*s.u, 3*s.u, s.accent, 1)
	for j := 6; j < len(path); j += 11 {
		s.glow(path[j], 30*s.u, s.sun, .8)
	}
	for i := range 11 { // a shoal, all swimming one way
		p := s.at(.2+.055*float64(i)+s.between(-.02, .02), .36+s.between(-.09, .09))
		k := s.between(.8, 1.3) * s.u
		body := append(curve(point{p.x - 22*k, p.y}, point{p.x, p.y - 15*k}, point{p.x + 20*k, p.y}, 10), curve(point{p.x + 20*k, p.y}, point{p.x, p.y + 15*k}, point{p.x - 22*k, p.y}, 10)...)
		s.polygon(body, mix(s.sun, s.accent, .4), s.accent, .85)
		s.polygon([]point{{p.x - 18*k, p.y}, {p.x - 34*k, p.y - 10*k}, {p.x - 30*k, p.y}, {p.x - 34*k, p.y + 10*k}}, s.accent, s.accent, .85)
	}
}
