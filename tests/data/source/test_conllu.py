"""Parts of speech from CoNLL-U files."""

from functools import partial
from pathlib import Path

import pytest
from refusals import refusals
from sequence_data import FOLDERS, SPLITS, config, dataset, opened, with_tokeniser

from ablate.data.source.conllu import PartsOfSpeech
from ablate.data.text.tokeniser import SPECIAL, UNKNOWN
from ablate.errors import BadInput

FILES = {"train": "a.conllu", "val": "b.conllu", "test": "b.conllu"}


def line(number: str, form: str, tag: str) -> str:
    return "\t".join([number, form, "_", tag, *"______"])


SENTENCES = [
    "# text = The dogs don't",
    line("1", "The", "DET"),
    line("2", "dogs", "NOUN"),
    line("3-4", "don't", "_"),
    line("3", "do", "AUX"),
    line("4", "n't", "PART"),
    line("4.1", "bark", "VERB"),
    "",
    "# a second",
    line("1", "the", "DET"),
    line("2", "Zürich", "PROPN"),
    "",
    "",
]


def tagged(root: Path, lines: list[str] = SENTENCES, split: str = "train", **options: object) -> PartsOfSpeech:
    for name in ("a.conllu", "b.conllu"):
        (root / name).write_text("\n".join(lines), encoding="utf-8")
    names = list(config("ewt").class_names)
    options = with_tokeniser(**{"lower": True, "max_length": None, **options})
    return opened(partial(PartsOfSpeech, root=str(root), files=FILES, class_names=names, **options), split)


def test_words_and_tags(tmp_path: Path):
    data = tagged(tmp_path)
    names = config("ewt").class_names
    tags = [[names[tag] for tag in data[j].target.tolist()] for j in range(2)]
    words = [data.tokenisers["source"].decode(data[j].input.tolist()) for j in range(2)]
    assert words == [["the", "dogs", "do", "n't"], ["the", "zürich"]]
    assert tags == [["DET", "NOUN", "AUX", "PART"], ["DET", "PROPN"]]
    assert data.tokenisers["source"].vocabulary.tokens[:5] == [*SPECIAL, "the"] and data.lengths == [4, 2]


def test_rare_words_are_unknown_and_long_sentences_cut(tmp_path: Path):
    data = tagged(tmp_path, min_count=2, max_length=3)
    assert data[0].input.tolist() == [4, UNKNOWN, UNKNOWN] and len(data[0].target) == 3
    assert (data.cut, data.lengths) == (1, [3, 2])
    assert tagged(tmp_path, lower=False)[0].input[0] != tagged(tmp_path, lower=False)[1].input[0]


test_bad_lines_are_named = refusals(
    (["# one", "1\tThe\tthe\tDET"], "a.conllu:2: 4 columns between tabs, not 10: '1.tThe"),
    ([line("1", "a", "X"), "1 The the DET"], "a.conllu:2: 1 columns"),
    ([line("one", "a", "X")], "a.conllu:1: the id 'one' is no number"),
    ([line("1", " ", "X")], "a.conllu:1: the word is missing"),
    ([line("1", "a", "X"), line("2", "b", "NUON")], "a.conllu:2: the label 'NUON' .*did you mean 'NOUN'"),
    ([line("1", "a", "_")], "a.conllu:1: the label is missing"),
    (["# nothing", "", "# at all"], "a.conllu holds no sentence"),
    ([""], "a.conllu is empty"),
    ({"split": "vla"}, "did you mean 'val'"),
    of=tagged,
    fixtures=["tmp_path"],
)


def test_a_missing_file_says_what_belongs_there(tmp_path: Path):
    with pytest.raises(BadInput, match="en_ewt-ud-dev.conllu: it is missing; root should hold en_.*git clone"):
        dataset("ewt", root=str(tmp_path))(split="val")


def test_the_published_counts(real_data: Path):
    make = dataset("ewt", root=str(real_data / FOLDERS["ewt"]), max_length=None)
    train, *_ = found = [opened(make, split) for split in SPLITS]
    assert [len(each) for each in found] == [12_544, 2_001, 2_077]
    assert [sum(each.lengths) for each in found] == [204_577, 25_147, 25_094]
    assert [each.cut for each in found] == [0, 0, 0] and max(train.lengths) == 159 < config("ewt").max_length
    assert {int(tag) for i in range(len(train)) for tag in train[i].target.unique()} == set(range(17))
