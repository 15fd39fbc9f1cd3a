#!/usr/bin/env bash
# Builds the archives of a release: static binaries, checksums, bills of materials.
# Two runs over the same commit write the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-}
out=${2:-dist}
go=${GO:-go}
npm=${NPM:-npm}
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}
if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]]; then
    echo "release: want VERSION=1.2.3, not '$version'" >&2
    exit 2
fi

# The moment of the commit is that of everything in the archives.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH=$epoch CGO_ENABLED=0 TZ=UTC LC_ALL=C
module=$("$go" list -m)
rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for platform in $platforms; do
    name=broadsheet-$version-${platform/\//-}
    mkdir "$work/$name"
    GOOS=${platform%/*} GOARCH=${platform#*/} GOFLAGS='' "$go" build -trimpath -buildvcs=false \
        -ldflags "-s -w -buildid= -X $module/internal/cli.version=$version" -o "$work/$name/broadsheet" ./cmd/broadsheet
    cp LICENSE README.md CHANGELOG.md deploy/broadsheet.service deploy/environment "$work/$name/"
    tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode='u+rwX,go+rX,go-w' -C "$work" -cf - "$name" | gzip -n -9 >"$out/$name.tar.gz"
done

# What the binaries are made of. The tools are built for this machine.
first=${platforms%% *}
GOFLAGS='' "$go" run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -licenses -noserial -version "v$version" \
    -output "$work/modules.json" "$work/broadsheet-$version-${first/\//-}/broadsheet"
(cd web && "$npm" sbom --omit dev --sbom-format cyclonedx) >"$work/web.json"
# Serial numbers and moments are those of the run, not of what is described.
node scripts/plain-sbom.mjs "$work/modules.json" "$epoch" >"$out/broadsheet-$version.cdx.json"
node scripts/plain-sbom.mjs "$work/web.json" "$epoch" >"$out/broadsheet-$version-web.cdx.json"

(cd "$out" && sha256sum -- * >SHA256SUMS)
cat "$out/SHA256SUMS"
