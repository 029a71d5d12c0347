"""What is in data: the items of each split as their reader gives them, and every fault that it finds."""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.command.inspect_data.findings import Findings, Items
from ablate.command.inspect_data.pictures import inspect_captions, inspect_masks, inspect_questions
from ablate.command.inspect_data.texts import inspect_labelled, inspect_pairs, inspect_tagged, inspect_text
from ablate.console import console, print_table
from ablate.data.dataset import Dataset
from ablate.data.own.questions import Asked
from ablate.data.picture.captions import Captioned
from ablate.data.split import SPLITS
from ablate.data.text.labelled import Example
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput
from ablate.files import options, script_words
from ablate.run.build import Partial, build

KINDS: Mapping[type, Callable[[Items, Findings], None]] = {
    Example: inspect_labelled,
    Pair: inspect_pairs,
    Captioned: inspect_captions,
    Asked: inspect_questions,
    list: inspect_tagged,
    tuple: inspect_masks,
    str: inspect_text,
}


def inspect_data(cfg: DictConfig) -> None:
    """Print what the data hold and what does not fit; write a contact sheet of pictures into `cfg.output`."""
    make = build(cfg, "dataset", Partial)
    findings = Findings({"palette": cfg.data.get("palette"), **make.keywords}, Path(cfg.output), cfg.examples)
    read = make.keywords.get("read")
    items = _read(read, findings) if isinstance(read, Partial) else {}
    if first := next((each[0] for each in items.values() if each), None):
        inspect = next(function for kind, function in KINDS.items() if isinstance(first, kind))
        print_table(None, ("split", "items"), [(split, f"{len(each):,}") for split, each in items.items()])
        if len(items) == len(SPLITS) and items["val"] == items["test"]:
            console.print("there is no test split: test is the validation split")
        inspect(items, findings)
    elif not findings.faults:
        _inspect_samples(make)
    _print_faults(findings.faults, cfg.faults)
    if findings.faults and not first:  # nothing can be read
        sys.exit(1)
    choice = HydraConfig.get().runtime.choices.data
    given = [word for word in HydraConfig.get().overrides.task if word.startswith("data.")]
    if first and choice in options("experiment"):
        words = [*script_words("train"), f"experiment={choice}", *given, *findings.words]
        console.print(f"train on them: {shlex.join(words)}")


def _read(read: Partial, findings: Findings) -> Items:
    """The items of each split; what the reader refuses becomes a fault."""
    names, items = signature(read.func).parameters, {}
    refuse = {"refuse": lambda error: findings.fault(error.renamed(read.keys.get))} if "refuse" in names else {}
    for split in SPLITS if "split" in names else ("all",):
        try:
            found: Any = read(*[split] if "split" in names else [], **refuse)
            items[split] = [found] if isinstance(found, str) else found
        except BadInput as error:
            findings.fault(error)
    return items


def _inspect_samples(make: Callable[..., Dataset]) -> None:
    """Of data that have no reader of their own: how many samples, and how long they are."""
    rows: list[Sequence[str]] = []
    for split in SPLITS:
        data = make(split=split)
        lengths = sorted(data.lengths or [])
        sizes = [f"{lengths[i]:,}" for i in (0, len(lengths) // 2, -1)] if lengths else ["", "", ""]
        rows.append([split, f"{len(data):,}", *sizes])
    print_table(None, ("split", "samples", "shortest", "median", "longest"), rows)


def _print_faults(faults: Sequence[str], most: int) -> None:
    if not faults:
        console.print("nothing was found that does not fit")
        return
    console.print(f"{len(faults):,} that do not fit:")
    for fault in faults[:most]:
        console.print(f"  {fault}")
    if len(faults) > most:
        console.print(f"  and {len(faults) - most:,} more (faults=NUMBER shows them)")
