"""True captions of a scene, drawn at random: of the numbers of a stream, and of nothing else."""

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from ablate.data.scene.language import NUMBERS, POSITIONS, RELATIONS, SIZES, Phrase, Statement, say
from ablate.data.scene.truth import has_position, has_relation, has_size, holds, meant
from ablate.data.scene.view import Seen

TRIES = 40
NAME_SHAPE, NAME_COLOUR, NAME_SIZE = 0.9, 0.75, 0.4  # how often each is said where it can be
BROAD = 0.5  # how often things are counted, by one of these alone or by none, where that makes several
PLAIN, PLACED, TWICE = 0.15, 0.55, 0.2  # without a tail; up to here with a position; two statements


def captions(
    view: Sequence[Seen], count: int, stream: Callable[[int], np.random.Generator], wanted: Container[tuple[str, str]] = ()
) -> list[str]:
    """`count` captions that certainly hold; all different, unless the picture has too little to say.

    Caption c is made of `stream(c)`. Of the (colour, shape) pairs in `wanted` that are clear in the picture, each
    caption names one, first.
    """
    said: list[str] = []
    for c in range(count):
        random = stream(c)
        for _ in range(TRIES):
            statements = _draw(random, view, wanted)
            if say(statements) not in said and all(holds(each, view, certain=True) for each in statements):
                break
        else:
            statements = [_plain(view, wanted)]
        said.append(say(statements))
    return said


def _draw(random: np.random.Generator, view: Sequence[Seen], wanted: Container[tuple[str, str]]) -> list[Statement]:
    things = _subjects(view, wanted)
    if not things:
        return [Statement(Phrase(0))]
    thing = _choose(random, things)
    first = _statement(random, view, thing, wanted)
    others = [each for each in _subjects(view) if each is not thing]
    if random.random() >= TWICE or not others:
        return [first]
    return [first, _statement(random, view, _choose(random, others), ())]


def _plain(view: Sequence[Seen], wanted: Container[tuple[str, str]]) -> Statement:
    """What can always be said."""
    things = _subjects(view, wanted)
    return Statement(Phrase(1, None, things[-1].colour, things[-1].shape) if things else Phrase(0))


def _subjects(view: Sequence[Seen], wanted: Container[tuple[str, str]] = ()) -> list[Seen]:
    clear = [thing for thing in view if thing.clear]
    return [thing for thing in clear if (thing.colour, thing.shape) in wanted] or clear


def _statement(random: np.random.Generator, view: Sequence[Seen], thing: Seen, wanted: Container) -> Statement:
    phrase = _phrase(random, thing, view, wanted)
    tail = random.random()
    positions = [each for each in POSITIONS if has_position(thing, each, certain=True)]
    others = [other for other in view if other.clear and other is not thing]
    if PLAIN <= tail < PLACED and positions:
        return Statement(phrase, _choose(random, positions))
    if tail >= PLACED and others:
        other = _choose(random, others)
        if relations := [each for each in RELATIONS if has_relation(thing, each, other, certain=True)]:
            return Statement(phrase, None, _choose(random, relations), _phrase(random, other, view, ()))
    return Statement(phrase)


def _phrase(random: np.random.Generator, thing: Seen, view: Sequence[Seen], wanted: Container) -> Phrase:
    """One such thing by some of what it is, or how many there are, where they are several beyond doubt."""
    shape, colour, size, broad = random.random(4)
    must = (thing.colour, thing.shape) in wanted
    sizes = [each for each in SIZES if has_size(thing, each, certain=True)]
    phrase = Phrase(
        1,
        sizes[0] if sizes and size < NAME_SIZE else None,
        thing.colour if must or colour < NAME_COLOUR else None,
        thing.shape if must or shape < NAME_SHAPE else None,
    )
    shorter = [Phrase(1, shape=thing.shape), Phrase(1, colour=thing.colour), Phrase(1)]
    several = [counted for each in (phrase, *shorter) if (counted := _count(each, view)).number > 1]
    return _choose(random, several) if several and broad < BROAD and not must else phrase


def _count(phrase: Phrase, view: Sequence[Seen]) -> Phrase:
    """The same with its number, where that is certain and has a word."""
    sure, maybe = (meant(phrase, view, certain) for certain in (True, False))
    return phrase._replace(number=len(sure)) if len(sure) == len(maybe) and 1 < len(sure) < len(NUMBERS) else phrase


def _choose(random: np.random.Generator, things: Sequence) -> Any:
    return things[int(random.random() * len(things))]
