#!/usr/bin/env bash
# bash scripts/test.sh [PYTEST ARGS…]: set up once, then check style, then types beside the tests, which are one process a core.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" requirements.txt requirements-dev.txt

cd "$root"
"$python" -m ruff check --quiet
"$python" -m ruff format --check --quiet
"$python" -m mypy --no-error-summary &
types=$! status=0
trap 'kill $types 2>/dev/null || true' EXIT
export OMP_NUM_THREADS=1
"$python" -m pytest --numprocesses auto "$@" || status=$?
wait $types || status=1
exit $status
