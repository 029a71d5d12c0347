"""What every data set offers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch.utils.data

from ablate.data.batch import Batch, CaptionBatch, Truth
from ablate.data.split import Drawn, Split, read_split
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput

INFERRED_KEYS = ("vocabulary_size", "source_vocabulary_size")  # keys of `data` that a config leaves to the data, as null
T = TypeVar("T")
CHOSEN_KEYS = ("labels", "palette")  # the same, of which the config may say something else than what the data would
CLASS_KEYS = (*CHOSEN_KEYS, "class_names", "num_classes")  # of which a trained network keeps its own


class Dataset(torch.utils.data.Dataset, ABC):
    """One split of a data set: samples by number, and how samples become a batch.

    Attributes:
        stream: sample i + 1 continues where sample i ends, as in a text that is cut into pieces.
        lengths: steps of every sample, by which batches of similar length are made; None: samples are no sequences.
        cut: how many samples were longer than allowed and have lost their ends.
        drawn: the names of the samples, where they were drawn for this split and no file says so.
        tokenisers: of data with text: "source" for what a network reads, "target" for what it writes.
    """

    stream: bool = False
    lengths: Sequence[int] | None = None
    cut: int = 0
    tokenisers: Mapping[str, Tokeniser] = {}
    drawn: Sequence[str] = ()

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def __getitem__(self, index: int) -> object:
        """Sample number `index`; of data with text, once the tokenisers are set."""

    @abstractmethod
    def collate(self, samples: list) -> tuple:
        """Samples as a batch on the CPU."""

    def finish(self, batch: Any) -> Batch:
        """The batch that a task gets, computed on the device of `batch`. By default `batch` itself."""
        return batch

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        """Tokenisers with the vocabulary of this split, by the keys of `tokenisers`."""
        return self.tokenisers

    def set_tokenisers(self, tokenisers: Mapping[str, Tokeniser]) -> None:
        """Number the texts of this split with `tokenisers`: those fitted on the training split, or a trained network's.

        Raises:
            BadInput: the data have other kinds of text.
        """
        if set(tokenisers) != set(self.tokenisers):
            given, own = (" and ".join(sorted(names)) or "no" for names in (tokenisers, self.tokenisers))
            raise BadInput(f"the network has tokenisers for {given} texts, but these data hold {own} texts")
        self.tokenisers = tokenisers

    def taken(self, read: Callable[[Split], Sequence[T]], split: Split) -> Sequence[T]:
        """What `read` returns for a split, which must not be empty; `drawn` is set where it was drawn."""
        items = read_split(read, split)
        if isinstance(items, Drawn):
            self.drawn = items.names
        return items

    def inferred_config(self) -> dict[str, Any]:
        """What a config leaves to the data: the size of the vocabulary, and of the source's where it has its own; classes."""
        own, source = INFERRED_KEYS
        names = {"source": source} if "target" in self.tokenisers else {}
        return {names.get(side, own): len(tokeniser) for side, tokeniser in self.tokenisers.items()}

    def check(self, batch_size: int = 1) -> None:
        """Find what is wrong with the files now rather than during training.

        Raises:
            BadInput: a file that is damaged or does not fit the others.
        """

    @property
    def smallest(self) -> int:
        """The number of the sample with the shortest side, where pictures differ in size. By default 0."""
        return 0

    def name(self, index: int) -> str:
        """What an error calls a sample: its file, where it has one."""
        return f"sample {index}"

    def with_references(self, batch: Batch) -> Batch:
        """A batch of an evaluation with what its predictions are compared with, beside its targets. By default `batch` itself."""
        return batch


class WritingDataset(Dataset):
    """Data from which a network learns to write: each item (a picture, a pair) has one or more reference texts."""

    @abstractmethod
    def references(self, index: int) -> list[str]:
        """The reference texts of item `index`, not shortened."""

    @property
    def items(self) -> int:
        """Number of items: the batch field `index` counts them, and several samples may share one."""
        return len(self)

    def truth(self, index: Sequence[int]) -> Truth:
        """What texts of the items `index` are compared with."""
        return Truth([self.references(i) for i in index])

    def with_references(self, batch: Any) -> Any:
        return batch._replace(truth=self.truth(batch.index.tolist()))


class CaptionDataset(WritingDataset):
    """Pictures with captions. A batch of an evaluation also has the truth of other pictures as a control: half a split away."""

    def with_references(self, batch: Any) -> CaptionBatch:
        others = [(i + self.items // 2) % self.items for i in batch.index.tolist()]
        return super().with_references(batch)._replace(control=self.truth(others))
