#!/usr/bin/env bash
# Fails if the committed tree is not what its generators and formatters make of
# it. Run it on a tree without changes of your own: it cannot tell them apart.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

step() { printf '\n== %s\n' "$1"; }

step 'generated code'
scripts/generate.sh

step 'gofmt'
unformatted=$(git ls-files -z --cached --others --exclude-standard -- '*.go' |
    while IFS= read -r -d '' file; do [[ -e $file ]] && printf '%s\0' "$file"; done |
    xargs -0 -r gofmt -l)
if [[ -n $unformatted ]]; then
    printf 'Not formatted; run gofmt -w on:\n%s\n' "$unformatted" >&2
    exit 1
fi

step 'go.mod'
"$go" mod tidy -diff

step 'unit of systemd'
scripts/verify-unit.sh

if [[ -d internal/tool/migration ]]; then
    step 'migrations'
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    "$go" run ./internal/tool/migration -check -database "sqlite:$scratch/check.db"
fi

step 'git'
if [[ -n $(git status --porcelain) ]]; then
    git status --short >&2
    git --no-pager diff HEAD >&2
    echo 'The tree differs from what is committed: see above.' >&2
    exit 1
fi
echo 'As committed.'
