"""The language in which generated scenes are described: statements, their text, and how a text is parsed.

    caption   = statement ("and" statement)*
    statement = phrase (position | relation phrase)?        "no" has no relation, on either side
    phrase    = number size? colour? (shape | object)

"a small red ring left of two blue squares", "three green objects at the top and an arc". `semantics` says what they mean.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ablate.data.scene.parameters import COLOURS, SHAPES

NUMBERS = ("no", "a", *"two three four five six seven eight nine ten eleven twelve".split())
SIZES = ("small", "large")
POSITIONS = ("at the left", "at the right", "at the top", "at the bottom", "in the middle")
RELATIONS = ("left of", "right of", "above", "below")
ANY_SHAPE = "object"


class Phrase(NamedTuple):
    """How many objects of which kind; None: not named."""

    number: int  # 1 is "a", which is at least one; any other number is exact
    size: str | None = None
    colour: str | None = None
    shape: str | None = None


class Statement(NamedTuple):
    """A subject with either a position, or a relation to `other`, or neither."""

    subject: Phrase
    position: str | None = None
    relation: str | None = None
    other: Phrase | None = None


def plural(noun: str) -> str:
    """Such as "crosses" or "rings"."""
    return noun + ("es" if noun.endswith("s") else "s")


def with_article(words: Sequence[str]) -> str:
    """Such as "a red ring" or "an arc"."""
    return " ".join(["an" if words[0][0] in "aeiou" else "a", *words])


def to_text(statements: Iterable[Statement]) -> str:
    """The caption that consists of these statements."""
    return " and ".join(map(_statement_text, statements))


def parse(caption: str) -> list[Statement] | None:
    """The statements of which `to_text` makes this caption; None for any other text, such as "a arc" or "two ring"."""
    statements = [_parse_statement(text) for text in " ".join(caption.split()).split(" and ")]
    return statements if None not in statements else None


def all_words() -> list[str]:
    """All words of the language."""
    nouns = [*SHAPES, ANY_SHAPE]
    both = [*NUMBERS, "an", *SIZES, *COLOURS, *nouns, *map(plural, nouns), *POSITIONS, *RELATIONS, "and"]
    return list(dict.fromkeys(" ".join(both).split()))


def _phrase_text(phrase: Phrase) -> str:
    noun = phrase.shape or ANY_SHAPE
    words = [word for word in (phrase.size, phrase.colour) if word] + [noun if phrase.number == 1 else plural(noun)]
    return with_article(words) if phrase.number == 1 else " ".join([NUMBERS[phrase.number], *words])


def _statement_text(statement: Statement) -> str:
    parts = [_phrase_text(statement.subject), statement.position, statement.relation]
    if statement.relation:
        parts.append(_phrase_text(statement.other))
    return " ".join(part for part in parts if part)


SINGULAR = {form: noun for noun in (*SHAPES, ANY_SHAPE) for form in (plural(noun), noun)}


def _pattern(prefix: str) -> str:
    groups = {"number": [*NUMBERS, "an"], "size": SIZES, "colour": COLOURS, "noun": SINGULAR}
    number, size, colour, noun = (f"(?P<{prefix}{name}>{'|'.join(group)})" for name, group in groups.items())
    return f"{number} (?:{size} )?(?:{colour} )?{noun}"


PATTERN = re.compile(
    f"{_pattern('s_')}(?: (?P<position>{'|'.join(POSITIONS)})| (?P<relation>{'|'.join(RELATIONS)}) {_pattern('o_')})?"
)


def _parse_statement(text: str) -> Statement | None:
    if not (match := PATTERN.fullmatch(text)):
        return None
    groups = match.groupdict()
    other = _parse_phrase(groups, "o_") if groups["relation"] else None
    statement = Statement(_parse_phrase(groups, "s_"), groups["position"], groups["relation"], other)
    if other and 0 in (statement.subject.number, other.number):
        return None
    return statement if _statement_text(statement) == text else None  # "a arc", "two ring"


def _parse_phrase(groups: dict[str, str | None], prefix: str) -> Phrase:
    number, noun = groups[f"{prefix}number"], SINGULAR[groups[f"{prefix}noun"]]
    count = NUMBERS.index("a" if number == "an" else number)
    return Phrase(count, groups[f"{prefix}size"], groups[f"{prefix}colour"], None if noun == ANY_SHAPE else noun)
