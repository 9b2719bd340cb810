#!/usr/bin/env bash
# Install the Debian packages that a target needs, where that is allowed; say which are missing where it is not.
set -eu

need_packages() {
  missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || return
  sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo="sudo"; else
      echo "not installed: ${missing[*]}; as an administrator: apt-get install ${missing[*]}" >&2
      return
    fi
  fi
  echo "installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get -qq update >/dev/null || true
  $sudo apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    echo "could not install: ${missing[*]}; tests that need them are skipped and say so" >&2
}

case "$1" in
  venv) python3 -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv ;;
  tests) need_packages postgresql strace openssl ;;
esac
