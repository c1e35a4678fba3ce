#!/bin/sh
# Debian's nginx for the tests of deploy/nginx, without installing it: nothing is started, nothing outside .eot changes.
#
#   nginx.sh install     unpacks it into .eot/nginx, unless one is on the PATH or there already; says so if it cannot
#   nginx.sh path        prints the program's path; fails when there is none that runs
set -eu
cd "$(dirname "$0")/.."

find_nginx() {
    for candidate in "$(command -v nginx || true)" /usr/sbin/nginx /usr/local/sbin/nginx "$PWD/.eot/nginx/usr/sbin/nginx"; do
        if [ -n "$candidate" ] && [ -x "$candidate" ] && "$candidate" -v 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

case ${1:-} in
path) find_nginx ;;
install)
    if find_nginx >/dev/null; then exit 0; fi
    mkdir -p .eot/cache .eot/nginx
    if command -v apt-get >/dev/null && (cd .eot/cache && apt-get download -q nginx >/dev/null 2>&1); then
        for package in .eot/cache/nginx_*.deb; do dpkg -x "$package" .eot/nginx; done
    fi
    find_nginx >/dev/null || echo "nginx: it is missing here, so the test of deploy/nginx is left out" >&2
    ;;
*)
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
