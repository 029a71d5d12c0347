# Sourced by run.sh and test.sh with the names of requirements files: leaves $root and $python, an interpreter with what these
# files list. Makes .venv where it is missing, completes or repairs it where it is not, and is silent where all is well.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
python=$venv/bin/python
unset PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE # without compiled files, each process starts seconds later
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

# A line for each installed file. They are written last, so an environment without any was never finished.
stamp() { echo "$1 $(cat "$root/$1" "$root/pyproject.toml" | cksum) $root"; }
installed() { grep --quiet --line-regexp --fixed-strings "$(stamp "$1")" "$venv/.ready" 2>/dev/null; }
ready() {
  local file
  for file in "$@"; do installed "$file" || return 1; done
  fits "$python"
}

show() { # in the place of the line before; without a terminal a line of its own, where it is one of few
  if [ -t 2 ]; then printf '\r\033[K%s' "$1" >&2; elif [ "$2" = few ]; then echo "$1" >&2; fi
}

# pip install, as a line that counts; of what pip says beside it only errors are shown. Python compiles what it imports once it
# imports it: compiling all 15,000 files here took as long as all the rest.
collect() {
  local errors count=0 total word
  total=$(grep -c '^[A-Za-z]' "$1" || true)
  errors=$(mktemp)
  "$python" -m pip install --progress-bar off --no-compile --requirement "$1" 2>"$errors" | while read -r word _; do
    case $word in
      Collecting | Processing) count=$((count + 1)) && show "  package $count of $total" "$([ $((count % 20)) = 0 ] && echo few)" ;;
      Installing) show "  unpacking $count packages" few ;;
    esac
  done || { show "" && grep '^ERROR' "$errors" >&2 || cat "$errors" >&2; rm -f "$errors"; exit 1; }
  rm -f "$errors"
  show "" many
}

install() {
  local file missing=()
  for file in "$@"; do installed "$file" || missing+=("$file"); done
  if [ ! -f "$venv/.ready" ] || ! fits "$python"; then
    local base
    base=$(find_python)
    echo "making the environment in $venv: some minutes, once" >&2
    "$base" -m venv --clear "$venv"
    missing=("$@")
  fi
  rm -f "$venv/.ready"
  for file in "${missing[@]}"; do
    echo "installing $file" >&2
    collect "$root/$file"
  done
  "$python" -m pip install --quiet --quiet --no-deps --editable "$root"
  for file in "$@"; do stamp "$file"; done >"$venv/.ready"
}

if ! ready "$@"; then
  exec 9>"$root/.venv.lock"
  if command -v flock >/dev/null; then flock 9; fi # a second call at the same time waits here
  ready "$@" || install "$@"
  exec 9>&-
fi
