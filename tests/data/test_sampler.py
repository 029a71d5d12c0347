"""The order of sequences: alike in length within a batch, or side by side along one text; every one exactly once."""

import pytest
import torch
from sequence_data import SPLITS, dataset
from torch.utils.data import DistributedSampler

from ablate.data.datamodule import DataModule
from ablate.data.sampler import BPTTBatchSampler, BucketBatchSampler
from ablate.errors import BadInput

LENGTHS = torch.randint(1, 60, (1003,), generator=torch.Generator().manual_seed(0)).tolist()


def buckets(seed=0, epoch=0, shuffle=True, processes=1, process=0):
    sampler = DistributedSampler(LENGTHS, processes, process, shuffle=shuffle, seed=seed)
    order = BucketBatchSampler(sampler, LENGTHS, 16, 20)
    order.sampler.set_epoch(epoch)
    return order


@pytest.mark.parametrize("shuffle", [False, True])
def test_buckets_hold_every_index_once(shuffle):
    order = buckets(shuffle=shuffle)
    batches = list(order)
    assert sorted(i for batch in batches for i in batch) == list(range(1003))
    assert len(batches) == len(order) == 63 and max(map(len, batches)) == 16


def test_buckets_depend_on_seed_and_epoch_alone():
    assert list(buckets(3, 5)) == list(buckets(3, 5)) != list(buckets(3, 6))
    assert list(buckets(3, 5)) != list(buckets(4, 5))


def test_lengths_within_a_bucket_are_alike_and_batches_come_in_no_order_of_length():
    def padded(batches):
        return sum(len(batch) * max(LENGTHS[i] for i in batch) for batch in batches) / sum(LENGTHS)

    batches, shuffled = list(buckets()), torch.randperm(1003).tolist()
    assert padded(batches) < 1.1 < 1.5 < padded([shuffled[i : i + 16] for i in range(0, 1003, 16)])
    longest = torch.tensor([float(max(LENGTHS[i] for i in batch)) for batch in batches])
    assert abs(torch.corrcoef(torch.stack((longest, torch.arange(63.0))))[0, 1]) < 0.4


def test_processes_share_the_buckets():
    parts = [[i for batch in buckets(processes=2, process=p) for i in batch] for p in range(2)]
    assert len(parts[0]) == len(parts[1]) == 502 and set(parts[0]) | set(parts[1]) == set(range(1003))


@pytest.mark.parametrize("chunks, size", [(12, 3), (13, 3), (10, 4), (2, 5), (1, 1), (7, 1)])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_tracks_hold_every_piece_once_and_every_row_goes_on(chunks, size, processes):
    seen = []
    for process in range(processes):
        batches = list(order := BPTTBatchSampler(chunks, size, processes, process))
        assert len(batches) == len(order)
        for before, after in zip(batches, batches[1:]):
            assert len(after) <= len(before) <= size  # so the last batches may be smaller
            assert after == [i + 1 for i in before[: len(after)]]
        seen += [i for batch in batches for i in batch]
    assert sorted(seen) == list(range(chunks))


def test_tracks_of_a_training_in_step_are_even():
    parts = [list(BPTTBatchSampler(29, 3, 3, process, even=True)) for process in range(3)]
    assert all([len(batch) for batch in part] == [3, 3, 3] for part in parts)
    assert sorted(i for part in parts for batch in part for i in batch) == list(range(27))
    with pytest.raises(BadInput, match="a text of 8 pieces cannot be read in 9 rows at once"):
        BPTTBatchSampler(8, 3, 3, 0, even=True)


def test_an_epoch_has_its_order_and_repeats_it_in_a_continued_run():
    data = dataset("marked_symbol")

    def order(epoch, seed=0):
        loader = DataModule(data, 64, 0, None, dict(zip(SPLITS, SPLITS)), True, seed, 50).train_dataloader()
        loader.batch_sampler.sampler.set_epoch(epoch)
        return list(loader.batch_sampler)

    assert order(1) == order(1) != order(2) and order(1) != order(1, seed=1)
