#!/usr/bin/env bash
# bash scripts/test.sh [PYTEST ARGS…]: set up once, then check style and types, then run the tests, one process a core.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" requirements.txt requirements-dev.txt

cd "$root"
"$python" -m ruff check --quiet
"$python" -m ruff format --check --quiet
"$python" -m mypy --no-error-summary
export OMP_NUM_THREADS=1
exec "$python" -m pytest --numprocesses auto "$@"
