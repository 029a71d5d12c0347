"""Kinds of questions on scenes: each makes a question, an answer, and a picture's objects that fit both.

An answer is drawn before its picture and apart from the question, so that the question alone says nothing of it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ablate.data.scene.combinations import middle
from ablate.data.scene.language import THING, Phrase, Statement, plural, say
from ablate.data.scene.parameters import COLOURS
from ablate.data.scene.truth import GAP, holds, meant
from ablate.data.scene.view import Seen

NUMBERS = ("zero", "one", "two", "three")
ANSWERS = ("yes", "no", *NUMBERS, *COLOURS)
View = Sequence[Seen]
Objects = np.ndarray  # of scene_draw.OBJECT, those that the picture has


class Question(NamedTuple):
    """A question with its answer.

    `fit` changes the numbers of a picture's objects; `holds` says whether the answer is then beyond doubt.
    """

    text: str
    answer: str
    fit: Callable[[Objects], None]
    holds: Callable[[View], bool]


def existence(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """Is there a red ring? Yes and no, each in half of the cases."""
    colour, shape, yes = _choose(random, [*COLOURS]), _choose(random, shapes), random.random() < 0.5
    asked, place = Phrase(1, colour=colour, shape=shape), random.random()

    def fit(objects: Objects) -> None:
        if yes:
            _paint(objects[int(place * len(objects))], shapes, colour, shape)

    def certain(view: View) -> bool:
        return holds(Statement(asked), view, True) if yes else not holds(Statement(asked), view, False)

    return Question(f"is there {say([Statement(asked)])} ?", "yes" if yes else "no", fit, certain)


def number(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """How many rings, or red objects, are there? Each number from 0 to 3 as likely."""
    by_colour, count = random.random() < 0.5, int(random.random() * len(NUMBERS))
    asked = Phrase(1, colour=_choose(random, [*COLOURS])) if by_colour else Phrase(1, shape=_choose(random, shapes))
    choices = [*COLOURS] if by_colour else [*shapes]
    order, others = random.random(64), random.random(64)

    def fit(objects: Objects) -> None:
        chosen = set(order[: len(objects)].argsort()[:count].tolist())
        field, word = ("colour", asked.colour) if by_colour else ("shape", asked.shape)
        rest = [each for each in choices if each != word]
        for k, thing in enumerate(objects):
            thing[field] = middle(choices, word if k in chosen else rest[int(others[k % 64] * len(rest))])

    def certain(view: View) -> bool:
        return len(meant(asked, view, True)) == len(meant(asked, view, False)) == count

    words = f"{asked.colour} {plural(THING)}" if by_colour else plural(asked.shape)
    return Question(f"how many {words} are there ?", NUMBERS[count], fit, certain)


def colour(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """What colour is the ring? Each colour as likely; there is one ring."""
    shape, answer = _choose(random, shapes), _choose(random, [*COLOURS])
    place, others = random.random(), random.random(64)

    def fit(objects: Objects) -> None:
        _alone(objects, int(place * len(objects)), shapes, answer, shape, others)

    def certain(view: View) -> bool:
        sure, maybe = (meant(Phrase(1, shape=shape), view, each) for each in (True, False))
        return len(sure) == len(maybe) == 1 and view[sure[0]].colour == answer

    return Question(f"what colour is the {shape} ?", answer, fit, certain)


def relation(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """Is the ring left of the square? Yes and no, each in half of the cases; there is one of each."""
    first = _choose(random, shapes)
    second, asked = _choose(random, [shape for shape in shapes if shape != first]), _choose(random, [*GAP])
    yes, others = random.random() < 0.5, random.random((2, 64))
    statement = Statement(Phrase(1, shape=first), None, asked, Phrase(1, shape=second))

    def fit(objects: Objects) -> None:
        for k, thing in enumerate(objects):
            rest = [shape for shape in shapes if shape not in (first, second)] or [first]
            thing["shape"] = middle([*shapes], (first, second)[k] if k < 2 else rest[int(others[0, k % 64] * len(rest))])
        objects[:] = objects[others[1][: len(objects)].argsort()]

    def certain(view: View) -> bool:
        for phrase in (statement.subject, statement.other):
            if not len(meant(phrase, view, True)) == len(meant(phrase, view, False)) == 1:
                return False
        return holds(statement, view, True) if yes else not holds(statement, view, False)

    return Question(f"is the {first} {asked} the {second} ?", "yes" if yes else "no", fit, certain)


KINDS = {"existence": existence, "count": number, "colour": colour, "relation": relation}


def _choose(random: np.random.Generator, things: Sequence[str]) -> str:
    return things[int(random.random() * len(things))]


def _paint(thing: np.void, shapes: Sequence[str], colour: str, shape: str) -> None:
    thing["colour"], thing["shape"] = middle([*COLOURS], colour), middle([*shapes], shape)


def _alone(objects: Objects, k: int, shapes: Sequence[str], colour: str, shape: str, others: np.ndarray) -> None:
    """Object k gets colour and shape; whatever else has the shape gets another one."""
    rest = [each for each in shapes if each != shape]
    for i, thing in enumerate(objects):
        if i == k:
            _paint(thing, shapes, colour, shape)
        elif shapes[int(thing["shape"] * len(shapes))] == shape:
            thing["shape"] = middle([*shapes], rest[int(others[i % 64] * len(rest))])
