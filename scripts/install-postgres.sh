#!/usr/bin/env bash
# Makes sure that the tests find PostgreSQL: does nothing if TEST_POSTGRES_URL
# names a server or the binaries of one are installed, installs Debian's package
# if it may, and says what to install otherwise. The tests start clusters of
# their own; none is set up for the system.
set -euo pipefail

oldest=14

[[ -z ${TEST_POSTGRES_URL:-} ]] || exit 0

# has_server DIR: whether DIR holds the programs of a release that is new enough.
# The same search, for the tests, is in internal/testkit/pgtest/binaries.go.
has_server() {
    local version
    [[ -x $1/postgres && -x $1/initdb && -x $1/pg_ctl ]] || return 1
    version=$("$1/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    ((version >= oldest))
}

find_server() {
    local dir
    if dir=$(command -v postgres); then
        has_server "$(dirname "$(readlink -f "$dir")")" && return
    fi
    if dir=$(pg_config --bindir 2>/dev/null); then
        has_server "$dir" && return
    fi
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        has_server "$dir" && return
    done
    return 1
}

find_server && exit 0

sudo=()
if ((EUID != 0)); then
    sudo=(sudo -n)
fi

if command -v apt-get >/dev/null && { ((EUID == 0)) || sudo -n true 2>/dev/null; }; then
    echo 'Installing PostgreSQL for the tests.'
    # Debian's package would set up and start a cluster of its own.
    settings=/etc/postgresql-common/createcluster.d/broadsheet-tests.conf
    "${sudo[@]}" mkdir -p "${settings%/*}"
    echo 'create_main_cluster = false' | "${sudo[@]}" tee "$settings" >/dev/null
    installed=true
    "${sudo[@]}" apt-get update -qq || true # what is known already may do
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends postgresql </dev/null || installed=false
    "${sudo[@]}" rm -f "$settings"
    $installed && find_server && exit 0
fi

cat >&2 <<END
No server binaries of PostgreSQL $oldest or newer found. Install them:
  Debian, Ubuntu: apt-get install postgresql
  Fedora:         dnf install postgresql-server
  Alpine:         apk add postgresql
  macOS:          brew install postgresql
or set TEST_POSTGRES_URL=postgres://… to a server whose role may create databases.
END
if [[ ${CI:-} == true ]]; then
    exit 1
fi
echo 'The tests that need PostgreSQL are skipped.' >&2
