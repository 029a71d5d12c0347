"""The checkerboard measures on a segmenter: its upsampling layers, its answer to a flat picture, its logits, its gradient."""

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.metric.checkerboard.coverage import Coverage
from ablate.metric.checkerboard.gradient_phase import GradientPhase
from ablate.metric.checkerboard.phase_bias import PhaseBias
from ablate.metric.checkerboard.phase_share import PhaseShare
from ablate.metric.checkerboard.phases import by_phase
from ablate.metric.checkerboard.spectral_peak import SpectralPeak
from ablate.model.evaluation import evaluating
from ablate.model.segmenter.fcn import FCN
from ablate.task.base import Task

LAYER_SIZE, LAYER_MARGIN = 16, 12  # of an input to one layer, and of what its padding may have touched in the output
FLAT_CELLS, FLAT_MARGIN = 16, 6  # the same of a whole network, in total strides


class Checkerboard(NamedTuple):
    """What was measured: scalars by name, and the two maps behind them.

    `flat` is the network's answer to a flat grey picture, free of borders; `power` the averaged spectrum of the logits.
    """

    values: dict[str, float]
    flat: Float[Tensor, "k h w"]
    power: Float[Tensor, "t t"]


NAMES = (
    "coverage",
    "phase_bias",
    "flat_variation",
    "phase_share",
    "phase_share_excess",
    "phase_share_p",
    "spectral_peak",
    "gradient_phase",
    "gradient_phase_total",
)


def measure(task: Task, batches: Iterable[tuple]) -> Checkerboard:
    """Every measure of `NAMES`, in evaluation mode; the task is left as it was.

    coverage and phase_bias are means over the decoder's upsampling layers, nan where it has none; layers that need the places
    of maxima get those of a flat picture, whose ties go to the top left. flat_variation is of the whole network: the standard
    deviation, over the phases, of its answer to a flat grey picture, in standard deviations of its logits over `batches`. The
    others are of `batches` alone: the phase share and spectrum of the logits, and the gradient of the loss at the picture
    by its phases modulo 2 and modulo the total stride.

    Raises:
        BadInput: the task's model is no segmenter.
    """
    if not isinstance(task.model, FCN):
        raise BadInput(f"the checkerboard is measured on model=fcn; this checkpoint holds a {type(task.model).__name__}")
    with torch.inference_mode(False), evaluating(task):  # a trainer tests where nothing may be differentiated
        return _measure(task, batches, 2 ** len(task.model.encoder.channels))


def _measure(task: Task, batches: Iterable[tuple], stride: int) -> Checkerboard:
    on_logits = {"share": PhaseShare(stride, margin=stride), "spectral_peak": SpectralPeak(stride, margin=stride)}
    on_gradient = {
        "gradient_phase": GradientPhase(2, margin=stride),
        "gradient_phase_total": GradientPhase(stride, margin=stride),
    }
    metrics = nn.ModuleDict(on_logits | on_gradient).to(task.device)
    for batch in batches:
        logits, gradient = logits_and_gradient(task, batch)
        for name, metric in metrics.items():
            metric.update(logits if name in on_logits else gradient)
    found = {name: metric.compute() for name, metric in metrics.items()}
    flat = flat_response(task.model, stride)
    variation = by_phase(flat, stride).mean(-1).flatten(1).var(1, correction=0).sum() / metrics["share"].variance().cpu()
    found |= {**found["share"], **layer_measures(task.model), "flat_variation": variation.sqrt()}
    return Checkerboard({name: float(found[name]) for name in NAMES}, flat, metrics["spectral_peak"].power.cpu())


def layer_measures(model: FCN) -> dict[str, Tensor]:
    """Coverage and phase bias of the decoder's upsampling layers, from their answers to constants."""
    layers = getattr(model.decoder, "upsamplings", ())
    if not layers:
        return {"coverage": torch.tensor(torch.nan), "phase_bias": torch.tensor(torch.nan)}
    coverage, bias = Coverage(2, LAYER_MARGIN), PhaseBias(2, LAYER_MARGIN)
    for layer, channels in zip(layers, model.encoder.channels, strict=True):
        layer = copy.deepcopy(layer).cpu().double()
        constants = torch.eye(channels, dtype=torch.float64)[:, :, None, None].expand(-1, -1, LAYER_SIZE, LAYER_SIZE)
        bias.update(_apply(layer, constants, model.decoder.needs_offsets))
        for parameter in layer.parameters():
            nn.init.ones_(parameter)
        ones = constants.sum(0, keepdim=True) / channels
        coverage.update(_apply(layer, ones, model.decoder.needs_offsets))
    return {"coverage": coverage.compute(), "phase_bias": bias.compute()}


def flat_response(model: FCN, stride: int) -> Float[Tensor, "k h w"]:
    """Logits for a grey picture, without what the padding at its borders may have changed."""
    device = next(model.parameters()).device
    side, margin = (FLAT_CELLS + 2 * FLAT_MARGIN) * stride, FLAT_MARGIN * stride
    with torch.no_grad():
        logits = model(torch.full((1, 3, side, side), 0.5, device=device))
    return logits[0, :, margin:-margin, margin:-margin].float().cpu()


def logits_and_gradient(task: Task, batch: Any) -> tuple[Float[Tensor, "b k h w"], Float[Tensor, "b 3 h w"]]:
    """The network's output for a batch, and the gradient of the loss at its pictures."""
    seen: list[Tensor] = []
    hook = task.model.register_forward_hook(lambda module, inputs, output: seen.append(output.detach()))
    with torch.enable_grad():
        batch = batch._replace(image=batch.image.detach().requires_grad_())
        loss = task.step(batch).loss
        (gradient,) = torch.autograd.grad(loss, batch.image)
    hook.remove()
    return seen[0].float(), gradient.float()


def _apply(layer: nn.Module, x: Float[Tensor, "b c h w"], needs_offsets: bool) -> Float[Tensor, "b c h2 w2"]:
    with torch.no_grad():
        return layer(x, torch.zeros_like(x, dtype=torch.uint8)) if needs_offsets else layer(x)
