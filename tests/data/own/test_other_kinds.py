"""Pairs, tags, captions and questions of one's own, and published sets in these forms."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import trained_run
from PIL import Image
from refusals import refusals
from sequence_data import FOLDERS, dataset, opened_option

from ablate.data.text.file import read_lines
from ablate.errors import BadInput


def read(option: str, path: Path | None, split: str = "train", **options: object) -> Sequence:
    """The items of a split; all are for training where the rest is said to be the same file."""
    if path is not None:
        options = {**({} if path.is_dir() else {"val": str(path), "test": str(path)}), "root": str(path), **options}
    return dataset(option, **options).keywords["read"](split)


def tsv(rows: Sequence[Sequence[str]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


# --- pairs --------------------------------------------------------------------------------------------

PAIRS = [("ein Hund", "a dog"), ("eine Katze , sagt er", "a cat , he says"), ("zwei", "two")]


def test_pairs_are_rows_with_or_without_names_or_lines_side_by_side(tmp_path):
    (tmp_path / "a.tsv").write_text(tsv([(*pair, "by somebody") for pair in PAIRS]))
    (tmp_path / "b.csv").write_text("en,de\n" + "".join(f'"{target}","{source}"\n' for source, target in PAIRS))
    sides = tmp_path / "sides"
    sides.mkdir()
    for split in ("train", "valid"):
        for side, texts in zip(("de", "en"), zip(*PAIRS, strict=True), strict=True):
            (sides / f"{split}.{side}").write_text("\ufeff" + "\r\n".join(texts) + "\r\n")
    apart = read("pairs", None, source=str(sides / "train.de"), target=str(sides / "train.en"))
    assert len(apart) == 1 and apart[0][:2] in PAIRS  # the others are drawn for val and test
    named = {"source": "de", "target": "en"}
    for path, options in ((tmp_path / "a.tsv", {}), (tmp_path / "b.csv", named), (sides, named)):
        assert [tuple(pair[:2]) for pair in read("pairs", path, **options)] == PAIRS
    assert opened_option("pairs", root=str(sides), **named).references(1) == ["a cat , he says"]


# --- tags ---------------------------------------------------------------------------------------------

COLUMNS = "-DOCSTART- -X- O\n\nU.N. NNP B-ORG\n# SYM O\nheads NNS O\n\nHe PRP O\n"
UNIVERSAL = (
    "# text = He heads\n1-2\tHeheads" + "\t_" * 8 + "\n1\tHe\the\tPRON" + "\t_" * 6 + "\n2\theads\t_\tVERB" + "\t_" * 6 + "\n"
)


def test_tags_are_in_columns(tmp_path):
    (tmp_path / "a.conll").write_text(COLUMNS)
    (tmp_path / "a.conllu").write_text(UNIVERSAL)
    words = lambda name, **options: [[tuple(w[:2]) for w in s] for s in read("tagged", tmp_path / name, **options)]  # noqa: E731
    assert words("a.conll") == [[("U.N.", "B-ORG"), ("#", "O"), ("heads", "O")], [("He", "O")]]
    assert words("a.conll", tag=2)[1] == words("a.conll", tag=-2)[1] == [("He", "PRP")]
    assert words("a.conllu") == [[("He", "PRON"), ("heads", "VERB")]]
    same = {key: str(tmp_path / "a.conll") for key in ("root", "val", "test")} | {"dataset__tokeniser__min_count": 1}
    assert opened_option("tagged", **same).inferred_config()["class_names"] == ["B-ORG", "O"]


# --- captions -----------------------------------------------------------------------------------------

CAPTIONS = [("a.png", "a dog runs"), ("a.png", "dogs"), ("sub/ö.png", "a cat, black")]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    (tmp_path / "images/sub").mkdir(parents=True)
    for name, colour in (("a.png", "red"), ("sub/ö.png", "blue")):
        Image.new("RGB", (9, 6), colour).save(tmp_path / "images" / name)
    return tmp_path


def test_captions_are_rows_or_coco(album):
    (album / "a.tsv").write_text(tsv([(f"{name}#{i}", text) for i, (name, text) in enumerate(CAPTIONS)]))
    (album / "b.jsonl").write_text("\n".join(json.dumps({"file_name": f"images/{n}", "text": t}) for n, t in CAPTIONS))
    images = [{"id": 3, "file_name": "a.png"}, {"id": 4, "file_name": "sub/ö.png"}]
    of = [{"image_id": 3 + (name != "a.png"), "caption": text} for name, text in CAPTIONS]
    (album / "c.json").write_text(json.dumps({"images": images, "annotations": of}))
    for name in ("a.tsv", "b.jsonl", "c.json"):
        found = read("captions", album / name)
        assert [picture.captions for picture in found] == [["a dog runs", "dogs"], [found[1].captions[0]]]
        assert found[1].captions[0].replace(" ,", ",") == "a cat, black" and found[1].load().getpixel((0, 0)) == (0, 0, 255)
    whole = {"root": str(album / "a.tsv"), "val": str(album / "a.tsv"), "test": str(album / "a.tsv")}
    assert opened_option("captions", **whole, image_size=4)[2].image[2].unique().tolist() == [255]


# --- questions ----------------------------------------------------------------------------------------


def test_questions_are_on_pictures_or_on_stories(album):
    (album / "a.tsv").write_text(tsv([("image", "question", "answer"), ("a.png", "Red?", "yes"), ("sub/ö.png", "Red?", "no")]))
    same = {key: str(album / "a.tsv") for key in ("root", "val", "test")}
    data = opened_option("questions", **same, image_size=[2, 3])
    batch = data.with_references(data.finish(data.collate([data[1], data[0]])))
    assert data.inferred_config()["class_names"] == ["no", "yes"] and batch.target.tolist() == [0, 1]
    assert batch.image.shape == (2, 3, 2, 3) and batch.image[1, :, 0, 0].tolist() == [1, 0, 0] and batch.support is None
    rows = [("context", "query", "answer"), ("Mary left. It rained.", "Who left?", "Mary"), ("John left.", "Who left?", "John")]
    (album / "b.tsv").write_text(tsv(rows))
    same = {key: str(album / "b.tsv") for key in ("root", "val", "test")}
    data = opened_option("questions", **same, max_length=3)
    batch = data.with_references(data.collate([data[0], data[1]]))
    assert data.tokenisers["source"].decode(batch.story[0].tolist()) == ["it", "rained", "."] and data.cut == 1
    assert batch.image is None and batch.story_lengths.tolist() == [3, 3] and batch.support == [[], []]


# --- what does not fit --------------------------------------------------------------------------------


def broken(folder: Path, option: str, name: str, content: str, **options: object) -> None:
    (folder / name).write_text(content)
    read(option, folder / name, **options)


test_what_does_not_fit_is_one_line = refusals(
    ("pairs", "a.tsv", "a\tb\nc\t\n", "a.tsv:2: the target is empty"),
    ("pairs", "a.tsv", "a\tb\nc\n", "a.tsv:2: 1 fields, not 2"),
    ("tagged", "a.txt", "He PRP O\nheads O\n", "a.txt:2: 2 columns, not 3"),
    ("tagged", "a.tsv", "He\tO\nheads\t\nran\tO\n", "a.tsv:2: the tag is empty"),
    (
        "captions",
        "a.csv",
        "file,caption\nimages/a.png,x\nimages/b.png,y\n",
        "a.csv:3: the picture .*b.png is missing; did you",
    ),
    ("captions", "a.json", '{"images": [{"id": 1}]}', "a.json is not in the layout of COCO"),
    ("questions", "a.csv", "question,answer\na,b\n", "a.csv:2: there is no column for a picture or a story"),
    of=broken,
    fixtures=["album"],
)


def test_sides_of_different_lengths_are_named(tmp_path):
    for name, text in (("train.de", "a\nb\n"), ("train.en", "c\n")):
        (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=r"train.de:2 is the last line of one side, .*train.en:1 of the other"):
        read("pairs", tmp_path, source="de", target="en")


# --- published sets -----------------------------------------------------------------------------------


def test_real_translations_tags_captions_and_stories(real_data, tmp_path):
    known = dataset("multi30k", root=str(real_data / FOLDERS["multi30k"])).keywords["read"]("val")
    (tmp_path / "val.tsv").write_text(tsv([pair[:2] for pair in known]))
    assert [pair[:2] for pair in read("pairs", tmp_path / "val.tsv", quoting=False)] == [pair[:2] for pair in known]
    ewt = real_data / FOLDERS["ewt"]
    own, published = opened_option("tagged", "val", root=str(ewt)), opened_option("ewt", "val", root=str(ewt))
    assert len(own) == len(published) == 2001 and torch.equal(own[7].input, published[7].input)
    names = own.inferred_config()["class_names"]
    assert [names[i] for i in own[7].target] == [line.split("\t")[3] for line in sentence(ewt, 7)]
    flickr = real_data / FOLDERS["flickr8k"]
    pictures = dataset("flickr8k", root=str(flickr)).keywords["read"]("val")[:50]
    rows = [(Path(picture.name).name, caption) for picture in pictures for caption in picture.captions]
    (tmp_path / "captions.tsv").write_text(tsv(rows))
    found = read("captions", tmp_path / "captions.tsv", images=str(flickr / "Flicker8k_Dataset"), quoting=False)
    assert [(each.name, list(each.captions)) for each in found] == [(each.name, each.captions) for each in pictures]
    stories = dataset("babi", root=str(real_data / FOLDERS["babi"]), dataset__tasks=[1])(split="val").stories
    told = [(" ".join(sum(s.sentences, [])), " ".join(s.question), s.answer) for s in stories]
    (tmp_path / "stories.tsv").write_text(tsv([("story", "question", "answer"), *told]))
    assert [(each.story, each.question, each.answer) for each in read("questions", tmp_path / "stories.tsv")] == told


def sentence(folder: Path, number: int) -> list[str]:
    """The words of sentence `number` of the validation file."""
    blocks, block = [], []
    for _, line in [*read_lines(next(folder.glob("*dev.conllu"))), ("", "")]:
        if line:
            block += [line] if line.partition("\t")[0].isdecimal() else []
        else:
            blocks, block = [*blocks, block] if block else blocks, []
            if len(blocks) > number:
                break
    return blocks[number]


@pytest.mark.slow
@pytest.mark.parametrize("words", ["experiment=questions model=story_question_answering", "experiment=text"])
def test_one_command_trains(words, tmp_path):
    rng = np.random.default_rng(0)
    rows = [(f"{name} went out on day {i} .", "who went out ?", name) for i, name in enumerate(rng.choice(["Mary", "John"], 40))]
    (tmp_path / "mine.tsv").write_text(
        tsv([("story", "question", "answer"), *((f"{i} {s}", q, a) for i, (s, q, a) in enumerate(rows))])
    )
    run = trained_run(tmp_path, *words.split(), "debug=fast", "model.cell.hidden_size=8", f"data.root={tmp_path}/mine.tsv")
    assert (run / "metrics.json").exists()
