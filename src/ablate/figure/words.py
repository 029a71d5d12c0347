"""Words as the font of a figure can show them."""

from functools import cache
from itertools import groupby

from matplotlib.font_manager import FontProperties, findfont, get_font

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def _has(letter: str) -> bool:
    return letter.isspace() or ord(letter) in _glyphs()


def readable(text: str) -> str:
    """A letter that the font lacks becomes its code point: 5月 is "5 U+6708". Other scripts stay as they are."""
    if all(map(_has, text)):
        return text
    parts = (
        "".join(letters).strip() if known else " ".join(f"U+{ord(letter):04X}" for letter in letters)
        for known, letters in groupby(text, _has)
    )
    return " ".join(filter(None, parts))


def token_label(token: str, most: int) -> str:
    """A token with its white space made visible, cut after `most` letters."""
    label = readable("".join(VISIBLE.get(letter, letter) for letter in token))
    return label if len(label) <= most else label[: most - 1] + "…"
