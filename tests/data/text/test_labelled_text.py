"""Texts with a class each, and the readers of them."""

import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from refusals import refusals
from sequence_data import FOLDERS, dataset, opened, with_tokeniser

from ablate.data.source import imdb, names, rt_polarity, sst, trec
from ablate.data.split import hash_fraction, select_split
from ablate.data.text.file import read_filled_lines
from ablate.data.text.labelled import LabelledText
from ablate.data.text.tokeniser import SPECIAL, UNKNOWN
from ablate.data.tree.tree import parse
from ablate.errors import BadInput

PAIRS = [("the cat sat", "yes"), ("The dog", "no"), ("a dog sat down", "no")]


def text(split: str = "train", pairs: list = PAIRS, **options: object) -> LabelledText:
    defaults = {"lower": True, "max_length": None}
    options = {**defaults, "class_names": ["no", "yes"], "read": lambda split: pairs, **options}
    return opened(partial(LabelledText, **with_tokeniser(**options)), split)


def read_back(data: LabelledText, index: int) -> list[str]:
    return data.tokenisers["source"].decode(data[index].input.tolist())


def test_words_and_labels():
    data = text()
    assert data.tokenisers["source"].vocabulary.tokens == [*SPECIAL, "dog", "sat", "the", "a", "cat", "down"]
    assert [read_back(data, i) for i in range(3)] == [each.lower().split() for each, _ in PAIRS]
    assert [int(data[i].target) for i in range(3)] == [1, 0, 0]
    assert (data.lengths, data.cut) == ([3, 2, 4], 0)
    assert "The" in text(lower=False).tokenisers["source"].vocabulary.tokens


def test_rare_words_are_unknown_and_a_vocabulary_has_a_greatest_size():
    assert text(min_count=2).tokenisers["source"].vocabulary.tokens == [*SPECIAL, "dog", "sat", "the"]
    few = text(max_vocabulary=5)
    assert few.tokenisers["source"].vocabulary.tokens == [*SPECIAL, "dog"] and few[0].input.tolist() == [UNKNOWN] * 3
    assert few.inferred_config() == {"vocabulary_size": 5}


def test_long_texts_lose_their_ends_and_are_counted():
    data = text(max_length=2)
    assert [read_back(data, i) for i in range(3)] == [["the", "cat"], ["the", "dog"], ["a", "dog"]]
    assert (data.cut, data.lengths) == (2, [2, 2, 2])
    assert text(max_length=1).collate([text(max_length=1)[0]]).input.shape == (1, 1)


def test_characters_of_any_script():
    pairs = [("Ärzte", "yes"), (unicodedata.normalize("NFD", "Ärzte"), "no"), ("Ωμέγα 東京🙂", "no")]
    data = text(pairs=pairs, unit="characters", lower=False)
    assert data[0].input.tolist() == data[1].input.tolist() and len(data[0].input) == 5
    assert "".join(read_back(data, 2)) == "Ωμέγα 東京🙂"


def test_labels_may_be_numbers():
    assert [int(text(pairs=[("a", 1), ("b", 0)])[i].target) for i in range(2)] == [1, 0]


test_bad_input_is_one_line = refusals(
    ({"pairs": [("a", "yes"), (" \n", "no")]}, "train text 1 .*: an empty text"),
    ({"pairs": [("a", "yes", "f.txt:1"), ("", "no", "f.txt:2")]}, "f.txt:2: an empty text"),
    ({"pairs": [("so so", "maybe")]}, "train text 0 'so so': the label 'maybe' is not in class_names.*no, yes"),
    ({"pairs": [("a", "Yes")]}, "did you mean 'yes'"),
    ({"pairs": [("a", None)]}, "the label is missing"),
    ({"pairs": [("a", "")]}, "the label is missing"),
    ({"pairs": [("a", 2)]}, "the label 2 is outside 0 to 1"),
    ({"pairs": []}, "the train split is empty"),
    ({"split": "tset"}, "did you mean 'test'"),
    ({"unit": "character"}, "unit='character'.*did you mean 'characters'"),
    ({"max_length": 0}, "max_length=0"),
    ({"min_count": 4}, "no token occurs 4 times"),
    ({"min_count": 0}, "min_count=0"),
    ({"max_vocabulary": 0}, "max_vocabulary=0"),
    of=text,
)


