package language

import "strings"

// IsStop reports whether a word, in any spelling, is a stop word of English or
// Arabic: too common to say what a text is about. A word that folds to the
// same letters as one that does say it is none: أمام (before) is إمام (imam).
func IsStop(term string) bool { return intern([]byte(Fold(term))).stop }

// isStop wants the word folded. Arabic writes "and" onto the word that follows.
func isStop(term string) bool {
	return stopWords[term] || strings.HasPrefix(term, "و") && stopWords[term[len("و"):]]
}

var stopWords = func() map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(englishStop + " " + arabicStop) {
		m[Fold(w)] = true
	}
	return m
}()

// "us", "may" and "will" are no stop words: they name a country, a month and
// people as often. Contractions come without their apostrophe, as Tokens
// writes them.
const englishStop = `
a an the this that these those
i me my mine myself we our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
who whom whose which what where when why how
am is are was were be been being have has had having do does did doing done
would could should can cannot might must shall ought
and or but nor if then else than so as because while until unless although though whether
at by for from in into of off on onto out over to up with without within about above across after
against along among around before behind below beneath beside besides between beyond down during
inside near since through throughout toward towards under upon via
not no yes all any both each either neither every few more most much many other others another some
such only own same too very just also even ever never again further once here there now still yet
im ive id ill youre youve youd youll hes shes theyre theyve theyd theyll weve wed were
isnt arent wasnt werent hasnt havent hadnt doesnt dont didnt wont wouldnt cant couldnt shouldnt mustnt aint
thats whats lets ie eg etc`

const arabicStop = `
من إلى عن على في حتى منذ مذ خلال عند لدى لدي بين بعد قبل فوق تحت وراء خلف حول ضد دون بدون مع عبر نحو سوى غير
و ف ب ك ل ثم أو أم بل لكن لكنه لكنها ولكن كما كأن إذ إذا إذن لو لولا لوما حيث بينما كي لكي حين حينما عندما كلما طالما
أن إن أنه أنها أنهم إنه إنها إنهم بأن لأن لأنه لأنها فإن كون
لا لم لن ما ليس ليست ليسوا قد لقد سوف سـ هل أ يا ألا إلا أما إما
هذا هذه هذان هذين هؤلاء ذلك تلك ذاك أولئك هنا هناك هنالك
الذي التي الذين اللذان اللتان اللذين اللتين اللاتي اللواتي مما ممن عما فيما بما لما كيف متى أين أينما ماذا لماذا مهما
أنا نحن أنت أنتم هو هي هم هن هما
له لها لهم لهن لنا لك لكم لي به بها بهم بنا بك فيه فيها فيهم منه منها منهم عنه عنها عنهم عليه عليها عليهم إليه إليها إليهم
كان كانت كانوا يكون تكون يكونوا كنت كنا
كل كلا كلتا بعض أي أية أيضا فقط جدا جميع نفس ذات مثل مثلا حسب وفق وفقا بسبب الآن قال قالت يقول تقول`
