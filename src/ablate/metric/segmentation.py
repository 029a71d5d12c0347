"""Scores of a semantic segmentation over a whole split: every pixel counts once, whichever picture it is in."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric

from ablate.data.batch import is_void
from ablate.metric.confusion import ConfusionScores


class SegmentationScores(ConfusionScores):
    """Pixel accuracies and intersection over union, from one confusion matrix of the whole split.

    With n_ij the pixels of true class i that were predicted as j, t_i = Σ_j n_ij, p_i = Σ_j n_ji and
    u_i = t_i + p_i - n_ii, `compute` gives, as float64 scalars,

        miou                     mean of n_ii / u_i over the classes with u_i > 0
        global_accuracy          Σ_i n_ii / Σ_i t_i
        class_accuracy           mean of n_ii / t_i over the classes with t_i > 0
        frequency_weighted_iou   Σ_i t_i n_ii / u_i / Σ_i t_i
        iou/<class name>         n_ii / u_i, nan where u_i = 0

    So a class that is neither in the truth nor predicted is left out of the means, and one that is predicted but
    nowhere in the truth counts as 0 in `miou`. Void pixels (truth = ignore_index, unless that is None) are in no
    sum; where all pixels are void, every score is nan.

    Source: Long, Shelhamer and Darrell 2015, "Fully convolutional networks for semantic segmentation", section 5
    (pixel accuracy, mean accuracy, mean IU, frequency weighted IU).
    """

    def __init__(self, num_classes: int, ignore_index: int | None, class_names: Sequence[str]) -> None:
        super().__init__()
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.iou_keys = [f"iou/{name}" for _, name in zip(range(num_classes), class_names, strict=True)]
        empty = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.add_state("confusion", default=empty, dist_reduce_fx="sum")

    def update(self, prediction: Int[Tensor, "b h w"], target: Int[Tensor, "b h w"]) -> None:
        """Count a batch of class indices; nothing waits for the device."""
        k = self.num_classes
        pair = target.long() * k + prediction
        # torchmetrics and bincount wait for the device, and in deterministic mode torchmetrics builds (pixels, k²).
        bins = torch.where(is_void(target, self.ignore_index), k * k, pair).flatten()
        counts = torch.zeros(k * k + 1, dtype=torch.int64, device=bins.device)
        self.confusion += counts.scatter_add_(0, bins, torch.ones_like(bins))[:-1].view(k, k)

    def scores(self, confusion: Int[Tensor, "k k"]) -> dict[str, Float[Tensor, ""]]:
        """The scores by name."""
        hit = confusion.diagonal().double()
        truth, predicted = confusion.sum(1), confusion.sum(0)
        iou = hit / (truth + predicted - hit)
        return {
            "miou": iou.nanmean(),
            "global_accuracy": hit.sum() / truth.sum(),
            "class_accuracy": (hit / truth).nanmean(),
            "frequency_weighted_iou": (truth * iou).nansum() / truth.sum(),
            **dict(zip(self.iou_keys, iou.unbind(), strict=True)),
        }


class CoarseLabelScores(Metric):
    """Mean IoU and global accuracy of the true labels after they were downsampled by `stride` and upsampled again.

    ŷ[y, x] = t[c(y), c(x)],   c(y) = min(⌊y / s⌋ s + ⌊s / 2⌋, h - 1): the centre of each s×s square stands for all of it,
    which is nearest-neighbour down- and upsampling. The upper bound of Long et al. 2015, appendix A. Void pixels
    are in no sum, and neither are the squares whose centre is void.

    Args:
        stride: s, at least 1.
    """

    def __init__(self, stride: int, num_classes: int, ignore_index: int | None) -> None:
        super().__init__()
        self.stride, self.ignore_index = stride, ignore_index
        names = [str(i) for i in range(num_classes)]
        self.scores = SegmentationScores(num_classes=num_classes, ignore_index=ignore_index, class_names=names)

    def update(self, prediction: Int[Tensor, "b h w"], target: Int[Tensor, "b h w"]) -> None:
        """Count a batch; the prediction is not used."""
        y, x = (self._centres(size, target.device) for size in target.shape[1:])
        coarse = target[:, y][:, :, x]
        void = is_void(coarse, self.ignore_index)
        self.scores.update(coarse.masked_fill(void, 0), target.where(~void, coarse))

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """coarse_label/miou and coarse_label/global_accuracy."""
        scores = self.scores.compute()
        return {f"coarse_label/{name}": scores[name] for name in ("miou", "global_accuracy")}

    def reset(self) -> None:
        super().reset()
        self.scores.reset()

    def _centres(self, size: int, device: torch.device) -> Int[Tensor, " size"]:
        here = torch.arange(size, device=device)
        return (here // self.stride * self.stride + self.stride // 2).clamp(max=size - 1)
