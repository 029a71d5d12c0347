"""Reads an ablation from conf/ablation/NAME.yaml; an error is one line that says what is wrong with it.

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
    prepare:                                          # optional: networks that are trained before the cells
      segmenter: [task=segmentation]                  # name: its overrides; a budget adds those of its own `prepare: […]`
    metrics: {test/miou: maximise}                    # shown for every cell; or minimise
    claims:
      switches_help:
        statement: Switches beat nearest-neighbour upsampling.
        source: Badrinarayanan et al. 2017, Table 1
        metric: test/miou
        contrast: {minus: [unpool-none, nearest]}     # see contrast.parse_contrasts
        direction: greater                            # of the effect; or less, differs, equivalent
        least_effect: 0.01                            # below which an effect does not count

In an override "KEY={segmenter}", in quotes, the best checkpoint of what was prepared with the same seed replaces {segmenter}.
"""

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf

from ablate.ablation.spec.ablation import BETTER, BUDGETS, DIRECTIONS, Ablation, Budget, Claim
from ablate.ablation.spec.check import check_keys, check_mapping, check_number, check_overrides
from ablate.ablation.spec.contrast import parse_contrasts
from ablate.errors import BadInput, check_choice, check_positive, did_you_mean


def load(given: str | Path | Mapping) -> Ablation:
    """Read an ablation from its file or from a composed config; raises BadInput if anything in it is wrong."""
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
    file = check_keys(given, "ablation", required, ("base", "cells", "grid", "prepare"))
    name = _name(file["name"], "ablation: name")
    where = f"ablation {name}"
    cells = _cells(file, where)
    metrics = {
        metric: check_choice(f"{where}, metrics, {metric}", str(better), BETTER)
        for metric, better in check_mapping(file["metrics"], f"{where}, metrics").items()
    }
    claims = [_claim(n, c, cells, metrics, where) for n, c in check_mapping(file["claims"], f"{where}, claims").items()]
    _check_cells_are_used(cells, claims, where)
    base = check_overrides(file.get("base") or [], f"{where}, base")
    budgets = _budgets(file["budgets"], where)
    listed = check_mapping(file.get("prepare") or {}, f"{where}, prepare").items()
    prepare = {_name(n, f"{where}, prepare"): check_overrides(words, f"{where}, prepare {n}") for n, words in listed}
    texts = str(file["question"]), str(file["source"])
    ablation = Ablation(name, *texts, base, cells, budgets, metrics, claims, prepare, file=dict(file))
    _check_prepared_is_used(ablation, where)
    return ablation


def _cells(file: Mapping, where: str) -> dict[str, list[str]]:
    listed = check_mapping(file.get("cells") or {}, f"{where}, cells").items()
    cells = {_name(n, f"{where}: cell"): check_overrides(overrides, f"{where}, cell {n}") for n, overrides in listed}
    axes = check_mapping(file.get("grid") or {}, f"{where}, grid")
    values = [check_mapping(levels, f"{where}, grid, {axis}").items() for axis, levels in axes.items()]
    for levels in product(*values) if axes else ():
        name = _name("-".join(level for level, _ in levels), f"{where}: cell")
        if name in cells:
            raise BadInput(f"{where}: the cell {name!r} is in cells and in grid")
        cells[name] = [o for level, words in levels for o in check_overrides(words, f"{where}, grid, {level}")]
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
    for name, entry in check_mapping(value, f"{where}, budgets").items():
        check_choice(f"{where}: budget", name, BUDGETS)
        given = check_keys(entry, f"{where}, budget {name}", ["seeds"], ["overrides", "prepare"])
        seeds = check_positive(f"{where}, budget {name}: seeds", given["seeds"])
        words = (check_overrides(given.get(key) or [], f"{where}, budget {name}") for key in ("overrides", "prepare"))
        budgets[name] = Budget(seeds, *words)
    return budgets


def _claim(name: str, value: object, cells: Mapping, metrics: Mapping, where: str) -> Claim:
    where = f"{where}, claim {name}"
    given = check_keys(value, where, ("statement", "source", "metric", "contrast", "direction", "least_effect"))
    metric = check_choice(f"{where}: metric", str(given["metric"]), metrics)
    contrasts = parse_contrasts(given["contrast"], cells, where)
    ordered = len(contrasts) > 1
    direction = check_choice(f"{where}: direction", str(given["direction"]), DIRECTIONS[:2] if ordered else DIRECTIONS)
    least = check_number(given["least_effect"], f"{where}: least_effect", negative=False)
    if direction == "equivalent" and least == 0:
        raise BadInput(f"{where}: least_effect=0 makes no claim of equivalence possible; give a number above 0")
    texts = str(given["statement"]).strip(), str(given["source"]).strip()
    return Claim(name, *texts, metric, contrasts, direction, least)


def _check_cells_are_used(cells: Mapping, claims: list[Claim], where: str) -> None:
    used = {cell for claim in claims for contrast in claim.contrasts for cell in contrast.weights}
    for cell in cells:
        if cell not in used:
            raise BadInput(f"{where}: no claim names the cell {cell!r} (they name: {', '.join(sorted(used))})")


def _check_prepared_is_used(ablation: Ablation, where: str) -> None:
    for budget, chosen in ablation.budgets.items():
        if chosen.prepare and not ablation.prepare:
            raise BadInput(f"{where}, budget {budget}: it has overrides for prepare, but the ablation prepares nothing")
        needed = set()
        for run in ablation.runs(budget):
            run.fill_in(ablation.prepare)
            needed.update(run.needs)
        for run in ablation.prepared(budget):
            run.fill_in({})
            if run.cell not in needed:
                raise BadInput(f"{where}: no cell uses what is prepared, by KEY={{{run.cell}}}")


def _name(value: object, where: str) -> str:
    if not re.fullmatch(r"\w[\w.+-]*", str(value)):
        raise BadInput(f"{where}={value!r} may have only letters, digits, _ . + and -, because a folder is named by it")
    return str(value)
