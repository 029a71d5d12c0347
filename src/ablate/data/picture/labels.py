"""What the values of masks stand for: grey levels, palette indices or colours, each with the name of a class."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from ablate.data.picture.file import read_header, read_mask
from ablate.data.text.file import read_lines
from ablate.errors import BadInput

VOID = 255  # the label of a pixel that is no class
MOST = 64  # values of masks that nobody has named
LEAST_SHARE, GAP = 0.005, 16  # of the pixels of smoothed masks that a class has, and how far classes are from each other
COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")
GREY, HUES = ("1", "L", "P", "I;16", "I;16B", "I"), ("RGB", "RGBA", "LA", "PA", "CMYK")
Given = Mapping[int | str, str | None] | Sequence[str] | str


class Labels:
    """Values of masks and the classes that they stand for.

    Args:
        classes: value -> name of its class, or None for what is no class; a colour is red·65536 + green·256 + blue. Two values may
            have one class. Classes are numbered in the order in which they first stand here.
        coloured: values are colours, also those of a palette.
        tolerance: a value that is no more than this from one of `classes` counts as it, in every channel.
    """

    def __init__(self, classes: Mapping[int, str | None], coloured: bool, tolerance: int = 0) -> None:
        self.classes, self.coloured, self.tolerance = classes, coloured, tolerance
        self.names = list(dict.fromkeys(name for name in classes.values() if name is not None))
        if not self.names:
            raise BadInput("`labels` names no class: give each value of the masks a name, as {0: ground, 255: cell}")
        if len(self.names) > VOID:
            raise BadInput(f"`labels` names {len(self.names)} classes; at most {VOID} are possible")
        self.codes = {value: VOID if name is None else self.names.index(name) for value, name in classes.items()}

    def state(self) -> dict[str, str | None]:
        """As `parse` takes them."""
        return {self.shown(value): name for value, name in self.classes.items()}

    def shown(self, value: int) -> str:
        """`255`, or `ff0000`."""
        return f"{value:06x}" if self.coloured else str(value)

    def palette(self) -> list[list[int]]:
        """The colour of each class, where values are colours; else none."""
        if not self.coloured:
            return []
        firsts = [next(value for value, own in self.classes.items() if own == name) for name in self.names]
        return [[*value.to_bytes(3, "big")] for value in firsts]

    def encode(self, path: Path) -> UInt8[np.ndarray, "h w"]:
        """The class of each pixel of a mask, or VOID; BadInput, which names the pixel, for a value that has none."""
        values = mask_values(path, self.coloured, lightest=1 if 1 in self.classes and 255 not in self.classes else 255)
        found, where = np.unique(values, return_inverse=True)
        codes = [self._code(int(value)) for value in found]
        where = where.reshape(values.shape)
        if None in codes:
            bad = codes.index(None)
            row, column = np.argwhere(where == bad)[0]
            raise BadInput(f"{path}: {self._unknown(int(found[bad]))} at row {row}, column {column}")
        return np.array(codes, np.uint8)[where]

    def _code(self, value: int) -> int | None:
        if value in self.codes:
            return self.codes[value]
        nearest = self._nearest(value)
        return self.codes[nearest] if distance(nearest, value, self.coloured) <= self.tolerance else None

    def _nearest(self, value: int) -> int:
        return min(self.codes, key=lambda known: distance(known, value, self.coloured))

    def _unknown(self, value: int) -> str:
        near = self._nearest(value)
        hint = f"`tolerance`={distance(near, value, self.coloured)} would count it as {self.shown(near)} ({self.classes[near]})"
        return f"`labels` has no value {self.shown(value)}; {hint}, found first"


def distance(one: int, other: int, coloured: bool) -> int:
    """How far two values are from each other: the greatest difference of a channel."""
    if not coloured:
        return abs(one - other)
    return max(abs(a - b) for a, b in zip(one.to_bytes(3, "big"), other.to_bytes(3, "big"), strict=True))


def parse(given: Given, tolerance: int = 0) -> Labels:
    """Labels as a config has them: {value: name}, a list of the names of 0, 1, 2 …, or a file with a value and its name a line."""
    if isinstance(given, str):
        pairs = [line.split(None, 1) for _, line in read_lines(Path(given).expanduser()) if line.strip()]
        given = {value: name.strip() if name else None for value, *rest in pairs for name in [rest[0] if rest else None]}
    if not isinstance(given, Mapping):
        given = dict(enumerate(given))
    coloured = any(COLOUR.fullmatch(str(key)) for key in given)
    classes = {_value(key, coloured): None if name is None else str(name) for key, name in given.items()}
    return Labels(classes, coloured, tolerance)


def _value(key: int | str, coloured: bool) -> int:
    if coloured:
        if match := COLOUR.fullmatch(f"{key:06d}" if isinstance(key, int) else key):  # 0 is what YAML makes of 000000
            return int(match[1], 16)
    elif str(key).isdecimal() and int(key) < 2**16:
        return int(key)
    wanted = "a colour, as 'ff0000'" if coloured else "a grey level or palette index from 0 to 65535, or a colour, as 'ff0000'"
    raise BadInput(f"`labels`: the key {key!r} must be {wanted}")


def find(masks: Iterable[Path], names: Sequence[str] | None = None) -> Labels:
    """Every value of the masks as a class, called `names` in rising order, or as it is written."""
    paths = list(masks)
    coloured = are_coloured(paths)
    counts = count_values(paths, coloured)
    if len(counts) > MOST:
        raise BadInput(
            f"the masks beside {paths[0]} hold {len(counts)} different values, more than {MOST}: name those that are classes "
            "(`labels`); of masks saved as JPEG, or smoothed, `tolerance` counts what lies near them"
        )
    values = sorted(counts)
    shown = list(map(Labels(dict.fromkeys(values, ""), coloured).shown, values))
    if names is not None and len(names) != len(values):
        raise BadInput(f"`class_names` has {len(names)} names, but the masks hold the values {', '.join(shown)} (`labels`)")
    return Labels(dict(zip(values, names or shown, strict=True)), coloured)


def propose(counts: Mapping[int, int], coloured: bool, smoothed: bool) -> Labels:
    """Labels for values of masks, of which `counts` has the numbers of pixels, each called after its value.

    Args:
        smoothed: most values are mixtures of others, as JPEG makes them: those are chosen that are frequent and far from each
            other, with the tolerance that reaches all others.
    """
    total, values, tolerance = sum(counts.values()), list(counts), 0
    if smoothed or len(values) > MOST:
        values = []
        for value in sorted(counts, key=lambda value: -counts[value]):
            if counts[value] >= LEAST_SHARE * total and all(distance(value, each, coloured) > GAP for each in values):
                values.append(value)
        values = values or [max(counts, key=lambda value: counts[value])]
        tolerance = max(min(distance(value, each, coloured) for each in values) for value in counts)
    shown = Labels(dict.fromkeys(values, ""), coloured).shown
    return Labels({value: f"class_{shown(value)}" for value in sorted(values)}, coloured, tolerance)


def count_values(paths: Iterable[Path], coloured: bool) -> dict[int, int]:
    """How many pixels of the masks have each value."""
    counts: dict[int, int] = {}
    for path in paths:
        values = mask_values(path, coloured)
        for value, count in zip(*np.unique(values, return_counts=True), strict=True):
            counts[int(value)] = counts.get(int(value), 0) + int(count)
    return counts


def are_coloured(paths: Iterable[Path]) -> bool:
    """Whether masks are told apart by colour: they have three channels that differ, or each a coloured palette of its own."""
    palettes = set()
    for path in paths:
        if read_header(path, path)[1] not in ("P", *HUES):
            continue
        mask = read_mask(path)
        if mask.mode == "P" and not _is_grey_palette(mask):
            palettes.add(bytes(mask.getpalette() or []))
        elif mask.mode in HUES and (np.ptp(np.asarray(mask.convert("RGB")), axis=2) > 0).any():
            return True
    return len(palettes) > 1


def mask_values(path: Path, coloured: bool, lightest: int = 255) -> Int[np.ndarray, "h w"]:
    """The value of each pixel: its colour, or its grey level or palette index. A palette of greys is read as grey.

    Args:
        lightest: what the one of a mask of one bit is called.
    """
    mask = read_mask(path)
    if mask.mode not in (*GREY, *HUES):
        raise BadInput(f"{path} is a mask of mode {mask.mode}: save it as grey, with a palette, or as RGB")
    if mask.mode == "1" and not coloured:
        return np.asarray(mask) * np.int64(lightest)
    if mask.mode in GREY and not coloured:
        return np.asarray(mask.convert("L") if mask.mode == "P" and _is_grey_palette(mask) else mask).astype(np.int64)
    red, green, blue = np.moveaxis(_opaque(path, mask).astype(np.int64), 2, 0)
    if coloured:
        return red << 16 | green << 8 | blue
    if (red != green).any() or (red != blue).any():
        row, column = np.argwhere((red != green) | (red != blue))[0]
        shown = f"{red[row, column]:02x}{green[row, column]:02x}{blue[row, column]:02x}"
        raise BadInput(f"{path} has the colour {shown} at row {row}, column {column}, but `labels` are grey levels: name colours")
    return red


def _opaque(path: Path, mask: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    """The colours of a mask, black where it is transparent."""
    if not mask.has_transparency_data:
        return np.asarray(mask.convert("RGB"))
    pixels = np.asarray(mask.convert("RGBA"))
    alpha = pixels[..., 3:]
    if ((alpha > 0) & (alpha < 255)).any():
        raise BadInput(f"{path} has pixels that are half transparent: save the mask without alpha")
    return np.where(alpha == 0, 0, pixels[..., :3]).astype(np.uint8)


def _is_grey_palette(mask: Image.Image) -> bool:
    colours = np.array(mask.getpalette() or [0, 0, 0]).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())
