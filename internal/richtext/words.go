package richtext

import (
	"strings"
	"unicode"
)

// Silent reading speeds of adults, words a minute.
//
// English: 238, the mean for non-fiction in 190 studies (Brysbaert, "How many words do we read per minute?", Journal of
// Memory and Language 109, 2019). Other languages: Trauzettel-Klosinski and Dietz, "Standardized Assessment of Reading
// Performance: The New International Reading Speed Texts IReST", Investigative Ophthalmology & Visual Science 53, 2012,
// measured by reading aloud and so on the slow side; Arabic 138, Chinese 158 words (255 characters), Hebrew 187,
// Japanese 357 characters. Arabic words carry their articles, prepositions and pronouns, hence fewer a minute.
const (
	wordsPerMinute       = 238
	wordsPerMinuteArabic = 138
	wordsPerMinuteHebrew = 187
	charsPerMinuteHan    = 255
	charsPerMinuteJa     = 357
)

// CountWords counts the words of plain text: runs of letters, digits and marks, held together by an apostrophe, a
// hyphen, a point or a comma between two of them (it's, well-known, 3.5), by tatweel, and by the zero-width joiners.
// So an Arabic word counts once with or without its vowel signs. Ideographs and kana count one each, as they are
// written without spaces.
func CountWords(text string) int {
	words, wide := count(text)
	return words + wide
}

func count(text string) (words, wide int) {
	inside := false // in a word
	joined := false // after a character that may hold a word together
	number := false // and did so only between digits
	digit := false  // the last character was a digit
	for _, r := range text {
		if r < 0x80 {
			switch {
			case r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9':
				if !inside || joined && number && r > '9' {
					words++
				}
				inside, joined, digit = true, false, r <= '9'
			case inside && !joined && (r == '\'' || r == '-' || r == '.' || r == '_'):
				joined, number = true, false
			case inside && !joined && digit && r == ',':
				joined, number = true, true
			default:
				inside, joined = false, false
			}
			continue
		}
		switch {
		case isWide(r):
			wide++
			inside, joined = false, false
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if !inside {
				words++
			}
			inside, joined, digit = true, false, unicode.IsDigit(r)
		case unicode.Is(unicode.M, r) || r == '\u200c' || r == '\u200d' || r == '\u0640' || r == '\u00ad' || isMark(r):
			// part of the word it stands in, none by itself
		case inside && !joined && (r == '\u2019' || r == '\u2010' || r == '\u2011' || r == '\u00b7' || r == '\u05f3' || r == '\u05f4' || r == '\u066b' || r == '\u066c'):
			joined, number = true, false
		default:
			inside, joined = false, false
		}
	}
	return words, wide
}

// isMark reports the invisible directional marks.
func isMark(r rune) bool { return r == '\u200e' || r == '\u200f' || r == '\u061c' }

func isWide(r rune) bool {
	return r >= 0x2E80 && (unicode.Is(unicode.Han, r) || unicode.Is(unicode.Hiragana, r) || unicode.Is(unicode.Katakana, r))
}

// ReadingMinutes estimates how long an adult takes to read text, in whole minutes, rounded to the nearest and at least 1
// unless there is nothing to read. language is a BCP 47 tag; unknown ones are read at the English speed.
func ReadingMinutes(text, language string) int {
	words, wide := count(text)
	if words+wide == 0 {
		return 0
	}
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	rate, wideRate := wordsPerMinute, charsPerMinuteHan
	switch primary {
	case "ar", "fa", "ur", "ps", "ckb":
		rate = wordsPerMinuteArabic
	case "he", "yi":
		rate = wordsPerMinuteHebrew
	case "ja":
		wideRate = charsPerMinuteJa
	}
	minutes := float64(words)/float64(rate) + float64(wide)/float64(wideRate)
	return max(1, int(minutes+0.5))
}
