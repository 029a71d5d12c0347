"""Generated pairs: a date in one of many languages, and the same date in ISO 8601."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from ablate.data.generated import DataSeed, Sizes, sample_generator
from ablate.data.split import Split, draw_for_split, for_split
from ablate.data.text.pairs import Pair
from ablate.errors import BadInput
from ablate.schema.options import SOME, checked

Style = Literal["full", "long", "medium"]  # Babel's short ones leave the century out, and which number is the month
FIRST, LAST = date(1900, 1, 1).toordinal(), date(2099, 12, 31).toordinal()


@checked
def dates(
    split: Split,
    *,
    sizes: Sizes,
    locales: Annotated[Sequence[str], SOME],
    styles: Annotated[Sequence[Style], SOME],
    seed: DataSeed,
) -> list[Pair]:
    """Pairs such as ("mardi 10 mai 2016", "2016-05-10"): days from 1900 to 2099; all locales and styles are equally likely.

    A day is in one split only, whatever its language: 80, 10 and 10 % of the days, by a hash. Babel writes the dates by CLDR's
    patterns for the Gregorian calendar, in any script. Pair i depends on (seed, split, i) and on the options, and on nothing else.

    Args:
        locales: Babel's names, such as de, pt_BR, zh_Hant.
        styles: full ("Tuesday, May 10, 2016"), long ("May 10, 2016") and medium ("May 10, 2016" or "10.05.2016").

    Raises:
        BadInput: an unknown locale, a split without a size.
    """
    parsed = [_locale(name) for name in locales]
    return [_pair(split, i, parsed, styles, seed) for i in range(for_split("sizes", sizes, split))]


def _pair(split: Split, index: int, locales: Sequence[Any], styles: Sequence[Style], seed: int) -> Pair:
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
