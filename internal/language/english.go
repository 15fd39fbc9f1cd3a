package language

import "strings"

// plainEnglish gives the form of an English word that the stemmer understands:
// the singular of an irregular plural, the infinitive of an irregular verb, and
// the American of two spellings.
func plainEnglish(word string) string {
	if plain, ok := irregular[word]; ok {
		return plain
	}
	if rest, ok := strings.CutSuffix(word, "men"); ok && len(rest) >= 3 && !endsInMen[word] {
		word = rest + "man" // policemen, congresswomen
	}
	return american(word)
}

// irregular maps forms to their base. Forms that are as often another word stay:
// the Fed, the left, the media.
var irregular = func() map[string]string {
	forms := make(map[string]string)
	for _, list := range []string{irregularPlurals, irregularVerbs} {
		for line := range strings.Lines(list) {
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			for _, form := range words[1:] {
				forms[form] = american(words[0])
			}
		}
	}
	return forms
}()

// Each line: the base, then its forms.
const irregularPlurals = `
man men
woman women
child children
person people
foot feet
tooth teeth
goose geese
mouse mice
wife wives
knife knives
wolf wolves
half halves
calf calves
shelf shelves
thief thieves
loaf loaves
elf elves
scarf scarves
hoof hooves
criterion criteria
phenomenon phenomena
bacterium bacteria
analysis analyses
crisis crises
thesis theses
oasis oases
diagnosis diagnoses
hypothesis hypotheses
emphasis emphases
curriculum curricula
memorandum memoranda
referendum referenda
stadium stadia
cactus cacti
nucleus nuclei
index indices
appendix appendices
matrix matrices`

const irregularVerbs = `
arise arose arisen
awake awoke awoken
become became
begin began begun
bend bent
bind bound
bite bit bitten
bleed bled
blow blew blown
break broke broken
breed bred
bring brought
build built
burn burnt
buy bought
catch caught
choose chose chosen
cling clung
come came
creep crept
deal dealt
dig dug
draw drew drawn
dream dreamt
drink drank drunk
drive drove driven
eat ate eaten
fall fell fallen
feel felt
fight fought
find found
flee fled
fly flew flown
forbid forbade forbidden
forecast forecasted
foresee foresaw foreseen
forget forgot forgotten
forgive forgave forgiven
freeze froze frozen
get got gotten
give gave given
go went gone goes
grow grew grown
hang hung
hear heard
hide hid hidden
hold held
keep kept
know knew known
lead led
learn learnt
lend lent
lose lost
make made
mean meant
meet met
overcome overcame
overtake overtook overtaken
pay paid
prove proven
ride rode ridden
ring rang rung
rise rose risen
run ran
say said
see saw seen
seek sought
sell sold
send sent
shake shook shaken
shine shone
shoot shot
show shown
shrink shrank shrunk
sing sang sung
sink sank sunk
sit sat
sleep slept
slide slid
speak spoke spoken
spell spelt
spend spent
spill spilt
spin spun
stand stood
steal stole stolen
stick stuck
sting stung
strike struck stricken
strive strove striven
swear swore sworn
sweep swept
swim swam swum
swing swung
take took taken
teach taught
tear tore torn
tell told
think thought
throw threw thrown
undergo underwent undergone
understand understood
undertake undertook undertaken
wake woke woken
wear wore worn
weave wove woven
weep wept
win won
withdraw withdrew withdrawn
withhold withheld
withstand withstood
write wrote written`

// endsInMen are words in -men that are no plurals.
var endsInMen = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields("specimen regimen abdomen acumen yemen bitumen cyclamen stamen dolmen foramen albumen turkmen") {
		words[w] = true
	}
	return words
}()

// american spells a British word in the American way. The endings -ise and -yse
// become -ize and -yze wherever they stand, as both sides of a search are read
// alike: no word needs to be told from one that is always written with s.
func american(word string) string {
	if len(word) < 4 {
		return word
	}
	for _, e := range britishEndings {
		if rest, ok := strings.CutSuffix(word, e.british); ok && rest != "" {
			word = rest + e.american
			break
		}
	}
	// A British beginning is looked up by its length: "colour" of "colourful".
	for n := min(len(word), longestBritish); n >= shortestBritish; n-- {
		if plain, ok := britishBeginnings[word[:n]]; ok {
			return plain + word[n:]
		}
	}
	if strings.HasSuffix(word, "metre") || strings.HasSuffix(word, "metres") { // kilometre
		return strings.Replace(word, "metre", "meter", 1)
	}
	return word
}

var britishEndings = func() []struct{ british, american string } {
	var all []struct{ british, american string }
	for _, ending := range strings.Fields("e es ed er ers ing ation ations ational able") {
		all = append(all, struct{ british, american string }{"is" + ending, "iz" + ending}, struct{ british, american string }{"ys" + ending, "yz" + ending})
	}
	return all
}()

const (
	shortestBritish = 4
	longestBritish  = 10
)

var britishBeginnings = func() map[string]string {
	beginnings := map[string]string{}
	for _, b := range strings.Fields(`ardour armour behaviour candour clamour colour endeavour enamour favour fervour flavour glamour
		harbour honour humour labour neighbour odour parlour rancour rigour rumour saviour savour splendour succour tumour valour vapour vigour`) {
		beginnings[b] = strings.TrimSuffix(b, "our") + "or"
	}
	for _, pair := range strings.Fields(`centre:center theatre:theater metre:meter litre:liter fibre:fiber calibre:caliber spectre:specter sabre:saber
		lustre:luster sombre:somber meagre:meager manoeuvr:maneuver
		defence:defense offence:offense licence:license pretence:pretense practis:practic practiz:practic programme:program grey:gray tyre:tire
		aluminium:aluminum plough:plow mould:mold jeweller:jeweler sceptic:skeptic pyjama:pajama kerb:curb gaol:jail
		catalogue:catalog dialogue:dialog analogue:analog anaesth:anesth paediatr:pediatr haemo:hemo foetus:fetus foetal:fetal
		encyclopaed:encycloped mediaeval:medieval orthopaed:orthoped archaeolog:archeolog oestrogen:estrogen leukaemi:leukemi anaemi:anemi
		diarrhoea:diarrhea cosy:cozy judgement:judgment ageing:aging acknowledgement:acknowledgment enquir:inquir whisky:whiskey yoghurt:yogurt
		fulfil:fulfill enrol:enroll skilful:skillful instalment:installment wilful:willful counsellor:counselor`) {
		british, plain, _ := strings.Cut(pair, ":")
		beginnings[british] = plain
	}
	// These go on in the American way when they already are.
	for _, same := range []string{"fulfill", "enroll"} {
		beginnings[same] = same
	}
	return beginnings
}()
