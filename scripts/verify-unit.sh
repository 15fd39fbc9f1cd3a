#!/usr/bin/env bash
# Has systemd read the unit of deploy/, where systemd is, with a program in the place of
# the one that is installed elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v systemd-analyze >/dev/null; then
    echo 'systemd-analyze not found: the unit is not verified.' >&2
    exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed 's#^ExecStart=/usr/local/bin/broadsheet#ExecStart=/bin/true#' deploy/broadsheet.service >"$dir/broadsheet.service"
said=$(systemd-analyze verify "$dir/broadsheet.service" 2>&1) || true
if [[ -n $said ]]; then
    echo "$said" >&2
    exit 1
fi
