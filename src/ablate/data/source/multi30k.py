"""Multi30k: descriptions of photographs in English with translations by people."""

import gzip
from collections.abc import Iterable
from pathlib import Path

from ablate.data.text.file import find, numbered
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput, check_choice

FILES = {"train": "train", "val": "val", "test": "test_2016_flickr"}
LAYOUTS = {"tok": "{}.lc.norm.tok.{}", "raw": "{}.{}.gz"}  # small letters and tokens, by Moses' scripts; as written
EXPECTED = (
    "`root` should hold data/task1/tok/train.lc.norm.tok.en and so on, "
    "as `git clone https://github.com/multi30k/dataset data/multi30k` makes it"
)


def multi30k(split: str, *, root: str | None, source: str, target: str, layout: str) -> list[Pair]:
    """29,000/1,014/1,000 pairs of task 1; the test is that of 2016.

    Source: Elliott, Frank, Sima'an, Specia 2016, "Multi30K: multilingual English-German image descriptions".

    Args:
        source, target: languages, such as de and en.
        layout: tok (small letters and tokens) or raw (as people wrote it).
    """
    pattern = LAYOUTS[check_choice("layout", layout, LAYOUTS)]
    if source == target:
        raise BadInput(f"`source` and `target` are both {source!r}")
    name = FILES[check_choice("split", split, FILES)]
    sides = [list(_lines(find(root, f"data/task1/{layout}/{pattern.format(name, side)}", EXPECTED))) for side in (source, target)]
    if len(sides[0]) != len(sides[1]):
        raise BadInput(f"{sides[0][-1][0]} is the last line of one side, {sides[1][-1][0]} of the other; they should be as many")
    return [Pair(text, other.strip(), place) for (place, text), (_, other) in zip(*sides, strict=True)]


def _lines(path: Path) -> Iterable[tuple[str, str]]:
    if path.suffix != ".gz":
        return numbered(path)
    try:
        text = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
    except (OSError, EOFError, ValueError) as error:
        raise BadInput(f"{path} is corrupt or no gzip file: {' '.join(str(error).split())}") from None
    if not text.strip():
        raise BadInput(f"{path} is empty")
    return ((f"{path}:{i}", line) for i, line in enumerate(text.replace("\r\n", "\n").rstrip().split("\n"), 1))
