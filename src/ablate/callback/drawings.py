"""Logs pictures that a network draws, and how it draws pictures of the validation split again."""

from lightning.pytorch import Trainer

from ablate.callback.log import ValidationSamples, log_figure
from ablate.data.batch import BinaryPictureBatch
from ablate.figure.drawing import canvas_strip, sample_grid
from ablate.schema.options import Whole, checked
from ablate.task.generation import Generation


class Drawings(ValidationSamples):
    """Logs samples, and the canvas step by step, after each validation; also samples.png and canvases.png.

    Samples are of the same random numbers each time. Each row of canvases begins with the picture that is drawn again.

    Args:
        folder: of the run; files go there.
        count: number of rows of canvases; 0: nothing is logged.
        samples: number of samples.
    """

    @checked
    def __init__(self, folder: str, count: Whole, samples: Whole) -> None:
        super().__init__(folder, count)
        self.samples = samples

    def log_samples(self, trainer: Trainer, task: Generation, batch: BinaryPictureBatch) -> None:
        drawing = task.model(*task.inputs(batch))
        strip = canvas_strip(drawing.canvas.sigmoid(), drawing.written, task.model.write_filters, batch.image[:, 0])
        log_figure(strip, self.folder / "canvases.png", trainer, "val/canvases")
        if self.samples:
            grid = sample_grid(task.draw(self.samples, seed=0).canvas[:, -1].sigmoid())
            log_figure(grid, self.folder / "samples.png", trainer, "val/samples")
