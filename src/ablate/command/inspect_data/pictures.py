"""Pictures: sizes and modes, the values of masks, captions and questions; and a sheet of examples."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ablate.command.inspect_data.findings import Findings, Items
from ablate.command.inspect_data.texts import print_lengths, print_shares
from ablate.console import console, print_table
from ablate.data.own.questions import Asked
from ablate.data.picture.captions import Captioned
from ablate.data.picture.file import format_size, read_header, read_picture, stored_size
from ablate.data.picture.labels import VOID, Labels, are_coloured, count_values, parse, propose
from ablate.figure.colours import FILLS, WHITE
from ablate.figure.contact_sheet import Shown
from ablate.figure.panel import colours_of
from ablate.files import write_atomically

SIDE = 240  # pixels of the longer side of an example
JPEG = (".jpg", ".jpeg")
TINTS = [tuple(bytes.fromhex(colour[1:])) for colour in ("#444444", *FILLS)]
LABELS, MOST_INLINE = "labels.txt", 4
Counts = Mapping[Path, Mapping[int, int]]  # mask -> value -> pixels


def inspect_masks(items: Items, findings: Findings) -> None:
    """Pictures with masks."""
    pairs = {split: [(each[0], each[1]) for each in part] for split, part in items.items()}
    every = list(dict.fromkeys(pair for part in pairs.values() for pair in part))
    _print_headers("picture", [image for image, _ in every], findings)
    _print_headers("mask", [mask for _, mask in every], findings)
    for image, mask in every:
        if findings.kept(stored_size, image, mask, False):
            findings.kept(read_picture, image, findings.options.get("white"))
    labels, counts = _labels([mask for _, mask in every], findings)
    if labels is None:
        return
    _print_values(labels, counts, pairs)
    colours = colours_of(findings.options["palette"] or labels.palette() or TINTS, len(labels.names))
    drawn = [_with_mask(image, mask, labels, colours, findings) for image, mask in findings.shown(every)]
    findings.draw([each for each in drawn if each], dict(zip(labels.names, colours, strict=True)))


def _labels(masks: Sequence[Path], findings: Findings) -> tuple[Labels | None, Counts]:
    """What masks are read with, the labels of the config or a proposal; and the values of each mask."""
    given, names = findings.options.get("labels"), findings.options.get("class_names")
    if given is None and names and "labels" not in findings.options:  # values are classes, as of data=voc
        void = findings.options.get("ignore_index")
        given = dict(enumerate(names)) | ({} if void is None else {void: None})
    labels = None if given is None else parse(given, findings.options.get("tolerance", 0))
    coloured = labels.coloured if labels else bool(findings.kept(are_coloured, masks))
    counted = [(mask, findings.kept(count_values, [mask], coloured)) for mask in masks]
    counts = {mask: each for mask, each in counted if each}
    if labels is None and counts:
        total = Counter[int]()
        for each in counts.values():
            total.update(each)
        labels = propose(total, coloured, any(mask.suffix.lower() in JPEG for mask in counts))
        _print_proposal(labels, findings)
    for mask in counts:
        findings.kept(labels.encode, mask)  # type: ignore[union-attr]
    return labels, counts


def _print_proposal(labels: Labels, findings: Findings) -> None:
    path, state = findings.output / LABELS, labels.state()
    if not path.exists():
        findings.output.mkdir(parents=True, exist_ok=True)
        write_atomically(path, "".join(f"{value} {name}\n" for value, name in state.items()))
    findings.words = [f"data.labels={path}", *([f"data.tolerance={labels.tolerance}"] if labels.tolerance else [])]
    pairs = ", ".join(f"{value}: {name}" for value, name in state.items())
    inline = f", or 'data.labels={{{pairs}}}'" if len(state) <= MOST_INLINE else ""
    console.print(f"proposed, with better names in that file: {' '.join(findings.words)}{inline}")


def _print_values(labels: Labels, counts: Counts, pairs: Mapping[str, Sequence[tuple[Path, Path]]]) -> None:
    """The share of each value of the masks in each split, and in how many masks it is."""
    sums = {split: Counter[int]() for split in pairs}
    for split, part in pairs.items():
        for _, mask in part:
            sums[split].update(counts.get(mask, {}))
    within = Counter(value for each in counts.values() for value in each)
    known = [value for value in labels.classes if value in within or len(labels.classes) < 64]
    others = [value for value in within if value not in labels.classes]
    name = lambda value: labels.classes[value] or "(void)"  # noqa: E731
    rows = [(labels.shown(value), name(value), *_shares(sums, [value]), f"{within[value]:,}") for value in known]
    if others:
        rows.append((f"{len(others):,} others", "", *_shares(sums, others), ""))
    print_table(None, ("value", "class", *sums, "masks"), rows)


def _shares(sums: Mapping[str, Counter[int]], values: Sequence[int]) -> list[str]:
    return [f"{sum(each[value] for value in values) / max(1, each.total()):.2%}" for each in sums.values()]


def _with_mask(image: Path, mask: Path, labels: Labels, colours: Sequence[Sequence[int]], findings: Findings) -> Shown | None:
    """A picture beside itself under its mask."""
    picture = _small(findings.kept(read_picture, image, findings.options.get("white")))
    label = findings.kept(labels.encode, mask)
    if picture is None or label is None:
        return None
    small = np.asarray(Image.fromarray(label).resize((picture.shape[1], picture.shape[0]), Image.Resampling.NEAREST))
    table = np.full((256, 3), bytes.fromhex(WHITE[1:])[0], np.uint8)
    table[: len(colours)] = colours
    over = np.where((small == VOID)[..., None], 255, picture // 2 + table[small] // 2).astype(np.uint8)
    return Shown(np.hstack([picture, over]), image.name)


def inspect_captions(items: Items, findings: Findings) -> None:
    """Pictures with captions."""
    every: list[Captioned] = list({each.name: each for part in items.values() for each in part}.values())
    _print_headers("picture", [Path(each.name) for each in every], findings)
    captions = {split: [caption for each in part for caption in each.captions] for split, part in items.items()}
    print_lengths(captions, findings, {"caption": str})
    print_shares("captions a picture", {split: [len(each.captions) for each in part] for split, part in items.items()})
    for each in every:
        findings.kept(each.load)
    findings.draw(_sheet([(each.load, f"{Path(each.name).name}\n{each.captions[0]}") for each in findings.shown(every)], findings))


def _sheet(pictures: Sequence[tuple[Callable[[], Image.Image], str]], findings: Findings) -> list[Shown]:
    """The pictures that can be read, small, each with its text."""
    read = [(_small(findings.kept(load)), text) for load, text in pictures]
    return [Shown(image, text) for image, text in read if image is not None]


def _small(picture: Image.Image | None) -> UInt8[np.ndarray, "h w 3"] | None:
    if picture is None:
        return None
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    return np.asarray(picture)


def inspect_questions(items: Items, findings: Findings) -> None:
    """Questions on pictures or on stories."""
    every: list[Asked] = [each for part in items.values() for each in part]
    fields = {"question": lambda each: each.question}
    if every[0].story is not None:
        fields["story"] = lambda each: each.story or ""
        findings.words = ["model=story_question_answering"]
    print_lengths(items, findings, fields)
    print_shares("answer", {split: [each.answer for each in part] for split, part in items.items()})
    pictures = list(dict.fromkeys(each.picture for each in every if each.picture is not None))
    if pictures:
        _print_headers("picture", pictures, findings)
        for path in pictures:
            findings.kept(read_picture, path)
    for each in findings.shown(every) if not pictures else ():
        console.print(f"  {(each.story or '')[-80:]} {each.question} {each.answer}")
    shown = [each for each in findings.shown(every) if each.picture is not None]
    findings.draw(_sheet([(partial(read_picture, each.picture), f"{each.question}\n{each.answer}") for each in shown], findings))


def _print_headers(name: str, paths: Sequence[Path], findings: Findings) -> None:
    """How many pictures have each size, mode and ending."""
    headers = [(path, findings.kept(read_header, path, path)) for path in paths]
    kinds = Counter((format_size(found[0]), found[1], path.suffix.lower()) for path, found in headers if found)
    rows = [(size, mode, ending, f"{count:,}") for (size, mode, ending), count in kinds.most_common(10)]
    if len(kinds) > 10:
        rows.append((f"{len(kinds) - 10:,} other kinds", "", "", f"{kinds.total() - sum(n for _, n in kinds.most_common(10)):,}"))
    print_table(None, (f"size of a {name}", "mode", "ending", f"{name}s"), rows)
