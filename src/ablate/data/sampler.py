"""In which order sequences become batches: of like lengths, or side by side along one text."""

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import DistributedSampler, Sampler

from ablate.errors import BadInput


class Buckets(Sampler[list[int]]):
    """Batches of sequences of about one length, so that little is padded.

    `sampler` gives the order; each `pool` batches of it are sorted by length, cut, and the batches of all pools shuffled
    where the sampler shuffles. With the sampler's seed and epoch the order is always the same.

    Attributes:
        sampler: Lightning tells it the epoch.
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
        places = list(range(len(batches)))
        if self.sampler.shuffle:
            generator = torch.Generator().manual_seed(self.sampler.seed + self.sampler.epoch)
            places = torch.randperm(len(batches), generator=generator).tolist()
        for i in places:  # one after the other: of a continued run, Lightning makes the iterator first and tells the epoch then
            yield batches[i]


class Tracks(Sampler[list[int]]):
    """Batches along a text cut into `chunks` pieces: row r goes through the r-th stretch of it, one piece a batch.

    The last stretch may be shorter than the others; then the last batches have a row less. Of several processes, each has
    `batch_size` stretches of its own.

    Args:
        even: all stretches of all processes are equally long, as a training in step needs it; what is left over is left out.
    """

    def __init__(self, chunks: int, batch_size: int, processes: int = 1, process: int = 0, even: bool = False) -> None:
        rows = batch_size * processes
        if even and chunks < rows:
            raise BadInput(f"a text of {chunks} pieces cannot be read at {rows} places: lower `batch_size` or `length`")
        self.steps = chunks // rows if even else -(-chunks // rows)
        chunks = self.steps * rows if even else chunks
        starts = range(process * batch_size * self.steps, (process + 1) * batch_size * self.steps, self.steps)
        self.rows = [range(start, min(start + self.steps, chunks)) for start in starts if start < chunks]

    def __len__(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    def __iter__(self) -> Iterator[list[int]]:
        return ([row[step] for row in self.rows if step < len(row)] for step in range(len(self)))
