package seed

// The English words. They are put together by the patterns in english.go; what
// comes out reads like news and means nothing.

// enTopic is what a top section writes about.
type enTopic struct {
	issues []string // what a story is about, singular
	groups []string // who is concerned, plural
	bodies []string // what organisations of the field are called
	roles  []string // what people of the field are
	plans  []string // what may happen to an issue, after "would"
}

var enTopics = map[string]enTopic{
	"world": {
		issues: []string{"the border crossing", "the fishing treaty", "the relief convoy", "the river commission", "the customs union", "the ceasefire line", "the visa scheme", "the peace bridge", "the grain corridor", "the island dispute"},
		groups: []string{"border villages", "aid workers", "lorry drivers", "returning families", "coastal fishers", "harbour pilots"},
		bodies: []string{"Border Commission", "Relief Fund", "Foreign Ministry", "Mediation Group", "River Council", "Observer Mission"},
		roles:  []string{"envoy", "foreign minister", "field coordinator", "negotiator", "consul"},
		plans:  []string{"reopen in stages", "be watched by neutral observers", "be extended for half a year", "need a new map", "go before the assembly"},
	},
	"politics": {
		issues: []string{"the voting reform", "the school budget", "the housing bill", "the land register", "the lobbying law", "the pension gap", "the transport levy", "the water tariff", "the council merger", "the citizens’ assembly"},
		groups: []string{"back-benchers", "rate payers", "first-time voters", "town clerks", "tenants", "village mayors"},
		bodies: []string{"Parliament", "Audit Office", "Electoral Commission", "City Council", "Housing Ministry", "Ombudsman’s Office"},
		roles:  []string{"minister", "opposition leader", "committee chair", "mayor", "auditor"},
		plans:  []string{"return to committee", "be put to a vote", "cost less than feared", "be delayed until spring", "lose its majority"},
	},
	"business": {
		issues: []string{"the container terminal", "the wage round", "the copper contract", "the merger", "the loan guarantee", "the wind auction", "the refinery sale", "the export quota", "the price index", "the supply chain"},
		groups: []string{"small investors", "shop owners", "dock workers", "bond holders", "exporters", "apprentices"},
		bodies: []string{"Chamber of Trade", "Central Bank", "Shipping Line", "Power Company", "Competition Board", "Exchange"},
		roles:  []string{"chief executive", "economist", "union secretary", "analyst", "treasurer"},
		plans:  []string{"pay for itself within six years", "be refinanced", "add to costs", "be split in two", "be settled by arbitration"},
	},
	"technology": {
		issues: []string{"the undersea cable", "the weather satellite", "the chip plant", "the open archive", "the privacy rule", "the quantum laboratory", "the payment app", "the battery standard", "the map service", "the robot ferry"},
		groups: []string{"engineers", "start-ups", "teachers", "network operators", "volunteer coders", "students"},
		bodies: []string{"Space Agency", "Institute of Technology", "Standards Board", "Data Authority", "Research Council", "Telecom"},
		roles:  []string{"project lead", "professor", "inventor", "security researcher", "network planner"},
		plans:  []string{"be switched on in stages", "run on open standards", "miss its first date", "be tested at sea", "halve the time it takes"},
	},
	"sport": {
		issues: []string{"the cup final", "the new stadium", "the relay record", "the transfer window", "the youth academy", "the marathon course", "the rowing lake", "the penalty shoot-out", "the play-off", "the coaching row"},
		groups: []string{"supporters", "season-ticket holders", "juniors", "groundskeepers", "referees", "club members"},
		bodies: []string{"United", "Rovers", "Athletic Club", "Football League", "Sailing Federation", "Olympic Committee"},
		roles:  []string{"captain", "head coach", "goalkeeper", "team doctor", "club president"},
		plans:  []string{"be replayed", "draw a record crowd", "go to extra time", "be moved to the winter", "decide the season"},
	},
	"culture": {
		issues: []string{"the film festival", "the museum wing", "the lost manuscript", "the opera season", "the book prize", "the mosaic floor", "the jazz weekend", "the theatre roof", "the portrait show", "the folk archive"},
		groups: []string{"visitors", "young writers", "restorers", "choir members", "festival guests", "collectors"},
		bodies: []string{"National Museum", "City Theatre", "Film House", "Book Guild", "Heritage Trust", "Conservatory"},
		roles:  []string{"curator", "director", "novelist", "conductor", "archivist"},
		plans:  []string{"travel to three cities", "open its doors at night", "be shown in full at last", "be restored by hand", "sell out within hours"},
	},
	"health": {
		issues: []string{"the vaccine trial", "the night clinic", "the nursing rota", "the sleep study", "the emergency ward", "the allergy season", "the school meals plan", "the hospital ship", "the screening van", "the blood bank"},
		groups: []string{"nurses", "patients", "midwives", "family doctors", "carers", "pharmacists"},
		bodies: []string{"Health Ministry", "University Hospital", "Medical Board", "Nurses’ Union", "Public Health Institute", "Red Crescent"},
		roles:  []string{"surgeon", "health minister", "epidemiologist", "head nurse", "pharmacist"},
		plans:  []string{"reach rural districts first", "be stopped early because it works", "need two hundred more staff", "be free of charge", "be repeated with more people"},
	},
	"climate": {
		issues: []string{"the sea wall", "the heat plan", "the mangrove nursery", "the drought fund", "the flood warning", "the coral survey", "the solar field", "the dust storm", "the tide gauge", "the forest fire"},
		groups: []string{"farmers", "coastal towns", "bee keepers", "foresters", "rangers", "islanders"},
		bodies: []string{"Weather Service", "Ocean Institute", "Water Authority", "Forest Agency", "Energy Cooperative", "Park Service"},
		roles:  []string{"oceanographer", "chief forecaster", "ranger", "hydrologist", "farmer"},
		plans:  []string{"protect ten thousand homes", "be raised by a metre", "last until the rains", "store power for the night", "be measured again in spring"},
	},
	"opinion": {
		issues: []string{"the four-day week", "the empty library", "the long commute", "the quiet majority", "the right to repair", "the last newsagent", "the art of losing", "the public bench", "the price of silence", "the second language"},
		groups: []string{"readers", "neighbours", "grandparents", "commuters", "teachers", "the young"},
		bodies: []string{"Reading Society", "City Council", "School Board", "Railway", "Neighbourhood Forum", "University"},
		roles:  []string{"columnist", "retired judge", "teacher", "poet", "historian"},
		plans:  []string{"be missed only once it is gone", "deserve a second look", "cost nothing but habit", "make us kinder", "never be decided by numbers"},
	},
}

