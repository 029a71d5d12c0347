"""The base class of tasks: metrics, logging and optimisation with Lightning; a subclass defines `step`."""

import copy
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, NoReturn

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn
from torchmetrics import MeanMetric, Metric

from ablate.data.batch import BatchKind
from ablate.data.datamodule import DataModule
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput, Misfit
from ablate.metric.confusion import ConfusionScores
from ablate.model.segmenter.base import Segmenter
from ablate.optim.optimisation import Optimisation

SPLITS = ("train", "val", "test")


class Output(NamedTuple):
    """The result of `step`: a scalar loss, and a prediction and a target for the metrics."""

    loss: Tensor
    prediction: Any  # as the task's metrics take it, mostly a tensor
    target: Tensor
    weight: Tensor | int | None = None  # the number of targets that the loss is a mean over, or their weights; None: len(target)


class Task(LightningModule):
    """A model with its loss, metrics and optimiser.

    Metrics count on the device over a whole split and are computed once an epoch. Of the training split they see only every
    `log_every_n_steps`-th batch, so that they hardly slow the training down.

    Args:
        model: a PyTorch module of the class `model_class`.
        metrics: by name; `compute` gives a scalar, or a dict of scalars that are logged under their own keys.
        optimisation: how the parameters are updated; None: they are not, as in a network from a checkpoint.
        train_metrics: cheaper ones for the training split; None: the same.
        channels_last: store convolution weights and pictures in the layout NHWC.

    Attributes:
        batch_kind: the kind of batches that it takes.
        model_class: the class of models that it trains.
        encoder_class: the class of encoders that these models have; None: any, or none.
        tokenised: the kinds of texts for which it needs a tokeniser: "source" is read, "target" is written.
    """

    batch_kind: ClassVar[BatchKind] = BatchKind.CLASS_PER_PIXEL
    model_class: ClassVar[type[nn.Module]] = Segmenter
    encoder_class: ClassVar[type[nn.Module] | None] = None
    tokenised: ClassVar[Sequence[str]] = ()

    def __init__(
        self,
        model: nn.Module,
        metrics: dict[str, Metric],
        optimisation: Optimisation | None,
        train_metrics: dict[str, Metric] | None = None,
        channels_last: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(model, self.model_class):  # a dict where the config has no single network
            raise Misfit(f"{type(self).__name__} trains models of the class {self.model_class.__name__}")
        self.memory_format = torch.channels_last if channels_last else torch.preserve_format
        self.model = model.to(memory_format=self.memory_format)
        each = dict.fromkeys(SPLITS, metrics) | ({} if train_metrics is None else {"train": train_metrics})
        self.metrics = nn.ModuleDict(
            {f"{split}_": nn.ModuleDict({name: m.clone() for name, m in own.items()}) for split, own in each.items()}
        )
        self.mean_loss = nn.ModuleDict({f"{split}_": MeanMetric() for split in ("val", "test")})
        self.optimisation = optimisation
        self.config: dict = {}  # the composed config and what was overridden in it, kept in checkpoints
        self.overrides: list[str] = []
        self.tokenisers: Mapping[str, Tokeniser] = {}  # of text: "source" is read, "target" is written
        self.encoder_weights: str | None = None  # a file with the weights that an encoder of pictures begins with
        self.initial_weights: str | None = None  # a file with those that a whole segmenter begins with
        self.may_diverge = False  # a callback that measures it says so; else a loss that is not finite is an error
        self.losses: list[Tensor] = []  # of this epoch's batches, left on the device
        self.majority: dict[str, float] = {}  # test scores of a predictor that knows the majority class alone
        self.predicted_classes: int | None = None  # in the test; 1 for a constant prediction; None where there are no classes

    @abstractmethod
    def step(self, batch: Any) -> Output:
        """Model and loss of one batch: plain PyTorch, without logging or a trainer."""

    def inputs(self, batch: Any) -> tuple:
        """The arguments with which `model` is called for a batch."""
        return (batch.image,)

    def check(self, batch: Any, trainer: Trainer) -> None:
        """Raise BadInput where data, task, model and trainer do not fit together."""
        self.check_kind(batch)

    def check_kind(self, batch: Any) -> None:
        """Raise Misfit for a batch of another kind than the task learns from."""
        if batch.kind != self.batch_kind:
            raise Misfit(f"{type(self).__name__} learns from {self.batch_kind}, these data are {batch.kind}")

    def check_single_sample(self, sample: Any, batch_size: int) -> None:
        """Raise BadInput for a network with batch norm that cannot be trained on a batch of one `sample`: its map has one pixel."""
        trial = copy.deepcopy(self).train()
        try:
            with torch.random.fork_rng():
                trial.model(*trial.inputs(sample))
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            line = f"`batch_size`={batch_size} leaves a batch of one sample, and batch norm has no spread over one pixel a channel"
            raise BadInput(f"{line}: another `batch_size`, or model.encoder.norm=group") from None

    def run(self, split: str, batch: Any) -> Output:
        """`step`, for a loop over a split; a task that carries states from batch to batch does so here."""
        return self.step(batch)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Copy `weights`, read from the file `encoder_weights`, into the network's encoder of pictures."""
        raise BadInput("this network has no encoder of pictures; leave it null")

    def load_initial(self, weights: Mapping[str, Tensor]) -> list[str]:
        """Copy what fits of `weights`, read from the file `initial_weights`; the names of the network's weights that stay new."""
        raise BadInput("only a segmenter starts from another network's weights; leave it null")

    def trained_on(self, key: str) -> Any:
        """What the config says of the data that it was trained on, such as "image_size".

        Raises:
            BadInput: it says nothing.
        """
        if (value := self.config["data"].get(key)) is None:
            raise BadInput(f"the checkpoint does not know the {key} of the data that its network was trained on")
        return value

    @classmethod
    def load_from_checkpoint(cls, checkpoint_path: Any, *_: Any, **__: Any) -> NoReturn:
        """Raise BadInput: a checkpoint holds the composed config, from which `ablate.load` builds the network."""
        raise BadInput(f"{cls.__name__} is not loaded by Lightning: ablate.load({str(checkpoint_path)!r}) is ready to predict")

    # --- the three loops ---------------------------------------------------------------------------

    def on_train_epoch_start(self) -> None:
        self.losses, self.epoch_start = [], self.global_step

    def on_train_batch_start(self, batch: tuple, batch_idx: int) -> None:
        # What is random in a step (dropout) depends on seed and step alone, so that a continued run repeats it.
        # torch.manual_seed would take 1 ms here: where CUDA is not in use, it keeps a stack trace for it each time.
        batches = self.trainer.accumulate_grad_batches
        seed = self.config.get("seed", 0) * 1_000_003 + self.global_step * batches + batch_idx % batches
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def training_step(self, batch: tuple, batch_idx: int) -> Tensor:
        output = self.run("train", batch)
        self._keep(output, batch_idx)
        return output.loss

    def on_train_batch_end(self, outputs: object, batch: tuple, batch_idx: int) -> None:
        if self.is_log_step(batch_idx) or self.trainer.is_last_batch:
            self._stop_if_not_finite()
        if self.trainer.is_last_batch:  # not in on_train_epoch_end: callbacks would read these an epoch late
            mean = torch.stack(self.losses).double().mean().float()
            self.log("train/loss", mean, on_step=False, on_epoch=True, sync_dist=True, batch_size=1, logger=False)
            self._log_metrics("train")

    def on_train_epoch_end(self) -> None:
        # Here and not by Lightning, which logs an epoch after last.ckpt is written: a kill between the two would lose it.
        values = {tag: float(value) for tag, value in self.trainer.callback_metrics.items() if tag.startswith("train/")}
        for logger in self.loggers:
            logger.log_metrics(values, step=self.global_step)
            logger.save()

    def validation_step(self, batch: tuple, batch_idx: int) -> None:
        self._evaluate("val", batch)

    def test_step(self, batch: tuple, batch_idx: int) -> None:
        self._evaluate("test", batch)

    def on_validation_epoch_end(self) -> None:
        self._log_metrics("val")

    def on_test_epoch_end(self) -> None:
        for metric in self.metrics["test_"].values():
            if isinstance(metric, ConfusionScores):
                with metric.sync_context():
                    self.majority = {f"test/{name}": float(value) for name, value in metric.majority().items()}
                    self.predicted_classes = metric.predicted_classes()
        self._log_metrics("test")

    def metric_tags(self, split: str) -> list[str]:
        """Names under which the metrics of a split are logged."""
        with warnings.catch_warnings(action="ignore"):  # torchmetrics says that nothing was updated, which is so
            values = {name: metric.clone().compute() for name, metric in self.metrics[f"{split}_"].items()}
        names = [n for name, value in values.items() for n in (value if isinstance(value, dict) else [name])]
        return [f"{split}/{name}" for name in [*names, "loss"]]

    # --- shared ----------------------------------------------------------------------------------

    def is_log_step(self, batch_idx: int) -> bool:
        """Whether the training metrics see this batch."""
        return batch_idx % self.trainer.log_every_n_steps == 0

    def _keep(self, output: Output, batch_idx: int) -> None:
        self.losses.append(output.loss.detach())
        if self.is_log_step(batch_idx):
            self._update("train", output)

    def _evaluate(self, split: str, batch: Any) -> None:
        output = self.run(split, batch)
        weight = len(output.target) if output.weight is None else output.weight
        self.mean_loss[f"{split}_"].update(output.loss, weight=weight)
        self._update(split, output)

    def _update(self, split: str, output: Output) -> None:
        """Update the metrics of a split with a batch."""
        for metric in self.metrics[f"{split}_"].values():
            metric.update(output.prediction, output.target)

    def _log_metrics(self, split: str) -> None:
        values: dict[str, Tensor] = {}
        for name, metric in self.metrics[f"{split}_"].items():
            value = metric.compute()
            values |= value if isinstance(value, dict) else {name: value}
            metric.reset()
        if f"{split}_" in self.mean_loss:
            values["loss"] = self.mean_loss[f"{split}_"].compute()
            self.mean_loss[f"{split}_"].reset()
        values = {f"{split}/{name}": value.float() for name, value in values.items()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=1, logger=split != "train")

    def _stop_if_not_finite(self) -> None:
        if not self.may_diverge and len(bad := torch.stack(self.losses).isfinite().logical_not().nonzero()):
            step = self.epoch_start + int(bad[0]) // self.trainer.accumulate_grad_batches
            hint = "lower optimizer.lr or task.optimisation.gradient_clip"
            raise BadInput(f"the loss is not finite at step {step}; the last good checkpoint is kept: {hint}")

    # --- Lightning's hooks -------------------------------------------------------------------------

    def configure_optimizers(self) -> dict:
        return self.optimisation.configure(self.parameters(), int(self.trainer.estimated_stepping_batches))

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        # Not by the trainer, which refuses to clip where a task calls its optimiser itself. Callbacks come before this, so
        # that they see the norm before clipping.
        self.optimisation.clip(self.parameters())

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        if self._trainer is not None and isinstance(data := self._trainer.datamodule, DataModule):
            data.first_epoch = checkpoint["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["config"], checkpoint["overrides"] = self.config, self.overrides
        checkpoint["tokenisers"] = {name: tokeniser.state() for name, tokeniser in self.tokenisers.items()}
        checkpoint["may_diverge"] = self.may_diverge
