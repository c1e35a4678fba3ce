#!/bin/sh
# Builds the Python environment of the official clients once for each state of requirements.txt; prints its interpreter.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
venv=$here/../../.eot/interop
mkdir -p "$venv"
exec 9>"$venv/lock"
flock 9
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps -r "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi
echo "$venv/bin/python"
