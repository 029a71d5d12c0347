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
      quick: {seeds: 3, overrides: [trainer.max_epochs=2]}  # and, for fewer cells, cells: [nearest, "*-add"]
    first_seed: 0                                     # optional: where the seeds begin
    looks: {seeds: [8, 12], weights: [0.3, 0.7]}      # optional: when until=decided tests the claims
    prepare:                                          # optional: networks that are trained before the cells
      segmenter: [task=segmentation]                  # name: its overrides; a budget adds those of its own `prepare: […]`
    tune: {grid: {optimizer.lr: [0.01, 0.02]}, metric: val/miou, better: maximise, seeds: 2}  # optional: chosen for each cell
    metrics: {test/miou: maximise}                    # shown for every cell; or minimise, or {better: minimise, worst: 1}
    claims:
      switches_help:
        statement: Switches beat nearest-neighbour upsampling.
        source: Badrinarayanan et al. 2017, Table 1
        metric: test/miou
        contrast: {minus: [unpool-none, nearest]}     # see contrast.parse_contrasts
        direction: greater                            # of the effect; or less, differs, equivalent
        least_effect: 0.01                            # below which an effect does not count
        scale: linear                                 # optional: or log, where the effect is a ratio, least_effect a factor
        test: t                                       # optional: or sign_flip, sign
        if_missing: incomplete                        # optional: or worst, the metric's, for what a finished run has not
        exploratory: false                            # optional: true: no verdict
        headline: false                               # optional: true: README.md quotes it
        protocol: 224 pixels, not 64                  # optional: what differs from a published figure, which is the bound

In an override "KEY={segmenter}", in quotes, the best checkpoint of what was prepared with the same seed replaces {segmenter};
what is prepared later may use it, too.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf

from ablate.ablation.spec.ablation import BETTER, BUDGETS, Ablation, Budget, Claim, Looks, Tune
from ablate.ablation.spec.check import check_keys, check_mapping, check_number, check_overrides
from ablate.ablation.spec.claim import read_claim
from ablate.errors import BadInput, check_choice, check_positive, did_you_mean

LOOKS = {"seeds": [8, 12, 16, 20], "weights": [0.1, 0.2, 0.3, 0.4]}


def load(given: str | Path | Mapping, budget: str | None = None) -> Ablation:
    """Read an ablation from its file or from a composed config; raises BadInput if anything in it is wrong.

    Args:
        budget: cells and claims are those of this budget. None: all cells.
    """
    if isinstance(given, DictConfig):
        given = OmegaConf.to_container(given, resolve=True)
    file = given if isinstance(given, Mapping) else _read(Path(given))
    whole = _ablation(file, None)
    if budget is not None:
        return _ablation(file, check_choice("budget", budget, whole.budgets))
    for name in whole.budgets:
        _ablation(file, name)
    return whole


def _read(path: Path) -> object:
    if not path.is_file():
        others = [other.stem for other in path.parent.glob("*.yaml")]
        raise BadInput(f"there is no ablation file {path}{did_you_mean(path.stem, others) if others else ''}")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def _ablation(given: object, budget: str | None) -> Ablation:
    required = ("name", "question", "source", "budgets", "metrics", "claims")
    file = check_keys(given, "ablation", required, ("base", "cells", "grid", "prepare", "looks", "first_seed", "tune"))
    name = _name(file["name"], "ablation: name")
    where = f"ablation {name}"
    budgets = _budgets(file["budgets"], where)
    cells = _of_budget(_cells(file, where), budgets, budget, where)
    metrics, worst = _metrics(file["metrics"], f"{where}, metrics")
    within = where if budget is None else f"{where}, budget {budget}"
    listed = check_mapping(file["claims"], f"{where}, claims").items()
    claims = [read_claim(n, c, cells, metrics, worst, within) for n, c in listed]
    _check_cells_are_used(cells, claims, within)
    base = check_overrides(file.get("base") or [], f"{where}, base")
    listed = check_mapping(file.get("prepare") or {}, f"{where}, prepare").items()
    prepare = {_name(n, f"{where}, prepare"): check_overrides(words, f"{where}, prepare {n}") for n, words in listed}
    texts = str(file["question"]), str(file["source"])
    looks, first = _looks(file.get("looks") or LOOKS, f"{where}, looks"), file.get("first_seed") or 0
    if not isinstance(first, int) or first < 0:
        raise BadInput(f"{where}: first_seed={first!r} must be a whole number of at least 0")
    tune = _tune(file["tune"], f"{where}, tune") if file.get("tune") else None
    ablation = Ablation(name, *texts, base, cells, budgets, metrics, claims, prepare, looks, first, tune, file=dict(file))
    _check_prepared_is_used(ablation, budget, where)
    return ablation


