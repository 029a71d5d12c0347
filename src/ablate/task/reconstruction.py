"""Autoencoding: the picture back from its own features, where artifacts of upsampling are visible to the eye."""

from typing import Any

import torch.nn.functional as F
from lightning.pytorch import Trainer
from torch import nn
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure

from ablate.data.batch import SegmentationBatch
from ablate.errors import BadInput
from ablate.optim.optimisation import Optimisation
from ablate.task.base import Output, Task
from ablate.task.segmentation import check_outputs

LEAST = 6  # pixels of a side for SSIM, whose windows reach five beyond the picture and see it mirrored there


class Reconstruction(Task):
    """loss = mean (model(image) - image)² over pixels and colours; the labels are not looked at.

    Metrics, of reconstructions clipped to [0, 1]: `psnr` = -10 log₁₀ of the mean squared error over the whole split, in dB, and
    `ssim` (Wang et al. 2004, windows of 11×11), the mean over pictures. The model's output has 3 channels.
    """

    def __init__(self, model: nn.Module, optimisation: Optimisation | None, channels_last: bool = False) -> None:
        metrics = {
            "psnr": PeakSignalNoiseRatio(data_range=1.0),
            "ssim": StructuralSimilarityIndexMeasure(data_range=1.0),
        }
        super().__init__(model, metrics, optimisation, channels_last=channels_last)

    def check(self, batch: Any, trainer: Trainer) -> None:
        super().check(batch, trainer)
        colours, height, width = batch.image.shape[1:]
        if min(height, width) < LEAST:
            raise BadInput(f"a picture of {height}×{width}: SSIM, which scores reconstructions, needs {LEAST} pixels a side")
        check_outputs(self, batch.image, colours, f"pictures have {colours} colours")

    def step(self, batch: SegmentationBatch) -> Output:
        output = self.model(batch.image.contiguous(memory_format=self.memory_format))
        return Output(F.mse_loss(output, batch.image), output.detach().clamp(0, 1), batch.image)
