"""Multi30k: descriptions of photographs in English with translations by people."""

from typing import Literal

from ablate.data.split import Split
from ablate.data.text.file import find_path, read_lines
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput
from ablate.schema.options import checked

FILES = {"train": "train", "val": "val", "test": "test_2016_flickr"}
Layout = Literal["tok", "raw"]
LAYOUTS: dict[Layout, str] = {"tok": "{}.lc.norm.tok.{}", "raw": "{}.{}.gz"}
EXPECTED = (
    "`root` should hold data/task1/tok/train.lc.norm.tok.en and so on, "
    "as `git clone https://github.com/multi30k/dataset data/multi30k` makes it"
)


@checked
def multi30k(split: Split, *, root: str | None, source: str, target: str, layout: Layout) -> list[Pair]:
    """29,000, 1,014 and 1,000 pairs of task 1; the test is that of 2016.

    Line i of the file of one language, such as data/task1/raw/train.de.gz, is a translation of line i of the other.

    Source: Elliott, Frank, Sima'an, Specia 2016, "Multi30K: multilingual English-German image descriptions".

    Args:
        source, target: languages, such as de and en.
        layout: tok (small letters and tokens, by Moses' scripts) or raw (as people wrote it).

    Raises:
        BadInput: a missing or damaged file, files of different lengths, one language on both sides.
    """
    if source == target:
        raise BadInput(f"`source` and `target` are both {source!r}")
    names = [LAYOUTS[layout].format(FILES[split], language) for language in (source, target)]
    paths = [find_path(root, f"data/task1/{layout}/{name}", EXPECTED) for name in names]
    sources, targets = (list(read_lines(path)) for path in paths)
    if len(sources) != len(targets):
        raise BadInput(f"{sources[-1][0]} is the last line of one side, {targets[-1][0]} of the other; they should be as many")
    return [Pair(text, other.strip(), location) for (location, text), (_, other) in zip(sources, targets, strict=True)]
