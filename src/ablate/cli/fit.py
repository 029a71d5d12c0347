"""Which data, model and task go together: one line that names them where those of a command line do not."""

import re
from collections.abc import Sequence
from functools import cache

from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from ablate.errors import BadInput, BadValue, Misfit
from ablate.files import CONF, options


def explained(error: Exception, choices: DictConfig, words: Sequence[str] = ()) -> Exception:
    """`error`, or, where data, model and task do not go together, a BadInput that names options that do.

    Args:
        choices: the option of each config group.
        words: the user's overrides; one whose value names a key that is not there is the user's own mistake.
    """
    if isinstance(error, InterpolationKeyError):
        missing = re.search(r"Interpolation key '([^']+)' not found", str(error))
        if missing and (blame := blamed(missing[1], words)):
            return BadInput(blame)
    other = isinstance(error, BadInput) and not isinstance(error, BadValue)  # of a bad value torch need not be asked
    if not isinstance(error, InterpolationKeyError | Misfit) and not (other and _wrong_model(choices)):
        return error
    chosen = ", ".join(f"{group}={choices.get(group)}" for group in ("data", "model", "task"))
    reason = f" ({error})" if isinstance(error, Misfit) else ""
    fitting = [f"data={choices.data} goes with {' or '.join(known)}"] if (known := experiments(choices.data)) else []
    return BadInput(f"{chosen} do not go together{reason}: {'; '.join([*fitting, trained_by(choices.task)])}")


def blamed(missing: str, words: Sequence[str]) -> str | None:
    """One line for the override that takes away a key that others are taken from, or that names one that is not there."""
    for word in words:
        if f"${{{missing}}}" in word:
            return f"{word}: there is no key {missing!r} in this config; --cfg job shows every key"
        if word.startswith("~") and f"{missing}.".startswith(f"{word[1:].partition('=')[0]}."):
            return f"{word} takes away {missing}, from which other options are taken: leave the word out"
    return None


def experiments(data: str) -> list[str]:
    """The words that choose an option of data with an experiment: ["experiment=names"], ["experiment=glyphs data=coco", …].

    The second where no experiment has these data, and others have data with the same parent in conf/data.
    """
    chosen = {name: _read("experiment", name)[1].get("override /data", "scenes") for name in options("experiment")}
    lineages = {each: _read("data", each)[0] for each in {data, *chosen.values()}}
    for parent in lineages[data]:
        if alike := [name for name, its in chosen.items() if parent in lineages[its]]:
            own = [f"experiment={name}" for name in alike if chosen[name] == data]
            return own or [f"experiment={name} data={data}" for name in alike]
    return []


def trained_by(task: str) -> str:
    """The options of the group model that a task trains, as "task=captioning trains model=captioner"."""
    return f"task={task} trains {' or '.join(f'model={name}' for name in _models(task))}"


def fits_experiment(experiment: str) -> str:
    """The models that fit an experiment."""
    return trained_by(_read("experiment", experiment)[1].get("override /task", "segmentation"))


def _models(task: str) -> list[str]:
    """The options of the group model that a task trains, by their classes and those of their encoders."""
    wanted, found = get_class(_read("task", task)[1]._target_), []
    for name in options("model"):
        model = _read("model", name)[1]
        network = model.get("network", model)
        fits = issubclass(get_class(network._target_), wanted.model_class)
        if fits and (wanted.encoder_class is None or issubclass(get_class(network.encoder._target_), wanted.encoder_class)):
            found.append(name)
    return found


def _wrong_model(choices: DictConfig) -> bool:
    """Whether the task among these options does not train the model among them; options of another --config-dir are not judged."""
    known = all(choices.get(group) in options(group) for group in ("model", "task"))
    return known and choices.model not in _models(choices.task)


@cache
def _read(group: str, name: str) -> tuple[list[str], DictConfig]:
    """The names of an option and of the files that it extends, nearest first, and their content; none of another --config-dir."""
    if not (path := CONF / group / f"{name}.yaml").exists():
        return [], DictConfig({})
    own = OmegaConf.load(path)
    lineage, merged = [name], DictConfig({})
    for default in own.pop("defaults", []):
        if isinstance(default, DictConfig):  # `override /data: names` becomes a key, too
            merged.update(default)
        elif default != "_self_":
            names, content = _read(group, default.removesuffix("@_here_"))
            lineage, merged = [*lineage, *names], OmegaConf.merge(merged, content)
    return lineage, OmegaConf.merge(merged, own)
