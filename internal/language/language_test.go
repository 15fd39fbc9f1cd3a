package language

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func TestDirection(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"": LTR, "en": LTR, "en-GB": LTR, "und": LTR, "tr": LTR, "-": LTR, "ar-": RTL,
		"ar": RTL, "AR_eg": RTL, "ar-Latn": LTR, "ar-x-latn": RTL, "fa-IR": RTL, "he": RTL, "ur": RTL,
		"ku": LTR, "ku-Arab-IQ": RTL, "ckb": RTL, "az-Arab": RTL, "sl-1994": LTR, "uz-Cyrl": LTR,
	} {
		if got := Direction(tag); got != want {
			t.Errorf("Direction(%q) = %q, want %q", tag, got, want)
		}
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"": "", "en": "en", "EN-gb": "en", "ar_EG": "ar"} {
		if got := Base(tag); got != want {
			t.Errorf("Base(%q) = %q, want %q", tag, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain stays", "plain text, 42.", "plain text, 42."},
		{"case", "NASA Straße ΣΊΣΥΦΟΣ", "nasa strasse σισυφοσ"},
		{"accents composed", "Éclair, Ångström, Łódź, Ærø", "eclair, angstrom, lodz, aero"},
		{"accents decomposed", "E\u0301clair", "eclair"},
		{"dotted and dotless i", "İstanbul ılık", "istanbul ilik"},
		{"ligatures and full width", "ﬁne Ｗide №5 m²", "fine wide no5 m2"},
		{"fractions are no numbers", "½", "½"},
		{"alef forms", "آثار أحمد إسلام ٱلله", "اثار احمد اسلام الله"},
		{"alef forms decomposed", norm.NFD.String("آثار أحمد إسلام"), "اثار احمد اسلام"},
		{"hamza carriers", "مؤتمر رئيس شيء", "موتمر رييس شيء"},
		{"hamza carriers decomposed", norm.NFD.String("مؤتمر رئيس"), "موتمر رييس"},
		{"taa marbuta and alef maqsura", "المجاورة مصطفى", "المجاوره مصطفي"},
		{"vowel marks and tatweel", "فِيلْمُ جَاذِبِيَّةْ مـــصر هٰذا", "فيلم جاذبيه مصر هذا"},
		{"Quranic signs", "قَالُوا۟ ۖ", "قالوا "},
		{"presentation forms", "ﻣﺼﺮ ﻻ ﷲ ﹰ", "مصر لا الله "},
		{"Persian and Urdu letters", "کیف ہھەۀ", "كيف هههه"},
		{"digits", "٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹", "0123456789 0123456789"},
		{"invisible characters", "می\u200cخواهم \u202bab\u202c co\u00adop\ufeff", "ميخواهم ab coop"},
		{"Hebrew points", "שָׁלוֹם", "שלום"},
		{"other marks stay", "हिन्दी", "हिन्दी"},
		{"Hangul stays composed", norm.NFD.String("한국어"), "한국어"},
		{"control characters", "a\x00b\x07c\u0085d\ne", "a b c d\ne"},
		{"invalid bytes", "a\xff\xc3", "a\uFFFD\uFFFD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Fold(tt.in); got != tt.want {
				t.Errorf("Fold(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string // term=original
	}{
		{"empty", "", nil},
		{"punctuation alone", "… -- ؟! ' ’ \" * ( ) ½", nil},
		{"words", "Fed hints, again", []string{"fed=Fed", "hints=hints", "again=again"}},
		{"possessive", "Fed's King’s players'", []string{"fed=Fed's", "king=King’s", "players=players"}},
		{"joined by an apostrophe", "O'Neill don't l’Oréal", []string{"oneill=O'Neill", "dont=don't", "loreal=l’Oréal"}},
		{"quoted", "'quoted' ‘so’ rock 'n' roll", []string{"quoted=quoted", "so=so", "rock=rock", "n=n", "roll=roll"}},
		{"dotted capitals", "the U.S. and U.S.A, e.g. A. Smith", []string{"the=the", "us=U.S", "and=and", "usa=U.S.A", "eg=e.g", "a=A", "smith=Smith"}},
		{"full stop without blank", "Vitamin C.Then", []string{"vitamin=Vitamin", "c=C", "then=Then"}},
		{"a letter with a hyphen", "e-mail X-ray F-16 t-shirts, a - b, s-p-e-l-t well-known", []string{"email=e-mail", "xray=X-ray", "f16=F-16",
			"tshirts=t-shirts", "a=a", "b=b", "s=s", "p=p", "e=e", "l=l", "t=t", "well=well", "known=known"}},
		{"a number behind a word", "covid19 COVID-19 iPhone15 G20 mp3 H1N1 2nd", []string{"covid=covid", "19=19", "covid=COVID", "19=19",
			"iphone=iPhone", "15=15", "g20=G20", "mp3=mp3", "h1n1=H1N1", "2nd=2nd"}},
		{"numbers", "10,000 3.5 1,2,3 £1,234,567 COVID-19 ١٬٠٠٠", []string{"10000=10,000", "3=3", "5=5", "1=1", "2=2", "3=3", "1234567=1,234,567", "covid=COVID", "19=19", "1000=١٬٠٠٠"}},
		{"mixed scripts", "شركة Google تفتح", []string{"شركه=شركة", "google=Google", "تفتح=تفتح"}},
		{"marks belong to the word, bidi marks do not", "\u200fمِصرُ\u200f.", []string{"مصر=مِصرُ"}},
		{"joiners join", "می\u200cخواهم", []string{"ميخواهم=می\u200cخواهم"}},
		{"marks alone", "ً ـــ \u0301", nil},
		{"invalid bytes separate", "a\xffb", []string{"a=a", "b=b"}},
		{"emoji separate", "up👍🏽down", []string{"up=up", "down=down"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for k := range Tokens(tt.in) {
				got = append(got, k.Term+"="+tt.in[k.Start:k.End])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Tokens(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestTokensStopsEarly(t *testing.T) {
	t.Parallel()
	for range Tokens("one two three") {
		break
	}
}

func TestLongRunIsCut(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("é", 1<<20)
	for k := range Tokens(text) {
		if len(k.Term) > maxTerm || k.End != len(text) {
			t.Errorf("term of %d bytes, end %d", len(k.Term), k.End)
		}
	}
}

func TestStemMeets(t *testing.T) {
	t.Parallel()
	for _, forms := range []string{
		"taper tapers tapering tapered",
		"election elections",
		"company companies",
		"woman women", "policeman policemen", "wife wives", "wolf wolves", "child children", "criterion criteria",
		"take took taken takes taking", "write wrote written",
		"colour color colours colourful colorful", "organise organize organisation organization organising", "analyse analyze analysed",
		"centre center centres", "theatre theater", "kilometre kilometer kilometres", "defence defense", "travelled traveled", "labour labor",
		"rise rose risen rises rising", "advertise advertizing advertised", "fulfil fulfill fulfilled", "enrolment enrollment", "behaviour behavior",
		"شئون شؤون", "مسئول مسؤول المسئولين", "رءوس رؤوس",
		"مجاورة المجاورة والمجاورة بالمجاورة للمجاورة كالمجاورة فالمجاورة المجاورات مجاور",
		"وزير الوزير ووزير والوزير للوزير",
		"سوريا سورية السورية وسوريا سوري السوريين والسوريون",
		"لبنان اللبناني اللبنانية ولبنان لبنانيون",
		"إيران الإيرانية إيراني",
		"فلسطين الفلسطينية فلسطيني الفلسطينيين",
		"انتخاب انتخابات الانتخابات والانتخابات بالانتخابات",
		"أمريكا الأمريكية أمريكي",
		"شركة الشركات شركات للشركة",
		"لاعب اللاعبون لاعبين اللاعبين",
		"مصر ومصر",
		"حق الحق بالحق",
	} {
		words := strings.Fields(forms)
		for _, w := range words[1:] {
			if w == "بالحق" {
				continue // two letters left after a compound prefix are too few to tell
			}
			if Stem(w) != Stem(words[0]) {
				t.Errorf("Stem(%q) = %q, but Stem(%q) = %q", w, Stem(w), words[0], Stem(words[0]))
			}
		}
	}
}

func TestStemKeepsApart(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"لبنان", "لبن"}, {"الله", "له"}, {"فيلم", "يلم"}, {"باريس", "اريس"}, {"كتاب", "تاب"},
		{"لندن", "ندن"}, {"g8s", "g8"}, {"policy", "police"}, {"2014", "201"}, {"москва", "москв"},
	} {
		if Stem(pair[0]) == Stem(pair[1]) {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], Stem(pair[0]))
		}
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	text := "The Fed's tapering, وفي الولايات المتحدة"
	var got []string
	for _, k := range Terms(text) {
		got = append(got, k.Stem+"="+text[k.Start:k.End])
	}
	want := []string{"fed=Fed's", "taper=tapering", "لاي=الولايات", "متحد=المتحدة"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Terms (-want +got):\n%s", diff)
	}
}

func TestIsStop(t *testing.T) {
	t.Parallel()
	for w, want := range map[string]bool{
		"The": true, "don’t": false, "dont": true, "us": false, "may": false, "على": true, "وعلى": true, "إِلَى": true, "الى": true,
		"مصر": false, "": false,
	} {
		if got := IsStop(w); got != want {
			t.Errorf("IsStop(%q) = %v", w, got)
		}
	}
}

// A diacritised text and its plain twin have the same terms, in whatever
// normal form they are written.
func TestSpellingVariantsHaveTheSameTerms(t *testing.T) {
	t.Parallel()
	twins := [][2]string{
		{"أَعْلَنَتِ الْمُؤَسَّسَةُ عَنْ آخِرِ نَتَائِجِهَا", "اعلنت المؤسسة عن اخر نتائجها"},
		{"فِي ١٦ شُبَاطَ ٢٠١٤", "في 16 شباط 2014"},
		{"إلـــى القاهـرة", "الى القاهره"},
		{"کتاب علی", "كتاب علي"},
		{"Café society’s naïve RÉSUMÉS", "cafe society's naive resumes"},
	}
	for _, twin := range twins {
		want := stems(twin[1])
		for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			if diff := cmp.Diff(want, stems(form.String(twin[0]))); diff != "" {
				t.Errorf("%q as form %d (-plain +variant):\n%s", twin[0], form, diff)
			}
		}
	}
}

func stems(text string) (out []string) {
	for _, k := range Terms(text) {
		out = append(out, k.Stem)
	}
	return out
}

func FuzzAnalyse(f *testing.F) {
	for _, s := range []string{
		"", "Fed's U.S. 10,000", "والمجاورة", "a\xff\x00'\u200ds", "E\u0301\u0345\u03b9", "가각\u0301\u11a8", "ſŉǅﬃ㏂ﷺ½", "が\u3099か\u3099",
		"١٬٠٠٠٫٥", "\u1100\u0301\u1161", "\U000e0100\ufe0f👍🏽", "ا\u0653و\u0654ي\u0654", "a.\u200db.c", "हिन्दी", "\ud7ff\ue000\U0010ffff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if !utf8.ValidString(once) || strings.ContainsRune(once, 0) {
			t.Fatalf("Fold(%q) = %q is not clean", s, once)
		}
		if twice := Fold(once); twice != once {
			t.Fatalf("Fold(%q) = %q, again %q", s, once, twice)
		}
		last := -1
		n := 0
		for k := range Tokens(s) {
			n++
			if k.Start <= last || k.Start >= k.End || k.End > len(s) || k.Start < 0 {
				t.Fatalf("Tokens(%q): place %d:%d after %d", s, k.Start, k.End, last)
			}
			last = k.End - 1
			if k.Term == "" || len(k.Term) > maxTerm+16 || !utf8.ValidString(k.Term) {
				t.Fatalf("Tokens(%q): term %q", s, k.Term)
			}
			if len(k.Term) < maxTerm && Fold(k.Term) != k.Term {
				t.Fatalf("Tokens(%q): term %q is not folded", s, k.Term)
			}
			if Stem(k.Term) == "" {
				t.Fatalf("%q has no stem", k.Term)
			}
		}
		if len(Terms(s)) > n {
			t.Fatalf("more terms than tokens in %q", s)
		}
		Direction(s)
		Base(s)
	})
}

func BenchmarkTerms(b *testing.B) {
	for _, bb := range []struct{ name, text string }{
		{"English", "The central bank's policy committee said on Wednesday that it would slow its monthly purchases of bonds, citing a labour market that has improved since autumn. Investors in Zürich and New York had expected the decision. "},
		{"Arabic", "أعلنت وزارة الخارجية في القاهرة أن المحادثات مع الدول المجاورة ستبدأ في السادس عشر من شباط بمشاركة وفود من المنظمات الدولية والجامعة العربية. "},
		{"Vowelled", "أَعْلَنَتْ وِزَارَةُ الْخَارِجِيَّةِ فِي الْقَاهِرَةِ أَنَّ الْمُحَادَثَاتِ مَعَ الدُّوَلِ الْمُجَاوِرَةِ سَتَبْدَأُ. "},
	} {
		text := strings.Repeat(bb.text, 3000/len(bb.text)+1)[:3000]
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Terms(text)
			}
		})
	}
}

func TestAttached(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ term, prefixed, without string }{
		{"قصة", "لقصة", ""},
		{"القصة", "بقصة", ""},
		{"لقصة", "", "قصة"},
		{"كتاب", "لكتاب", "تاب"},
		{"بلد", "", ""},
		{"story", "", ""},
		{"g20", "", ""},
	} {
		with, without := Attached(test.term)
		if test.prefixed != "" && !slices.Contains(with, Stem(test.prefixed)) {
			t.Errorf("%s: %v does not hold %s", test.term, with, Stem(test.prefixed))
		}
		if test.without != "" && without != Stem(test.without) || test.without == "" && without != "" {
			t.Errorf("%s: %q without a particle, want %q", test.term, without, Stem(test.without))
		}
	}
}

// An imam is no "before", and is found.
func TestStopWordsAreNoOthers(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"إمام", "may", "will", "us"} {
		if IsStop(word) {
			t.Errorf("%s is a stop word", word)
		}
	}
}
