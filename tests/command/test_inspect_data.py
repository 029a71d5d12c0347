"""What inspect_data.py says of data that are whole, and of data that are not."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from commands import composed, script
from PIL import Image

from ablate.command.inspect_data.inspect_data import inspect_data
from ablate.data.picture.labels import parse

pytestmark = pytest.mark.slow


def inspected(folder: Path, capsys: pytest.CaptureFixture, *words: str) -> str:
    with suppress(SystemExit):  # where nothing can be read
        inspect_data(composed("inspect_data", folder, f"output={folder}/found", *words))
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Ten pictures; in the masks, JPEG or PNG, a quarter is 255 and the rest 0."""
    for ending in ("jpg", "png"):
        for folder in ("images", "masks"):
            (tmp_path / ending / folder).mkdir(parents=True)
    label = np.zeros((32, 32), np.uint8)
    label[5:21, 5:21] = 255
    for i in range(10):
        for ending in ("jpg", "png"):
            Image.fromarray(np.full((32, 32, 3), i * 20, np.uint8)).save(tmp_path / ending / f"images/{i}.png")
            Image.fromarray(label).save(tmp_path / ending / f"masks/{i}.{ending}")
    return tmp_path


def test_masks_have_shares_a_proposal_and_a_sheet(masks, capsys):
    said = inspected(masks, capsys, "data=folder", f"data.root={masks}/png")
    assert "│ 0 │ class_0 │ 75.00% │ 75.00% │ 75.00% │ 10 │" in said and "│ 255 │ class_255 │ 25.00%" in said
    assert "nothing was found that does not fit" in said and "'data.labels={0: class_0, 255: class_255}'" in said
    assert (
        f"train on them: python scripts/train.py experiment=folder data.root={masks}/png data.labels={masks}/found/labels.txt"
        in said
    )
    assert parse(f"{masks}/found/labels.txt").names == ["class_0", "class_255"]
    sheet = np.asarray(Image.open(masks / "found/contact_sheet.png").convert("RGB"))
    assert sheet.shape[1] == 1200 and len(np.unique(sheet.reshape(-1, 3), axis=0)) > 10


def test_of_masks_saved_as_jpeg_it_proposes_a_tolerance_that_reads_them(masks, capsys):
    said = inspected(masks, capsys, "data=folder", f"data.root={masks}/jpg")
    tolerance = int(said.partition("data.tolerance=")[2].split(",")[0])
    labels = parse(f"{masks}/found/labels.txt", tolerance)
    assert labels.names == ["class_0", "class_255"] and "nothing was found that does not fit" in said
    assert abs(labels.encode(masks / "jpg/masks/0.jpg").mean() - 0.25) < 0.01


def test_every_picture_that_does_not_fit_is_named(masks, capsys):
    folder = masks / "png"
    (folder / "masks/1.png").unlink()
    (folder / "images/2.png").write_bytes((folder / "images/2.png").read_bytes()[:60])
    Image.new("L", (5, 4)).save(folder / "masks/3.png")
    Image.new("I;16", (32, 32)).save(folder / "images/4.png")
    said = inspected(masks, capsys, "data=folder", f"data.root={folder}", "faults=3")
    assert "4 that do not fit:" in said and "and 1 more" in said and "has no mask called 1" in said
    said = inspected(masks, capsys, "data=folder", f"data.root={folder}")
    for fault in ("images/2.png is corrupt", "images/3.png is 32×32, but its mask", "images/4.png has more than 8 bits"):
        assert fault in said


TABLE = "text,label\n" + "".join(f"word {'ab'[i % 2]} {i},{'xy'[i % 2]}\n" for i in range(20))
TAGS = "".join(f"w{i} N\nruns V\n\n" for i in range(10))


@pytest.mark.parametrize(
    "option, content, says",
    [
        ("table", TABLE + ",x\nb\n", ["│ x │", "a.csv:22: the text is empty", "a.csv:23: 1 fields, not 2", "2 that do not fit"]),
        ("pairs", "".join(f"ein {i}\tone {i}\n" for i in range(10)) + "\tx\n",
         ["│ target │ val │ 2 │", "a.csv:11: the source is empty"]),
        ("tagged", TAGS + "odd\n", ["│ N │ 50.0%", "w0/N runs/V", "a.csv:31: 1 columns, not 2"]),
        ("text", "to be or not to be " * 20, ["│ characters │ 380 │", "experiment=text", "'to be or not"]),
        ("captions", "file,caption\na.png,x\n", ["a.csv:2: the picture", "a.png is missing"]),
        ("questions", "story,question,answer\n" + "".join(f"so {i},what?,{i % 2}\n" for i in range(9)),
         ["│ story │ train │ 2 │", "model=story_question_answering"]),
    ],
)  # fmt: skip
def test_texts_have_lengths_shares_examples_and_faults(tmp_path, capsys, option, content, says):
    path = tmp_path / ("a.tsv" if option in ("pairs", "tagged") else "a.csv")
    path.write_text(content)
    said = inspected(tmp_path, capsys, f"data={option}", f"data.root={path}")
    for words in says:
        assert words.replace("a.csv", path.name) in said


def test_numbers_have_their_range(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("text,price\n" + "".join(f"word {i},{i * 1000}\n" for i in range(1, 31)))
    said = inspected(tmp_path, capsys, "data=table", f"data.root={tmp_path}/a.csv", "data.label=price")
    assert "data.unit=NUMBER" in said and "task=sequence_regression" in said


def test_data_without_a_reader_are_counted_and_a_wrong_word_is_one_line(tmp_path, capsys):
    assert "│ train │ 2,048 │" in inspected(tmp_path, capsys, "data=scenes")
    done = script("inspect_data", "data=foldr", cwd=tmp_path)
    assert done.returncode == 1 and "did you mean 'folder'" in done.stderr
