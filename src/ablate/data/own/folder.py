"""Pictures and masks of one's own, in folders as people have them."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ablate.data.own.rows import Refuse, stop
from ablate.data.own.splits import WORDS, Splits, files_of_splits, split_named
from ablate.data.picture.file import DEEP, read_header, read_picture, stored_files, stored_size
from ablate.data.picture.labels import VOID, Given, Labels, find, parse
from ablate.data.picture.masks import MaskFolder
from ablate.data.split import SPLITS, Split
from ablate.errors import BadInput
from ablate.schema.options import AboveZero, Byte, Size, checked

IMAGES = ("images", "image", "imgs", "img", "pictures", "photos", "jpegimages", "raw", "input", "inputs", "x")
MASKS = ("masks", "mask", "labels", "label", "annotations", "annotation", "segmentationclass", "segmentation", "segmentations",
         "gt", "groundtruth", "ground_truth", "target", "targets", "y")  # fmt: skip
EXPECTED = (
    "it should hold a folder images and a folder masks, or train, val and test with these two in each; "
    "`images`=FOLDER `masks`=FOLDER names others"
)


class Pair(NamedTuple):
    """A picture and its mask."""

    image: Path
    mask: Path
    name: str  # the path of the picture from its folder, without the ending


class OwnMasks(MaskFolder):
    """One split of pictures with masks whose values are no class indices yet; `ignore_index` is 255.

    Args:
        read: split -> pairs in a fixed order.
        image_size: see `MaskFolder`.
        labels: which value of the masks is which class, see `ablate.data.picture.labels`; None: every value that they hold is one.
        class_names: names for these values, in rising order; None: the values themselves.
        tolerance: values no further than this from one of `labels` count as it: of masks saved as JPEG, or smoothed.
        white: the value of white in pictures of more than 8 bits a channel; None: they are refused.
        cache: see `MaskFolder`.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[Pair]],
        image_size: Size | None,
        labels: Given | None,
        class_names: Sequence[str] | None,
        tolerance: Byte,
        white: AboveZero | None,
        cache: bool,
    ) -> None:
        self.white = white
        if labels is None:
            self.labels = _found(tuple(dict.fromkeys(pair.mask for each in SPLITS for pair in read(each))), _tuple(class_names))
        else:
            self.labels = parse(labels, tolerance)
            if class_names is not None and list(class_names) != self.labels.names:
                raise BadInput(f"`class_names`={list(class_names)}, but `labels` names {self.labels.names}: leave one out")
        super().__init__(
            split, read=read, image_size=image_size, class_names=self.labels.names, ignore_index=VOID, cache=cache
        )  # fmt: skip

    def inferred_config(self) -> dict[str, object]:
        names = self.labels.names
        return {"labels": self.labels.state(), "class_names": names, "num_classes": len(names), "palette": self.labels.palette()}

    def stored_size(self, image_path: Path, mask_path: Path) -> tuple[int, int]:
        if self.white is None and read_header(image_path, mask_path)[1].startswith(DEEP):
            with Image.open(image_path) as picture:
                most = np.asarray(picture).max()
            raise BadInput(f"{image_path} has more than 8 bits a channel, up to {most:g}: `white`=VALUE says which value is white")
        return stored_size(image_path, mask_path, of_classes=False)

    def read_image(self, path: Path) -> Image.Image:
        return read_picture(path, self.white).convert("RGB")

    def read_label(self, mask_path: Path) -> UInt8[np.ndarray, "h w"]:
        return self.labels.encode(mask_path)

    def no_class_but_one(self, mask_path: Path) -> str:
        return f"the masks beside {mask_path} hold {self.labels.names[0]} alone, and void: is a value of `labels` missing?"


