#!/usr/bin/env bash
# Builds a release twice, each time from a copy of the sources in another folder and
# with an empty build cache, and compares what was written.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
epoch=$(git log -1 --format=%ct)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
for run in first second; do
    tree=$work/$run/$run-sources
    mkdir -p "$tree"
    git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$tree"
    for built in graph/graphiql/assets internal/website/assets; do # by make web
        cp -r "$built" "$tree/$built"
    done
    ln -s "$PWD/web/node_modules" "$tree/web/node_modules"
    (cd "$tree" && GO=$go GOCACHE=$work/$run/cache SOURCE_DATE_EPOCH=$epoch scripts/release.sh 0.0.0-check "$work/$run/dist") >/dev/null
done
diff -r "$work/first/dist" "$work/second/dist"
echo "both builds are equal:"
cat "$work/first/dist/SHA256SUMS"
