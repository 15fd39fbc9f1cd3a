package media

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The files of testdata take 2.5 seconds. They were made by ffmpeg from sine and
// testsrc.
func TestTheDurationOfFilmsAndSoundsIsRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]float64{
		"cbr.mp3": 2.53, "vbr.mp3": 2.53, "v2.mp3": 2.59, // whole frames, and silence of the encoder
		"s.wav": 2.5, "s.ogg": 2.5, "o.ogg": 2.5, "s.m4a": 2.5, "v.mp4": 2.5, "v.webm": 2.5,
		"f.mp4": 0, // a stream whose head was written before its length was known
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			found, err := inspect(bytes.NewReader(data), int64(len(data)), false)
			if err != nil {
				t.Fatal(err)
			}
			if got := found.duration.Seconds(); math.Abs(got-want) > 0.06 {
				t.Errorf("%s of %s: %.3f s, want %.3f", found.contentType, name, got, want)
			}
			for _, n := range []int{12, 64, len(data) / 2, len(data) - 1} { // cut off: no panic, no nonsense
				if found, err := inspect(bytes.NewReader(data[:n]), int64(n), false); err == nil && found.duration.Seconds() > 3 {
					t.Errorf("%d bytes: %v", n, found.duration)
				}
			}
		})
	}
}

func FuzzDuration(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range byExtension {
			if d := durationOf(bytes.NewReader(data), int64(len(data)), format); d < 0 {
				t.Errorf("%s: %v", format.extension, d)
			}
		}
	})
}
