"""Texts to model: many short ones, and one long one."""

from functools import partial
from pathlib import Path

import pytest
from refusals import refusals
from sequence_data import FOLDERS, SPLITS, config, dataset, opened, with_tokeniser

from ablate.data.source.long_text import python_help, text_file
from ablate.data.text.language_modelling import TextLines, TextStream
from ablate.data.text.tokeniser import BEGIN, END, UNKNOWN


def of_lines(texts: list[str], split: str = "train", **options: object) -> TextLines:
    options = with_tokeniser(**{"unit": "characters", "max_length": None, **options})
    return opened(partial(TextLines, read=lambda split: [(text,) for text in texts], **options), split)


def of_stream(text: str, split: str = "train", **options: object) -> TextStream:
    options = with_tokeniser(**{"unit": "characters", "length": 4, **options})
    return opened(partial(TextStream, read=lambda: text, **options), split)


def test_a_line_begins_and_ends():
    data = of_lines(["ab", "Ωé"])
    a, b = data.tokenisers["source"].vocabulary.encode("ab")
    assert data[0].input.tolist() == [BEGIN, a, b] and data[0].target.tolist() == [a, b, END]
    assert data.tokenisers["source"].decode(data[1].target.tolist()) == ["Ω", "é"] and data.lengths == [3, 3]


def test_a_line_that_is_too_long_has_no_end():
    data = of_lines(["abcd", "ab", "abc"], max_length=3)
    decoded = [data.tokenisers["source"].decode(data[i].target.tolist()) for i in range(3)]
    assert decoded == [["a", "b", "c"], ["a", "b"], ["a", "b", "c"]]
    assert [END in data[i].target.tolist() for i in range(3)] == [False, True, False]
    assert (data.lengths, data.cut) == ([3, 3, 3], 2)


test_bad_input_is_one_line = refusals(
    (lambda: of_lines(["a", ""]), "train text 1: an empty text"),
    (lambda: of_lines([]), "the train split is empty"),
    (lambda: of_lines(["a"], max_length=0), "max_length=0"),
    (lambda: of_lines(["a"], "tets"), "did you mean 'test'"),
    (lambda: of_stream("abc"), "the text is too short: 0 of its characters for the val split"),
    (lambda: of_stream(""), "the text is too short: 0 of its characters for the train split"),
    (lambda: of_stream("word " * 20, unit="words"), "1 of its words for the val split"),
    (lambda: of_stream("abc" * 99, length=0), "length=0"),
    (lambda: of_stream("abc" * 99, unit="sentences"), "unit='sentences'"),
    (lambda: of_stream("abc" * 99, split="vall"), "did you mean 'val'"),
)


@pytest.mark.parametrize("length", [1, 4, 7, 89, 90, 1000])
def test_the_pieces_of_a_stream_are_the_text_and_targets_are_one_further(length: int):
    text = "".join(chr(ord("a") + (i * i) % 23) for i in range(100))
    data = of_stream(text, length=length)
    pieces = [data[i] for i in range(len(data))]
    read = [token for piece in pieces for token in piece.input.tolist()]
    said = [token for piece in pieces for token in piece.target.tolist()]
    assert data.tokenisers["source"].text(read) == text[:89] and data.tokenisers["source"].text(said) == text[1:90]
    assert data.stream and list(data.lengths) == [len(piece.input) for piece in pieces]
    assert all(size == length for size in data.lengths[:-1]) and 1 <= data.lengths[-1] <= length
    with pytest.raises(IndexError):
        data[len(data)]


def test_the_splits_are_stretches_one_after_the_other():
    text = "".join(f"{i:04d}" for i in range(1000))
    whole = ""
    for split in SPLITS:
        data = of_stream(text, split, length=64)
        read = [token for i in range(len(data)) for token in data[i].input.tolist()]
        whole += "".join(data.tokenisers["source"].decode([*read, int(data[len(data) - 1].target[-1])]))
    assert whole == text


def test_what_training_has_not_is_unknown_and_words_are_possible():
    data = of_stream("a b " * 90 + "Ж " * 10 + "b " * 10, "val", unit="words")
    assert data[0].input.tolist() == [UNKNOWN] * 4
    assert of_stream("A b " * 90, unit="words", lower=True).tokenisers["source"].vocabulary.tokens[4:] == ["a", "b"]


def test_pythons_own_text_is_always_the_same():
    text = python_help()
    assert text == python_help() and 300_000 < len(text) < 800_000
    assert "statement" in text


def test_a_text_file(tmp_path: Path):
    book = tmp_path / "book.txt"
    book.write_bytes("\ufeffÄ\r\nb\rc".encode())
    assert text_file(root=str(book), encoding="utf-8-sig") == "Ä\nb\nc"


def read_from(folder: Path, root: str | None) -> str:
    (folder / "empty.txt").write_text(" \n")
    (folder / "latin.txt").write_bytes("aé".encode("latin-1"))
    return text_file(root=None if root is None else str(folder / root), encoding="utf-8-sig")


test_a_bad_text_file_is_named = refusals(
    (None, "root is not set; root should name a text file"),
    ("no.txt", "no.txt is missing; root should name a text file"),
    ("", "is a folder; root should name a text file"),
    ("empty.txt", "empty.txt is empty"),
    ("latin.txt", "latin.txt:1: byte 1 is no utf-8"),
    of=read_from,
    fixtures=["tmp_path"],
)


def test_shakespeare(real_data: Path):
    make = dataset("text", root=str(real_data / FOLDERS["text"]))
    assert len(make.keywords["read"]()) == 1_115_394
    data = opened(make)
    assert len(data.tokenisers["source"].vocabulary) == 65 + 4 and len(data) == -(
        -(round(1_115_394 * 0.9) - 1) // config("text").length
    )
    assert data.tokenisers["source"].text(data[0].input.tolist()).startswith("First Citizen:\nBefore we proceed")
