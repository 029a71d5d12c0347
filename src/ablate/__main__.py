"""`ablate train …`, or `python -m ablate train …`: as `python scripts/train.py …`, for each of the scripts."""

import ast
import runpy
import sys

from ablate.console import script
from ablate.errors import did_you_mean
from ablate.files import SCRIPTS


@script
def main() -> int | None:
    """Run the script that the first word names; without a word, or with --help, list them."""
    known = {path.stem: path for path in sorted(SCRIPTS.glob("*.py"))}
    name, *words = sys.argv[1:] or ["--help"]
    if name in ("--help", "-h"):
        for each, path in known.items():
            says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            print(f"ablate {each:10} {says.splitlines()[0].partition(': python')[0]}")
        return None
    if name not in known:
        print(f"error: ablate {name} is unknown{did_you_mean(name, known)}", file=sys.stderr)
        return 1
    sys.argv = [str(known[name]), *words]
    runpy.run_path(str(known[name]), run_name="__main__")
    return None


if __name__ == "__main__":
    sys.exit(main())
