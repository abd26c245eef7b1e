#!/usr/bin/env bash
# Gets a fresh clone ready on Debian 12 with Node 20: npm packages, Debian packages, build.
# Usage: prepare.sh [test|start|bench]. Installs only what is missing; says what it could not install, and goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
purpose=${1:-test}

# command:package, or file:package
common="ip:iproute2 nft:nftables killall:psmisc ps:procps curl:curl nsenter:util-linux"
peers="pidof:sysvinit-utils keepalived:keepalived haproxy:haproxy nginx:nginx wrk:wrk h2load:nghttp2-client tcpdump:tcpdump tshark:tshark socat:socat chromium:chromium"
bench="haproxy:haproxy nginx:nginx /usr/lib/nginx/modules/ngx_stream_module.so:libnginx-mod-stream wrk:wrk \
h2load:nghttp2-client openssl:openssl taskset:util-linux"

say() { echo "prepare: $*" >&2; }

node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' || {
  say "Node $(node --version) is too old: Bascule needs 20.19 or newer"
  exit 1
}

# npm packages: complete if every package that the lock file asks of this machine is there in that very version.
npm_packages_are_current() {
  node -e '
    const { readFileSync } = require("node:fs");
    const read = (path) => JSON.parse(readFileSync(path, "utf8")).packages;
    const wanted = read("package-lock.json"), present = read("node_modules/.package-lock.json");
    const stale = Object.entries(wanted).filter(([path, { version, optional }]) =>
      path !== "" && !(optional && present[path] === undefined) && present[path]?.version !== version);
    process.exit(stale.length === 0 ? 0 : 1);' 2>/dev/null
}
if ! npm_packages_are_current; then
  say "installing npm packages"
  npm ci --include=dev --no-audit --no-fund --loglevel=error >&2
fi

missing_packages() {
  local pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || [ -e "${pair%%:*}" ] || echo "${pair##*:}"
  done
}

# Debian starts and enables a service as soon as its package is installed. These are peers for tests, not services
# of this machine: policy-rc.d (exit 101) keeps them from starting, and what was enabled on the way is disabled.
policy=/usr/sbin/policy-rc.d
restore_policy() {
  rm -f $policy
  if [ -e $policy.before-bascule ]; then mv $policy.before-bascule $policy; fi
  trap - EXIT
}
install_packages() {
  if [ -e $policy ]; then mv $policy $policy.before-bascule; fi
  trap restore_policy EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
  export DEBIAN_FRONTEND=noninteractive
  local outcome=0
  { apt-get update -qq >&2 &&
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/dev/null; } || outcome=$?
  restore_policy
  if [ -d /run/systemd/system ]; then
    local package
    for package in "$@"; do
      case $package in
      haproxy | keepalived | nginx) systemctl --quiet disable "$package" 2>/dev/null || true ;;
      esac
    done
  fi
  return $outcome
}

wanted=$common
[ "$purpose" = test ] && wanted="$common $peers"
[ "$purpose" = bench ] && wanted=$bench
# shellcheck disable=SC2086
missing=$(missing_packages $wanted | sort -u | tr '\n' ' ')
if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null; then
    say "not a Debian system: please install these yourself: $missing"
  elif [ "$(id -u)" != 0 ]; then
    say "without root these Debian packages stay missing: $missing"
  else
    say "installing Debian packages: $missing"
    # shellcheck disable=SC2086
    install_packages $missing || say "apt-get failed; going on without: $missing"
  fi
fi

node_modules/.bin/tsc -p tsconfig.json
