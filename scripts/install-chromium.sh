#!/usr/bin/env bash
# Makes sure that the browser tests find Chromium: does nothing if CHROMIUM names
# one or it is installed, installs Debian's package if it may, and says what to
# install otherwise.
set -euo pipefail

[[ -z ${CHROMIUM:-} ]] || exit 0
! command -v chromium >/dev/null || exit 0

sudo=()
if ((EUID != 0)); then
    sudo=(sudo -n)
fi
if command -v apt-get >/dev/null && { ((EUID == 0)) || sudo -n true 2>/dev/null; }; then
    echo 'Installing Chromium for the tests.'
    "${sudo[@]}" apt-get update -qq || true # what is known already may do
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends chromium </dev/null >/dev/null || true
    ! command -v chromium >/dev/null || exit 0
fi
cat >&2 <<'END'
No Chromium found. Install it (Debian: apt-get install chromium) or name one with CHROMIUM=/path/to/it.
END
if [[ ${CI:-} == true ]]; then
    exit 1
fi
echo 'The browser tests are skipped.' >&2
