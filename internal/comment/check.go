package comment

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
)

// Reason is why a comment waits for a moderator.
type Reason string

// The reasons.
const (
	Premoderated Reason = "PREMODERATED" // every comment of the article waits
	HoneypotUsed Reason = "HONEYPOT"     // a field that people do not see was filled in
	TooFast      Reason = "TOO_FAST"     // sent sooner than anybody can read and write
	Links        Reason = "LINKS"        // more links than allowed
	Repeated     Reason = "REPEATED"     // the same words were sent before
	Words        Reason = "WORDS"        // has a word of the site's list
	MutedReader  Reason = "MUTED_READER" // a moderator muted the reader
	External     Reason = "EXTERNAL"     // the moderation service said so
	ServiceDown  Reason = "SERVICE_DOWN" // the moderation service did not answer
	FromImport   Reason = "IMPORTED"     // was waiting where it came from
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{Premoderated, HoneypotUsed, TooFast, Links, Repeated, Words, MutedReader, External, ServiceDown, FromImport}
}

// held joins reasons as they are stored: with a comma at both ends, so that one
// is found by its name between commas.
func held(reasons []Reason) string {
	if len(reasons) == 0 {
		return ""
	}
	text := ","
	for _, r := range reasons {
		text += string(r) + ","
	}
	return text
}

// reasonsOf splits what held joined.
func reasonsOf(text string) []Reason {
	reasons := []Reason{}
	for name := range strings.SplitSeq(text, ",") {
		if name != "" {
			reasons = append(reasons, Reason(name))
		}
	}
	return reasons
}

// isOverride reports whether a character embeds or overrides a direction, so that a
// text can read other than it is written.
func isOverride(r rune) bool { return r >= 0x202A && r <= 0x202E }

func isIsolate(r rune) bool { return r >= 0x2066 && r <= 0x2069 }

// isolated reports whether each isolate of a text ends in its line. Such isolates
// set a name of another script apart, as telephones do by themselves; one that is
// left open would turn what stands behind it.
func isolated(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		open := 0
		for _, r := range line {
			switch {
			case r == 0x2069:
				open--
			case isIsolate(r):
				open++
			}
			if open < 0 {
				return false
			}
		}
		if open != 0 {
			return false
		}
	}
	return true
}

// isVisible reports whether a character shows something.
func isVisible(r rune) bool {
	const blankBraille = 0x2800
	return !unicode.IsSpace(r) && !readername.IsHidden(r) && !unicode.Is(unicode.Cf, r) && r != blankBraille
}

var blankLines = regexp.MustCompile(`\n{3,}`)

// cleanBody makes a text one that can be stored and shown: plain, in one form of
// Unicode, without control characters and marks that set a direction.
func cleanBody(text string) string {
	return tidy(strings.Map(func(r rune) rune {
		if isOverride(r) || isIsolate(r) {
			return -1
		}
		return r
	}, text))
}

// tidy is cleanBody for a text whose marks of direction were checked.
func tidy(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	return blankLines.ReplaceAllString(strings.TrimSpace(norm.NFC.String(text)), "\n\n")
}

func checkBody(text string, rules Rules) (string, error) {
	if len(text) > maxBody {
		return "", fault.Mistake(fault.TooLong, "body", "A comment has at most %d characters.", rules.MaxLength)
	}
	body := tidy(text)
	switch {
	case strings.ContainsRune(body, utf8.RuneError): // what half of a character becomes on its way
		return "", fault.Mistake(fault.Invalid, "body", "The text has half of a character, or one that was lost on its way. Write it again.")
	case !strings.ContainsFunc(body, isVisible):
		return "", fault.Mistake(fault.Blank, "body", "Write something.")
	case strings.ContainsFunc(body, isOverride) || !isolated(body):
		return "", fault.Mistake(fault.Invalid, "body", "The text has marks that turn the direction of what follows (such as U+202E), or isolates that do not end in their line. Remove them.")
	case utf8.RuneCountInString(body) > rules.MaxLength:
		return "", fault.Mistake(fault.TooLong, "body", "A comment has at most %d characters.", rules.MaxLength)
	case hasWord(body, rules.RefusedWords):
		return "", fault.Mistake(fault.Invalid, "body", "The comment has a word that is not allowed here.")
	}
	return body, nil
}

func checkEmail(field, text string) (string, error) {
	address := strings.TrimSpace(text)
	switch {
	case address == "":
		return "", fault.Mistake(fault.Blank, field, "Give an e-mail address. It is not shown to anybody.")
	case len(address) > maxGuest:
		return "", fault.Mistake(fault.TooLong, field, "An e-mail address has at most %d characters.", maxGuest)
	}
	return readername.Address(field, address)
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// words are the words of a text, folded as the search folds them.
func words(text string) string {
	var all []string
	for t := range language.Tokens(text) {
		all = append(all, t.Term)
	}
	return strings.Join(all, " ")
}

// bodyHash is equal for texts of the same words; a text without words, such as
// one of emoji, equals itself.
func bodyHash(body string) string { return hashOf(cmp.Or(words(body), body)) }

// hasWord reports whether a text has one of the words or phrases, folded as the
// search folds them.
func hasWord(body string, list []string) bool {
	if len(list) == 0 {
		return false
	}
	text := " " + words(body) + " "
	for _, phrase := range list {
		if phrase = words(phrase); phrase != "" && strings.Contains(text, " "+phrase+" ") {
			return true
		}
	}
	return false
}

// linkPattern finds addresses in a text. What is no http address is not made a link.
var linkPattern = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"']+`)

// HTML gives the text of a comment with its paragraphs and links, as HTML that is
// safe: all else is escaped, and links tell search engines that the site does not
// vouch for them.
func HTML(body string) string {
	var b strings.Builder
	for i, paragraph := range strings.Split(body, "\n\n") {
		if paragraph == "" && i == 0 {
			break
		}
		b.WriteString("<p>")
		at := 0
		for _, m := range linkPattern.FindAllStringIndex(paragraph, -1) {
			address := strings.TrimRight(paragraph[m[0]:m[1]], ".,;:!?)]}»”'\"")
			end := m[0] + len(address)
			target := address
			if strings.EqualFold(address[:4], "www.") {
				target = "https://" + address
			}
			b.WriteString(lines(paragraph[at:m[0]]))
			b.WriteString(`<a href="` + html.EscapeString(target) + `" rel="nofollow ugc noopener noreferrer">` + html.EscapeString(address) + `</a>`)
			at = end
		}
		b.WriteString(lines(paragraph[at:]))
		b.WriteString("</p>")
	}
	return b.String()
}

func lines(text string) string { return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") }

// Submission is what a form sends along, which tells people from programs.
type Submission struct {
	Honeypot string        // what stands in a field that people do not see
	OnPage   time.Duration // how long the page was open; 0: not said
}

// suspicions are the reasons to look at a text before it is shown, of all that
// needs no database.
func suspicions(body string, guest bool, from Submission, rules Rules) (reasons []Reason) {
	add := func(r Reason, suspicious bool) {
		if suspicious {
			reasons = append(reasons, r)
		}
	}
	add(HoneypotUsed, from.Honeypot != "")
	add(TooFast, guest && from.OnPage < rules.MinTime)
	add(Links, len(linkPattern.FindAllStringIndex(body, -1)) > rules.MaxLinks)
	add(Words, hasWord(body, rules.HeldWords))
	return reasons
}

// blocked reports whether a network address is one of those that may not comment.
func (r Rules) blocked(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, p := range r.BlockedNetworks {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}
