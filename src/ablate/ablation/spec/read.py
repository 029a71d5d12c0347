"""Reads an ablation from conf/ablation/NAME.yaml, or says in one line what is wrong with it.

    name: upsampling
    question: Does learned upsampling beat fixed interpolation?
    source: Long et al. 2015, sec. 4.3
    base: [experiment=upsampling]                     # overrides of every cell
    cells:                                            # name: overrides of this cell
      nearest: [model/decoder=nearest]
    grid:                                             # or axes: cells unpool-none, unpool-add
      decoder: {unpool: [model/decoder=max_unpool]}
      skip: {none: [model.decoder.skip=none], add: [model.decoder.skip=add]}
    budgets:                                          # of smoke, quick, full, gpu
      quick: {seeds: 3, overrides: [trainer.max_epochs=2]}
    prepare:                                          # may be left out: runs that are made before the cells
      segmenter: [task=segmentation]                  # name: all its overrides but the seed, and a budget's own `prepare: […]`
    metrics: {test/miou: maximise}                    # shown for every cell; or minimise
    claims:
      switches_help:
        statement: Switches beat nearest-neighbour upsampling.
        source: Badrinarayanan et al. 2017, Table 1
        metric: test/miou
        contrast: {minus: [unpool-none, nearest]}     # see contrast.parse
        direction: greater                            # of the effect: less, differs, equivalent
        least_effect: 0.01                            # below which an effect does not count

Where an override of the cells is "KEY={segmenter}", in quotes, the best checkpoint of what was prepared with the same seed stands
for {segmenter}.
"""

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf

from ablate.ablation.spec.ablation import BETTER, BUDGETS, DIRECTIONS, Ablation, Budget, Claim
from ablate.ablation.spec.check import named, number, strings, take
from ablate.ablation.spec.contrast import parse
from ablate.errors import BadInput, check_choice, check_positive, did_you_mean


def load(given: str | Path | Mapping) -> Ablation:
    """An ablation from its file or from what Hydra composed; BadInput if anything in it is wrong."""
    if isinstance(given, DictConfig):
        given = OmegaConf.to_container(given, resolve=True)
    return _ablation(given if isinstance(given, Mapping) else _read(Path(given)))


def _read(path: Path) -> object:
    if not path.is_file():
        others = [other.stem for other in path.parent.glob("*.yaml")]
        raise BadInput(f"there is no ablation file {path}{did_you_mean(path.stem, others) if others else ''}")
    try:
        return yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def _ablation(given: object) -> Ablation:
    required = ("name", "question", "source", "budgets", "metrics", "claims")
    file = take(given, "ablation", required, ("base", "cells", "grid", "prepare"))
    name = _name(file["name"], "ablation: name")
    where = f"ablation {name}"
    cells = _cells(file, where)
    metrics = {
        metric: check_choice(f"{where}, metrics, {metric}", str(better), BETTER)
        for metric, better in named(file["metrics"], f"{where}, metrics").items()
    }
    claims = [_claim(n, c, cells, metrics, where) for n, c in named(file["claims"], f"{where}, claims").items()]
    _check_all_are_named(cells, claims, where)
    base = strings(file.get("base") or [], f"{where}, base")
    budgets = _budgets(file["budgets"], where)
    prepare = named(file.get("prepare") or {}, f"{where}, prepare")
    prepare = {_name(n, f"{where}, prepare"): strings(words, f"{where}, prepare {n}") for n, words in prepare.items()}
    texts = str(file["question"]), str(file["source"])
    ablation = Ablation(name, *texts, base, cells, budgets, metrics, claims, prepare, given=dict(file))
    _check_all_is_needed(ablation, where)
    return ablation


def _cells(file: Mapping, where: str) -> dict[str, list[str]]:
    listed = named(file.get("cells") or {}, f"{where}, cells").items()
    cells = {_name(n, f"{where}: cell"): strings(overrides, f"{where}, cell {n}") for n, overrides in listed}
    axes = named(file.get("grid") or {}, f"{where}, grid")
    values = [named(levels, f"{where}, grid, {axis}").items() for axis, levels in axes.items()]
    for levels in product(*values) if axes else ():
        name = _name("-".join(level for level, _ in levels), f"{where}: cell")
        if name in cells:
            raise BadInput(f"{where}: the cell {name!r} is in cells and in grid")
        cells[name] = [o for level, words in levels for o in strings(words, f"{where}, grid, {level}")]
    if not cells:
        raise BadInput(f"{where}: cells (or grid) is missing")
    seen: dict[tuple, str] = {}
    for name, overrides in cells.items():
        twin = seen.setdefault(tuple(sorted(overrides)), name)
        if twin != name:
            raise BadInput(f"{where}: the cells {twin!r} and {name!r} have the same overrides {overrides}")
    return cells


def _budgets(value: object, where: str) -> dict[str, Budget]:
    budgets = {}
    for name, entry in named(value, f"{where}, budgets").items():
        check_choice(f"{where}: budget", name, BUDGETS)
        given = take(entry, f"{where}, budget {name}", ["seeds"], ["overrides", "prepare"])
        seeds = check_positive(f"{where}, budget {name}: seeds", given["seeds"])
        words = (strings(given.get(key) or [], f"{where}, budget {name}") for key in ("overrides", "prepare"))
        budgets[name] = Budget(seeds, *words)
    return budgets


def _claim(name: str, value: object, cells: Mapping, metrics: Mapping, where: str) -> Claim:
    where = f"{where}, claim {name}"
    given = take(value, where, ("statement", "source", "metric", "contrast", "direction", "least_effect"))
    metric = check_choice(f"{where}: metric", str(given["metric"]), metrics)
    contrasts = parse(given["contrast"], cells, where)
    ordered = len(contrasts) > 1
    direction = check_choice(f"{where}: direction", str(given["direction"]), DIRECTIONS[:2] if ordered else DIRECTIONS)
    least = number(given["least_effect"], f"{where}: least_effect", negative=False)
    if direction == "equivalent" and least == 0:
        raise BadInput(f"{where}: least_effect=0 leaves no band to be equivalent in; give a number above 0")
    texts = str(given["statement"]).strip(), str(given["source"]).strip()
    return Claim(name, *texts, metric, contrasts, direction, least)


def _check_all_are_named(cells: Mapping, claims: list[Claim], where: str) -> None:
    used = {cell for claim in claims for contrast in claim.contrasts for cell in contrast.weights}
    for cell in cells:
        if cell not in used:
            raise BadInput(f"{where}: no claim names the cell {cell!r} (they name: {', '.join(sorted(used))})")


def _check_all_is_needed(ablation: Ablation, where: str) -> None:
    for budget, chosen in ablation.budgets.items():
        if chosen.prepare and not ablation.prepare:
            raise BadInput(f"{where}, budget {budget}: nothing is prepared that its prepare could change")
        needed = set()
        for run in ablation.runs(budget):
            run.filled(ablation.prepare)  # refuses what is not prepared
            needed.update(run.needs)
        for run in ablation.prepared(budget):
            run.filled({})
            if run.cell not in needed:
                raise BadInput(f"{where}: no cell names what is prepared, as KEY={{{run.cell}}}")


def _name(value: object, where: str) -> str:
    if not re.fullmatch(r"\w[\w.+-]*", str(value)):
        raise BadInput(f"{where}={value!r} must be letters, digits and _ . + - alone, as it names a folder")
    return str(value)
