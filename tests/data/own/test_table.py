"""Tables of texts: what a row is, whatever wrote the file, and what is said of one that is none."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from refusals import refusals
from sequence_data import FOLDERS, dataset, opened, opened_option

from ablate.data.text.labelled import LabelledText

ROWS = [("one, “two”", "b"), ('say "yes"\nor no', "a"), ("three; four", "b"), ("five\tsix", "a"), ("größer", "b")]


def read(path: Path, split: str = "train", **options: object) -> list[tuple]:
    """The (text, label) of a split; all rows are in training where the rest is said to be the same file."""
    options = {"val": str(path), "test": str(path), **options, "root": str(path)}
    return [tuple(each[:2]) for each in dataset("table", **options).keywords["read"](split)]


def quoted(rows: list[tuple], delimiter: str) -> str:
    cells = lambda row: delimiter.join('"{}"'.format(cell.replace('"', '""')) for cell in row)  # noqa: E731
    return "\n".join(map(cells, rows)) + "\n"


HEAD = ("Text", "Label")


@pytest.mark.parametrize(
    "name, content, encoding, options",
    [
        ("a.csv", quoted([HEAD, *ROWS], ","), "utf-8", {}),
        ("a.csv", quoted([HEAD, *ROWS], ";").replace("\n", "\r\n").replace("yes\"\"\r\n", "yes\"\"\n"), "utf-8-sig", {}),
        ("a.tsv", quoted([HEAD, *ROWS], "\t"), "utf-16", {"encoding": "utf-16"}),
        ("a.csv", quoted([("n", "words", "kind"), *(("1", *row) for row in ROWS)], ","), "cp1252",
         {"text": "words", "label": "kind", "encoding": "cp1252"}),
        ("a.txt", quoted(ROWS, "|"), "utf-8", {"header": False, "delimiter": "|"}),
        ("a.txt", quoted([(label, text) for text, label in ROWS], "|"), "utf-8", {"text": 2, "label": 1, "delimiter": "|"}),
        ("a.jsonl", "\n".join(json.dumps({"id": 1, "review": text, "label": label}) for text, label in ROWS), "utf-8", {}),
        ("a.json", json.dumps([{"text": text, "stars": label} for text, label in ROWS]), "utf-8-sig", {"label": "stars"}),
    ],
)  # fmt: skip
def test_rows_are_the_same_whatever_wrote_them(tmp_path, name, content, encoding, options):
    (tmp_path / name).write_bytes(content.encode(encoding))
    assert read(tmp_path / name, **options) == ROWS


def test_quotes_may_be_letters(tmp_path):
    (tmp_path / "a.tsv").write_text('text\tlabel\n"so so\tb\nhe said "no"\ta\n')
    assert read(tmp_path / "a.tsv", quoting=False) == [('"so so', "b"), ('he said "no"', "a")]


def texts(split: str, path: Path, **options: object) -> LabelledText:
    return opened_option("table", split, root=str(path), **options)


def test_splits_are_files_or_a_column_or_drawn_so_that_equal_texts_stay_together(tmp_path):
    lines = [f"text {i % 40},{'ab'[i % 2]}" for i in range(80)]
    (tmp_path / "all.csv").write_text("\n".join(["text,label", *lines]))
    drawn = {split: read(tmp_path / "all.csv", split, val=None, test=None) for split in ("train", "val", "test")}
    assert [len(drawn[split]) for split in drawn] == [64, 8, 8]
    assert len({text for split in drawn.values() for text, _ in {*split}}) == sum(len({*split}) for split in drawn.values()) == 40
    assert texts("val", tmp_path / "all.csv").drawn[0].startswith("all.csv:")
    (tmp_path / "lists").mkdir()
    for split in drawn:
        (tmp_path / f"lists/{split}.txt").write_text("\n".join(texts(split, tmp_path / "all.csv").drawn))
    again = {split: read(tmp_path / "all.csv", split, val=None, test=None, lists=str(tmp_path / "lists")) for split in drawn}
    assert again == drawn
    (tmp_path / "column.csv").write_text("text,label,split\na,x,train\nb,y,dev\nc,x,train\nd,y,\n")
    parts = [read(tmp_path / "column.csv", split, val=None, test=None) for split in ("train", "val", "test")]
    assert parts == [[("a", "x"), ("c", "x"), ("d", "y")], [("b", "y")], [("b", "y")]]
    (tmp_path / "folder").mkdir()
    for name in ("my.train.csv", "my.test.csv"):
        (tmp_path / "folder" / name).write_text("\n".join(["text,label", *lines[:40]]))
    parts = [len(texts(split, tmp_path / "folder")) for split in ("train", "val", "test")]
    assert parts == [36, 4, 40]


def test_classes_are_found_and_numbers_are_numbers(tmp_path):
    (tmp_path / "a.csv").write_text("text,stars\n" + "".join(f"word {i},{i % 11}\n" for i in range(40)))
    data = texts("train", tmp_path / "a.csv")
    assert data.inferred_config()["class_names"] == [str(i) for i in range(11)]
    numbers = texts("train", tmp_path / "a.csv", numbers=True, unit=10)
    assert numbers.inferred_config()["num_classes"] == 1 and numbers[1].target.is_floating_point()
    assert {round(float(each.target) * 10) for each in numbers} <= {*range(11)}


def broken(folder: Path, content: str | bytes, name: str = "a.csv", **options: object) -> None:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    opened(dataset("table", root=str(folder / name), **options))


HEADED = "text,label\n"
test_what_is_no_table_is_one_line = refusals(
    (HEADED + "a,x\n\n,y\n", "a.csv:4: the text is empty"),
    (HEADED + '"a\nb",x\nb,\n', "a.csv:4: the label is empty"),
    (HEADED + "a,x\nb,y,z\n", "a.csv:3: 3 fields, not 2"),
    (HEADED + 'a,x\n"b,y\n', "a.csv:3: the quotes of this row do not close"),
    ("txt,grade\na,x\n", "a.csv:1: no column is called text or label .its first row is txt, grade.: .*label=COLUMN"),
    ("text,kind,lang\na,x,de\n", "a.csv has no column called label or class .*label=COLUMN names it .one of: text, kind, lang"),
    (HEADED + "a,x\n", {"label": "lable"}, "a.csv has no column 'lable' .label.; did you mean 'label'"),
    (b"text,label\nsch\xf6n,x\n", "a.csv:2: byte 14 is no utf-8: say which .*encoding"),
    (HEADED, "a.csv holds no row"),
    ("", "a.csv is empty"),
    (HEADED + "a,x\nb,y\n", "2 different samples are too few for train, val, test"),
    (HEADED + "".join(f"a{i},x{i}\n" for i in range(60)), "60 different labels of 60, as 'x0', are no classes"),
    (HEADED + "".join(f"a{i},{i}\n" for i in range(9)) + "b,many\n", {"numbers": True}, "a.csv:11: the label 'many' is no number"),
    (HEADED + "a,x\n", {"delimiter": ",,"}, "delimiter=',,' must be one character"),
    ('{"text": "a", "label": "x"}\n{"text": "b"\n', {"name": "a.jsonl"}, "a.jsonl:2: no JSON object a line"),
    ('{"text": "a", "label": ["x"]}\n', {"name": "a.jsonl"}, "a.jsonl:1: .* is a list, not a text"),
    of=broken,
    fixtures=["tmp_path"],
)  # fmt: skip


def as_table(option: str, folder: Path, real_data: Path, write: Callable) -> None:
    """The splits of a published set as a user has it."""
    known = dataset(option, root=str(real_data / FOLDERS[option]))
    splits = {split: [tuple(each[:2]) for each in known.keywords["read"](split)] for split in ("train", "val", "test")}
    for split, examples in splits.items():
        (folder / f"{split}.{write.__name__}").write_text(write(examples), newline="")
    for split, examples in splits.items():
        assert [each[:2] for each in dataset("table", root=str(folder)).keywords["read"](split)] == examples


def test_real_questions_in_tsv_and_film_reviews_in_json_lines(real_data, tmp_path):
    def tsv(examples: list) -> str:
        return quoted([HEAD, *examples], "\t")

    def jsonl(examples: list) -> str:
        return "\n".join(json.dumps({"text": text, "label": label}) for text, label in examples)

    for option, write in (("trec", tsv), ("rt_polarity", jsonl)):
        (tmp_path / option).mkdir()
        as_table(option, tmp_path / option, real_data, write)
    data = texts("train", tmp_path / "trec")
    assert data.inferred_config()["class_names"] == ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"] and len(data) == 4879
