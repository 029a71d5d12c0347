"""Pairs of texts, and the readers of them."""

import gzip
from collections import defaultdict
from datetime import date
from functools import partial
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from refusals import refusals
from sequence_data import FOLDERS, config, dataset, opened, opened_option, with_tokeniser

from ablate.data.batch import IGNORE
from ablate.data.split import SPLITS
from ablate.data.synthetic.symbol_pairs import symbol_pairs
from ablate.data.text.pairs import TextPairs
from ablate.data.text.tokeniser import BEGIN, END, UNKNOWN
from ablate.errors import BadInput

PAIRS = [("ein Hund", "a dog"), ("Die Katze sitzt hier", "the cat sits"), ("ein Kind", "a child")]
SIZES = {"train": 300, "val": 60, "test": 60}


def pairs(split: str = "train", given: list = PAIRS, tokenisers: dict | None = None, **options: object) -> TextPairs:
    options = {"lower": True, "reverse": False, "max_length": None, "read": lambda split: given, **options}
    return opened(partial(TextPairs, **with_tokeniser(**options)), split, tokenisers)


def test_a_batch():
    data = pairs()
    batch = data.collate([data[i] for i in (0, 1)])
    assert batch.source_lengths.tolist() == [2, 4] and batch.index.tolist() == [0, 1] and not batch.source[0, 2:].any()
    assert data.tokenisers["source"].decode(batch.source[1].tolist()) == "die katze sitzt hier".split()
    dog, a = (data.tokenisers["target"].vocabulary.index[word] for word in ("dog", "a"))
    assert batch.input[0].tolist() == [BEGIN, a, dog, 0] and batch.target[0].tolist() == [a, dog, END, IGNORE]
    assert data.references(1) == ["the cat sits"] and data.lengths == [2, 4, 2] and data.cut == 0
    assert data.finish(batch) is batch and batch.description == "pairs, for example one of 4 and 4 steps"
    assert data.inferred_config() == {"source_vocabulary_size": 4 + 7, "vocabulary_size": 4 + 6}


def test_options():
    assert torch.equal(pairs(reverse=True)[1].source.flip(0), pairs()[1].source)
    short = pairs(max_length=3)
    assert short.cut == 1 and short.lengths == [2, 3, 2] and short.references(1) == ["the cat sits"]
    assert pairs(min_count=2)[0].source.tolist() == [4, UNKNOWN]
    letters = pairs(unit="characters", given=[("日本 ١٢", "été"), ("שלום", "e\u0301")])
    assert letters[0].source.shape == (5,) and letters.references(0) == ["été"]
    assert letters[1].target.tolist() == letters[0].target.tolist()[:1]


def test_both_sides_are_numbered_by_the_tokenisers_of_the_training_split():
    data = pairs()
    again = pairs("val", given=[("ein Fisch", "a fish")], tokenisers=data.tokenisers)
    assert again.tokenisers == data.tokenisers and again[0].target.tolist()[1] == UNKNOWN
    for side, tokeniser in pairs("val").tokenisers.items():
        assert tokeniser.state() == data.tokenisers[side].state()  # counted on the training split


test_bad_input_is_one_line = refusals(
    ({"given": []}, "the train split is empty"),
    ({"given": [("a", "b"), (" ", "b")]}, "train pair 1: an empty source"),
    ({"given": [("a", "", "f.de:1")]}, "f.de:1: an empty target"),
    ({"split": "trian"}, "did you mean 'train'"),
    ({"max_length": 0}, "max_length=0"),
    of=pairs,
)


def test_dates():
    data = opened_option("dates", dataset__read__sizes=SIZES)
    texts, days = defaultdict(set), {}
    for split in SIZES:
        split_pairs = opened(dataset("dates", dataset__read__sizes=SIZES), split, data.tokenisers)
        days[split] = {split_pairs.references(i)[0] for i in range(len(split_pairs))}
        assert all(date.fromisoformat(day) and 1900 <= int(day[:4]) < 2100 for day in days[split])
    assert not days["train"] & days["val"] and not days["train"] & days["test"] and not days["val"] & days["test"]
    for i in range(300):
        texts[data.tokenisers["source"].text(data[i].source.tolist())].add(data.references(i)[0])
    assert all(len(of) == 1 for of in texts.values()) and max(data.lengths) <= config("dates").max_length and data.cut == 0
    assert data.inferred_config()["vocabulary_size"] == 4 + 11
    few = opened_option("dates", dataset__read__sizes={"train": 3})
    assert [few.references(i) for i in range(3)] == [data.references(i) for i in range(3)]


def test_a_date_in_each_script():
    from ablate.data.source.dates import dates

    options = {"sizes": {"train": 1}, "styles": ["full"], "seed": 3}
    (french,), (hebrew,) = (dates("train", locales=[name], **options) for name in ("fr", "he"))
    assert french.target == hebrew.target and french.target[:4] in french.source
    assert any("א" <= letter <= "ת" for letter in hebrew.source)


