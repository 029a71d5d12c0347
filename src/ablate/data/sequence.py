"""What all data sets of sequences share: samples, and how they become a padded batch."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ablate.data.batch import IGNORE, SequenceBatch
from ablate.data.dataset import Dataset
from ablate.data.text.tokeniser import PAD
from ablate.errors import BadInput


class Sample(NamedTuple):
    """One sequence with its target."""

    input: Int[Tensor, " t"] | Float[Tensor, "t d"]
    target: Int[Tensor, ""] | Float[Tensor, ""] | Int[Tensor, " t"]
    index: int


class SequenceDataset(Dataset):
    """One split of sequences. A subclass makes samples, and says how long each is."""

    def collate(self, samples: list[Sample]) -> SequenceBatch:
        """Samples padded behind their ends to the longest."""
        inputs = [sample.input for sample in samples]
        sizes = [len(each) for each in inputs]
        if min(sizes) < 1:
            empty = samples[sizes.index(min(sizes))].index
            raise BadInput(f"sample {empty} is an empty sequence; the least length is 1")
        a_step = samples[0].target.ndim > 0
        target = pad_sequence([s.target for s in samples], True, IGNORE) if a_step else torch.stack([s.target for s in samples])
        lengths = None if min(sizes) == max(sizes) else torch.tensor(sizes)
        index = torch.tensor([sample.index for sample in samples])
        return SequenceBatch(pad_sequence(inputs, True, PAD), lengths, target, index, self.stream)
