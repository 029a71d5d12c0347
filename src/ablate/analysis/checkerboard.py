"""Measures the checkerboard of a segmenter: of its upsampling layers, of its logits, and of the gradient at its input."""

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.metric.checkerboard.phases import Coverage, GradientPhase, PhaseBias, PhaseShare, by_phase
from ablate.metric.checkerboard.spectral_peak import SpectralPeak
from ablate.model.evaluation import evaluating
from ablate.model.segmenter.fcn import FCN
from ablate.task.base import Task

LAYER_SIZE, LAYER_MARGIN = 16, 12  # side of an input to one layer; border of its output that the padding may change
FLAT_CELLS, FLAT_MARGIN = 16, 6  # the same for a whole network, in total strides


class Checkerboard(NamedTuple):
    """The measures of one network.

    Attributes:
        values: the scalars, by name.
        flat: the logits for a flat grey picture, without borders.
        power: the averaged power spectrum of the logits.
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
    """Compute every measure of `NAMES` in evaluation mode; the task is left as it was.

    `coverage` and `phase_bias` are means over the decoder's upsampling layers, nan if it has none. Layers that need the offsets
    of maxima get those of a flat picture, whose ties go to the top left. `flat_variation` is the standard deviation over the
    phases of the network's logits for a flat grey picture, divided by the standard deviation of its logits for `batches`. The
    other measures are computed from `batches`: the phase share and the spectrum of the logits, and the energy of the gradient of
    the loss at the picture, by its phases modulo 2 and modulo the total stride.

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
    """Coverage and phase bias of the decoder's upsampling layers, from their outputs for constant inputs."""
    if not model.decoder.upsamplings:
        return {"coverage": torch.tensor(torch.nan), "phase_bias": torch.tensor(torch.nan)}
    coverage, bias = Coverage(2, LAYER_MARGIN), PhaseBias(2, LAYER_MARGIN)
    for layer, channels in zip(model.decoder.upsamplings, model.encoder.channels):
        layer = copy.deepcopy(layer).cpu().double()
        constants = torch.eye(channels, dtype=torch.float64)[:, :, None, None].expand(-1, -1, LAYER_SIZE, LAYER_SIZE)
        bias.update(_apply(layer, constants, model.decoder.needs_offsets))
        for parameter in layer.parameters():
            nn.init.ones_(parameter)
        ones = constants.sum(0, keepdim=True) / channels
        coverage.update(_apply(layer, ones, model.decoder.needs_offsets))
    return {"coverage": coverage.compute(), "phase_bias": bias.compute()}


def flat_response(model: FCN, stride: int) -> Float[Tensor, "k h w"]:
    """Logits for a flat grey picture, without the border that padding may change."""
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