@pytest.mark.parametrize("reverse", [False, True])
def test_symbols(reverse: bool):
    options = {"dataset__read__sizes": SIZES, "dataset__read__reverse": reverse}
    data, given = opened_option("copy_pairs", **options), config("copy_pairs")
    assert data.inferred_config() == {key: given[key] for key in ("source_vocabulary_size", "vocabulary_size")}
    for i in range(100):
        source = data.tokenisers["source"].decode(data[i].source.tolist())
        assert data.references(i)[0].split() == (source[::-1] if reverse else source)
    assert set(data.lengths) == set(range(1, 16))
    longer = {"train": [1, 4], "val": [1, 4], "test": [9, 9]}
    assert set(opened_option("copy_pairs", "test", **options, dataset__read__length=longer).lengths) == {9}
    assert data.references(7) != opened_option("copy_pairs", **options, dataset__read__seed=1).references(7)


COPY = {"sizes": dict.fromkeys(SPLITS, 500), "length": [1, 3], "symbols": 8, "reverse": False, "seed": 0}


def test_a_sequence_to_copy_is_in_one_split_only():
    sources = [{pair.source for pair in symbol_pairs(split, **COPY)} for split in SPLITS]
    assert not sources[0] & (sources[1] | sources[2]) and not sources[1] & sources[2] and len(sources[2]) > 10
    with pytest.raises(BadInput, match=r"symbols=1, length=\[1, 1\]: too few different samples for a split (train|val)"):
        [symbol_pairs(split, **COPY | {"length": [1, 1], "symbols": 1}) for split in SPLITS]


test_bad_options_are_one_line = refusals(
    ("dates", {"dataset__read__locales": ["de", "xx_YY"]}, "'xx_YY' is no locale of Babel's"),
    ("dates", {"dataset__read__styles": ["short"]}, "styles.0='short' is unknown"),
    ("dates", {"dataset__read__styles": []}, r"styles=\[\] must be a list of 1 or more"),
    ("dates", {"dataset__read__sizes": {"val": 3}}, "sizes={'val': 3} has no value for train"),
    ("copy_pairs", {"dataset__read__length": [0, 3]}, "length.0=0 must be a whole number between 1 and"),
    ("copy_pairs", {"dataset__read__length": {"train": [3, 2]}}, r"length.train=\[3, 2\] must be a list of 2 in rising order"),
    ("copy_pairs", {"dataset__read__symbols": 0}, "symbols=0"),
    ("copy_pairs", "trian", "did you mean 'train'"),
    ("multi30k", {"root": "/nowhere"}, "the folder /nowhere is missing; root should hold data/task1/tok"),
    ("multi30k", {"dataset__read__layout": "token"}, "did you mean 'tok'"),
    ("multi30k", {"dataset__read__target": "de"}, "are both 'de'"),
    of=opened_option,
)


def test_multi30k_both_layouts(tmp_path: Path):
    for folder, suffix in (("tok", "lc.norm.tok.{}"), ("raw", "{}.gz")):
        (tmp_path / "data/task1" / folder).mkdir(parents=True)
        for name in ("train", "val", "test_2016_flickr"):
            for language, text in (("de", "Ein Hund .\nZwei Katzen ."), ("en", "A dog .\nTwo cats .")):
                path = tmp_path / "data/task1" / folder / f"{name}.{suffix.format(language)}"
                path.write_bytes(gzip.compress(text.encode()) if folder == "raw" else text.encode())
        data = opened(
            dataset("multi30k", root=str(tmp_path), dataset__read__layout=folder, dataset__tokeniser__min_count=1), "test"
        )
        assert len(data) == 2 and data.references(1) == ["two cats ."]
    (tmp_path / "data/task1/tok/train.lc.norm.tok.en").write_text("A dog .\n")
    with pytest.raises(BadInput, match="tok.de:2 is the last line of one side, .*tok.en:1 of the other"):
        opened_option("multi30k", root=str(tmp_path))
    (tmp_path / "data/task1/raw/train.en.gz").write_bytes(b"no gzip")
    with pytest.raises(BadInput, match="train.en.gz is corrupt or no gzip file"):
        opened_option("multi30k", root=str(tmp_path), dataset__read__layout="raw")


def test_multi30k(real_data: Path):
    sizes = {"val": 1014, "test": 1000}
    for layout in ("tok", "raw"):
        for split, size in sizes.items():
            read = config("multi30k", root=str(real_data / FOLDERS["multi30k"]), dataset__read__layout=layout)
            assert len(instantiate(read.dataset.read)(split)) == size
    data = opened_option("multi30k", root=str(real_data / FOLDERS["multi30k"]))
    assert len(data) == 29000 and data.cut == 0
    assert data.references(0) == ["two young , white males are outside near many bushes ."]
