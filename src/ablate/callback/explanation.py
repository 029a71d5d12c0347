"""Shows explanations of the same pictures as they form during a training, and measures them at the test."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from ablate.analysis.explanation import choose_objects, measure, methods_of, names_of
from ablate.analysis.sanity import check_objects
from ablate.analysis.word_explanation import measure_words
from ablate.analysis.word_explanation import names_of as names_of_words
from ablate.callback.log import ValidationSamples, log_figure
from ablate.callback.measure import Measure
from ablate.data.batch import SegmentationBatch
from ablate.data.scene.captions import SceneCaptions
from ablate.errors import Misfit
from ablate.explanation.target import class_over
from ablate.figure.explanation import Row, side_by_side
from ablate.figure.sanity import plot_sanity
from ablate.metric.explanation.layerwise import LIKENESS
from ablate.model.segmenter.fcn import FCN
from ablate.schema.options import Positive, Whole, checked
from ablate.task.captioning import Captioning
from ablate.task.segmentation import Segmentation

MeasureName = Literal["pointing", "energy_inside", "sharpness", "deletion", "insertion", "infidelity", "rank_upper", "ssim_upper",
                      "rank_all", "ssim_all"]  # fmt: skip
MethodName = Literal[
    "gradient", "input_x_gradient", "smooth_gradient", "integrated_gradients", "deconvnet", "guided", "grad_cam", "occlusion"
]


class Explanations(ValidationSamples, Measure):
    """Logs explanations of a segmenter: a panel after each validation, always of the same pictures, and measures at the test.

    What is explained is the mean logit of one class of the picture, the rarest that covers a hundredth of it, over its true pixels.
    The measures are those of `ablate.analysis.explanation.measure`, as test/explanation/METHOD/MEASURE. The sanity check by random
    layers is test/explanation/METHOD/KIND_layerwise, see `LayerwiseLikeness`, with its curves in explanation_sanity.png.

    Args:
        folder: of the run; explanation.png and explanation_sanity.png go there.
        methods: that are shown and measured.
        pictures: number of validation pictures that are shown.
        test_pictures: number of test pictures that are measured, rounded up to whole batches; 0: none.
        layerwise_pictures: the same of those that the curves are of.
        measures: that are taken.
        samples: of smooth_gradient.
        steps: of integrated_gradients.

    Raises:
        Misfit: a task that is no segmentation, or a network that is no FCN.
    """

    @checked
    def __init__(
        self,
        folder: str,
        methods: Sequence[MethodName],
        measures: Sequence[MeasureName],
        pictures: Whole,
        test_pictures: Whole,
        layerwise_pictures: Whole,
        samples: Positive,
        steps: Positive,
    ) -> None:
        super().__init__(folder, pictures)
        self.methods = methods_of(list(dict.fromkeys(methods)), samples, steps)
        self.measures, self.test_pictures, self.layerwise_pictures = measures, test_pictures, layerwise_pictures

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, Segmentation) or not isinstance(pl_module.model, FCN):
            raise Misfit("probe=explanation is for segmenters, model=fcn; scripts/explain.py explains what other networks say")

    def log_samples(self, trainer: Trainer, task: LightningModule, batch: SegmentationBatch) -> None:
        names = trainer.datamodule.datasets["val"].class_names
        objects = choose_objects(batch, task.loss.num_classes)
        rows = []
        for i in range(len(objects.image)):
            x, number = objects.image[i : i + 1], int(objects.number[i])
            score = class_over(task.model, number, objects.mask[i : i + 1])
            rows.append(Row(x[0], names[number], {name: method(score, x)[0] for name, method in self.methods.items()}))
        if rows:
            log_figure(side_by_side(rows), self.folder / "explanation.png", trainer, "val/explanation")

    def metric_tags(self) -> list[str]:
        names = names_of(list(self.methods), self.measures) if self.test_pictures else []
        layerwise = [f"{name}/{kind}_layerwise" for kind in LIKENESS for name in self.methods] if self.layerwise_pictures else []
        return [f"test/explanation/{name}" for name in [*names, *layerwise]]

    def values(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        found = dict[str, float]()
        if self.test_pictures:
            found |= measure(task, self._batches(trainer, task, self.test_pictures), self.methods, self.measures)
        if self.layerwise_pictures:
            objects = (
                choose_objects(batch, task.model.num_classes) for batch in self._batches(trainer, task, self.layerwise_pictures)
            )
            sanity = check_objects(task.model, objects, self.methods)
            found |= sanity.kept()
            log_figure(plot_sanity(sanity), self.folder / "explanation_sanity.png", trainer, "test/explanation_sanity")
        return {f"test/explanation/{name}": value for name, value in found.items()}

    def _batches(self, trainer: Trainer, task: LightningModule, pictures: int) -> Iterator[SegmentationBatch]:
        data = trainer.datamodule
        batches = islice(data.batches("test"), -(-pictures // data.batch_size))
        return (data.transfer_batch_to_device(batch, task.device, 0) for batch in batches)


class WordExplanations(Measure):
    """Logs at the test whether explanations of words, and the attention, point at the objects that the words name.

    The measures are those of `ablate.analysis.word_explanation.measure_words`, as test/word_explanation/METHOD/MEASURE.

    Args:
        methods: that are measured beside the attention.
        test_pictures: number of test pictures, rounded up to whole batches.
        samples: of smooth_gradient.
        steps: of integrated_gradients.

    Raises:
        Misfit: a task that is no captioning, or data that do not know where their objects are.
    """

    @checked
    def __init__(self, methods: Sequence[MethodName], test_pictures: Positive, samples: Positive, steps: Positive) -> None:
        self.methods = methods_of(list(dict.fromkeys(methods)), samples, steps)
        self.test_pictures = test_pictures

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, Captioning):
            raise Misfit("probe=word_explanation is for captioners, experiment=scene_captions")

    def metric_tags(self) -> list[str]:
        return [f"test/word_explanation/{name}" for name in names_of_words(list(self.methods))]

    def values(self, trainer: Trainer, task: LightningModule) -> dict[str, float]:
        dataset = trainer.datamodule.datasets["test"]
        if not isinstance(dataset, SceneCaptions):
            raise Misfit("probe=word_explanation needs to know where the objects are: data=scene_captions")
        found = measure_words(task, self._batches(trainer, task, dataset), dataset.shapes, self.methods)
        return {f"test/word_explanation/{name}": value for name, value in found.items()}

    def _batches(self, trainer: Trainer, task: LightningModule, dataset: SceneCaptions) -> Iterator[tuple[Tensor, Tensor]]:
        count = min(self.test_pictures, dataset.items)
        for start in range(0, count, trainer.datamodule.batch_size):
            scenes = [dataset.scene(i) for i in range(start, min(count, start + trainer.datamodule.batch_size))]
            batch = dataset.render(trainer.datamodule.transfer_batch_to_device(dataset.to_batch(scenes), task.device, 0))
            yield batch.image, batch.label
