"""Texts and tick labels in letters that the font of a figure has."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby

from matplotlib.font_manager import FontProperties, findfont, get_font

WHITE_SPACE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def _has_glyph(letter: str) -> bool:
    return letter.isspace() or ord(letter) in _glyphs()


def printable(text: str) -> str:
    """The text with the code point of each letter that the font lacks: 5月 becomes "5 U+6708"."""
    if all(map(_has_glyph, text)):
        return text
    parts = (
        "".join(letters).strip() if known else " ".join(f"U+{ord(letter):04X}" for letter in letters)
        for known, letters in groupby(text, _has_glyph)
    )
    return " ".join(filter(None, parts))


def token_label(token: str, most: int) -> str:
    """A token with visible white space, cut after `most` letters."""
    label = printable("".join(WHITE_SPACE.get(letter, letter) for letter in token))
    return label if len(label) <= most else label[: most - 1] + "…"


def label_ticks(set_ticks: Callable, labels: Sequence[str], most: int, **text: float) -> None:
    """Put labels at the ticks 0, 1, …; if there are more than `most`, only every n-th one.

    Args:
        set_ticks: `set_xticks` or `set_yticks` of the axes.
        text: font size, rotation.
    """
    step = -(-len(labels) // most)
    set_ticks(range(0, len(labels), step), labels[::step], parse_math=False, **text)
