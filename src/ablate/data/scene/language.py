"""The language in which generated scenes are described: statements, how they are said, and how they are read back.

    caption   = statement ("and" statement)*
    statement = phrase (position | relation phrase)?        "no" has no relation, on either side
    phrase    = number size? colour? (shape | object)

"a small red ring left of two blue squares", "three green objects at the top and an arc". What they mean: `scene_truth`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ablate.data.scene.parameters import COLOURS, SHAPES

NUMBERS = ("no", "a", *"two three four five six seven eight nine ten eleven twelve".split())
SIZES = ("small", "large")
POSITIONS = ("at the left", "at the right", "at the top", "at the bottom", "in the middle")
RELATIONS = ("left of", "right of", "above", "below")
THING = "object"  # of whatever shape


class Phrase(NamedTuple):
    """How many of what; None: not said."""

    number: int  # 1 is "a", which is at least one; any other number is exact
    size: str | None = None
    colour: str | None = None
    shape: str | None = None


class Statement(NamedTuple):
    """What a picture shows; either a position, or a relation to `other`, or neither."""

    subject: Phrase
    position: str | None = None
    relation: str | None = None
    other: Phrase | None = None


def plural(noun: str) -> str:
    """The noun for more than one thing."""
    return noun + ("es" if noun.endswith("s") else "s")


def with_article(words: Sequence[str]) -> str:
    """The words after "a" or "an"."""
    return " ".join(["an" if words[0][0] in "aeiou" else "a", *words])


def say(statements: Iterable[Statement]) -> str:
    """The caption."""
    return " and ".join(map(_say_statement, statements))


def parse(caption: str) -> list[Statement] | None:
    """The statements that `say` makes this caption of; None of any other text, such as "a arc" or "two ring"."""
    found = [_parse_statement(text) for text in " ".join(caption.split()).split(" and ")]
    return found if None not in found else None


def words() -> list[str]:
    """All of the language."""
    nouns = [*SHAPES, THING]
    both = [*NUMBERS, "an", *SIZES, *COLOURS, *nouns, *map(plural, nouns), *POSITIONS, *RELATIONS, "and"]
    return list(dict.fromkeys(" ".join(both).split()))


def _say_phrase(phrase: Phrase) -> str:
    noun = phrase.shape or THING
    said = [word for word in (phrase.size, phrase.colour) if word] + [noun if phrase.number == 1 else plural(noun)]
    return with_article(said) if phrase.number == 1 else " ".join([NUMBERS[phrase.number], *said])


def _say_statement(statement: Statement) -> str:
    said = [_say_phrase(statement.subject)]
    if statement.position:
        said.append(statement.position)
    if statement.relation:
        said += [statement.relation, _say_phrase(statement.other)]
    return " ".join(said)


def _pattern(prefix: str) -> str:
    groups = {"number": [*NUMBERS, "an"], "size": SIZES, "colour": COLOURS, "noun": [*_singular()]}
    number, size, colour, noun = (f"(?P<{prefix}{name}>{'|'.join(group)})" for name, group in groups.items())
    return f"{number} (?:{size} )?(?:{colour} )?{noun}"


def _singular() -> dict[str, str]:
    """Noun, in either number -> the one of one."""
    return {form: noun for noun in (*SHAPES, THING) for form in (plural(noun), noun)}


PATTERN = re.compile(
    f"{_pattern('s_')}(?: (?P<position>{'|'.join(POSITIONS)})| (?P<relation>{'|'.join(RELATIONS)}) {_pattern('o_')})?"
)


def _parse_statement(text: str) -> Statement | None:
    if not (match := PATTERN.fullmatch(text)):
        return None
    found = match.groupdict()
    other = _phrase(found, "o_") if found["relation"] else None
    statement = Statement(_phrase(found, "s_"), found["position"], found["relation"], other)
    if other and 0 in (statement.subject.number, other.number):
        return None
    return statement if _say_statement(statement) == text else None  # "a arc", "two ring"


def _phrase(found: dict[str, str | None], prefix: str) -> Phrase:
    number, noun = found[f"{prefix}number"], _singular()[found[f"{prefix}noun"]]
    count = NUMBERS.index("a" if number == "an" else number)
    return Phrase(count, found[f"{prefix}size"], found[f"{prefix}colour"], None if noun == THING else noun)