def _tuple(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


@cache  # every split asks
def _found(masks: tuple[Path, ...], names: tuple[str, ...] | None) -> Labels:
    return find(masks, names)


@checked
def folder(
    split: Split,
    *,
    images: str | None,
    masks: str | None,
    mask_suffix: str,
    splits: Splits,
    refuse: Refuse = stop,
) -> Sequence[Pair]:
    """The pictures of a split with their masks, by name: a picture photos/a.tif has the mask masks/a.png.

    Args:
        images, masks: folders; None: those of `splits.root` that are called so.
        mask_suffix: what the name of a mask has more than that of its picture, such as _mask.
        refuse: is given each fault; where it returns, the reader goes on.

    Raises:
        BadInput: a missing folder, a picture without a mask, a mask without a picture, two pictures of one name.
    """
    places = _places(splits.root, images, masks)
    parts: dict[Split, list[Pair]] = {}
    for part, image_folder, mask_folder in places:
        for pair in _pairs(image_folder, mask_folder, mask_suffix, refuse):
            first = WORDS.get(pair.name.partition("/")[0].lower()) if "/" in pair.name else None
            parts.setdefault(part or first or "train", []).append(pair)
    root = None if splits.root is None else Path(splits.root).expanduser()
    if splits.lists is None and root is not None and "train" in files_of_splits(root, (".txt",)):
        splits = Splits(splits.root, splits.fractions, splits.seed, lists=splits.root)
    if "train" not in parts:
        raise BadInput(f"{places[0][1]} holds no picture for training")
    return splits.choose(split, parts, lambda pair: pair.name)


def _places(root: str | None, images: str | None, masks: str | None) -> list[tuple[Split | None, Path, Path]]:
    """The folders of pictures and masks, each with the split that it is for, or None where names say that."""
    if images is not None and masks is not None:
        two = Path(images).expanduser(), Path(masks).expanduser()
        for place in two:
            if not place.is_dir():
                raise BadInput(f"the folder {place} is missing (`images`, `masks`)")
        return [(None, *two)]
    if root is None or images is not None or masks is not None:
        raise BadInput(f"`splits.root` is not set: {EXPECTED}")
    base = Path(root).expanduser()
    if not base.is_dir():
        raise BadInput(f"the folder {base} is missing; {EXPECTED}")
    inside = _folders(base)
    own = _two(inside)
    if own is not None:
        return [(None, *own)]
    by_split = [(split_named(name), _two(_folders(path))) for name, path in inside.items()]
    places = [(name, *two) for name, two in by_split if name is not None and two is not None]
    if not places:
        raise BadInput(f"{base} holds {', '.join(inside) or 'no folder'}; {EXPECTED}")
    return places


def _folders(folder: Path) -> dict[str, Path]:
    return {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")}


def _two(inside: dict[str, Path]) -> tuple[Path, Path] | None:
    images = next((inside[name] for name in IMAGES if name in inside), None)
    masks = next((inside[name] for name in MASKS if name in inside), None)
    return None if images is None or masks is None else (images, masks)


def _pairs(images: Path, masks: Path, mask_suffix: str, refuse: Refuse) -> Iterable[Pair]:
    pictures, drawn = _by_stem(images, refuse), _by_stem(masks, refuse)
    if images.resolve() == masks.resolve():
        drawn = {stem: path for stem, path in drawn.items() if mask_suffix and stem.endswith(mask_suffix)}
        pictures = {stem: path for stem, path in pictures.items() if stem not in drawn}
    for stem, path in pictures.items():
        if (mask := drawn.pop(f"{stem}{mask_suffix}", None)) is not None:
            yield Pair(path, mask, stem)
            continue
        longer = next((other for other in drawn if other.startswith(stem)), None)
        hint = f"; {drawn[longer].name} is there: `mask_suffix`={longer[len(stem) :]}" if longer else f" in {masks}"
        refuse(BadInput(f"{path} has no mask called {Path(stem).name}{mask_suffix}{hint}"))
    for path in drawn.values():
        refuse(BadInput(f"{path} is a mask without a picture in {images}"))


def _by_stem(folder: Path, refuse: Refuse) -> dict[str, Path]:
    """The pictures below a folder, in whatever format Pillow reads, by their paths without the endings."""
    Image.init()
    read = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    found: dict[str, Path] = {}
    for name, path in sorted(stored_files(folder).items()):
        if path.suffix.lower() in read:
            stem = name[: -len(path.suffix)]
            if stem in found:
                refuse(BadInput(f"{found[stem]} and {path} have one name: which is it?"))
            found.setdefault(stem, path)
    if not found:
        raise BadInput(f"{folder} holds no picture that Pillow reads")
    return found
