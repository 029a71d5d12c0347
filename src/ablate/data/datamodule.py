"""The one data module: splits, order, augmentation, and what runs on the device."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.overrides.distributed import UnrepeatedDistributedSampler
from torch.utils.data import DataLoader, DistributedSampler, Sampler, SequentialSampler

from ablate.data.augmentation import Augmentation
from ablate.data.batch import Batch, SegmentationBatch
from ablate.data.dataset import Dataset
from ablate.data.sampler import BPTTBatchSampler, BucketBatchSampler
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.schema.options import Range, Seed, Whole, checked


class DataModule(LightningDataModule):
    """Loaders over the splits of one data set.

    The order of epoch e of a training depends on (seed, e) alone, the augmentation of a batch on (seed, step) alone: a continued
    run sees what the uninterrupted one would have seen.

    Args:
        dataset: called with `split=`, it gives a `Dataset`.
        num_workers: processes that load batches; 0: the main process does.
        augmentation: applied to training batches of pictures with masks; None: none.
        splits: train, val and test, each with the name that `dataset` gets for it; the first one fits the tokenisers.
        shuffle: the training split in another order each epoch.
        bucket: sequences of similar length come in one batch, sorted over so many batches; 0: they come in order.

    Raises:
        BadInput: a wrong size, or whatever a data set finds wrong with its files, before any training.
    """

    @checked
    def __init__(
        self,
        dataset: Callable[..., Dataset],
        batch_size: Annotated[int, Range(1, 2**16)],
        num_workers: Annotated[int, Range(0, 1024)],
        augmentation: Augmentation | None,
        splits: dict[str, str],
        shuffle: bool,
        seed: Seed,
        bucket: Whole = 0,
    ) -> None:
        super().__init__()
        self.batch_size, self.num_workers, self.bucket = batch_size, num_workers, bucket
        self.dataset = dataset
        self.augmentation = augmentation
        self.splits, self.shuffle, self.seed = splits, shuffle, seed
        self._given_tokenisers: Mapping[str, Tokeniser] = {}
        self.first_epoch = 0  # of a continued run, known before Lightning tells it: worker processes ask for batches at once

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """Every split, opened at first use; all have the tokenisers that are fitted on the first one, the training split."""
        opened = {name: self.dataset(split=split) for name, split in self.splits.items()}
        tokenisers = self._given_tokenisers or next(iter(opened.values())).fit_tokenisers()
        for dataset in opened.values():
            dataset.set_tokenisers(tokenisers)
        return opened

    @property
    def tokenisers(self) -> Mapping[str, Tokeniser]:
        """Those of the training split; none where data are no text."""
        return self.datasets["train"].tokenisers

    def use_tokenisers(self, tokenisers: Mapping[str, Tokeniser]) -> None:
        """Number texts with the tokenisers of a trained network; to be called before the data sets are used."""
        self._given_tokenisers = tokenisers

    def inferred_config(self) -> dict[str, Any]:
        """What a config leaves to the data."""
        return self.datasets["train"].inferred_config()

    @property
    def tests_on_val(self) -> bool:
        """Whether the test split has the samples of the validation split, by their number and by three of them."""
        val, test = self.datasets["val"], self.datasets["test"]
        places = {0, len(val) // 2, len(val) - 1}
        return len(val) == len(test) and all(_equal(val[i], test[i]) for i in places)

    def smallest_batch(self, processes: int = 1) -> int:
        """How many samples the smallest batch of an epoch of training has."""
        samples = -(-len(self.datasets["train"]) // processes)
        return min(samples, samples % self.batch_size or self.batch_size)

    def check(self, *splits: str) -> None:
        """Let the data sets that can verify their files do so, and the augmentation, now and not in the middle of a training."""
        for split in splits:
            self.datasets[split].check(self.batch_size)
        if "train" in splits:
            self.smallest_picture("train")

    def smallest_picture(self, split: str) -> SegmentationBatch | None:
        """The smallest picture of a split as a batch, augmented in the training split. None where labels are no pictures."""
        dataset = self.datasets[split]
        batch = dataset.finish(dataset.collate([dataset[dataset.smallest]]))
        if not isinstance(batch, SegmentationBatch):
            return None
        if split == "train" and self.augmentation is not None:
            return self.augmentation(batch, torch.Generator().manual_seed(0))
        return batch

    def check_shares(self, processes: int) -> None:
        """Raise BadInput where one of several processes would have nothing to evaluate."""
        for split in ("val", "test"):
            dataset = self.datasets[split]
            rows = len(dataset)
            if dataset.stream:
                rows = len(BPTTBatchSampler(rows, self.batch_size, 1).rows)
            if rows < processes:
                each = "stretches that are read side by side (`batch_size`)" if dataset.stream else "samples"
                raise BadInput(f"trainer.devices: {processes} processes cannot share the {rows} {each} of the {split} split")

    def train_dataloader(self) -> DataLoader:
        sampler = self._sampler(DistributedSampler, "train", shuffle=self.shuffle, seed=self.seed * 1_000_003)
        sampler.set_epoch(self.first_epoch)
        return self._loader("train", sampler)

    def val_dataloader(self) -> DataLoader:
        return self._loader("val", self._sampler(UnrepeatedDistributedSampler, "val", shuffle=False))

    def test_dataloader(self) -> DataLoader:
        return self._loader("test", self._sampler(UnrepeatedDistributedSampler, "test", shuffle=False))

    def on_after_batch_transfer(self, batch: tuple, dataloader_idx: int) -> Batch:
        split = self._split
        batch = self.datasets[split].finish(batch)
        if split == "train" and self.augmentation is not None and isinstance(batch, SegmentationBatch):
            step = self._batches_before() * self.trainer.world_size + self.trainer.global_rank
            batch = self.augmentation(batch, torch.Generator().manual_seed(self.seed * 1_000_003 + step))
        return batch if split == "train" else self.datasets[split].with_references(batch)

    def _batches_before(self) -> int:
        """As many as steps were taken, where a step is taken for each batch; of others that are gathered for one, too."""
        batches = self.trainer.accumulate_grad_batches
        return self.trainer.global_step * batches + self.trainer.fit_loop.epoch_loop.batch_progress.current.ready % batches

    def example_batch(self, split: str, count: int, device: torch.device | str = "cpu") -> Batch:
        """Up to `count` samples as a batch, spread evenly over a split because neighbours may be frames of one film.

        Where pictures differ in size, the first one alone.
        """
        dataset = self.datasets[split]
        count = min(count, len(dataset))
        samples = [dataset[i * len(dataset) // count] for i in range(count)]
        try:
            raw = dataset.collate(samples)
        except BadInput:
            raw = dataset.collate(samples[:1])
        return dataset.with_references(dataset.finish(self.transfer_batch_to_device(raw, torch.device(device), 0)))

    def batches(self, split: str) -> Iterator[Batch]:
        """The whole split once, in order, unaugmented, on the CPU."""
        loader = self._loader(split, SequentialSampler(self.datasets[split]))
        return (self.datasets[split].finish(raw) for raw in loader)

    @property
    def _split(self) -> str:
        state = self.trainer
        return "train" if state.training else "test" if state.testing else "val"

    def _sampler(self, kind: type, split: str, **options: object) -> DistributedSampler:
        world, rank = (self.trainer.world_size, self.trainer.global_rank) if self.trainer else (1, 0)
        return kind(self.datasets[split], num_replicas=world, rank=rank, **options)

    def _loader(self, split: str, sampler: Sampler) -> DataLoader:
        dataset = self.datasets[split]
        return DataLoader(
            dataset,
            **self._order(split, sampler),
            collate_fn=dataset.collate,
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
            pin_memory=torch.cuda.is_available(),
        )

    def _order(self, split: str, sampler: Sampler) -> dict[str, Any]:
        """The arguments of `DataLoader` that say which samples a batch has: `batch_sampler`, or `batch_size` and `sampler`."""
        dataset = self.datasets[split]
        if dataset.stream:
            world, rank = (sampler.num_replicas, sampler.rank) if isinstance(sampler, DistributedSampler) else (1, 0)
            even = world > 1 and type(sampler) is DistributedSampler  # a training: its processes wait for each other
            return {"batch_sampler": BPTTBatchSampler(len(dataset), self.batch_size, world, rank, even)}
        if self.bucket and isinstance(sampler, DistributedSampler):
            return {"batch_sampler": BucketBatchSampler(sampler, dataset.lengths, self.batch_size, self.bucket)}
        return {"batch_size": self.batch_size, "sampler": sampler}


def _equal(one: Any, other: Any) -> bool:
    """Whether two samples, or parts of samples, are equal."""
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return np.array_equal(one, other)