var (
	enFirst = []string{"Ada", "Adil", "Amira", "Anton", "Ayla", "Bela", "Bruno", "Carla", "Chidi", "Clara", "Dalia", "Daniel", "Edith", "Elif", "Emil", "Farah", "Felix", "Greta", "Hadi", "Hana", "Ida", "Imran", "Ines", "Jonas", "Judit", "Kofi", "Lana", "Leo", "Lina", "Luca", "Maja", "Marta", "Mateo", "Mina", "Nadim", "Nora", "Omar", "Oskar", "Paula", "Petra", "Rafael", "Rania", "Rosa", "Samir", "Selma", "Simon", "Tara", "Teo", "Vera", "Yara", "Yusuf", "Zora"}
	enLast  = []string{"Abara", "Almgren", "Arslan", "Ashdown", "Balint", "Barros", "Belmonte", "Brandt", "Calder", "Castell", "Corvin", "Dahl", "Danso", "Dorrit", "Eriksen", "Falk", "Farouk", "Fenwick", "Galvao", "Garrick", "Haddad", "Halloran", "Harrow", "Idris", "Ilves", "Jansson", "Kamara", "Karam", "Keating", "Kovacs", "Larkin", "Lindqvist", "Mansour", "Marlow", "Mercer", "Moreau", "Nakamura", "Nasser", "Okafor", "Orlov", "Penrose", "Quist", "Rahal", "Ramsey", "Sabbagh", "Santoro", "Sorel", "Tanaka", "Thorne", "Ueda", "Valcourt", "Vance", "Wexford", "Yilmaz", "Zidan", "Zoric"}
	// Names of invented towns, bridges and projects are made of these.
	enHeads = []string{"al", "ar", "bel", "bran", "cal", "cor", "dar", "el", "fen", "gal", "har", "il", "jor", "kel", "lor", "mar", "nor", "or", "pel", "quin", "ros", "sel", "tal", "ul", "var", "wes", "yar", "zan"}
	enMids  = []string{"a", "e", "i", "o", "u", "ba", "de", "li", "mo", "na", "ra", "ri", "sa", "ta", "ve"}
	enTails = []string{"bor", "den", "dor", "fell", "gate", "ham", "lin", "mere", "mont", "nova", "port", "quay", "ria", "stead", "ton", "vale", "wick", "zar"}
	enMades = []string{"Accord", "Bridge", "Inquiry", "Initiative", "Line", "Archive", "Plan", "Report", "Tunnel", "Trust", "Basin", "Lighthouse", "Declaration", "Prize", "Station", "Forum"}
	enDays  = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

	// Tags are one of each: 68 × 74 names.
	tagHeads = []string{"coastal", "rural", "urban", "public", "digital", "night", "river", "island", "border", "winter", "summer", "youth", "school", "village", "harbour", "railway", "solar", "wind", "ocean", "desert", "mountain", "forest", "street", "local", "global", "open", "small", "family", "community", "city", "women’s", "heritage", "modern", "ancient", "free", "fair", "green", "blue", "quiet", "fast", "slow", "deep", "early", "late", "cross-border", "long-distance", "emergency", "hospital", "museum", "market", "data", "energy", "water", "food", "housing", "labour", "election", "court", "prison", "army", "air", "sea", "road", "cycle", "winter-sports", "club", "festival", "student"}
	tagTails = []string{"rights", "safety", "trade", "transport", "reform", "budget", "strike", "prices", "wages", "tourism", "security", "policy", "history", "design", "art", "music", "film", "books", "food", "farming", "fishing", "power", "networks", "research", "health", "care", "training", "volunteers", "politics", "planning", "justice", "crime", "rescue", "weather", "storms", "floods", "heat", "wildlife", "birds", "parks", "gardens", "buildings", "bridges", "ports", "trains", "ferries", "schools", "teachers", "languages", "memory", "debt", "taxes", "insurance", "banking", "start-ups", "software", "robots", "space", "maps", "archives", "radio", "photography", "theatre", "dance", "fashion", "games", "records", "finals", "coaching", "athletes", "stadiums", "medicine", "vaccines", "sleep"}
)

