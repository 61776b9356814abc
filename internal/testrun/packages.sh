#!/bin/sh
# Installs what the tests need and the machine lacks: a PostgreSQL server and
# Chromium, from Debian's packages.
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
want=""
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 || want="$want postgresql"
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || want="$want chromium"
[ -z "$want" ] && exit 0
line="apt-get update && apt-get install -y --no-install-recommends$want"
if [ "$(id -u)" = 0 ]; then
	echo "installing$want"
	sh -c "export DEBIAN_FRONTEND=noninteractive; $line" >"$log" 2>&1 || { tail -5 "$log"; exit 1; }
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
	echo "installing$want"
	sudo sh -c "export DEBIAN_FRONTEND=noninteractive; $line" >"$log" 2>&1 || { tail -5 "$log"; exit 1; }
else
	echo "The tests need$want. Run:" >&2
	echo "  sudo sh -c '$line'" >&2
	exit 1
fi
