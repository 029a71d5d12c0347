"""The lecture's pictures from the real operators: python scripts/figures.py [NAME…] [--checkpoint FILE].

Without a name all of them, in about two minutes: figures/NAME.png, and logs/figures for TensorBoard.
"""

from pathlib import Path

from ablate.cli.arguments import Arguments
from ablate.console import script


@script
def main() -> None:
    parser = Arguments(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a figure; a wrong one is answered with those that there are")
    parser.add_argument("--checkpoint", type=Path, help="of a run, for the figure checkerboard (else one is trained)")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE", help="a package of yours, as in evaluate.py")
    parser.add_argument("--output", type=Path, default=Path("figures"), help="folder of the pictures (figures)")
    parser.add_argument("--logs", type=Path, default=Path("logs/figures"), help="TensorBoard's folder (logs/figures)")
    given = parser.read()
    from ablate.command.figures import write_figures

    write_figures(given.names, given.checkpoint, given.output, given.logs, given.trust)


if __name__ == "__main__":
    main()
