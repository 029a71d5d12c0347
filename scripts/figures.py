"""The lecture's pictures from the real operators: python scripts/figures.py [NAME…] [--checkpoint FILE] [format=png|svg|pdf].

Without a name all of them, in about two minutes: figures/NAME.png, and logs/figures for TensorBoard.

Of a trained segmenter or captioner, with --checkpoint RUN/checkpoints/best.ckpt: explanation, a picture with all methods side by
side, and sanity, which methods notice that layers have random weights. And whether they notice random labels,
of pictures so few that they are learned by heart:

    python scripts/train.py experiment=upsampling
    python scripts/train.py experiment=upsampling data=scenes_random_masks data.dataset.sizes.train=32 trainer.max_epochs=300
    python scripts/figures.py sanity --checkpoint RUN/checkpoints/best.ckpt --other RANDOM_RUN/checkpoints/last.ckpt
"""

import sys
from pathlib import Path

from ablate.cli.arguments import Arguments
from ablate.console import script


@script
def main() -> None:
    parser = Arguments(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a figure; a wrong one is answered with those that there are")
    parser.add_argument("--checkpoint", type=Path, help="of a run, for checkerboard (else one is trained), explanation and sanity")
    parser.add_argument("--other", type=Path, help="for sanity: the same network, trained on random labels")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE", help="a package of yours, as in evaluate.py")
    parser.add_argument("--output", type=Path, default=Path("figures"), help="folder of the pictures (figures)")
    parser.add_argument("--logs", type=Path, default=Path("logs/figures"), help="TensorBoard's folder (logs/figures)")
    parser.add_argument("--format", default="png", help="of the pictures: png, svg or pdf (png); also as format=svg")
    given = parser.read([f"--{word}" if word.startswith("format=") else word for word in sys.argv[1:]])
    from ablate.command.figures import write_figures

    write_figures(given.names, given.checkpoint, given.output, given.logs, given.trust, given.format, given.other)


if __name__ == "__main__":
    main()
