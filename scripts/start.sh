#!/usr/bin/env bash
# npm start: gets what the demonstration needs, builds, and runs it. Arguments go to `bascule demo`.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/prepare.sh start
exec node bin/bascule demo "$@"
