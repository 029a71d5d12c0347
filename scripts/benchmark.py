"""Speeds on this machine: python scripts/benchmark.py NAME [OVERRIDES …], as benchmark.py decoders data.batch_size=16.

Overrides are of conf/train.yaml; recurrent and trees take none, ablation takes runs=NUMBER alone, segmenters
width=NUMBER, too (64 is the papers').
"""

import importlib
import os
from typing import Literal, get_args

from ablate.cli.arguments import Arguments
from ablate.console import script
from ablate.schema.options import Layers

Name = Literal[
    "train", "data", "decoders", "segmenters", "recurrent", "trees", "glimpses", "draw", "captioning", "explanations", "ablation"
]


@script
def main() -> None:
    parser = Arguments(__doc__)
    parser.argument("name", Name, help=" | ".join(get_args(Name)))
    parser.add_argument("overrides", nargs="*", help="KEY=VALUE or GROUP=OPTION of conf/train.yaml; ablation: runs=NUMBER")
    parser.argument("--threads", Layers, default=1, help="CPU threads (default 1, the least disturbed)")
    given = parser.read()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)  # before torch is imported
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # the profiler's own words
    import torch

    torch.set_num_threads(given.threads)
    importlib.import_module(f"ablate.command.benchmark.{given.name}").run(given.overrides)


if __name__ == "__main__":
    main()
