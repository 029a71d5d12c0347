"""Grad-CAM: the coarse map of features, its channels weighted by how the score depends on them, upsampled."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ablate.errors import BadInput
from ablate.explanation.score import Score, precise
from ablate.model.segmenter.base import Features


def grad_cam(score: Score, x: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *shape"]:
    """a = upsample(ReLU(Σ_k α_k A_k)),   α_k = the mean of ∂y/∂A_k over positions, A the map of `score.features`.

    Of an encoder's `Features` it takes `bottom`, or else the coarsest map that y depends on. Upsampling is bilinear; every channel
    of x gets the same map. Of a module that is called several times the maps are added up.

    Source: Selvaraju et al. 2017, "Grad-CAM", section 3, eq. 1 and 2; of a segmenter's logits over a mask: Vinogradova, Dibrov and
    Myers 2020, "Towards interpretable semantic segmentation via gradient-weighted class activation mapping".

    Raises:
        BadInput: the network has no map of features.
    """
    if score.features is None or x.ndim != 4:
        raise BadInput("grad_cam weights a map of features, and this network has none: explanation=gradient is for any")
    calls: list[list[Tensor]] = []
    handle = score.features.register_forward_hook(lambda module, inputs, output: _keep(calls, output))
    try:
        with torch.inference_mode(False), torch.enable_grad():
            y = score(x.clone().detach().requires_grad_())
            if not calls:
                raise BadInput("grad_cam: this score never computes the map of features")
            total = torch.zeros_like(precise(x[:, :1]))
            for maps in calls:
                total = total + _weighted(maps, y, x.shape[2:])
    finally:
        handle.remove()
    return total.detach().expand_as(x).clone()


def _keep(calls: list[list[Tensor]], output: Any) -> Any:
    """Remember the maps, the last one first; the network goes on with copies, which ReLUs in place may overwrite."""
    if isinstance(output, Features):
        levels = zip(reversed(output.pooled), reversed(output.maps), strict=True)
        calls.append([output.bottom, *(each for level in levels for each in level)])
        maps, pooled = (tuple(each.clone() for each in level) for level in (output.maps, output.pooled))
        return output._replace(maps=maps, pooled=pooled, bottom=output.bottom.clone())
    calls.append([output])
    return output.clone()


def _weighted(maps: list[Tensor], y: Tensor, size: torch.Size) -> Float[Tensor, "n 1 h w"]:
    gradients = torch.autograd.grad(y.sum(), maps, retain_graph=True, allow_unused=True)
    chosen = next(((a, g) for a, g in zip(maps, gradients, strict=True) if g is not None), None)
    if chosen is None:
        return maps[0].new_zeros(len(maps[0]), 1, *size)
    activation, gradient = map(precise, chosen)
    weighted = (gradient.mean((2, 3), keepdim=True) * activation).sum(1, keepdim=True).relu()
    return F.interpolate(weighted, tuple(size), mode="bilinear")
