package newsroom

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"testing"
)

const maxPictureBytes = 150 << 10

func TestPicturesAreSmallDistinctAndRepeatable(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, m := range mustLoad(t).Media {
		data, err := Picture(m.Seed, m.Width, m.Height)
		if err != nil {
			t.Fatal(err)
		}
		const w, h = 160, 90 // repeatability needs no large picture
		once, err := Picture(m.Seed, w, h)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Picture(m.Seed, w, h)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, again) {
			t.Errorf("%s: two drawings of seed %q differ", m.Key, m.Seed)
		}
		if len(data) > maxPictureBytes {
			t.Errorf("%s: %d bytes, want at most %d", m.Key, len(data), maxPictureBytes)
		}
		c, format, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || format != "jpeg" || c.Width != m.Width || c.Height != m.Height {
			t.Errorf("%s: %s of %d × %d, error %v", m.Key, format, c.Width, c.Height, err)
		}
		if twin, ok := seen[string(data)]; ok {
			t.Errorf("%s is the same picture as %s", m.Key, twin)
		}
		seen[string(data)] = m.Key
	}
}

func TestPortraitsAreSmallAndDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, a := range mustLoad(t).Authors {
		data, err := Portrait(a.Portrait, 400)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > maxPictureBytes/4 {
			t.Errorf("%s: %d bytes", a.Key, len(data))
		}
		if twin, ok := seen[string(data)]; ok {
			t.Errorf("%s looks like %s", a.Key, twin)
		}
		seen[string(data)] = a.Key
	}
}

func TestMediaSeedsNameTheirSceneAndLight(t *testing.T) {
	t.Parallel()
	for _, m := range mustLoad(t).Media {
		if scene := part(m.Seed, 0); !slices.Contains(Scenes(), scene) {
			t.Errorf("%s: no scene %q", m.Key, scene)
		}
		if light := part(m.Seed, 1); !slices.Contains(Palettes(), light) {
			t.Errorf("%s: no palette %q", m.Key, light)
		}
	}
}

func TestEverySceneFitsAnySize(t *testing.T) {
	t.Parallel()
	if len(sceneNames) != len(scenes) || len(paletteNames) != len(palettes) {
		t.Error("a scene or palette is not in the list of names")
	}
	for i, scene := range Scenes() {
		for _, size := range [][2]int{{16, 16}, {16, 200}, {240, 40}, {97, 61}} {
			seed := fmt.Sprintf("%s/%s/%d", scene, Palettes()[i%len(paletteNames)], i)
			if _, err := Picture(seed, size[0], size[1]); err != nil {
				t.Errorf("%s at %v: %v", seed, size, err)
			}
		}
	}
}

func TestPictureRefusesSizesOutsideItsLimits(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{0, 720}, {1280, -1}, {15, 15}, {4097, 720}} {
		if _, err := Picture("dunes", size[0], size[1]); err == nil {
			t.Errorf("a picture of %v was drawn", size)
		}
	}
	if _, err := Portrait("desk", 0); err == nil {
		t.Error("a portrait of 0 pixels was drawn")
	}
}

func FuzzPicture(f *testing.F) {
	for _, seed := range []string{"", "/", "dunes", "dunes/dusk/1", "nowhere/never", "desk/sea", "\xff\x00", "///"} {
		f.Add(seed, 64, 36)
	}
	f.Add("skyline", 17, 300)
	f.Fuzz(func(t *testing.T, seed string, w, h int) {
		if w > 128 || h > 128 { // large ones take time and tell no more
			return
		}
		data, err := Picture(seed, w, h)
		if err == nil && len(data) == 0 {
			t.Error("an empty picture")
		}
	})
}

func BenchmarkPicture(b *testing.B) {
	for _, scene := range Scenes() {
		b.Run(scene, func(b *testing.B) {
			for b.Loop() {
				if _, err := Picture(scene+"/dusk", 1280, 720); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
