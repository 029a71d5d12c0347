"""A network as files for torch and ONNX, with free sizes, with what a user must know of it, and compared with the network."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ablate.figure.panel import colours_of
from ablate.task.base import Task
from ablate.task.segmentation import Segmentation

TOLERANCE = 1e-4  # of the largest logit, in float32
AXES = ("batch", None, "height", "width")


class Sizes(NamedTuple):
    """Which pictures an exported network takes: heights and widths from `least` on, in steps of `multiple`; None: only one size."""

    multiple: int | None
    least: int = 0
    why: str = ""

    def words(self, size: tuple[int, int]) -> str:
        """What the file takes, for users; `size` is that of the training."""
        if self.multiple is None:
            return f"pictures of {size[0]}×{size[1]} only, as torch.export cannot leave their size free: {self.why}"
        which = "any height and width" if self.multiple == 1 else f"heights and widths that are multiples of {self.multiple}"
        return f"pictures of {which}, from {self.least} on"


class InSteps(nn.Module):
    """A network for heights and widths that are multiples of a step: others do not fit into the shapes, also of an ONNX file."""

    def __init__(self, network: nn.Module, step: int) -> None:
        super().__init__()
        self.network = network
        self.step = step

    def forward(self, image: Tensor) -> Tensor:
        rows = image.unflatten(2, (-1, self.step)).flatten(2, 3)
        return self.network(rows.unflatten(3, (-1, self.step)).flatten(3, 4))


def free_program(model: nn.Module, size: tuple[int, int], stride: int, multiple: int) -> tuple[ExportedProgram, Sizes]:
    """The network with a free batch, height and width; in steps of `stride`, or of one size, where it cannot be otherwise.

    Args:
        stride: the total stride; the smallest map must have more than one pixel, as torch.export takes 1 for a constant.
        multiple: what height and width must be multiples of in any case.
    """
    for step in dict.fromkeys((multiple, stride)):
        least = stride // step + 1
        sides = {2: Dim("height", min=least), 3: Dim("width", min=least)}
        free = {axis: step * side if step > 1 else side for axis, side in sides.items()}
        example = torch.rand(2, 3, step * (least + stride // step), step * (least + 2 * stride // step))
        try:
            return _program(InSteps(model, step) if step > 1 else model, example, free), Sizes(step, step * least)
        except Exception as error:  # whatever a network of the user's own does with sizes  # noqa: BLE001
            why = str(error).partition("\n")[0]
    return _program(model, torch.rand(2, 3, *size), {}), Sizes(None, why=why)


def _program(model: nn.Module, image: Tensor, free: Mapping[int, Any]) -> ExportedProgram:
    shapes = ({0: Dim("batch", min=1), **free},)
    with torch.no_grad():
        return torch.export.export(model, (image,), dynamic_shapes=shapes, prefer_deferred_runtime_asserts_over_guards=True)


def about(task: Task, size: tuple[int, int], sizes: Sizes) -> dict[str, str]:
    """What a user of the file must know, each as JSON: scaling, sizes, and of a segmenter the classes and their colours."""
    known: dict[str, Any] = {
        "image": "float32 (batch, 3, height, width), red, green, blue: (bytes of 0 to 255 - mean) / std",
        "mean": [0.0] * 3,
        "std": [255.0] * 3,
        "trained_size": size,
        "size_multiple": sizes.multiple,
    }
    if isinstance(task, Segmentation):
        names = task.trained_on("class_names")
        palette = colours_of(task.config["data"].get("palette") or [], len(names))
        known |= {"logits": "(batch, class, height, width): the class of a pixel is the argmax", "class_names": list(names)}
        known |= {"palette": palette}
    return {key: json.dumps(value, ensure_ascii=False) for key, value in known.items()}


def torch_file(program: ExportedProgram, known: Mapping[str, str]) -> bytes:
    """For `torch.export.load(FILE, extra_files=known).module()`, where `known` gets what its keys name."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No complete tensor found")  # of tensors that share memory, on a GPU
        torch.export.save(program, file, extra_files=dict(known))
    return file.getvalue()


def onnx_file(program: ExportedProgram, image: Tensor, known: Mapping[str, str], sizes: Sizes) -> bytes:
    """The same for ONNX, whose `metadata_props` hold what is known."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision
    names = {"input_names": ["image"], "output_names": ["logits"]}
    options: dict[str, Any] = names | {"dynamo": True, "verbose": False, "external_data": False}
    made = torch.onnx.export(program, (image,), **options).model_proto
    for key, value in known.items():
        made.metadata_props.add(key=key, value=value)
    for each in (*made.graph.input, *made.graph.output):
        for name, axis in zip(AXES, each.type.tensor_type.shape.dim, strict=True):
            if name and axis.dim_param:
                axis.dim_param = name
    return made.SerializeToString()


def onnx_runner(file: bytes) -> Callable[[Tensor], Tensor]:
    """The network of an ONNX file, run by onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda image: torch.from_numpy(session.run(None, {"image": image.numpy()})[0])


def largest_difference(network: Callable, other: Callable, images: Sequence[Tensor], what: str) -> float:
    """The largest difference between the logits of both, as a share of the largest logit.

    Raises:
        RuntimeError: it is above TOLERANCE.
    """
    found = 0.0
    with torch.inference_mode():
        for image in images:
            expected = network(image)
            found = max(found, float((other(image) - expected).abs().max() / expected.abs().max()))
    if not found < TOLERANCE:
        raise RuntimeError(f"{what} differs by {found:.2g} of the largest logit from the network")
    return found
