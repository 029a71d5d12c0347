#!/usr/bin/env bash
# bash scripts/run.sh [SCRIPT] [OVERRIDES…]: set up once, then run scripts/SCRIPT.py; without SCRIPT the main job.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh" requirements.txt

case "${1:-}" in
  "") script=reproduce && set -- published=false ;; # the main job trains, whatever results the repository brings along
  *=* | -*) script=reproduce ;;
  *) script=$1 && shift ;;
esac
if [ ! -f "$root/scripts/$script.py" ]; then
  echo "error: there is no scripts/$script.py (one of: $(cd "$root/scripts" && ls ./*.py | sed 's#^\./##; s#\.py$##' | paste -sd' '))" >&2
  exit 1
fi
exec "$python" "$root/scripts/$script.py" "$@"
