// Package richtext is the body of an article: an ordered list of typed blocks, and the ways in and out of it.
//
// In: [FromHTML], [FromMarkdown] and [FromText] turn foreign text into blocks and say in [Notes] what they
// dropped or changed. Blocks that come from the API pass [Validate] and [Sanitise].
//
// Out: [HTML] writes the body as semantic HTML, [Text] as plain text, and the blocks themselves are stored as a
// JSON array and bound to the GraphQL types by their [Kind].
//
// Nothing from the input is copied to the output as markup. The input is read by a tokenizer, kept as a small
// tree of known elements, and written again from closed lists of elements, attributes and URL schemes. HTML that
// leaves the package passes a bluemonday policy built from the same lists as a second, independent lock.
// Time and memory are linear in the input and bounded: see the limits in limits.go.
package richtext
