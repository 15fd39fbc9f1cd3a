#!/usr/bin/env bash
# Runs the long forms of the proofs: soak.sh DURATION (as Go writes durations).
# Tests with a long form (TestSoak…) find the duration in BROADSHEET_SOAK; then
# each fuzz target gets its share of as much again.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
duration=${1:?usage: soak.sh DURATION, such as 10m}

# seconds DURATION: 1h30m is 5400.
seconds() {
    [[ $1 =~ ^(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?$ && -n $1 ]] || {
        echo "soak.sh: not a duration: $1" >&2
        exit 2
    }
    echo $((10#${BASH_REMATCH[2]:-0} * 3600 + 10#${BASH_REMATCH[4]:-0} * 60 + 10#${BASH_REMATCH[6]:-0}))
}
total=$(seconds "$duration")

BROADSHEET_SOAK=$duration "$go" test -count=1 -timeout=0 -run '^TestSoak' ./...

# "PACKAGE TARGET", one a line. A package's targets are listed before its name.
targets=$("$go" test -list '^Fuzz' ./... |
    awk '/^Fuzz/ { name[n++] = $1 } /^ok/ { while (n > 0) print $2, name[--n] }')
[[ -n $targets ]] || exit 0
share=$((total / $(wc -l <<<"$targets")))
while read -r package name; do
    "$go" test -run '^$' -fuzz "^$name\$" -fuzztime "$((share > 0 ? share : 1))s" "$package" </dev/null
done <<<"$targets"
