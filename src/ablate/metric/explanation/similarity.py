"""How alike two maps are, by their ranks or by their structure: the verdict of a sanity check depends on which."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics.functional import spearman_corrcoef
from torchmetrics.functional.image import structural_similarity_index_measure

from ablate.metric.explanation.mean import Maps, MeanOverPictures


def rank_correlation(before: Maps, after: Maps) -> Float[Tensor, " n"]:
    """Spearman's rank correlation of the pixels of each two maps; nan where one of them is flat, and has no ranks."""
    pairs = zip(before.double().flatten(1), after.double().flatten(1), strict=True)
    each = [spearman_corrcoef(a, b) if _varies(a) and _varies(b) else a.new_tensor(torch.nan) for a, b in pairs]
    return torch.stack(each)


def structural_similarity(before: Maps, after: Maps) -> Float[Tensor, " n"]:
    """The structural similarity index (Wang et al. 2004) of each two maps, each scaled to [0, 1]."""
    a, b = (_to_one(maps.double())[:, None] for maps in (before, after))
    found = torch.as_tensor(structural_similarity_index_measure(a, b, data_range=1.0, reduction="none"))
    return found.view(len(before))


class RankCorrelation(MeanOverPictures):
    """Spearman's rank correlation of the pixels of two maps, the mean over pictures: 1 for the same order, 0 for no relation.

    A flat map has no ranks, and is left out.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", section 3.2 (of absolute values).
    """

    def update(self, before: Maps, after: Maps) -> None:
        """Add maps, at least 0, of the same pictures."""
        self.add(rank_correlation(before, after))


class StructuralSimilarity(MeanOverPictures):
    """The structural similarity index (Wang et al. 2004) of two maps, each scaled to [0, 1], the mean over pictures: 1 for like.

    Source: Adebayo et al. 2018, section 3.2.
    """

    def update(self, before: Maps, after: Maps) -> None:
        """Add maps, at least 0, of the same pictures."""
        self.add(structural_similarity(before, after))


def _varies(values: Float[Tensor, " p"]) -> bool:
    return bool(values.max() > values.min())


def _to_one(maps: Maps) -> Maps:
    least, most = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - least) / (most - least).clamp(min=torch.finfo(maps.dtype).tiny)
