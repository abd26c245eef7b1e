#!/usr/bin/env bash
# npm run bench: gets what the comparison needs, builds, and runs it. Arguments go to it; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/prepare.sh bench
exec node dist/bench/main.js "$@"
