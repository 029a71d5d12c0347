"""What every metric keeps to: batches add up, `reset` forgets, and `update` on a device neither waits nor is random."""

from functools import partial

import pytest
import torch
from torch.nn.functional import one_hot

from ablate.data.batch import Judgement
from ablate.metric.bound import CanvasChange, VariationalBound
from ablate.metric.boundary import BoundaryF1
from ablate.metric.checkerboard.phases import GradientPhase, PhaseBias, PhaseShare
from ablate.metric.checkerboard.spectral_peak import SpectralPeak
from ablate.metric.classification import ClassificationScores
from ablate.metric.explanation.completeness import Completeness
from ablate.metric.explanation.curves import AreaUnder
from ablate.metric.explanation.layerwise import LayerwiseLikeness
from ablate.metric.explanation.localisation import EnergyInside, PointingGame, Sharpness
from ablate.metric.explanation.similarity import RankCorrelation, StructuralSimilarity
from ablate.metric.language import ExposureScores, LanguageScores
from ablate.metric.location import LocationScores
from ablate.metric.segmentation import CoarseLabelScores, SegmentationScores
from ablate.metric.text.cider import CIDEr, CIDErD
from ablate.metric.text.overlap import Bleu, ChrF, ExactMatch, RougeL, SacreBleu
from ablate.metric.text.truth import PairsNamed, TruthRate

CLASSES = dict(num_classes=4, ignore_index=3)
LABELS = torch.randint(4, (7, 3, 3), generator=torch.Generator().manual_seed(0)).repeat_interleave(4, 1).repeat_interleave(4, 2)
TOKENS = LABELS.flatten(1)[:, ::9]
LOGITS = one_hot(TOKENS, 4) * torch.linspace(1, 4, 7)[:, None, None]
ON_DEVICE = {
    SegmentationScores: (partial(SegmentationScores, **CLASSES, class_names=list("abcd")), LABELS.roll((1, 1), (1, 2)), LABELS),
    BoundaryF1: (partial(BoundaryF1, **CLASSES, tolerance=0.1, only=[1, 2]), LABELS.roll((1, 1), (1, 2)), LABELS),
    CoarseLabelScores: (partial(CoarseLabelScores, 3, **CLASSES), LABELS, LABELS),
}
NATS = torch.rand(7, 4, generator=torch.Generator().manual_seed(2)) * 50
MASKS = LABELS[:, :12, :12] > 0
MAPS = torch.rand(7, 2, 16, 16, generator=torch.Generator().manual_seed(1)).double()
TEXTS = ["a small red ring here", "two dogs run", "a cat", "", "the the the", "a red ring is here", "no"]
REFERENCES = [["a small red ring", "a ring"], ["two dogs run ."], ["a cat sits"], ["one"], ["the boat"], ["a ring"], ["no", "yes"]]
RING = frozenset(["red ring"])
JUDGED = [
    *(Judgement([True], 3, 2, RING), None, Judgement([True, False], 5, 3), Judgement([])),
    *(None, Judgement([False], 2, 0), Judgement([True, True], 4, 4, RING)),
]
ALL = ON_DEVICE | {
    ExposureScores: (partial(ExposureScores, 3, 0, at_lengths=[3, 2]), TOKENS.roll(1, 0), TOKENS, TOKENS.roll(1, 1)),
    ClassificationScores: (partial(ClassificationScores, 4, 3), TOKENS.roll(1, 0), TOKENS),
    LanguageScores: (partial(LanguageScores, 3), LOGITS, TOKENS.roll(1, 0)),
    **{metric: (partial(metric, 2), MAPS) for metric in (GradientPhase, PhaseBias, PhaseShare, SpectralPeak)},
    **{metric: (metric, TEXTS, REFERENCES) for metric in (CIDEr, CIDErD, RougeL, Bleu, SacreBleu, ChrF, ExactMatch)},
    LocationScores: (partial(LocationScores, 2), NATS.view(7, 2, 2) / 25 - 1),
    VariationalBound: (VariationalBound, NATS[:, 0], NATS[:, 1:]),
    CanvasChange: (partial(CanvasChange, 4), NATS[:, :, None, None] - 25),
    Completeness: (Completeness, MAPS, MAPS.mean((1, 2, 3)), MAPS.amin((1, 2, 3))),
    AreaUnder: (AreaUnder, MAPS[:, 0, 0]),
    Sharpness: (Sharpness, MAPS[:, 0]),
    **{metric: (metric, MAPS[:, 0, :12, :12], MASKS) for metric in (EnergyInside, PointingGame)},
    **{metric: (metric, *MAPS.unbind(1)) for metric in (RankCorrelation, StructuralSimilarity)},
    LayerwiseLikeness: (partial(LayerwiseLikeness, 15), MAPS[:, 0, 0]),
    TruthRate: (TruthRate, JUDGED),
    PairsNamed: (partial(PairsNamed, ["red ring"]), JUDGED),
}


def each_of(metrics):
    return pytest.mark.parametrize(
        "make, data", [(make, data) for make, *data in metrics.values()], ids=[kind.__name__ for kind in metrics]
    )


def values(metric):
    found = metric.compute()
    return {name: float(value) for name, value in found.items()} if isinstance(found, dict) else {"": float(found)}


@each_of(ALL)
def test_batches_add_up_and_reset_forgets(make, data):
    whole, parts = make(), make()
    whole.update(*data)
    parts.update(*(each[2:4] for each in data))
    parts.reset()
    for start, end in ((0, 1), (1, 5), (5, 7)):
        parts.update(*(each[start:end] for each in data))
    assert values(parts) == pytest.approx(values(whole), rel=1e-5, nan_ok=True)
    assert any(0 < abs(value) < 1e6 for value in values(whole).values())


@each_of(ON_DEVICE)
def test_update_never_waits_for_the_device(make, data):
    # On the meta device whatever needs a value (an index by mask, a bincount, a branch) raises.
    make().to("meta").update(*(each.to("meta") for each in data))


@each_of(ON_DEVICE)
def test_a_device_computes_the_same_while_torch_refuses_what_is_not_deterministic(make, data, deterministic_device):
    expected, metric = make(), make().to(deterministic_device)
    expected.update(*data)
    metric.update(*(each.to(deterministic_device) for each in data))
    assert values(metric) == pytest.approx(values(expected), nan_ok=True)
