package model

import (
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/graph/executor"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// MarshalDateTime writes a moment by RFC 3339 in UTC, to the microsecond where
// it has a part of a second.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(AppendDateTime(make([]byte, 0, 32), t)) })
}

// AppendDateTime appends what MarshalDateTime writes. The executor calls it.
func AppendDateTime(buf []byte, t time.Time) []byte {
	buf = t.UTC().AppendFormat(append(buf, '"'), "2006-01-02T15:04:05.999999Z07:00")
	return append(buf, '"')
}

// UnmarshalDateTime reads a moment by RFC 3339 with any offset.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, fault.BadInput("", "a DateTime is a string such as \"2026-11-28T08:00:00+03:00\"")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, fault.BadInput("", "%.40q is no DateTime: it needs date, time and offset from UTC, such as 2026-11-28T08:00:00+03:00 or 2026-11-28T05:00:00Z", s)
	}
	return t.UTC(), nil
}

// MarshalLocale writes a language.
func MarshalLocale(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// AppendLocale appends what MarshalLocale writes.
func AppendLocale(buf []byte, s string) []byte { return executor.AppendString(buf, s) }

// UnmarshalLocale reads a language by BCP 47 in its canonical form.
func UnmarshalLocale(v any) (string, error) {
	s, ok := v.(string)
	if !ok || len(s) > 35 {
		return "", fault.BadInput("", "a Locale is a language by BCP 47, such as \"en\"")
	}
	tag, err := language.Parse(s)
	if err != nil {
		return "", fault.BadInput("", "%.40q is no language by BCP 47", s)
	}
	return tag.String(), nil
}

// MarshalCountryCode writes a country.
func MarshalCountryCode(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// AppendCountryCode appends what MarshalCountryCode writes.
func AppendCountryCode(buf []byte, s string) []byte { return executor.AppendString(buf, s) }

// UnmarshalCountryCode reads a country by ISO 3166-1 alpha-2.
func UnmarshalCountryCode(v any) (string, error) {
	s, ok := v.(string)
	if !ok || len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return "", fault.BadInput("", "a CountryCode is two capital letters by ISO 3166-1, such as \"QA\"")
	}
	return s, nil
}

// MarshalURL writes an address.
func MarshalURL(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// AppendURL appends what MarshalURL writes.
func AppendURL(buf []byte, s string) []byte { return executor.AppendString(buf, s) }

// UnmarshalURL reads an address. Whether it may lead where it leads is for the
// services to say; what could break out of an attribute is refused here.
func UnmarshalURL(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fault.BadInput("", "a URL is a string such as \"https://example.org/\"")
	}
	if strings.ContainsFunc(s, notInURL) {
		return "", fault.BadInput("", "a URL holds no space, no control character and none of \" < > \\ ^ ` { | }: percent-encode them")
	}
	return s, nil
}

// notInURL reports whether a character stands in no URL and, beyond ASCII, in no
// IRI (RFC 3986, RFC 3987).
func notInURL(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune("\"<>\\^`{|}", r)
}

// MarshalHTML writes HTML.
func MarshalHTML(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// AppendHTML appends what MarshalHTML writes.
func AppendHTML(buf []byte, s string) []byte { return executor.AppendString(buf, s) }

// UnmarshalHTML reads HTML as it is: the services sanitise it.
func UnmarshalHTML(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fault.BadInput("", "HTML is a string")
	}
	return s, nil
}

// MarshalUpload writes null: a file is input alone.
func MarshalUpload(graphql.Upload) graphql.Marshaler { return graphql.Null }

// UnmarshalUpload reads a file of a multipart request.
func UnmarshalUpload(v any) (graphql.Upload, error) {
	file, ok := v.(graphql.Upload)
	if !ok {
		return graphql.Upload{}, fault.BadInput("", "an Upload is a variable that names a file of a multipart request")
	}
	return file, nil
}
