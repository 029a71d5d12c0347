"""Texts and tick labels in letters that the font of a figure has."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby

from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

LAST_RESORT = "Last Resort"  # matplotlib's own, which has a box for everything
WHITE_SPACE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


@cache
def _glyphs(path: str) -> frozenset[int]:
    return frozenset(get_font(path).get_charmap())


def _has_glyph(letter: str) -> bool:
    return letter.isspace() or any(ord(letter) in _glyphs(_path(family)) for family in rcParams["font.family"])


@cache
def _path(family: str) -> str:
    return findfont(FontProperties(family=[family]))


@cache
def _take_font_with(letter: str) -> bool:
    """Let all figures take from another installed font what theirs lacks; False where none has this letter."""
    for font in fontManager.ttflist if letter.isprintable() else ():
        if not font.name.startswith(LAST_RESORT) and ord(letter) in _glyphs(font.fname):
            rcParams["font.family"] = [*rcParams["font.family"], font.name]
            return True
    return False


def printable(text: str) -> str:
    """The text with the code point of each letter that no installed font has: 5月 becomes "5 U+6708"."""
    if all(_has_glyph(letter) or (_take_font_with(letter) and _has_glyph(letter)) for letter in text):
        return text
    return printable_by(text, _has_glyph)


def printable_by(text: str, has_glyph: Callable[[str], bool]) -> str:
    """The text with the code point of each letter of which `has_glyph` is false."""
    parts = (
        "".join(letters).strip() if known else " ".join(f"U+{ord(letter):04X}" for letter in letters)
        for known, letters in groupby(text, has_glyph)
    )
    return " ".join(filter(None, parts))


def as_plain_text(figure: Figure) -> None:
    """Show every text of a figure as it is, without mathematics, in letters that a font has; ticks have to have it already."""
    for text in figure.findobj(Text):
        text.set_text(printable(text.get_text()))
        text.set(parse_math=False, fontfamily=rcParams["font.family"])


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
