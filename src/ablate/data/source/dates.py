"""Dates in many languages, to be written as ISO 8601."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from ablate.data.random import sample_generator
from ablate.data.split import SPLITS, share
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput, check_choice, check_positive, check_whole

STYLES = ("full", "long", "medium")  # Babel's short ones leave the century out, and which number is the month
FIRST, LAST = date(1900, 1, 1).toordinal(), date(2099, 12, 31).toordinal()


def dates(split: str, *, sizes: Mapping[str, int], locales: Sequence[str], styles: Sequence[str], seed: int) -> list[Pair]:
    """("mardi 10 mai 2016", "2016-05-10"), …: days from 1900 to 2099, each locale and style as likely.

    A day is in one split only, whatever its language: 80, 10 and 10 % of them, by a hash. Texts are what Babel makes of CLDR's
    patterns, of the Gregorian calendar, and may hold any script, right-to-left ones too. Pair i depends on (seed, split, i) alone.

    Args:
        locales: Babel's names, such as de, pt_BR, zh_Hant.
        styles: out of full ("Tuesday, May 10, 2016"), long ("May 10, 2016") and medium ("May 10, 2016" or "10.05.2016").
    """
    check_choice("split", split, SPLITS)
    count = check_positive(f"sizes.{split}", sizes.get(split))
    check_whole("seed", seed, 0)
    for style in styles:
        check_choice("styles", style, STYLES)
    if not locales or not styles:
        raise BadInput("`locales` and `styles` must name one or more")
    found = [_locale(name) for name in locales]
    return [_pair(split, i, found, styles, seed) for i in range(count)]


def _pair(split: str, index: int, locales: Sequence[Any], styles: Sequence[str], seed: int) -> Pair:
    from babel.dates import format_date

    random = sample_generator(seed, split, index)
    locale, style = locales[int(random.random() * len(locales))], styles[int(random.random() * len(styles))]
    while _split(day := date.fromordinal(FIRST + int(random.random() * (LAST - FIRST + 1)))) != split:
        pass
    return Pair(format_date(day, format=style, locale=locale), day.isoformat(), f"{split} date {index} ({locale})")


def _split(day: date) -> str:
    tenth = share(day.isoformat())
    return "train" if tenth < 0.8 else "val" if tenth < 0.9 else "test"


@cache
def _locale(name: str) -> object:
    """Babel is imported where it is used: half a second."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError, TypeError):
        raise BadInput(f"`locales`: {name!r} is no locale of Babel's, as de and pt_BR are") from None
