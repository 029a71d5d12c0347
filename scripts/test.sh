#!/usr/bin/env bash
# bash scripts/test.sh [PYTEST ARGS…]: set up once, then run the tests, one process a core.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

cd "$root"
export OMP_NUM_THREADS=1
exec "$python" -m pytest --numprocesses auto "$@"
