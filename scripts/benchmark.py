"""Speeds on this machine: python scripts/benchmark.py train|data|decoders|recurrent|captioning|ablation [OVERRIDES …].

Overrides are of conf/train.yaml; recurrent takes none, ablation takes runs=NUMBER alone.
"""

import argparse
import importlib
import os
import sys

from ablate.console import script
from ablate.errors import BadInput

NAMES = ("train", "data", "decoders", "recurrent", "captioning", "ablation")


@script
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("overrides", nargs="*", help="KEY=VALUE or GROUP=OPTION of conf/train.yaml; ablation: runs=NUMBER")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1, the least disturbed)")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)  # before torch is imported
    import torch

    torch.set_num_threads(given.threads)
    try:
        importlib.import_module(f"ablate.command.benchmark.{given.name}").run(given.overrides)
    except BadInput as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
