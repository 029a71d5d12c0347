"""Which data, model and task go together: one line that names them where those of a command line do not."""

import re

from hydra.utils import get_class
from omegaconf import DictConfig
from omegaconf.errors import InterpolationKeyError

from ablate.errors import BadInput, Misfit
from ablate.files import CONF, options


def explained(error: Exception, choices: DictConfig) -> Exception:
    """`error`; where data, model and task do not go together, a BadInput that names what does.

    Args:
        choices: the option of each config group.
    """
    if not isinstance(error, InterpolationKeyError | Misfit):
        return error
    chosen = ", ".join(f"{group}={choices[group]}" for group in ("data", "model", "task"))
    reason = f" ({error})" if isinstance(error, Misfit) else ""
    fitting = [f"data={choices.data} goes with {' or '.join(known)}"] if (known := experiments(choices.data)) else []
    return BadInput(f"{chosen} do not go together{reason}: {'; '.join([*fitting, trained_by(choices.task)])}")


def experiments(data: str) -> list[str]:
    """What a command line chooses an option of data with: ["experiment=names"], or ["experiment=flickr8k data=coco", …].

    The second where no experiment has these data, and others have data with the same parent in conf/data.
    """
    chosen = {name: _first(r"override /data: (\w+)", "experiment", name) or "scenes" for name in options("experiment")}
    for parent in _lineage("data", data):
        if alike := [name for name, its in chosen.items() if parent in _lineage("data", its)]:
            own = [f"experiment={name}" for name in alike if chosen[name] == data]
            return own or [f"experiment={name} data={data}" for name in alike]
    return []


def trained_by(task: str) -> str:
    """The options of the group model that a task trains, as "task=captioning trains model=captioner"."""
    wanted = get_class(_first(r"^ *_target_: (\S+)", "task", task)).model_class
    targets = {name: _first(r"^(?:  )?_target_: (\S+)", "model", name) for name in options("model")}  # or of its network
    fitting = [f"model={name}" for name, target in targets.items() if issubclass(get_class(target), wanted)]
    return f"task={task} trains {' or '.join(fitting)}"


def fits_experiment(experiment: str) -> str:
    """The models that fit an experiment."""
    return trained_by(_first(r"override /task: (\w+)", "experiment", experiment) or "segmentation")


def _first(pattern: str, group: str, name: str) -> str:
    """What `pattern` finds first in a file or the files that it extends; "" where it finds nothing."""
    texts = ((CONF / group / f"{each}.yaml").read_text() for each in _lineage(group, name))
    return next((found[1] for text in texts if (found := re.search(pattern, text, re.MULTILINE))), "")


def _lineage(group: str, name: str) -> list[str]:
    """An option and those that its file extends, the nearest first; without those of another --config-dir."""
    if not (path := CONF / group / f"{name}.yaml").exists():
        return []
    parents = re.findall(r"^(?:defaults: \[|  - )([\w/]+)(?:@_here_)?(?:,|$)", path.read_text(), re.MULTILINE)
    return [name, *(each for parent in parents if parent != "_self_" for each in _lineage(group, parent))]
