#!/usr/bin/env bash
# Write requirements/*.txt: exact versions with hashes, for every platform, nothing younger than seven days.
set -eu
cool=$(date -u -d '7 days ago' +%Y-%m-%d)
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
.venv/bin/python -m venv "$tool"
"$tool/bin/python" -m pip --quiet install uv
lock() {
  out=$1; shift
  "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url --exclude-newer "$cool" pyproject.toml "$@" -o "requirements/$out.txt"
}
lock base --extra postgres --group build
lock dev --extra postgres --group build --group check --group test
