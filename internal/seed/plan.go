package seed

// What every seeded newsroom has: sections, countries and how many of the rest.

// section is one of the tree; sections without children are written for.
type section struct {
	en, ar   string
	children []section
}

// sections are the tree. The slug of a top section names its topic in the word
// lists.
var sections = []section{
	{"World", "العالم", []section{
		{"Europe", "أوروبا", []section{{"Southern Europe", "جنوب أوروبا", nil}, {"Northern Europe", "شمال أوروبا", nil}}},
		{"Asia", "آسيا", []section{{"East Asia", "شرق آسيا", nil}, {"South Asia", "جنوب آسيا", nil}}},
		{"Africa", "أفريقيا", nil}, {"Americas", "الأمريكتان", nil},
	}},
	{"Politics", "السياسة", []section{{"Elections", "الانتخابات", nil}, {"Local Government", "الحكم المحلي", nil}}},
	{"Business", "الاقتصاد", []section{
		{"Markets", "الأسواق", []section{{"Commodities", "السلع", nil}}}, {"Energy", "الطاقة", []section{{"Renewables", "الطاقة المتجددة", nil}}}, {"Work", "العمل", nil},
	}},
	{"Technology", "التقنية", []section{{"Science", "العلوم", []section{{"Space", "الفضاء", nil}}}, {"Networks", "الشبكات", nil}}},
	{"Sport", "الرياضة", []section{{"Football", "كرة القدم", []section{{"Cups", "الكؤوس", nil}}}, {"Athletics", "ألعاب القوى", nil}, {"Sailing", "الشراع", nil}}},
	{"Culture", "الثقافة", []section{{"Film", "السينما", nil}, {"Books", "الكتب", nil}, {"Music", "الموسيقى", nil}}},
	{"Health", "الصحة", []section{{"Medicine", "الطب", nil}}},
	{"Climate", "المناخ", []section{{"Oceans", "المحيطات", nil}, {"Weather", "الطقس", nil}}},
	{"Opinion", "الرأي", nil},
}

// country is a place with its ISO 3166-1 alpha-2 code.
type country struct{ code, en, ar string }

var countries = []country{
	{"AR", "Argentina", "الأرجنتين"}, {"AU", "Australia", "أستراليا"}, {"BE", "Belgium", "بلجيكا"}, {"BH", "Bahrain", "البحرين"}, {"BR", "Brazil", "البرازيل"},
	{"CA", "Canada", "كندا"}, {"CL", "Chile", "تشيلي"}, {"CN", "China", "الصين"}, {"CO", "Colombia", "كولومبيا"}, {"CY", "Cyprus", "قبرص"},
	{"DE", "Germany", "ألمانيا"}, {"DK", "Denmark", "الدنمارك"}, {"DZ", "Algeria", "الجزائر"}, {"EG", "Egypt", "مصر"}, {"ES", "Spain", "إسبانيا"},
	{"ET", "Ethiopia", "إثيوبيا"}, {"FI", "Finland", "فنلندا"}, {"FR", "France", "فرنسا"}, {"GB", "United Kingdom", "المملكة المتحدة"}, {"GH", "Ghana", "غانا"},
	{"GR", "Greece", "اليونان"}, {"HU", "Hungary", "المجر"}, {"ID", "Indonesia", "إندونيسيا"}, {"IE", "Ireland", "أيرلندا"}, {"IN", "India", "الهند"},
	{"IQ", "Iraq", "العراق"}, {"IS", "Iceland", "آيسلندا"}, {"IT", "Italy", "إيطاليا"}, {"JO", "Jordan", "الأردن"}, {"JP", "Japan", "اليابان"},
	{"KE", "Kenya", "كينيا"}, {"KR", "South Korea", "كوريا الجنوبية"}, {"KW", "Kuwait", "الكويت"}, {"LB", "Lebanon", "لبنان"}, {"LY", "Libya", "ليبيا"},
	{"MA", "Morocco", "المغرب"}, {"MT", "Malta", "مالطا"}, {"MX", "Mexico", "المكسيك"}, {"MY", "Malaysia", "ماليزيا"}, {"NG", "Nigeria", "نيجيريا"},
	{"NL", "Netherlands", "هولندا"}, {"NO", "Norway", "النرويج"}, {"NZ", "New Zealand", "نيوزيلندا"}, {"OM", "Oman", "عُمان"}, {"PE", "Peru", "بيرو"},
	{"PK", "Pakistan", "باكستان"}, {"PL", "Poland", "بولندا"}, {"PT", "Portugal", "البرتغال"}, {"QA", "Qatar", "قطر"}, {"RO", "Romania", "رومانيا"},
	{"SA", "Saudi Arabia", "السعودية"}, {"SE", "Sweden", "السويد"}, {"SG", "Singapore", "سنغافورة"}, {"SN", "Senegal", "السنغال"}, {"TN", "Tunisia", "تونس"},
	{"TR", "Türkiye", "تركيا"}, {"US", "United States", "الولايات المتحدة"}, {"UY", "Uruguay", "أوروغواي"}, {"VN", "Vietnam", "فيتنام"}, {"ZA", "South Africa", "جنوب أفريقيا"},
}

const (
	authorCount = 200
	deskCount   = 6
	seriesCount = 40
	readerCount = 300 // accounts that comment
	minTags     = 500
	maxTags     = 5000
)

// tagCount gives how many tags a newsroom of so many articles has.
func tagCount(articles int) int { return min(max(articles/100, minTags), maxTags) }
