"""Pictures with captions, and the readers of them."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image
from refusals import refusals
from sequence_data import FOLDERS, config, opened, opened_option, with_tokeniser

from ablate.data.batch import IGNORE
from ablate.data.picture.captions import Captioned, PictureCaptions
from ablate.data.text.tokeniser import BEGIN, END, SPECIAL, UNKNOWN, Tokeniser, Vocabulary
from ablate.errors import BadInput

TWO = [("red.png", ["A red dot .", "a Dot"]), ("blue.png", ["the blue one , here"])]


def loader(colour: str) -> Callable:
    return lambda: Image.new("RGB", (8, 6), colour)


def captioned(split: str = "train", given: list = TWO, tokenisers: dict | None = None, **options: object) -> PictureCaptions:
    pictures = [Captioned(name, loader(name[:-4]), captions) for name, captions in given]
    defaults = {"image_size": 8, "lower": True, "max_length": None, "keep": False, "read": lambda split: pictures}
    return opened(partial(PictureCaptions, **with_tokeniser(**{**defaults, **options})), split, tokenisers)


def test_in_training_every_caption_is_a_sample():
    data = captioned()
    batch = data.finish(data.collate([data[i] for i in range(3)]))
    assert len(data) == 3 and batch.index.tolist() == [0, 0, 1] and batch.image.shape == (3, 3, 8, 8)
    assert batch.image[0, :, 0, 0].tolist() == [1, 0, 0] and batch.image[2, :, 7, 7].tolist() == [0, 0, 1]
    assert batch.input[1, 0] == BEGIN and batch.target[1].tolist()[2:] == [END, IGNORE, IGNORE, IGNORE]
    for row, caption in zip(batch.target, ("a red dot .", "a dot", "the blue one , here"), strict=True):
        assert data.tokenisers["target"].text(row[row != IGNORE].tolist()) == caption
    assert data.inferred_config() == {"vocabulary_size": 4 + 9}
    assert batch.description == "pictures of 8×8 with captions"


def test_elsewhere_every_picture_is_one_with_all_its_references():
    data = captioned("val", tokenisers=captioned().tokenisers)
    assert len(data) == 2 and data.references(0) == ["a red dot .", "a dot"]
    assert captioned("val").tokenisers["target"].vocabulary.tokens == captioned().tokenisers["target"].vocabulary.tokens


def test_options():
    assert captioned(punctuation=False).references(1) == ["the blue one here"]
    assert captioned(lower=False).references(0)[1] == "a Dot"
    short = captioned(max_length=2)
    assert short.cut == 2 and short[0].tokens.shape == (2,) and short.references(0)[0] == "a red dot ."
    assert captioned("val", TWO[:1], min_count=2)[0].tokens.tolist()[1] == UNKNOWN
    assert captioned(image_size=[4, 10])[0].image.shape == (3, 4, 10)
    letters = captioned(given=[("red.png", ["نقطة حمراء"])], unit="characters")
    assert letters.references(0) == ["نقطة حمراء"] and letters[0].tokens.shape == (10,)


@pytest.mark.parametrize("keep, reads", [(True, 1), (False, 3)])
def test_kept_pictures_are_read_once(keep, reads):
    seen = []
    picture = Captioned("red.png", lambda: seen.append(1) or Image.new("RGB", (8, 6), "red"), ["a", "b", "c"])
    data = captioned(keep=keep, read=lambda split: [picture])
    first, *others = [data[i].image for i in range(3)]
    assert len(seen) == reads and all(torch.equal(first, other) for other in others)


test_bad_input_is_one_line = refusals(
    ({"given": []}, "the train split is empty"),
    ({"given": [*TWO, ("a.png", [])]}, "a.png: a picture without captions"),
    ({"given": [("a.png", ["a dot", " "])]}, "a.png: an empty caption, number 1 of 2"),
    ({"given": [("a.png", ["a dot", ". !"])], "punctuation": False}, "a.png: an empty caption, number 1 of 2"),
    ({"given": [("a.png", ["a dot", "a dot", "odd"])], "min_count": 2}, "a.png: the caption 'odd' has unknown words only"),
    (
        {"tokenisers": {"target": Tokeniser(lower=True, vocabulary=Vocabulary([*SPECIAL, "zebra"]))}},
        "red.png: the caption 'a red dot .' has unknown words only",
    ),
    ({"max_length": 0}, "max_length=0"),
    ({"image_size": 0}, "image_size=0"),
    ({"split": "vla"}, "did you mean 'val'"),
    of=captioned,
)


def flickr(folder: Path, tokens: str, listed: str = "a.jpg\n") -> Path:
    for name in ("Flickr8k_text", "Flicker8k_Dataset"):
        (folder / name).mkdir(exist_ok=True)
    Image.new("RGB", (5, 7), "green").save(folder / "Flicker8k_Dataset/a.jpg")
    (folder / "Flickr8k_text/Flickr8k.token.txt").write_text(tokens)
    for name in ("train", "dev", "test"):
        (folder / f"Flickr8k_text/Flickr_8k.{name}Images.txt").write_text(listed)
    return folder


def opened_flickr(root: Path, **changes: object) -> PictureCaptions:
    return opened_option("flickr8k", root=str(root), dataset__tokeniser__min_count=1, **changes)


def test_flickr8k_layout(tmp_path: Path):
    odd = "2258277193_586949ec62.jpg.1#0\tpeople waiting\n"
    root = flickr(tmp_path, f"{odd}a.jpg#0\tA green wall .\na.jpg#1\tGreen !\n")
    data = opened_flickr(root, image_size=16)
    assert len(data) == 2 and data.references(0) == ["a green wall", "green"] and data[1].image.shape == (3, 16, 16)


test_bad_flickr8k_is_one_line = refusals(
    ("b.jpg#0\tA wall .\n", "a.jpg\n", "trainImages.txt:1: a.jpg is a picture without captions"),
    ("a.jpg#0\tA wall .\n", "a.jpg\nb.jpg\n", "trainImages.txt:2: the picture .*b.jpg is missing"),
    ("a.jpg#0\t\n", "a.jpg\n", "token.txt:1: an empty caption"),
    ("a.jpg#0\t .\n", "a.jpg\n", "a.jpg: an empty caption, number 0 of 1"),
    ("a.jpg A wall .\n", "a.jpg\n", "token.txt:1: 'a.jpg A wall .' should be a picture, # and a number"),
    ("a.jpg#0\tA wall .\n", "", "trainImages.txt is empty"),
    of=lambda folder, *files: opened_flickr(flickr(folder, *files)),
    fixtures=["tmp_path"],
)


def test_a_corrupt_picture_is_one_line(tmp_path: Path):
    root = flickr(tmp_path, "a.jpg#0\tA wall .\n")
    path = root / "Flicker8k_Dataset/a.jpg"
    path.write_bytes(path.read_bytes()[:100])
    data = opened_flickr(root)
    with pytest.raises(BadInput, match="a.jpg is corrupt or no picture"):
        data[0]
    with pytest.raises(BadInput, match="the folder .*none is missing; root should hold Flickr8k_text"):
        opened_flickr(tmp_path / "none")


def coco(folder: Path, whole: object) -> Path:
    for name in ("annotations", "train2017", "val2017"):
        (folder / name).mkdir(exist_ok=True)
    for name in ("train2017", "val2017"):
        Image.new("L", (5, 7), 90).save(folder / name / "0007.png")
        text = whole if isinstance(whole, str) else json.dumps(whole)
        (folder / f"annotations/captions_{name}.json").write_text(text)
    return folder


IMAGES = [{"id": 7, "file_name": "0007.png", "license": 3}]


def test_coco_layout(tmp_path: Path):
    captions = ["A man's well-worn hat.", "Hats, two of them\n"]
    whole = {"images": IMAGES, "annotations": [{"id": i, "image_id": 7, "caption": c} for i, c in enumerate(captions)]}
    for split, size in (("train", 2), ("val", 1), ("test", 1)):
        data = opened_coco(tmp_path, whole, split, dataset__tokeniser__punctuation=True)
        assert len(data) == size and data.references(0) == ["a man's well-worn hat .", "hats , two of them"]
        assert data[0].image.shape == (3, 128, 128)


def test_coco_in_folders(tmp_path: Path):
    whole = {"images": [{"id": 7, "file_name": "a/0007.png"}], "annotations": [{"image_id": 7, "caption": "A hat."}]}
    for name in ("train2017", "val2017"):
        (tmp_path / name / "a").mkdir(parents=True)
        Image.new("L", (5, 7), 90).save(tmp_path / name / "a/0007.png")
    assert len(opened_coco(tmp_path, whole)) == 1


def opened_coco(folder: Path, whole: object, split: str = "train", **changes: object) -> PictureCaptions:
    return opened_option("coco", split, root=str(coco(folder, whole)), dataset__tokeniser__min_count=1, **changes)


test_bad_coco_is_one_line = refusals(
    ("{", "captions_train2017.json is not in the layout of COCO's captions: JSONDecodeError"),
    ([], "is not in the layout of COCO's captions: TypeError"),
    ({"images": IMAGES}, "is not in the layout of COCO's captions: KeyError 'annotations'"),
    ({"images": IMAGES, "annotations": []}, "0007.png: a picture without captions"),
    ({"images": IMAGES, "annotations": [{"image_id": 8, "caption": "a"}]}, "annotation 0 is of image 8, which is not among"),
    ({"images": [{"id": 7, "file_name": "no.png"}], "annotations": []}, "the picture .*no.png is missing"),
    ({"images": IMAGES, "annotations": [{"image_id": 7, "caption": " "}]}, "0007.png: an empty caption, number 0 of 1"),
    ({"images": [], "annotations": []}, "the train split is empty"),
    of=lambda folder, given=None, **whole: opened_coco(folder, whole or given),
    fixtures=["tmp_path"],
)


def test_glyphs():
    splits = {split: opened_option("glyphs", split, image_size=24) for split in ("train", "val")}
    names = {split: {data.references(i)[0] for i in range(len(data.pictures))} for split, data in splits.items()}
    assert len(names["train"]) > 4000 and not names["train"] & names["val"]
    data = splits["train"]
    found = {data.references(i)[0]: data.image(i) for i in range(120)}
    plus = found["plus sign"]
    assert plus.shape == (3, 24, 24) and plus[:, 6:18, 6:18].min() < 99 and (plus[:, :3] == 255).all()
    inked = [bool((image < 128).any()) for image in found.values()]
    assert sum(inked) > 115 and all(torch.equal(image[0], image[1]) for image in found.values())
    assert data.cut == 0 and config("glyphs").dataset.read.fonts == ["DejaVuSans"]


test_an_unknown_font_is_one_line = refusals(
    ("glyphs", {"dataset__read__fonts": ["DejavuSans"]}, "fonts: 'DejavuSans' is unknown; did you mean 'DejaVuSans'"),
    of=opened_option,
)


def test_flickr8k(real_data: Path):
    sizes = {split: opened_option("flickr8k", split, root=str(real_data / FOLDERS["flickr8k"])) for split in ("val", "test")}
    assert [(len(data), data.cut) for data in sizes.values()] == [(1000, 0), (1000, 0)]
    data = sizes["test"]
    assert len(data.references(0)) == 5 and data.references(0)[0] == "the dogs are in the snow in front of a fence"
    assert 2500 < data.inferred_config()["vocabulary_size"] < 2600
    batch = data.finish(data.collate([data[i] for i in range(4)]))
    assert batch.image.shape == (4, 3, 128, 128) and 0.2 < batch.image.mean() < 0.8
