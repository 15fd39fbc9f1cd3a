package config

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// parse gives the settings of a command line.
func parse(t *testing.T, args ...string) (*Serve, error) {
	t.Helper()
	var s Serve
	parser, err := kong.New(&s)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return &s, err
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	s, err := parse(t)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if s.Database.Database != "sqlite:data/broadsheet.db" || s.Addr != "localhost:8080" || s.RequestTimeout != 10*time.Second || !s.GraphiQL || s.Demo {
		t.Errorf("%+v", s)
	}
}

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--addr=8080":                             "--addr",
		"--site-url=beacon.example":               "--site-url",
		"--site-url=ftp://beacon.example":         "--site-url",
		"--site-url=https://":                     "--site-url",
		"--request-timeout=0s":                    "timeouts",
		"--shutdown-timeout=-1s":                  "timeouts",
		"--statement-timeout=0s":                  "timeouts",
		"--request-timeout=soon":                  "--request-timeout",
		"--max-request-bytes=100":                 "--max-request-bytes",
		"--max-complexity=0":                      "limits",
		"--max-tokens=-5":                         "limits",
		"--database-conns=-1":                     "limits",
		"--log-level=loud":                        "--log-level",
		"--log-format=xml":                        "--log-format",
		"--nosuch=1":                              "--nosuch",
		"--session-idle=0s":                       "--session-idle",
		"--trusted-proxies=nginx":                 "--trusted-proxies",
		"--trusted-proxies=10.0.0.0/40":           "--trusted-proxies",
		"--oidc-issuer=https://id.example":        "--oidc-client-id",
		"--moderation-url=mod.example":            "--moderation-url",
		"--moderation-deadline=0s":                "--moderation-deadline",
		"--moderation-deadline=1m":                "--moderation-deadline",
		"--retain-views=24h":                      "--retain-views",
		"--oidc-issuer=id.example":                "--oidc-issuer",
		"--addr=8080 --site-url=x --max-tokens=0": "--site-url",
	} {
		_, err := parse(t, strings.Fields(args)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s in it", args, err, want)
		}
	}
	_, err := parse(t, "--addr=8080", "--site-url=x", "--max-tokens=0")
	for _, want := range []string{"--addr", "--site-url", "limits"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("all mistakes at once: %v lacks %s", err, want)
		}
	}
}

func TestVariablesAndFlags(t *testing.T) {
	t.Setenv("BROADSHEET_ADDR", ":1")
	t.Setenv("BROADSHEET_CORS_ORIGINS", "https://a.example,https://b.example")
	t.Setenv("BROADSHEET_GRAPHIQL", "false")
	s, err := parse(t)
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr != ":1" || len(s.CORSOrigins) != 2 || s.GraphiQL {
		t.Errorf("%+v", s)
	}
	if s, err = parse(t, "--addr=:2", "--graphiql", "--introspection=nobody"); err != nil || s.Addr != ":2" || !s.GraphiQL || s.Introspection != "nobody" {
		t.Errorf("a flag does not win over its variable: %+v, %v", s, err)
	}
}

func TestLoggerKeepsToItsLevelAndFormat(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	Log{LogLevel: "warn", LogFormat: "json"}.Logger(&b).Info("quiet")
	Log{LogLevel: "warn", LogFormat: "json"}.Logger(&b).Warn("loud")
	if got := b.String(); strings.Contains(got, "quiet") || !strings.HasPrefix(got, "{") || !strings.Contains(got, `"msg":"loud"`) {
		t.Errorf("%q", got)
	}
	b.Reset()
	Log{LogLevel: "debug", LogFormat: "text"}.Logger(&b).Debug("all")
	if !strings.Contains(b.String(), "msg=all") {
		t.Errorf("%q", b.String())
	}
}
