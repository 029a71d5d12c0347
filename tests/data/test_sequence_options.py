"""What holds for every option of conf/data that is a sequence; and the digits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from refusals import refusals
from sequence_data import CONF, FOLDERS, SPLITS, config, dataset, opened, opened_option
from sklearn.datasets import load_digits

from ablate.data.batch import IGNORE
from ablate.data.datamodule import DataModule
from ablate.data.text.tokeniser import PAD, Tokeniser

PICTURES = "camvid captions coco flickr8k folder glyphs scene_captions scene_crops scene_questions scenes".split()
PICTURES += ["scenes_random_masks", "voc", "voc_crops"]
DIGITS = ("binary_digits", "placed_digits")
PAIRS = ("babi", "copy_pairs", "dates", "multi30k", "pairs", "questions")  # and stories: test_one_to_many_batches.py
TREES = ("expressions", "sst_trees")
OPTIONS = [path.stem for path in sorted(CONF.glob("*.yaml")) if path.stem not in (*PICTURES, *DIGITS, *PAIRS, *TREES)]
OWN_SPLITS = ("names", "names_folder", "rt_polarity", "names_lm", "imdb")  # no text is in two of them
KEYS = ("root batch_size num_workers num_classes class_names vocabulary_size input_size max_length bucket dataset").split()


def marked(name: str) -> object:
    """An option whose tests share one process, and so one reading of its data; published data are slow."""
    return pytest.param(name, marks=[pytest.mark.xdist_group(name), *[pytest.mark.slow] * (name in FOLDERS)])


@pytest.fixture(scope="module", params=map(marked, OPTIONS))
def option(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """(name, config, data module)"""
    name, changes = request.param, {}
    if name in FOLDERS:
        changes["root"] = str(request.getfixturevalue("real_data") / FOLDERS[name])
    elif name == "imdb":
        changes["root"] = str(write_imdb(tmp_path_factory.mktemp("imdb")))
    elif name == "text":
        changes["root"] = str(tmp_path_factory.mktemp("text") / "book.txt")
        Path(changes["root"]).write_text("One fish, two fish.\n" * 400)
    elif name == "table":
        changes["root"] = str(tmp_path_factory.mktemp("table") / "own.csv")
        Path(changes["root"]).write_text("text,label\n" + "".join(f"{i * 'very '}good,{'ab'[i % 2]}\n" for i in range(60)))
    elif name == "tagged":
        changes["root"] = str(tmp_path_factory.mktemp("tagged") / "own.conll")
        sentence = lambda i: "very ADV\n" * i + ("good A\n\n" if i % 2 else "fish N\n\n")  # noqa: E731
        Path(changes["root"]).write_text("".join(map(sentence, range(60))))
    data = config(name, **changes)
    return name, data, DataModule(dataset(name, **changes), 7, 0, None, dict(zip(SPLITS, SPLITS)), True, 0, data.bucket)


def write_imdb(root: Path) -> Path:
    for split in ("train", "test"):
        for label in ("pos", "neg"):
            folder = root / split / label
            folder.mkdir(parents=True)
            for i in range(60):
                (folder / f"{i}_7.txt").write_text(f"A {label} film!<br /><br />It's number {i} of {split}.")
    return root


def test_the_keys_are_there(option):
    name, data, _ = option
    assert (CONF / f"{name}.yaml").read_text().startswith("# ")
    assert set(KEYS) <= set(data), set(KEYS) - set(data)
    assert data.class_names is None or len(data.class_names) == data.num_classes


def test_samples_are_of_the_stated_kind(option):
    _, data, module = option
    splits = module.datasets
    size = splits["train"].inferred_config().get("vocabulary_size", data.vocabulary_size)
    classes = data.num_classes or size
    for each in splits.values():
        assert len(each) == len(each.lengths) > 0
        for i in [*range(0, len(each), 1 + len(each) // 100), len(each) - 1]:
            sample = each[i]
            assert (sample.index, len(sample.input)) == (i, each.lengths[i])
            assert 1 <= len(sample.input) <= data.max_length
            if data.input_size is None:
                assert sample.input.ndim == 1 and sample.input.dtype == torch.int64
                assert sample.input.min() > PAD and sample.input.max() < size
            else:
                assert sample.input.shape[1:] == (data.input_size,) and sample.input.dtype == torch.float32
            if sample.target.is_floating_point():
                assert sample.target.ndim == 0 and sample.target.dtype == torch.float32
            else:
                scored = sample.target[sample.target != IGNORE]
                assert len(scored) and scored.min() >= 0 and scored.max() < classes
                assert sample.target.ndim == 0 or len(sample.target) == len(sample.input)


def test_a_batch_changes_nothing(option):
    each = option[2].datasets["test"]
    some = sorted({0, len(each) // 3, len(each) // 2, len(each) - 1})
    batch = each.collate([each[i] for i in some])
    assert batch.index.tolist() == some and batch.stream == each.stream
    lengths = [each.lengths[i] for i in some] if batch.lengths is None else batch.lengths.tolist()
    for row, (i, length) in enumerate(zip(some, lengths, strict=True)):
        sample = each[i]
        assert torch.equal(batch.input[row, :length], sample.input) and (batch.input[row, length:] == 0).all()
        if sample.target.ndim:
            assert torch.equal(batch.target[row, :length], sample.target)
            assert (batch.target[row, length:] == IGNORE).all()
        else:
            assert batch.target[row] == sample.target
    alone = each.collate([each[some[-1]]])
    assert alone.lengths is None and torch.equal(alone.input[0], each[some[-1]].input)


def test_made_twice_it_is_the_same_with_the_vocabulary_of_the_training_split(option):
    name, data, module = option
    splits = module.datasets
    again = opened(dataset(name, **({"root": data.root} if data.root else {})), "val")
    for name, tokeniser in again.tokenisers.items():
        assert tokeniser.state() == splits["train"].tokenisers[name].state()
    assert list(again.lengths) == list(splits["val"].lengths)
    for i in range(0, len(again), 1 + len(again) // 50):
        one, other = again[i], splits["val"][i]
        assert torch.equal(one.input, other.input) and torch.equal(one.target, other.target)


def test_the_vocabulary_can_be_given(option):
    name, data, module = option
    splits = module.datasets
    if not splits["train"].tokenisers:
        assert data.vocabulary_size or data.input_size
        assert splits["train"].inferred_config() == {}
        return
    tokeniser = splits["train"].tokenisers["source"]
    tokens = tokeniser.vocabulary.tokens
    assert splits["val"].inferred_config()["vocabulary_size"] == len(tokens) and data.vocabulary_size is None
    few = Tokeniser.from_state({**tokeniser.state(), "tokens": tokens[:10]})
    given = opened(dataset(name, **({"root": data.root} if data.root else {})), "val", {"source": few})
    assert given.tokenisers["source"].vocabulary.tokens == tokens[:10]
    assert max(int(given[i].input.max()) for i in range(min(50, len(given)))) < 10


def test_the_splits_differ(option):
    name, _, module = option
    splits = module.datasets
    few = 10_000_000 if name in OWN_SPLITS else 1000
    some = {split: range(0, len(each), 1 + len(each) // few) for split, each in splits.items()}
    texts = {split: {tuple(each[i].input.ravel().tolist()) for i in some[split]} for split, each in splits.items()}
    if name in OWN_SPLITS:
        unknown = {split: {text for text in of if 1 in text} for split, of in texts.items()}  # two of them may read alike
        known = {split: of - unknown[split] for split, of in texts.items()}
        assert known["train"].isdisjoint(known["val"] | known["test"]) and known["val"].isdisjoint(known["test"])
    elif name != "text":  # which is the same line again and again
        assert len(texts["test"] - texts["train"]) > 0.5 * len(texts["test"])


def test_the_data_module_gives_every_sample_once(option):
    _, _, module = option
    seen = [i for batch in module.val_dataloader() for i in batch.index.tolist()]
    assert sorted(seen) == list(range(len(module.datasets["val"])))


def test_all_digits_are_there_once_with_their_labels():
    found = [dataset("digits")(split=split) for split in SPLITS]
    assert [len(each) for each in found] == [1442, 179, 176]
    pixels = torch.cat([each.inputs.flatten(1) for each in found]).numpy() * 16
    labels = np.concatenate([each.labels.numpy() for each in found])
    rows = sorted((tuple(picture), int(label)) for picture, label in zip(pixels, labels, strict=True))
    known = load_digits()
    assert rows == sorted((tuple(picture), int(label)) for picture, label in zip(known.data, known.target, strict=True))
    for each in found:
        share = np.bincount(each.labels.numpy(), minlength=10) / np.bincount(known.target) / len(each) * 1797
        assert share.min() > 0.9 and share.max() < 1.1


def test_rows_and_pixels_of_a_digit_are_one_picture_and_a_permutation_moves_pixels():
    rows, pixels = dataset("digits")(split="val"), dataset("digits_pixels")(split="val")
    moved = dataset("digits_pixels", dataset__permute=True)
    assert rows[3].input.shape == (8, 8) and pixels[3].input.shape == (64, 1)
    assert torch.equal(rows[3].input.flatten(), pixels[3].input.flatten())
    order = [np.argsort(moved(split=split).inputs[:, :, 0].sum(0).numpy(), kind="stable") for split in ("train", "train")]
    assert (order[0] == order[1]).all()
    shuffled, plain = moved(split="val").inputs[:, :, 0], pixels.inputs[:, :, 0]
    assert not torch.equal(shuffled, plain) and torch.equal(shuffled.sort(1).values, plain.sort(1).values)
    columns = {tuple(column.tolist()) for column in plain.T}
    assert all(tuple(column.tolist()) in columns for column in shuffled.T)  # one permutation for all pictures


test_bad_options_of_digits_are_one_line = refusals(
    ("digits", {"dataset__permute": True}, "permute=true needs order=pixels, not rows"),
    ("digits", {"dataset__order": "columns"}, "order='columns' is unknown"),
    ("digits", {"class_names": ["0", "1"]}, "class_names=.* must be a list of 10"),
    ("digits", "trai", "did you mean 'train'"),
    of=opened_option,
)
