"""Samplers that make batches of sequences: of similar lengths, or of rows that each continue along one text."""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import DistributedSampler, Sampler

from ablate.errors import BadInput


class BucketBatchSampler(Sampler[list[int]]):
    """Batches of sequences of similar lengths, so that there is little padding.

    The indices of `pool` batches at a time are sorted by length and cut into batches. All batches are then shuffled, if the
    sampler shuffles. The order depends on the sampler's seed and epoch alone.

    Args:
        sampler: gives the order of the samples; Lightning sets its epoch.
        lengths: steps of every sample.
        pool: number of batches.
    """

    def __init__(self, sampler: DistributedSampler, lengths: Sequence[int], batch_size: int, pool: int) -> None:
        self.sampler, self.lengths, self.batch_size, self.pool = sampler, lengths, batch_size, pool * batch_size

    def __len__(self) -> int:
        return -(-len(self.sampler) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order, batches = list(self.sampler), []
        for start in range(0, len(order), self.pool):
            pool = sorted(order[start : start + self.pool], key=lambda i: self.lengths[i])
            batches += [pool[i : i + self.batch_size] for i in range(0, len(pool), self.batch_size)]
        batch_order = list(range(len(batches)))
        if self.sampler.shuffle:
            generator = torch.Generator().manual_seed(self.sampler.seed + self.sampler.epoch)
            batch_order = torch.randperm(len(batches), generator=generator).tolist()
        for i in batch_order:  # a generator: in a continued run, Lightning makes the iterator before it sets the epoch
            yield batches[i]


class BPTTBatchSampler(Sampler[list[int]]):
    """Batches for truncated backpropagation through time along one text that is cut into `chunks` pieces.

    The text is divided into as many stretches of neighbouring pieces as a batch has rows. Row r of batch t is piece t of stretch
    r, so that each row continues that of the batch before. The last stretch may be shorter than the others; then the last batches
    have a row less. Of several processes that evaluate, each has some of these stretches, and the scores are those of one.

    Args:
        chunks: number of pieces.
        even: the processes train together, and wait for each other: each has `batch_size` stretches of its own, all of one length;
            the pieces that are left over are left out.

    Raises:
        BadInput: with `even`, fewer pieces than rows.
    """

    def __init__(self, chunks: int, batch_size: int, processes: int = 1, process: int = 0, even: bool = False) -> None:
        rows = batch_size * processes if even else batch_size
        if even and chunks < rows:
            raise BadInput(f"a text of {chunks} pieces cannot be read in {rows} rows at once: lower `batch_size` or `length`")
        self.steps = chunks // rows if even else -(-chunks // rows)
        chunks = self.steps * rows if even else chunks
        starts = range(0, chunks, self.steps)
        mine = starts[process * len(starts) // processes : (process + 1) * len(starts) // processes]
        self.rows = [range(start, min(start + self.steps, chunks)) for start in mine]

    def __len__(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    def __iter__(self) -> Iterator[list[int]]:
        return ([row[step] for row in self.rows if step < len(row)] for step in range(len(self)))
