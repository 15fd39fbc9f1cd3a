package media

import (
	"fmt"
	"image"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
)

// Widths are the widths that variants come in, in pixels. Others are not made, so
// that nobody can fill the store or the processors with sizes that no page needs.
var Widths = []int{160, 320, 480, 640, 768, 960, 1280, 1600, 1920, 2560}

// maxVariantSide bounds both sides of a variant.
const maxVariantSide = 2560

// Ratio is the shape that a picture is cut to. The zero Ratio leaves its own.
type Ratio struct{ W, H int }

// Ratios are the shapes that variants come in.
var Ratios = []Ratio{{1, 1}, {4, 3}, {3, 2}, {16, 9}, {2, 1}, {3, 4}, {4, 5}, {9, 16}}

// Format is what a variant is encoded as: the extension of its address.
type Format string

// The formats of variants.
const (
	JPEG Format = "jpg"
	PNG  Format = "png"
	WebP Format = "webp"
)

// Variant is a picture made from an original. The zero Variant is the original.
type Variant struct {
	Width  int // pixels; 0: as wide as there is
	Ratio  Ratio
	Format Format // empty: WebP
}

// variantSources are the types of pictures that variants are made of.
var variantSources = []string{jpegFormat.contentType, pngFormat.contentType, gifFormat.contentType, webpFormat.contentType}

// HasVariants reports whether variants are made of an item.
func HasVariants(m *ent.Media) bool {
	return m.Kind == entmedia.KindImage && m.BlobKey != "" && m.Width > 0 && m.Height > 0 && slices.Contains(variantSources, m.ContentType)
}

// Path is the path of a variant of an item. What has no variants, and is not of this
// server, has the address of its original.
func (v Variant) Path(m *ent.Media) string {
	moving := m.ContentType == gifFormat.contentType && v.Ratio == Ratio{} && v.Format == ""
	if v == (Variant{}) || !HasVariants(m) || moving { // a GIF may move
		if m.BlobKey == "" {
			return m.SourceURL
		}
		return Prefix + m.BlobKey
	}
	return Prefix + m.BlobKey + "/" + v.name(m.Width, m.Height, focusOf(m))
}

// PathOf is Path for an image in a body, of which the address of its original and its
// size are known. What is not of this server stays as it is.
func (v Variant) PathOf(address string, width, height int) string {
	key, ours := strings.CutPrefix(address, Prefix)
	if !ours {
		return address
	}
	m := &ent.Media{Kind: entmedia.KindImage, BlobKey: key, Width: width, Height: height, ContentType: formatOf(key).contentType}
	return v.Path(m)
}

// SourceSet lists the variants of an item with their widths, as the attribute srcset
// of HTML does, the narrowest first. What absolute makes of each path is its address.
func (v Variant) SourceSet(m *ent.Media, absolute func(path string) string) string {
	if !HasVariants(m) {
		return ""
	}
	widest := widestOf(m.Width, m.Height, v.Ratio)
	var parts []string
	for _, w := range Widths {
		v.Width = w
		parts = append(parts, fmt.Sprintf("%s %dw", absolute(v.Path(m)), min(w, widest)))
		if w >= widest {
			break
		}
	}
	return strings.Join(parts, ", ")
}

// focus is the point of a picture that stays in sight, in hundredths of its sides.
type focus struct{ x, y int }

func focusOf(m *ent.Media) focus {
	f := focus{50, 50}
	if m.FocalX != nil && m.FocalY != nil {
		f = focus{int(math.Round(*m.FocalX * 100)), int(math.Round(*m.FocalY * 100))}
	}
	return f
}

// name is the last segment of the address of a variant. Together with the key of the
// original it says all that the bytes depend on.
func (v Variant) name(width, height int, f focus) string {
	widest := widestOf(width, height, v.Ratio)
	if v.Width <= 0 || v.Width > widest {
		v.Width = widest
	}
	at, _ := slices.BinarySearch(Widths, v.Width)
	v.Width = Widths[min(at, len(Widths)-1)]
	if v.Format == "" {
		v.Format = WebP
	}
	if v.Ratio == (Ratio{}) {
		return fmt.Sprintf("%d.%s", v.Width, v.Format)
	}
	return fmt.Sprintf("%d-%dx%d-%dx%d.%s", v.Width, v.Ratio.W, v.Ratio.H, f.x, f.y, v.Format)
}

// fit gives the sides of a picture that is no larger than variants are.
func fit(width, height int) (w, h int) {
	if width <= maxVariantSide && height <= maxVariantSide {
		return width, height
	}
	if width >= height {
		return maxVariantSide, max(1, int(math.Round(float64(height)*maxVariantSide/float64(width))))
	}
	return max(1, int(math.Round(float64(width)*maxVariantSide/float64(height)))), maxVariantSide
}

// widestOf is the width of the largest variant of a picture in a shape. Nothing is
// ever made larger than it was.
func widestOf(width, height int, r Ratio) int {
	w, h := fit(width, height)
	return cut(w, h, r, focus{50, 50}).Dx()
}

// cut gives the part of a picture that has a shape, with the focus as near to its
// middle as the edges let it.
func cut(width, height int, r Ratio, f focus) image.Rectangle {
	if r == (Ratio{}) {
		return image.Rect(0, 0, width, height)
	}
	w, h := width, height
	if width*r.H > height*r.W {
		w = max(1, int(math.Round(float64(height*r.W)/float64(r.H))))
	} else {
		h = max(1, int(math.Round(float64(width*r.H)/float64(r.W))))
	}
	x := min(max(f.x*width/100-w/2, 0), width-w)
	y := min(max(f.y*height/100-h/2, 0), height-h)
	return image.Rect(x, y, x+w, y+h)
}

var nameForm = regexp.MustCompile(`^([1-9][0-9]{2,3})(?:-([0-9]{1,2})x([0-9]{1,2})-([0-9]{1,3})x([0-9]{1,3}))?\.(jpg|png|webp)$`)

// parseVariant reads the last segment of an address. What no address of ours says is
// refused.
func parseVariant(name string) (v Variant, f focus, ok bool) {
	parts := nameForm.FindStringSubmatch(name)
	if parts == nil {
		return v, f, false
	}
	number := func(i int) int { n, _ := strconv.Atoi(parts[i]); return n } // digits, or nothing
	v = Variant{Width: number(1), Ratio: Ratio{number(2), number(3)}, Format: Format(parts[6])}
	f = focus{number(4), number(5)}
	if !slices.Contains(Widths, v.Width) || v.Ratio != (Ratio{}) && !slices.Contains(Ratios, v.Ratio) || f.x > 100 || f.y > 100 {
		return v, f, false
	}
	return v, f, true
}
