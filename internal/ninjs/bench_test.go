package ninjs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// BenchmarkReader reads 2,000 articles of 4 kB each.
func BenchmarkReader(b *testing.B) {
	var lines strings.Builder
	paragraph := "<p>" + strings.Repeat("The ferry runs at night again, said the <em>port office</em>. ", 16) + "</p>\n"
	for i := range 2000 {
		body, err := json.Marshal(strings.Repeat(paragraph, 4))
		if err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&lines, `{"uri":"urn:example:%d","type":"text","pubStatus":"usable","language":"en",`+
			`"versionCreated":"2026-03-01T06:30:00Z","headlines":[{"value":"The night ferry is back"}],`+
			`"bodies":[{"contentType":"text/html","value":%s}],"by":"Mira Holt",`+
			`"subjects":[{"name":"transport","rel":"category"},{"name":"harbour","rel":"tag"}]}`+"\n", i, body)
	}
	stream := lines.String()
	for name, in := range map[string]string{"lines": stream, "array": "[" + strings.ReplaceAll(strings.TrimSpace(stream), "\n", ",\n") + "]", "gzip": gzipped(stream)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				r := NewReader(strings.NewReader(in), Options{})
				n := 0
				for {
					_, err := r.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != 2000 {
					b.Fatalf("%d items", n)
				}
			}
		})
	}
}
