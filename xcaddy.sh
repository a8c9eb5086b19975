#!/usr/bin/env bash
# Builds Caddy with Porterslodge.
#
#   ./xcaddy.sh                       build ./caddy, with exactly what go.sum pins
#   ./xcaddy.sh run [caddy args...]   build if needed and run; without arguments
#                                     `caddy run --config Caddyfile.example`
#   ./xcaddy.sh --with MODULE...      build ./caddy with more plugins, by xcaddy
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

module=github.com/porterslodge/porterslodge

command -v go >/dev/null || {
	echo "xcaddy.sh: Go is needed to build; install it and run this again" >&2
	exit 1
}

build() {
	echo "building ./caddy; the first time takes some minutes" >&2
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o caddy ./caddymodule/cmd/caddy
}

# Whether a source is newer than the binary.
stale() {
	[ ! -x caddy ] || [ -n "$(find caddymodule rules go.mod go.sum -newer caddy \( -name '*.go' -o -name 'go.*' \) -print -quit)" ]
}

# The real xcaddy, pinned in a go.mod of its own. The module in this folder is
# not published, so an empty file proxy answers first that it isn't there.
with_plugins() {
	local version xcaddy
	version=$(go list -m -f '{{.Version}}' github.com/caddyserver/caddy/v2)
	xcaddy=$(CGO_ENABLED=0 go -C .ci/tools tool -n xcaddy)
	empty=$(mktemp -d)
	trap 'rm -rf "$empty"' EXIT
	GOPROXY="file://$empty,$(go env GOPROXY)" GOFLAGS="${GOFLAGS:-} -mod=mod" CGO_ENABLED=0 \
		"$xcaddy" build "$version" --output "$PWD/caddy" \
		--with "$module/caddymodule" --replace "$module=$PWD" "$@"
	rm -rf "$empty"
}

# What the binary was built with, so that `run` builds the same again.
plugins=.caddy-plugins

rebuild() {
	if [ -s "$plugins" ]; then
		local with
		mapfile -t with <"$plugins"
		with_plugins "${with[@]}"
	else
		build
	fi
}

case "${1:-}" in
'')
	build
	rm -f "$plugins"
	;;
run)
	shift
	if stale; then rebuild; fi
	[ $# -gt 0 ] || set -- run --config Caddyfile.example
	exec ./caddy "$@"
	;;
--with)
	# Alone it builds with no plugin but ours.
	if [ $# -eq 1 ]; then shift; fi
	with_plugins "$@"
	rm -f "$plugins"
	if [ $# -gt 0 ]; then printf '%s\n' "$@" >"$plugins"; fi
	;;
-h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" ;;
*)
	echo "xcaddy.sh: unknown argument $1; see ./xcaddy.sh --help" >&2
	exit 2
	;;
esac