def _metrics(value: object, where: str) -> tuple[dict[str, str], dict[str, float]]:
    """Which value of each metric is better, and what stands for a value that a run does not have."""
    better, worst = {}, {}
    for metric, entry in check_mapping(value, where).items():
        given = check_keys(entry, f"{where}, {metric}", ["better"], ["worst"]) if isinstance(entry, Mapping) else {"better": entry}
        better[metric] = check_choice(f"{where}, {metric}", str(given["better"]), BETTER)
        if "worst" in given:
            worst[metric] = check_number(given["worst"], f"{where}, {metric}, worst")
    return better, worst


def _looks(value: object, where: str) -> Looks:
    given = check_keys(value, where, ["seeds", "weights"])
    seeds, weights = given["seeds"], given["weights"]
    if not (isinstance(seeds, list) and isinstance(weights, list) and len(seeds) == len(weights)):
        raise BadInput(f"{where}: seeds={seeds!r} and weights={weights!r} must be two lists of the same length")
    numbers = tuple(check_positive(f"{where}: seeds", n) for n in seeds)
    parts = tuple(check_number(w, f"{where}: weights", positive=True) for w in weights)
    if sorted(set(numbers)) != list(numbers) or abs(sum(parts) - 1) > 1e-9:
        raise BadInput(f"{where}: seeds={seeds!r} must grow, and weights={weights!r} must sum to one")
    return Looks(numbers, parts)


def _tune(value: object, where: str) -> Tune:
    given = check_keys(value, where, ["grid", "metric"], ["better", "seeds"])
    grid = dict[str, list]()
    for key, values in check_mapping(given["grid"], f"{where}, grid").items():
        if not isinstance(values, list) or len(values) < 2:
            raise BadInput(f"{where}, grid, {key}: {values!r} must be a list of two or more values")
        grid[key] = values
    better = check_choice(f"{where}, better", str(given.get("better", "minimise")), BETTER)
    return Tune(grid, str(given["metric"]), better, check_positive(f"{where}: seeds", given.get("seeds", 2)))


def _of_budget(cells: dict[str, list[str]], budgets: Mapping, budget: str | None, where: str) -> dict[str, list[str]]:
    """The cells that the budget has."""
    if budget is None or (patterns := budgets[budget].cells) is None:
        return cells
    for pattern in patterns:
        if not any(fnmatchcase(cell, pattern) for cell in cells):
            raise BadInput(f"{where}, budget {budget}: there is no cell {pattern!r}{did_you_mean(pattern, cells)}")
    return {cell: words for cell, words in cells.items() if any(fnmatchcase(cell, pattern) for pattern in patterns)}


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
        given = check_keys(entry, f"{where}, budget {name}", ["seeds"], ["overrides", "prepare", "cells"])
        seeds = check_positive(f"{where}, budget {name}: seeds", given["seeds"])
        words, prepare = (check_overrides(given.get(key) or [], f"{where}, budget {name}") for key in ("overrides", "prepare"))
        chosen = given.get("cells")
        if chosen is not None and (not isinstance(chosen, list | tuple) or not chosen):
            raise BadInput(f"{where}, budget {name}: cells={chosen!r} must be a list of cells or patterns")
        budgets[name] = Budget(seeds, words, prepare, None if chosen is None else [str(each) for each in chosen])
    return budgets


def _check_cells_are_used(cells: Mapping, claims: list[Claim], where: str) -> None:
    used = {cell for claim in claims for cell in claim.cells}
    for cell in cells:
        if cell not in used:
            raise BadInput(f"{where}: no claim names the cell {cell!r} (they name: {', '.join(sorted(used))})")


def _check_prepared_is_used(ablation: Ablation, only: str | None, where: str) -> None:
    for budget, chosen in ablation.budgets.items():
        if only not in (None, budget):
            continue
        if chosen.prepare and not ablation.prepare:
            raise BadInput(f"{where}, budget {budget}: it has overrides for prepare, but the ablation prepares nothing")
        names, prepared = list(ablation.prepare), ablation.prepared(budget)
        needed = {name for run in (*ablation.runs(budget), *prepared) for name in run.needs}
        for run in ablation.runs(budget):
            run.fill_in(ablation.prepare)
        for run in prepared:
            run.fill_in({name: name for name in names[: names.index(run.cell)]})
            if run.cell not in needed:
                raise BadInput(f"{where}: no cell uses what is prepared, by KEY={{{run.cell}}}")


def _name(value: object, where: str) -> str:
    if not re.fullmatch(r"\w[\w.+-]*", str(value)):
        raise BadInput(f"{where}={value!r} may have only letters, digits, _ . + and -, because a folder is named by it")
    return str(value)
