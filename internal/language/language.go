// Package language is the one analyser of text: search indexes, search queries
// and related articles all read words through it, so that what one of them
// stores another can find.
//
// The way of a word is fixed: a run of letters and digits is folded (letter
// case, accents, compatibility forms, Arabic spelling variants), dropped if it
// is a stop word, then stemmed. Which stemmer is used depends on the script of
// the word alone, never on the language an article claims to be in: newsrooms
// mix scripts in one sentence, and a query has no declared language at all.
//
// Words are English or Arabic. Other languages are folded but not stemmed
// correctly: Latin letters go through the English stemmer. Scripts written
// without spaces yield one term per run.
package language

import "strings"

// Values of Direction, as HTML's dir attribute spells them.
const (
	LTR = "ltr"
	RTL = "rtl"
)

// rtlScripts are the ISO 15924 codes, in lower case, of scripts written from
// right to left that are in use today.
var rtlScripts = map[string]bool{
	"adlm": true, "arab": true, "aran": true, "hebr": true, "mand": true,
	"nkoo": true, "rohg": true, "samr": true, "syrc": true, "thaa": true, "yezi": true,
}

// rtlLanguages are the primary subtags whose usual script is one of rtlScripts.
var rtlLanguages = map[string]bool{
	"aeb": true, "ajp": true, "apc": true, "ar": true, "arb": true, "arc": true, "ars": true,
	"ary": true, "arz": true, "azb": true, "bal": true, "bgn": true, "ckb": true, "dv": true,
	"fa": true, "glk": true, "he": true, "iw": true, "ji": true, "ks": true, "lrc": true,
	"mzn": true, "nqo": true, "pnb": true, "prs": true, "ps": true, "sd": true, "skr": true,
	"syr": true, "ug": true, "ur": true, "yi": true,
}

// Direction says in which direction text tagged with a BCP 47 language tag
// is written. A script subtag decides ("ku-Arab" is right to left, "ar-Latn" is
// not), otherwise the language does. An unknown or malformed tag is LTR.
func Direction(tag string) string {
	tag = strings.ToLower(strings.ReplaceAll(tag, "_", "-"))
	base, rest, _ := strings.Cut(tag, "-")
	for rest != "" {
		var sub string
		sub, rest, _ = strings.Cut(rest, "-")
		if len(sub) == 1 { // an extension or private use: no script after this
			break
		}
		if len(sub) == 4 && sub[0] >= 'a' && sub[0] <= 'z' {
			if rtlScripts[sub] {
				return RTL
			}
			return LTR
		}
	}
	if rtlLanguages[base] {
		return RTL
	}
	return LTR
}

// Base is the primary language subtag in lower case: "en" of "en-GB". Two
// articles are in the same language if their bases are equal. It holds letters
// and digits only, so that keys can be made of it: what is no subtag at all is
// "und", the undetermined language of BCP 47.
func Base(tag string) string {
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	tag = strings.ToLower(tag)
	if strings.ContainsFunc(tag, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		return "und"
	}
	return tag
}
