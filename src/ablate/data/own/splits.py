"""Which samples of one's own are for training, which choose the checkpoint, which test it: by files, by lists, or drawn."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from ablate.data.split import SPLITS, Drawn, Split, hash_fraction
from ablate.data.text.file import read_filled_lines
from ablate.errors import BadInput, did_you_mean
from ablate.schema.options import Count, Fraction, Seed, check_fields

T = TypeVar("T")
WORDS: Mapping[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}  # fmt: skip


def split_named(name: str) -> Split | None:
    """The split that a file or folder is called after: `train`, `en-ud-dev`, `val.2024`; None for other names."""
    return next((WORDS[word] for word in re.split(r"[-_. ]", name.lower()) if word in WORDS), None)


def files_of_splits(folder: Path, suffixes: Sequence[str]) -> dict[Split, Path]:
    """The files of a folder that are called after a split, such as train.csv; BadInput where two are called after one."""
    found: dict[Split, Path] = {}
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(".gz")
        split = split_named(Path(name).stem)
        if path.name.startswith(".") or split is None or not path.is_file() or Path(name).suffix.lower() not in suffixes:
            continue
        if split in found:
            raise BadInput(f"{folder} has two files for {split}: {found[split].name} and {path.name}; name one as `splits.{split}`")
        found[split] = path
    return found


@dataclass(frozen=True)
class Splits:
    """How samples are divided.

    Args:
        root: a file with all samples, or with those for training; or a folder with files that are called after the splits.
        val, test: files of their own for these; None: those beside `root`'s training file, else drawn.
        lists: a folder with train.txt, val.txt and test.txt, which name samples, one a line, as a run writes them into its folder
            splits/ where it draws; None: there are none.
        fractions: shares of train, val and test where they are drawn; with 0 for the test, val is the test.
        seed: of the draw. It is not the seed of the run.
    """

    root: str | None
    fractions: Annotated[Sequence[Fraction], Count(3)]
    seed: Seed
    val: str | None = None
    test: str | None = None
    lists: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if abs(sum(self.fractions) - 1) > 1e-6 or min(self.fractions[:2]) == 0:
            raise BadInput(f"`fractions`={list(self.fractions)} must sum to 1, with shares above 0 for train and val")

    def files(self, suffixes: Sequence[str], what: str) -> dict[Split, Path]:
        """The file of each split that has one; of the training split always.

        Raises:
            BadInput: a file is missing. `what` says what it should hold.
        """
        if self.root is None:
            raise BadInput(f"`splits.root` is not set: name {what}, or a folder with train, val and test of these")
        root = Path(self.root).expanduser()
        found: dict[Split, Path] = files_of_splits(root, suffixes) if root.is_dir() else {"train": root}
        own: dict[Split, str | None] = {"val": self.val, "test": self.test}
        found |= {name: Path(given).expanduser() for name, given in own.items() if given is not None}
        if "train" not in found:
            raise BadInput(f"{root} holds no file called train, with one of the endings {', '.join(suffixes)}: it should be {what}")
        for path in found.values():
            if not path.is_file():
                raise BadInput(f"{path} is missing; `splits.root` should be {what}")
        return found

    def choose(
        self,
        split: Split,
        parts: Mapping[Split, Sequence[T]],
        name: Callable[[T], str],
        key: Callable[[T], str] | None = None,
    ) -> Sequence[T]:
        """The samples of a split.

        Args:
            parts: the samples of each split that is known; others are drawn from those for training, and without any for the
                test these are val.
            name: of a sample, in lists.
            key: samples of one key come into one split; None: `name`.
        """
        if self.lists is not None:
            return self._listed(split, [item for part in parts.values() for item in part], name)
        if split in parts and (split != "train" or "val" in parts):
            return parts[split]
        if "val" in parts:
            return parts["val"]
        return self._draw(split, parts["train"], "test" not in parts and self.fractions[2] > 0, name, key or name)

    def _draw(
        self, split: Split, items: Sequence[T], with_test: bool, name: Callable[[T], str], key: Callable[[T], str]
    ) -> Sequence[T]:
        keys = sorted({key(item) for item in items}, key=lambda each: hash_fraction(f"{self.seed} {each}"))
        shares = self.fractions[1 : 3 if with_test else 2]
        total = sum(self.fractions) if with_test else sum(self.fractions[:2])
        counts = [max(1, round(len(keys) * share / total)) for share in shares]
        if sum(counts) >= len(keys):
            raise BadInput(f"{len(keys)} different samples are too few for {', '.join(SPLITS[: 1 + len(counts)])}")
        ends = [0, counts[0], sum(counts), len(keys)] if with_test else [0, counts[0], len(keys)]
        order = ["val", "test", "train"] if with_test else ["val", "train"]
        place = order.index(split if split in order else "val")
        chosen = {*keys[ends[place] : ends[place + 1]]}
        return Drawn([item for item in items if key(item) in chosen], name)

    def _listed(self, split: Split, items: Sequence[T], name: Callable[[T], str]) -> Sequence[T]:
        lists = files_of_splits(Path(str(self.lists)).expanduser(), (".txt",))
        if (path := lists.get(split) or lists.get("val")) is None or "train" not in lists:
            raise BadInput(f"`splits.lists`={self.lists} holds no {split}.txt with the name of a sample a line")
        by_name: dict[str, list[T]] = {}
        for item in items:
            by_name.setdefault(name(item), []).append(item)
        chosen = []
        for location, line in read_filled_lines(path):
            known = next((each for each in (line, line.rpartition(".")[0]) if each in by_name), None)
            if known is None:
                raise BadInput(f"{location}: no sample is called {line!r}{did_you_mean(line, by_name).split(' (one of')[0]}")
            chosen += by_name[known]
        return chosen
