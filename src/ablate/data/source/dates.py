"""Generated pairs: a date in one of many languages, and the same date in ISO 8601."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from ablate.data.generated import check_generated, sample_generator
from ablate.data.split import draw_for_split
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput, check_choice

STYLES = ("full", "long", "medium")  # Babel's short ones leave the century out, and which number is the month
FIRST, LAST = date(1900, 1, 1).toordinal(), date(2099, 12, 31).toordinal()


def dates(split: str, *, sizes: Mapping[str, int], locales: Sequence[str], styles: Sequence[str], seed: int) -> list[Pair]:
    """Pairs such as ("mardi 10 mai 2016", "2016-05-10"): days from 1900 to 2099; all locales and styles are equally likely.

    A day is in one split only, whatever its language: 80, 10 and 10 % of the days, by a hash. Babel writes the dates by CLDR's
    patterns for the Gregorian calendar, in any script. Pair i depends on (seed, split, i) and on the options, and on nothing else.

    Args:
        locales: Babel's names, such as de, pt_BR, zh_Hant.
        styles: out of full ("Tuesday, May 10, 2016"), long ("May 10, 2016") and medium ("May 10, 2016" or "10.05.2016").

    Raises:
        BadInput: an unknown split, locale or style, a wrong size or seed.
    """
    check_generated(split, sizes, seed)
    for style in styles:
        check_choice("styles", style, STYLES)
    if not locales or not styles:
        raise BadInput("`locales` and `styles` must name one or more")
    parsed = [_locale(name) for name in locales]
    return [_pair(split, i, parsed, styles, seed) for i in range(sizes[split])]


def _pair(split: str, index: int, locales: Sequence[Any], styles: Sequence[str], seed: int) -> Pair:
    from babel.dates import format_date

    random = sample_generator(seed, split, index)
    locale, style = locales[int(random.random() * len(locales))], styles[int(random.random() * len(styles))]
    draw = lambda: date.fromordinal(FIRST + int(random.random() * (LAST - FIRST + 1)))  # noqa: E731
    day = draw_for_split(split, draw, date.isoformat, "dates")
    return Pair(format_date(day, format=style, locale=locale), day.isoformat(), f"{split} date {index} ({locale})")


@cache
def _locale(name: str) -> object:
    """Babel's locale of a name. Babel is imported here because it takes half a second."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(name)
    except (UnknownLocaleError, ValueError, TypeError):
        raise BadInput(f"`locales`: {name!r} is no locale of Babel's, as de and pt_BR are") from None
