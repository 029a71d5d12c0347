"""The lecture's pictures from the real operators: python scripts/figures.py [NAME…] [--checkpoint FILE].

Without a name all of them, in about two minutes: figures/NAME.png, and logs/figures for TensorBoard.
"""

import argparse
import sys
from pathlib import Path

from ablate.console import script


@script
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a figure; a wrong one is answered with those that there are")
    parser.add_argument("--checkpoint", type=Path, help="of a run, for the figure checkerboard (else one is trained)")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE", help="a package of yours, as in evaluate.py")
    parser.add_argument("--output", type=Path, default=Path("figures"), help="folder of the pictures (figures)")
    parser.add_argument("--logs", type=Path, default=Path("logs/figures"), help="TensorBoard's folder (logs/figures)")
    given = parser.parse_intermixed_args()  # names before and after options
    from ablate.command.figures import write_figures
    from ablate.errors import BadInput

    try:
        write_figures(given.names, given.checkpoint, given.output, given.logs, given.trust)
    except (BadInput, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
