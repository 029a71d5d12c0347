"""Measures how good explanations of a segmenter are, upon pictures of which it is known where each class lies."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ablate.data.batch import SegmentationBatch
from ablate.errors import Misfit
from ablate.explanation.integrated_gradients import integrated_gradients
from ablate.explanation.methods import METHODS, Method, relevance
from ablate.explanation.randomise import layers_from_above, randomised
from ablate.explanation.score import Score
from ablate.explanation.smooth_gradient import smooth_gradient
from ablate.explanation.target import class_over
from ablate.metric.explanation.completeness import Completeness
from ablate.metric.explanation.curves import AreaUnder, deletion_curve, insertion_curve
from ablate.metric.explanation.infidelity import Infidelity
from ablate.metric.explanation.localisation import EnergyInside, PointingGame, Sharpness
from ablate.metric.explanation.similarity import RankCorrelation, StructuralSimilarity
from ablate.model.evaluation import evaluating
from ablate.model.segmenter.fcn import FCN
from ablate.task.base import Task

LEAST = 0.01  # the share of a picture that a class has to cover
ENCODER = "encoder."
COMPLETE = "integrated_gradients"  # the method that has to add up
MEASURES = ("pointing", "energy_inside", "sharpness", "deletion", "insertion", "infidelity", "rank_upper", "ssim_upper", "rank_all",
            "ssim_all")  # fmt: skip
COMPARED = ("pointing", "energy_inside", "rank_upper", "ssim_upper")  # with those of REFERENCE
REFERENCE = "gradient"  # what the other methods are compared with


class Objects(NamedTuple):
    """Of each picture that has one, the object that is explained."""

    image: Float[Tensor, "n 3 h w"]
    number: Int[Tensor, " n"]  # its class
    mask: Bool[Tensor, "n h w"]  # its pixels


def choose_objects(batch: SegmentationBatch, num_classes: int) -> Objects:
    """The rarest class of each picture among those that cover LEAST of it; a picture with one class only is left out."""
    share = torch.stack([(batch.label == k).double().mean((1, 2)) for k in range(num_classes)], 1)
    enough = share >= LEAST
    number = share.masked_fill(~enough, torch.inf).argmin(1)
    kept = enough.sum(1) > 1
    mask = batch.label == number[:, None, None]
    return Objects(batch.image[kept], number[kept], mask[kept])


def methods_of(names: Sequence[str], samples: int, steps: int) -> dict[str, Method]:
    """The methods of these names.

    Args:
        samples: of smooth_gradient.
        steps: of integrated_gradients.
    """
    own: Mapping[str, Callable] = {
        "smooth_gradient": partial(smooth_gradient, samples=samples),
        COMPLETE: partial(integrated_gradients, steps=steps),
    }
    return {name: own.get(name, METHODS[name]) for name in names}


def names_of(methods: Sequence[str], measures: Collection[str] = MEASURES) -> list[str]:
    """The names under which `measure` gives its values."""
    each = [f"{method}/{kind}" for method in methods for kind in MEASURES if kind in measures]
    compared = [kind for kind in COMPARED if kind in measures]
    gains = [f"{method}/{kind}_gain" for method in methods if method != REFERENCE for kind in compared]
    return each + (gains if REFERENCE in methods else []) + ([f"{COMPLETE}/completeness"] if COMPLETE in methods else [])


def measure(
    task: Task, batches: Iterable[SegmentationBatch], methods: Mapping[str, Method], measures: Collection[str] = MEASURES
) -> dict[str, float]:
    """Every measure of every method, of the mean logit of one class over its true pixels; the task is left as it was.

        pointing        whether the most relevant pixel lies in the object (`PointingGame`)
        energy_inside   the share of the relevance in the object (`EnergyInside`)
        sharpness       of the map (`Sharpness`)
        deletion        area under the class's probability over the object, as the most relevant pixels go; low is good
        insertion       the same as they come; high is good
        infidelity      see `Infidelity`, a multiple of that of an attribution of zeros: 1 knows nothing
        rank_upper      likeness of the map to that of the network whose decoder and head have random weights (`RankCorrelation`)
        ssim_upper      the same (`StructuralSimilarity`)
        rank_all        likeness to that of the network with random weights
        ssim_all        the same
        MEASURE_gain    one of COMPARED minus that of the gradient
        completeness    of integrated gradients, see `Completeness`

    Args:
        measures: those of MEASURES that are wanted; the others cost no time.

    Raises:
        Misfit: the task's model is no segmenter.
    """
    if not isinstance(task.model, FCN):
        raise Misfit(f"explanations are measured on model=fcn; this network is a {type(task.model).__name__}")
    with torch.inference_mode(False), evaluating(task):  # a trainer tests where nothing may be differentiated
        return _measure(task.model, batches, methods, measures)


def _measure(
    model: FCN, batches: Iterable[SegmentationBatch], methods: Mapping[str, Method], measures: Collection[str]
) -> dict[str, float]:
    scores: dict[str, Any] = {}
    others: dict[str, nn.Module] = {}
    for batch in batches:
        objects = choose_objects(batch, model.num_classes)
        if not len(objects.image):
            continue
        if not others:
            layers = layers_from_above(model, partial(_run, objects.image))
            random = {"upper": [name for name in layers if not name.startswith(ENCODER)], "all": layers}
            wanted = {kind.partition("_")[2] for kind in measures}
            others = {which: randomised(model, names).eval() for which, names in random.items() if which in wanted}
        for name, method in methods.items():
            _update(scores, name, method, model, objects, others, measures)
    found = {tag: float(metric.compute()) for tag, metric in scores.items()}
    for name in methods:
        found[f"{name}/infidelity"] = found.get(f"{name}/infidelity", torch.nan) / found.pop(f"{name}/nothing", torch.nan)
    names = names_of(list(methods), measures)
    for tag in [each for each in names if each.endswith("_gain")]:
        name, _, kind = tag.removesuffix("_gain").partition("/")
        found[tag] = found.get(f"{name}/{kind}", torch.nan) - found.get(f"{REFERENCE}/{kind}", torch.nan)
    return {tag: found.get(tag, torch.nan) for tag in names}


def _run(image: Tensor, network: nn.Module) -> Tensor:
    return network(image)


def _update(
    scores: dict[str, Any],
    name: str,
    method: Method,
    model: FCN,
    objects: Objects,
    others: Mapping[str, nn.Module],
    measures: Collection[str],
) -> None:
    """Add what one method says of a batch."""

    def add(kind: str, make: Callable[[], Any], *data: Any) -> None:
        scores.setdefault(f"{name}/{kind}", make().to(x.device)).update(*data)

    x, number, mask = objects
    score = class_over(model, number, mask)
    attribution = method(score, x)
    shown = relevance(name, attribution)
    for kind, make, data in (
        ("pointing", PointingGame, (mask,)),
        ("energy_inside", EnergyInside, (mask,)),
        ("sharpness", Sharpness, ()),
    ):
        if kind in measures:
            add(kind, make, shown, *data)
    probability = _probability_over(model, number, mask)
    for kind, curve in (("deletion", deletion_curve), ("insertion", insertion_curve)):
        if kind in measures:
            add(kind, AreaUnder, curve(probability, x, shown))
    if "infidelity" in measures:
        add("infidelity", Infidelity, score, x, attribution)
        add("nothing", Infidelity, score, x, torch.zeros_like(attribution))
    if name == COMPLETE:
        with torch.no_grad():
            add("completeness", Completeness, attribution, score(x), score(torch.zeros_like(x)))
    for which, other in others.items():
        after = relevance(name, method(class_over(other, number, mask), x))
        for kind, alike in (("rank", RankCorrelation), ("ssim", StructuralSimilarity)):
            if f"{kind}_{which}" in measures:
                add(f"{kind}_{which}", alike, shown, after)


def _probability_over(model: FCN, number: Tensor, mask: Tensor) -> Score:
    """The mean probability of the class over the pixels of the object."""
    share = mask / mask.sum((1, 2), keepdim=True)

    def function(image: Tensor) -> Tensor:
        probability = model(image).float().softmax(1)
        return (probability.gather(1, number[:, None, None, None].expand(-1, 1, *mask.shape[1:]))[:, 0] * share).sum((1, 2))

    return Score(function)
