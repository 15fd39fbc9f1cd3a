package richtext

// Bounds that keep the work of this package linear and small whatever it is fed. The ones of [Validate] are exported
// because they are part of the contract with API clients.
const (
	MaxBlocks    = 5_000   // blocks of one body
	MaxBodyBytes = 5 << 20 // all strings of one body together
	MaxListDepth = 8       // lists in lists
	MaxURLBytes  = 4_096
	MaxInput     = 8 << 20 // bytes read by a From function; what follows is cut and noted

	maxElements = 60_000  // elements kept while reading; beyond, tags are ignored and text flows on
	maxDepth    = 100     // nesting kept while reading; beyond, likewise
	maxWrap     = 1 << 20 // bytes spent on repeating an inline tag around each block inside it
	maxNotes    = 200     // distinct names in Notes
	maxCells    = 30_000  // cells of all tables of one Markdown text; tables beyond are taken as text
)