def test_equal_texts_are_in_one_split_and_shares_are_about_right():
    items = [(f"text {i % 5000}",) for i in range(10_000)]
    parts = {split: select_split(items, split) for split in ("train", "val", "test")}
    assert sum(map(len, parts.values())) == 10_000
    assert abs(len(parts["train"]) - 8000) < 200 and abs(len(parts["val"]) - 1000) < 150
    assert not set(parts["train"]) & set(parts["val"])
    assert hash_fraction("Ärzte") == pytest.approx(0.8295173398, abs=1e-10)  # `printf Ärzte | sha256sum`, the first 14 digits


# --- readers ---------------------------------------------------------------------------------------


def test_embedded_names_are_of_one_language_and_one_split_each():
    found = {split: names.faker_names(split, languages=list(names.LISTS), most=800) for split in ("train", "val", "test")}
    everything = [example for each in found.values() for example in each]
    assert max(Counter(example.text.lower() for example in everything).values()) == 1
    sizes = Counter(example.label for example in everything)
    assert len(sizes) == 14 and min(sizes.values()) > 300 and max(sizes.values()) == 800
    assert all("LATIN" in unicodedata.name(letter) for each in everything for letter in each.text if letter.isalpha())
    few = names.faker_names("train", languages=["Zulu", "Dutch"], most=50)
    assert {example.label for example in few} == {"Zulu", "Dutch"} and len(few) < 100
    with pytest.raises(BadInput, match="did you mean 'Dutch'"):
        names.faker_names("train", languages=["Duch"], most=50)


def write(root: Path, files: dict[str, str | bytes]) -> str:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(root)


def whole(read: Callable) -> list[tuple]:
    return sorted((each.text, each.label) for split in ("train", "val", "test") for each in read(split))


def test_names_in_a_folder(tmp_path: Path):
    files = {"German.txt": "Bach\nbach\nMüller\n", "Czech.txt": "Bach\nDvořák\r\n", "._Czech.txt": b"\xff of macOS"}
    root = write(tmp_path, {f"data/names/{name}": content for name, content in files.items()})
    read = partial(names.names_in_folder, root=root, drop_shared=False)
    assert whole(read) == [("Bach", "Czech"), ("Bach", "German"), ("Dvořák", "Czech"), ("Müller", "German")]
    assert whole(partial(read, drop_shared=True)) == [("Dvořák", "Czech"), ("Müller", "German")]


def test_sentence_polarity_in_two_encodings(tmp_path: Path):
    files = {
        "rt-polaritydata/rt-polarity.pos": "fine café \x85 really\n".encode("latin-1"),
        "rt-polaritydata/rt-polarity.neg": "bad \n",
    }
    root = write(tmp_path, files)
    assert whole(partial(rt_polarity.rt_polarity, root=root, encoding="iso-8859-1")) == [
        ("bad", "negative"),
        ("fine café \x85 really", "positive"),
    ]
    with pytest.raises(BadInput, match="rt-polarity.pos:1: byte 8 is no utf-8"):
        rt_polarity.rt_polarity("train", root=root, encoding="utf-8")


def test_trees(tmp_path: Path):
    tree = "(3 (2 a) (4 (3 true) (1 joy)))"
    assert list(sst.constituents(parse(tree, "f:1"))) == [
        (2, ["a"]), (3, ["true"]), (1, ["joy"]), (4, ["true", "joy"]), (3, ["a", "true", "joy"])
    ]  # fmt: skip
    root = write(tmp_path, {f"trees/{name}.txt": f"{tree}\n(2 (0 no) (2 way))\n" for name in ("train", "dev", "test")})
    assert sst.sst2("val", root=root, phrases=True)[0][:2] == ("a true joy", "positive")
    assert len(sst.sst2("train", root=root, phrases=False)) == 1
    assert Counter(each.label for each in sst.sst2("train", root=root, phrases=True)) == {"positive": 3, "negative": 2}


def test_questions(tmp_path: Path):
    line = "LOC:city Where is São Paulo ?\n".encode("latin-1")
    root = write(tmp_path, {"train_5500.label": line * 3, "TREC_10.label": line})
    assert trec.trec("test", root=root)[0][:2] == ("Where is São Paulo ?", "LOC")
    assert len(trec.trec("train", root=root)) + len(trec.trec("val", root=root)) == 3


def test_long_reviews(tmp_path: Path):
    review = "I don't<br /><br />like it, John's film!"
    files = {
        f"{split}/{kind}/{i}_1.txt": f"{review} {i}" for split in ("train", "test") for kind in ("pos", "neg") for i in range(30)
    }
    root = write(tmp_path, files)
    assert len(imdb.imdb("test", root=root)) == 60
    train, val = imdb.imdb("train", root=root), imdb.imdb("val", root=root)
    assert len(train) + len(val) == 60 and 0 < len(val) < 20
    assert train[0].text.rpartition(" ")[0] == "I don't like it , John's film !"


