"""What holds for every data set of captions, pairs and questions: as conf/data builds it, through the one data module."""

import pickle
from functools import cache

import pytest
import torch
from sequence_data import config, dataset, opened

from ablate.data.batch import IGNORE, CaptionBatch, PairBatch, QuestionBatch
from ablate.data.datamodule import DataModule
from ablate.data.text.tokeniser import BEGIN, END

SIZES = {"train": 40, "val": 20, "test": 20}
KINDS = {
    "scene_captions": (CaptionBatch, {"dataset__sizes": SIZES, "image_size": 24}),
    "glyphs": (CaptionBatch, {"image_size": 16}),
    "scene_questions": (QuestionBatch, {"dataset__sizes": SIZES, "image_size": 24}),
    "dates": (PairBatch, {"dataset__read__sizes": SIZES}),
    "copy_pairs": (PairBatch, {"dataset__read__sizes": SIZES}),
}


@cache
def module(name: str) -> DataModule:
    splits = {split: split for split in SIZES}
    bucket = config(name).get("bucket", 0)
    return DataModule(dataset(name, **KINDS[name][1]), 4, 0, None, splits, True, 0, bucket)


@pytest.mark.parametrize("name", KINDS)
def test_batches_of_every_split(name: str):
    data = module(name)
    for split in SIZES:
        batch = data.example_batch(split, 6)
        assert isinstance(batch, KINDS[name][0]) and len(batch.index) == 6 and batch.description
        assert data.datasets[split].tokenisers == data.tokenisers
        if KINDS[name][0] is not QuestionBatch:
            assert batch.truth.references == [data.datasets[split].references(i) for i in batch.index.tolist()]
            assert all(batch.truth.references)
    raw = next(iter(data.train_dataloader()))
    assert len(data.datasets["train"].finish(raw).index) == 4
    assert sum(1 for batch in data.batches("val") if len(batch.index)) == -(-len(data.datasets["val"]) // 4)


@pytest.mark.parametrize("name", KINDS)
def test_what_the_config_says_of_sizes_is_so(name: str):
    options, facts = config(name, **KINDS[name][1]), module(name).inferred_config()
    assert set(facts) <= set(options) and all(options[key] in (None, value) for key, value in facts.items())


@pytest.mark.parametrize("name", [name for name, (kind, _) in KINDS.items() if kind is not QuestionBatch])
def test_each_step_is_told_what_was_right_before(name: str):
    batch = module(name).example_batch("train", 8)
    ends = (batch.target == END).sum(1)
    assert (batch.input[:, 0] == BEGIN).all() and (ends == 1).all()
    after = batch.target[:, :-1]
    going = (after != IGNORE) & (after != END)
    assert torch.equal(batch.input[:, 1:][going], after[going]) and not batch.input[:, 1:][~going].any()


@pytest.mark.parametrize("name", KINDS)
def test_loader_processes_may_get_a_copy(name: str):
    data = opened(dataset(name, **KINDS[name][1]), "val")
    before = data[1]
    again = pickle.loads(pickle.dumps(data))
    one, other = (each.finish(each.collate([sample])) for each, sample in ((data, before), (again, again[1])))
    assert all(a is b or torch.equal(a, b) for a, b in zip(one, other, strict=True))
