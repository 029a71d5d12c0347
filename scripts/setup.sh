# Sourced by run.sh and test.sh: leaves $root and $python, an interpreter with exactly requirements.txt installed.
# Makes .venv where it is missing, repairs it where an earlier call was stopped, and is silent where all is well.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
python=$venv/bin/python
unset PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE=1 PIP_DISABLE_PIP_VERSION_CHECK=1

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
    if fits "$candidate"; then echo "$candidate"; return; fi
  done
  echo "error: no Python 3.11 to 3.13 found; install one, or name it: PYTHON=/path/to/python3.12 bash $0" >&2
  exit 1
}

# The stamp is written last, so an environment without one was never finished.
wanted=$(cat "$root/requirements.txt" "$root/pyproject.toml" | cksum)
ready() { [ -f "$venv/.ready" ] && [ "$(cat "$venv/.ready")" = "$wanted $root" ] && fits "$python"; }

if ! ready; then
  exec 9>"$root/.venv.lock"
  if command -v flock >/dev/null; then flock 9; fi # a second call at the same time waits here
  if ! ready; then
    if [ ! -f "$venv/.ready" ] || ! fits "$python"; then
      base=$(find_python)
      echo "making the environment in $venv: some minutes, once" >&2
      "$base" -m venv --clear "$venv"
    fi
    rm -f "$venv/.ready"
    echo "installing requirements.txt" >&2
    "$python" -m pip install --quiet --requirement "$root/requirements.txt"
    "$python" -m pip install --quiet --no-deps --editable "$root"
    echo "$wanted $root" >"$venv/.ready"
  fi
  exec 9>&-
fi
