"""The best scores that an output of lower resolution can reach: those of the true labels at that resolution."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric

from ablate.metric.segmentation import SegmentationScores


class CoarseLabelScores(Metric):
    """Mean IoU and global accuracy of the true labels after they were downsampled by `stride` and upsampled again.

    ŷ[y, x] = t[c(y), c(x)],   c(y) = min(⌊y / s⌋ s + ⌊s / 2⌋, h - 1): the centre of each s×s square stands for all of it,
    which is nearest-neighbour down- and upsampling. The upper bound of Long et al. 2015, appendix A. Void pixels
    are in no sum, and neither are the squares whose centre is void.

    Args:
        stride: s, at least 1.
    """

    def __init__(self, stride: int, num_classes: int, ignore_index: int) -> None:
        super().__init__()
        self.stride, self.ignore_index = stride, ignore_index
        names = [str(i) for i in range(num_classes)]
        self.scores = SegmentationScores(num_classes=num_classes, ignore_index=ignore_index, class_names=names)

    def update(self, prediction: Int[Tensor, "b h w"], target: Int[Tensor, "b h w"]) -> None:
        """Count a batch; the prediction is not used."""
        y, x = (self._centres(size, target.device) for size in target.shape[1:])
        coarse = target[:, y][:, :, x]
        known = coarse != self.ignore_index
        self.scores.update(coarse.where(known, 0), target.where(known, self.ignore_index))

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
