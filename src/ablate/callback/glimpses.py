"""Logs where a network looks in pictures, and what it sees there."""

from collections.abc import Sequence

import torch
from lightning.pytorch import Trainer

from ablate.callback.log import ValidationSamples, log_figure
from ablate.data.batch import PictureBatch
from ablate.figure.glimpses import Path, plot_paths
from ablate.model.glimpse.ram import RAM
from ablate.model.glimpse.sensor import glimpse
from ablate.task.glimpse_classification import GlimpseClassification


class GlimpsePaths(ValidationSamples):
    """Logs the path over the same pictures after each validation, with what each glimpse saw and said; also glimpses.png.

    Nothing is logged of a network that sees the whole picture.

    Args:
        folder: of the run; files go there.
        count: number of pictures; 0: nothing is logged.
    """

    def __init__(self, folder: str, class_names: Sequence[str], count: int) -> None:
        super().__init__(folder, count)
        self.class_names = class_names

    def log_samples(self, trainer: Trainer, task: GlimpseClassification, batch: PictureBatch) -> None:
        if not isinstance(network := task.model, RAM):
            return
        found = network(*task.inputs(batch))
        places = found.location.unbind(1)
        seen = torch.stack([glimpse(batch.image, place, network.width, network.scales) for place in places], 1)
        probability, guess = found.logits.float().softmax(2).max(2)
        paths = [
            Path(image[0], location, patches, [self.class_names[k] for k in guesses], p.tolist(), self.class_names[truth])
            for image, location, patches, guesses, p, truth in zip(
                batch.image, found.location, seen, guess.tolist(), probability, batch.target.tolist(), strict=True
            )
        ]
        log_figure(plot_paths(paths), self.folder / "glimpses.png", trainer, "val/glimpses")
