"""Sanity checks of explanations: what they keep of a network whose weights are random, or that was trained on random labels."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.analysis.explanation import Objects
from ablate.explanation.methods import Method, relevance
from ablate.explanation.randomise import cascade, layers_from_above, randomised, steps_from_above
from ablate.explanation.score import Score
from ablate.explanation.target import class_over
from ablate.metric.explanation.layerwise import LIKENESS, LayerwiseLikeness
from ablate.model.evaluation import evaluating
from ablate.model.segmenter.fcn import FCN


class Explained(NamedTuple):
    """Pictures, and what is explained of them, a score of any network of this kind."""

    x: Float[Tensor, "n c h w"]
    score_of: Callable[[nn.Module], Score]

    def run(self, network: nn.Module) -> Tensor:
        """The scores."""
        return self.score_of(network)(self.x)


class Sanity(NamedTuple):
    """Curves of likeness, by its kind (`LIKENESS`) and by method.

    Attributes:
        layers: that get random weights, from above.
        curves: likeness to the trained network's maps with none, with the first, …, with all of the layers random.
        other: likeness to the maps of another network, as one that was trained on random labels; empty without one.
    """

    layers: Sequence[str]
    curves: Mapping[str, Mapping[str, Sequence[float]]]
    other: Mapping[str, Mapping[str, float]]

    def kept(self) -> dict[str, float]:
        """The mean of each curve without its first point, as METHOD/KIND_layerwise (`LayerwiseLikeness`)."""
        each = ((kind, name, curve[1:]) for kind, curves in self.curves.items() for name, curve in curves.items())
        return {f"{name}/{kind}_layerwise": sum(points) / len(points) if points else torch.nan for kind, name, points in each}


def check_sanity(
    model: nn.Module,
    fresh: nn.Module,
    explained: Iterable[Explained],
    methods: Mapping[str, Method],
    other: nn.Module | None = None,
) -> Sanity:
    """How alike the maps of each method stay as layer after layer, from above, becomes as it is in a network without any training.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", "Cascading randomization" and "The data randomization test".

    Args:
        model, fresh: the same network with and without training.
        other: the same network, trained otherwise.
    """
    layers, found = list[str](), dict[tuple[str, str], LayerwiseLikeness]()
    trained = [model, fresh, *([other] if other is not None else [])]
    with torch.inference_mode(False), ExitStack() as stack:
        for network in trained:
            stack.enter_context(evaluating(network))
        for each in explained:
            steps = steps_from_above(model, layers_from_above(model, each.run))
            layers = layers or list(steps)
            networks = chain(cascade(model, fresh, steps.values()), trained[2:])
            for key, likeness in _likeness(networks, each, methods).items():
                found.setdefault(key, LayerwiseLikeness(likeness.shape[1] - 1).to(each.x.device)).update(likeness)
    values, points = {key: metric.curve().tolist() for key, metric in found.items()}, len(layers) + 1
    return Sanity(
        layers,
        {kind: {name: values.get((kind, name), [])[:points] for name in methods} for kind in LIKENESS},
        {kind: {name: values[kind, name][points] for name in methods} for kind in LIKENESS} if other is not None else {},
    )


def check_objects(model: FCN, objects: Iterable[Objects], methods: Mapping[str, Method]) -> Sanity:
    """`check_sanity` of a segmenter, of the mean logit of a class over its true pixels."""

    def scores(objects: Objects) -> Callable[[nn.Module], Score]:
        return lambda network: class_over(cast(FCN, network), objects.number, objects.mask)

    fresh = randomised(model, [name for name, module in model.named_modules() if hasattr(module, "reset_parameters")])
    return check_sanity(model, fresh, (Explained(each.image, scores(each)) for each in objects if len(each.image)), methods)


def _likeness(
    networks: Iterable[nn.Module], explained: Explained, methods: Mapping[str, Method]
) -> dict[tuple[str, str], Float[Tensor, "n points"]]:
    """How alike the maps of each network are to those of the first, by kind of likeness and by method."""
    first, found = dict[str, Tensor](), dict[tuple[str, str], list[Tensor]]()
    for network in networks:
        for name, method in methods.items():
            shown = relevance(name, method(explained.score_of(network), explained.x))
            for kind, alike in LIKENESS.items():
                found.setdefault((kind, name), []).append(alike(first.setdefault(name, shown), shown))
    return {key: torch.stack(each, 1) for key, each in found.items()}