READERS = {
    "names": (partial(names.names_in_folder, drop_shared=False), "data/names"),
    "rt": (partial(rt_polarity.rt_polarity, encoding="utf-8"), "rt-polaritydata/rt-polarity.neg"),
    "sst": (partial(sst.sst2, phrases=False), "trees/train.txt"),
    "trec": (trec.trec, "train_5500.label"),
    "imdb": (imdb.imdb, "train/neg"),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_folder_says_what_belongs_there(reader: str, tmp_path: Path):
    read, place = READERS[reader]
    with pytest.raises(BadInput, match=f"{place}: the folder .* is missing; root should hold .*http|tutorial"):
        read("train", root=str(tmp_path / "no"))
    with pytest.raises(BadInput, match=f"{place}: it is missing; root should hold"):
        read("train", root=str(tmp_path))
    with pytest.raises(BadInput, match="root is not set; root should hold"):
        read("train", root=None)
    (tmp_path / "above" / place).mkdir(parents=True)
    with pytest.raises(BadInput, match="did you mean root=.*above\\?"):
        read("train", root=str(tmp_path))


def read_bad(folder: Path, reader: str, **files: str) -> list:
    return READERS[reader][0]("train", root=write(folder, files))


test_bad_files_are_named = refusals(
    ("names", {"data/names/Greek.txt": "A\n\nB\n"}, "Greek.txt:2: an empty line"),
    ("names", {"data/names/Greek.txt": ""}, "Greek.txt is empty"),
    ("names", {"data/names/readme": "x"}, "names holds no .txt file"),
    ("rt", {"rt-polaritydata/rt-polarity.neg": "a\n \nb\n"}, "rt-polarity.neg:2: an empty line"),
    ("sst", {"trees/train.txt": "(3 a)\n(5 b)\n"}, "train.txt:2: the label 5 is none of 0 to 4"),
    ("trec", {"train_5500.label": "LOC:city Where ?\nWhere ?\n"}, "train_5500.label:2: the line 'Where \\?' should be"),
    ("trec", {"train_5500.label": "LOC:city\n"}, "train_5500.label:1: the line 'LOC:city' should be"),
    ("imdb", {"train/neg/readme": "x"}, "neg holds no .txt file"),
    ("imdb", {"train/neg": "x"}, "neg holds no .txt file"),
    of=read_bad,
    fixtures=["tmp_path"],
)


def test_a_strange_encoding_is_named(tmp_path: Path):
    write(tmp_path, {"a.txt": "a"})
    with pytest.raises(BadInput, match="encoding='utf8000' is unknown"):
        list(read_filled_lines(tmp_path / "a.txt", "utf8000"))


# --- the real ones ---------------------------------------------------------------------------------

COUNTS = {
    "rt_polarity": {"negative": 5331, "positive": 5331},
    "trec": {"ABBR": 86 + 9, "DESC": 1162 + 138, "ENTY": 1250 + 94, "HUM": 1223 + 65, "LOC": 835 + 81, "NUM": 896 + 113},
    "sst2": {"negative": 3310 + 428 + 912, "positive": 3610 + 444 + 909},
}


@pytest.mark.parametrize("option", COUNTS)
def test_the_published_counts(option: str, real_data: Path):
    make = dataset(option, root=str(real_data / FOLDERS[option]))
    read, class_names = make.keywords["read"], make.keywords["class_names"]
    sizes = {split: len(read(split)) for split in ("train", "val", "test")}
    assert option != "sst2" or sizes == {"train": 6920, "val": 872, "test": 1821}
    assert option != "trec" or (sizes["train"] + sizes["val"], sizes["test"]) == (5452, 500)
    labels = Counter(each.label for split in sizes for each in read(split))
    assert labels == COUNTS[option] and sorted(labels) == class_names


def test_the_published_counts_of_names_and_phrases(real_data: Path):
    read = dataset("names_folder", root=str(real_data / FOLDERS["names_folder"])).keywords["read"]
    found = [each for split in ("train", "val", "test") for each in read(split)]
    assert len({each.label for each in found}) == 18 and len(found) == 18_011  # 20,050 lines, 17,449 names
    phrases = dataset("sst2", root=str(real_data / "sst"), dataset__read__phrases=True).keywords["read"]("train")
    assert len(phrases) == 98_794
