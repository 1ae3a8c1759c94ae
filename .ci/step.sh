#!/usr/bin/env bash
# One step, from the Makefile:  .ci/step.sh NAME COMMAND...   (see step in lib.sh)
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"
step "$@"
