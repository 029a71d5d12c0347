"""The lecture's pictures from the real operators: python scripts/figures.py [NAME…] [--checkpoint FILE].

Without a name all of them, in about two minutes: figures/NAME.png, and logs/figures for TensorBoard.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

FIGURES = {  # name, which is that of the function: module of ablate.figure
    "unpooling": "unpooling",
    "convolution": "steps",
    "transposed_convolution": "steps",
    "one_dimension": "matrices",
    "matrices": "matrices",
    "coverage": "coverage",
    "constant": "coverage",
    "identities": "identities",
    "deconvolution": "deconvolution",
    "checkerboard": "checkerboard",
    "unrolled": "unrolled",
    "gradient_flow": "gradient_flow",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--checkpoint", type=Path, help="of a run, for the figure checkerboard (else one is trained)")
    parser.add_argument("--output", type=Path, default=Path("figures"), help="folder of the pictures (figures)")
    parser.add_argument("--logs", type=Path, default=Path("logs/figures"), help="TensorBoard's folder (logs/figures)")
    given = parser.parse_intermixed_args()  # names before and after options
    from ablate.errors import BadInput, check_choice

    try:
        names = [check_choice("figure", name, FIGURES) for name in given.names] or list(FIGURES)
        draw(names, given)
    except (BadInput, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def draw(names: list[str], given: argparse.Namespace) -> None:
    """Draw figures one by one, each kept as soon as it is there."""
    import numpy as np
    import torch
    from PIL import Image
    from rich.progress import track
    from torch.utils.tensorboard import SummaryWriter

    given.output.mkdir(parents=True, exist_ok=True)
    with SummaryWriter(given.logs) as writer:
        for name in track(names, description="drawing"):
            torch.manual_seed(0)
            path = given.output / f"{name}.png"
            function = getattr(import_module(f"ablate.figure.{FIGURES[name]}"), name)
            figure = function(given.checkpoint) if name == "checkerboard" else function()
            figure.savefig(path, dpi=150)
            writer.add_image(name, np.asarray(Image.open(path).convert("RGB")), 0, dataformats="HWC")
    print(f"{len(names)} pictures in {given.output}; tensorboard --logdir {given.logs}")


if __name__ == "__main__":
    sys.exit(main())
