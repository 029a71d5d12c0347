"""The lecture's pictures from the real operators: python scripts/figures.py [NAME…] [--checkpoint FILE] [format=png|svg|pdf].

Without a name all of them, in about two minutes: figures/NAME.png, and logs/figures for TensorBoard.
"""

import sys
from pathlib import Path

from ablate.cli.arguments import Arguments
from ablate.console import script


@script
def main() -> None:
    parser = Arguments(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a figure; a wrong one is answered with those that there are")
    parser.add_argument("--checkpoint", type=Path, help="of a run, for checkerboard (else one is trained) and explanation")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE", help="a package of yours, as in evaluate.py")
    parser.add_argument("--output", type=Path, default=Path("figures"), help="folder of the pictures (figures)")
    parser.add_argument("--logs", type=Path, default=Path("logs/figures"), help="TensorBoard's folder (logs/figures)")
    parser.add_argument("--format", default="png", help="of the pictures: png, svg or pdf (png); also as format=svg")
    given = parser.read([f"--{word}" if word.startswith("format=") else word for word in sys.argv[1:]])
    from ablate.command.figures import write_figures

    write_figures(given.names, given.checkpoint, given.output, given.logs, given.trust, given.format)


if __name__ == "__main__":
    main()
