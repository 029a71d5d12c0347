"""A trained segmenter as one file that needs nothing of this project, with cheaper layers that compute the same."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch
from omegaconf import DictConfig, ListConfig
from torch import Tensor, nn

from ablate.analysis.cost import cost, interleaved, medians, milliseconds
from ablate.command.export.fold import Folded, fold
from ablate.command.export.write import about, free_program, largest_difference, onnx_file, onnx_runner, torch_file
from ablate.console import console, print_table
from ablate.errors import BadInput, check_positive
from ablate.files import write_atomically
from ablate.model.segmenter.fcn import FCN
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task
from ablate.run.train import silence
from ablate.schema.options import Size, check_values, height_width
from ablate.task.base import Task

BATCHES = (1, 16)
ONNX = ("onnxscript", "onnxruntime")  # what writes and what checks


def export(cfg: DictConfig) -> None:
    """Fold `cfg.checkpoint`, say what was folded and what it gained, write model.pt2 and model.onnx, and compare them with it."""
    if cfg.onnx and (missing := [name for name in ONNX if find_spec(name) is None]):
        raise BadInput(f"onnx=true needs {' and '.join(missing)}: pip install {' '.join(ONNX)}")
    files = [Path(cfg.output) / name for name in ("model.pt2", "model.onnx")[: 1 + cfg.onnx]]
    for file in files:
        if file.exists():
            raise BadInput(f"output={cfg.output!r} holds {file.name} already; name another folder")
    silence()
    checkpoint = read_checkpoint(cfg.checkpoint)
    task = load_task(checkpoint, cfg.checkpoint, trust=cfg.trust)
    if not isinstance(task.model, FCN):
        raise BadInput(f"export.py writes model=fcn; checkpoint {cfg.checkpoint!r} holds a {type(task.model).__name__}")
    size = size_of(cfg.size, checkpoint["config"]["data"].get("image_size"))
    torch.manual_seed(cfg.seed)
    folded = fold(task.model, size) if cfg.fold else Folded(task.model, [])
    console.print(f"folded: {'; '.join(folded.done) or 'nothing'}")
    if folded.done:
        image = torch.rand(max(BATCHES), 3, *size).contiguous(memory_format=task.memory_format)
        compare(task.model, folded.model.to(memory_format=task.memory_format), image, check_positive("repeats", cfg.repeats))
    write(task, folded, size, files)


def size_of(given: int | Sequence[int] | ListConfig | None, trained: int | Sequence[int] | None) -> tuple[int, int]:
    """Height and width of the pictures, as the user says, else as in training."""
    size = trained if given is None else given
    if size is None:
        raise BadInput("the network was trained on pictures of several sizes: name one, as size=[180,240]")
    size = list(size) if isinstance(size, ListConfig) else size
    check_values({"size": Size}, {"size": size})
    return height_width(size)


def compare(before: nn.Module, after: nn.Module, image: Tensor, repeats: int) -> None:
    """Print error, multiply-adds and interleaved timings of both; refuse what does not compute the same."""
    error = largest_difference(before, after, [image], "the folded network")
    sums, rows = [cost(model, image[:1]) for model in (before, after)], []
    for what, counts in {"decoder": [each.parts["decoder"] for each in sums], "network": sums}.items():
        adds = [each.multiply_adds for each in counts]
        rows.append((f"multiply-adds of the {what}", *(f"{each:,}" for each in adds), f"{adds[0] / adds[1]:.2f}×"))
    for batch in BATCHES:
        passes = {"before": partial(before, image[:batch]), "after": partial(after, image[:batch])}
        with torch.inference_mode():
            times = interleaved(passes, repeats)
        t = medians(times)
        gain = f"{t['before'] / t['after']:.2f}×"
        rows.append((f"ms for {batch} [quartiles]", milliseconds(times["before"]), milliseconds(times["after"]), gain))
    title = f"folded: the largest difference is {error:.1e} of the largest logit"
    print_table(title, ("", "before", "after", "gain"), rows)


def write(task: Task, folded: Folded, size: tuple[int, int], files: Sequence[Path]) -> None:
    """Write a file for torch, and one for ONNX if there are two, and compare them with the network on pictures of two sizes."""
    program, sizes = free_program(folded.model, size, 2 ** len(task.model.encoder.channels), folded.multiple)
    known, shapes = about(task, size, sizes), [size]
    if step := sizes.multiple:
        height, width = (max(n // step * step, sizes.least) for n in size)
        shapes = [(height, width), (height + step, width + 3 * step)]
    images = [torch.rand(batch, 3, *shape) for batch, shape in enumerate(shapes, 1)]
    contents = [torch_file(program, known)]
    runners: list[Callable] = [program.module()]
    if len(files) > 1:
        contents.append(onnx_file(program, images[-1], known, sizes))
        runners.append(onnx_runner(contents[1]))
    Path(files[0]).parent.mkdir(parents=True, exist_ok=True)
    tried = " and ".join(f"{height}×{width}" for height, width in shapes)
    for file, content, runner, by in zip(files, contents, runners, ("torch", "onnxruntime")):
        error = largest_difference(task.model, runner, images, file.name)
        write_atomically(file, content)
        console.print(f"{file}: {by} differs from the network by at most {error:.1e} of the largest logit, on {tried}")
    console.print(f"for any number of {sizes.words(size)}" + " (fold=false: any)" * (folded.multiple > 1))
