"""A trained segmenter as one file that needs nothing of this project, with cheaper layers that compute the same."""

import copy
import importlib.util
import logging
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, ListConfig
from torch import Tensor, nn

from ablate.analysis.cost import cost, interleaved, medians, milliseconds
from ablate.console import console, print_table
from ablate.errors import BadInput, check_positive
from ablate.model.segmenter.decoder.base import LevelDecoder
from ablate.model.segmenter.fcn import FCN
from ablate.operator.rewrite import fold_nearest
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task
from ablate.run.train import silence
from ablate.schema.options import Size, check_values, height_width

BATCHES = (1, 16)
TOLERANCE = 1e-4  # of the largest logit, in float32


def export(cfg: DictConfig) -> None:
    """Fold `cfg.checkpoint`, say how far and how much faster it is, and write model.pt2 and model.onnx into `cfg.output`."""
    if cfg.onnx and importlib.util.find_spec("onnxscript") is None:
        raise BadInput("onnx=true needs onnx and onnxscript: python -m pip install -r requirements-dev.txt")
    files = [Path(cfg.output) / name for name in ("model.pt2", "model.onnx")[: 1 + cfg.onnx]]
    for file in files:
        if file.exists():
            raise BadInput(f"output={cfg.output!r} holds {file.name} already; name another folder")
    silence()
    checkpoint = read_checkpoint(cfg.checkpoint)
    task = load_task(checkpoint, cfg.checkpoint, trust=cfg.trust)
    if not isinstance(task.model, FCN):
        raise BadInput(f"export.py writes model=fcn; checkpoint {cfg.checkpoint!r} holds a {type(task.model).__name__}")
    height, width = size_of(cfg.size, checkpoint["config"]["data"].get("image_size"))
    model, generator = task.model, torch.Generator().manual_seed(cfg.seed)
    image = torch.rand(max(BATCHES), 3, height, width, generator=generator).contiguous(memory_format=task.memory_format)
    exported = fold_upsampling(model, (height, width)).to(memory_format=task.memory_format) if cfg.fold else model
    if exported is not model:
        compare(model, exported, image, check_positive("repeats", cfg.repeats))
    Path(cfg.output).mkdir(parents=True, exist_ok=True)
    write(exported, image[:2], *files)
    console.print(f"written: {', '.join(map(str, files))}, for any number of pictures of {height}×{width}")


def size_of(given: int | Sequence[int] | ListConfig | None, trained: int | Sequence[int] | None) -> tuple[int, int]:
    """Height and width of the pictures, as the user says, else as in training."""
    size = trained if given is None else given
    if size is None:
        raise BadInput("the network was trained on pictures of several sizes: name one, as size=[180,240]")
    size = list(size) if isinstance(size, ListConfig) else size
    check_values({"size": Size}, {"size": size})
    return height_width(size)


def fold_upsampling(model: FCN, size: tuple[int, int]) -> FCN:
    """A copy in which nearest upsampling by 2 and the 3×3 convolution after it are one transposed convolution, kernel 4, stride 2.

    The same function by `operator.rewrite.fold_nearest`, with 4 instead of 9 multiply-adds for each output and pair of
    channels. A map of odd size is cropped between the two in the decoder `nearest`, and after both in the folded one: they
    differ there, so that such a size is refused.

    Raises:
        BadInput: nothing to fold, another kernel, or a size that the total stride does not divide.
    """
    folded = copy.deepcopy(model)
    decoder, found = folded.decoder, 0
    for i, layer in enumerate(decoder.upsamplings if isinstance(decoder, LevelDecoder) else ()):
        if isinstance(layer, nn.Sequential) and _is_nearest(layer[0]):
            decoder.upsamplings[i], found = fold_nearest(layer[1]), found + 1
        elif _is_nearest(layer) and decoder.skip == "none":
            _check_divisible(size, 2 ** len(decoder.upsamplings))
            decoder.upsamplings[i], found = fold_nearest(decoder.blocks[i][0]), found + 1
            decoder.blocks[i][0] = nn.Identity()
    if not found:
        raise BadInput(
            "there is no nearest upsampling right before a convolution to fold (model/decoder=nearest with skip=none, or "
            "resize_conv with mode=nearest); fold=false exports the network as it is"
        )
    return folded.eval()


def compare(before: nn.Module, after: nn.Module, image: Tensor, repeats: int) -> None:
    """Print error, multiply-adds and interleaved timings of both; refuse what does not compute the same."""
    with torch.inference_mode():
        expected, found = before(image), after(image)
    error = float((expected - found).abs().max() / expected.abs().max())
    if not error < TOLERANCE:
        raise RuntimeError(f"the folded network differs by {error:.2g} of the largest logit")
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


def write(model: nn.Module, image: Tensor, torch_file: Path, onnx_file: Path | None = None) -> None:
    """An exported program for `torch.export.load(FILE).module()`, and ONNX: the first axis of both is free."""
    batch = {0: torch.export.Dim("batch", min=1)}
    with torch.no_grad():
        program = torch.export.export(model, (image,), dynamic_shapes=(batch,))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No complete tensor found")  # of tensors that share memory, on a GPU
        torch.export.save(program, torch_file)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision
    if onnx_file:
        names = {"input_names": ["image"], "output_names": ["logits"]}
        options: dict[str, Any] = names | {"dynamo": True, "verbose": False, "external_data": False}
        torch.onnx.export(program, (image,), onnx_file, **options)


def _is_nearest(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Upsample) and layer.mode == "nearest"


def _check_divisible(size: tuple[int, int], stride: int) -> None:
    for value in size:
        if value % stride:
            nearest = max(round(value / stride), 1) * stride
            raise BadInput(f"size={value}: a folded network takes multiples of {stride}; the nearest is {nearest}")