// Patterns. A slot begins with a capital where its value shall.
var (
	enHeadlines = []string{
		"{Issue} divides {place} as {org} meets", "{Org} backs {issue} despite doubts in {town}", "{Person} warns of delay to {issue}",
		"What {project} means for {group}", "{Group2} in {town} demand answers on {issue}", "{Org} and {person} agree on {project}",
		"{Project}: {number} pages, one question", "{Town} counts the cost of {issue}", "How {issue} came to {town}",
		"{Person} to lead {project}", "{Place} puts {number} million behind {issue}", "Inside {project}, where {group} wait",
		"{Issue} would {plan}, says {person}", "{Org} publishes {project} after {number} days", "“We were told nothing”: {group} on {issue}",
		"Vote on {issue} put off as {town} talks stall", "{Group2} welcome {project} with care", "A year of {project}, in {number} figures",
	}
	enDecks = []string{
		"{Org} says {issue} would {plan}; {group} are not so sure.", "A decision on {project} is expected by {day}.",
		"{Person}, {role} in {town}, explains what comes next.", "{Number} {group} have signed a letter about {issue}.",
		"What is known about {project}, and what is not.",
	}
	enLeads = []string{
		"{town} — {Org} said on {day} that {issue} would {plan}, ending weeks of uncertainty for {group}.",
		"{town} — {Group2} gathered in {town} on {day} to hear what {project} would mean for them.",
		"{town} — {Person}, {role} at {org}, set out on {day} how {issue} would {plan}.",
		"{town} — It took {number} days, but {project} is now public, and {issue} is back in the news of {place}.",
	}
	enSentences = []string{
		"{Org} had earlier put the figure at {number} million, a sum that {person} called cautious.",
		"“{Issue} is not a matter for one town alone,” said {person}, {role} in {town}.",
		"According to {project}, about {percent} per cent of {group} in {place} are affected.",
		"{Group2} have asked for a meeting with {org} before the end of the month.",
		"The first talks, held behind closed doors in {town}, lasted {hours} hours.",
		"Critics of {project} point out that a similar attempt failed {hours} years ago.",
		"{Person2} disagreed: {issue} would {plan}, and everybody in {town} knew it.",
		"A spokesman for {org} declined to say when {project} would be finished.",
		"Of {number} replies from {group}, more than half were in favour.",
		"The papers, seen by our reporters, run to {number} pages and name {person2} twice.",
		"“Nobody here expected {project} to be simple,” {person} said. “We expected it to be honest.”",
		"In {place2}, where {org} has worked before, the results were mixed.",
		"That leaves {percent} per cent of the budget without an owner, {person2} said.",
		"For {group}, the question is less what {issue} costs than who decides.",
		"{Org} will publish the next figures on {day}.",
		"By the evening, {number} people had walked from the old market of {town} to the gates of {org}.",
		"The name {project} goes back to a plan that {person2} drew up as a student.",
		"What happens next depends on {place}, which has until {day} to answer.",
		"Two independent reviews reached the same view: {issue} could {plan}.",
		"Not everyone is convinced; in {town}, {group} keep their own count.",
		"There was applause in {town} when {person} read the last paragraph aloud.",
		"The cost has risen by {percent} per cent since {project} was announced.",
		"Work on {issue} began in {place2} and moved to {town} when money ran short.",
		"“Ask me again on {day},” said {person2}, and smiled.",
	}
	enHeadings  = []string{"What we know", "The view from {town}", "What {org} says", "The money", "What comes next", "Who decides", "{Hours} years on"}
	enListItems = []string{"{Number} {group} have registered so far", "{Org} answers by {day}", "{Percent} per cent is paid for", "{Person2} chairs the review", "The next meeting is in {town}"}
	enComments  = []string{
		"I live in {town} and nobody asked us about {issue}.", "Good reporting. Could you publish {project} in full?", "{Person} is right, for once.",
		"{Percent} per cent? I would like to see how that was counted.", "My neighbour works for {org} and tells another story.", "Thank you for this. The second half surprised me.",
		"Wait until {day}. We have heard all of this before.", "Why is {place} always the last to know?", "As one of the {group}: it is worse than you write.",
		"A fair piece, though it forgets {place2}.", "I was there. It was closer to {hours} hours.", "Correct me if I am wrong, but was {project} not cancelled?",
	}
	enReplies = []string{
		"That is not what {org} said.", "I agree, and I come from {town} too.", "Do you have a source for that?", "You could say the same of {place2}.",
		"Thank you, that helps.", "No. Read the third paragraph again.", "It was {percent} per cent, as the article says.", "Well put.",
	}
)
