"""Kinds of questions about scenes. Each makes a question, its answer, and objects that fit both.

An answer is sampled before its picture and apart from the question, so that the question alone does not give it.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from ablate.data.scene.language import ANY_SHAPE, Phrase, Statement, plural, to_text
from ablate.data.scene.numbers import number_for, pick
from ablate.data.scene.parameters import COLOURS
from ablate.data.scene.semantics import GAP, certain_count, holds, referents
from ablate.data.scene.visibility import VisibleObject

NUMBERS = ("zero", "one", "two", "three")
NAMES = [*COLOURS]
ANSWERS = ("yes", "no", *NUMBERS, *NAMES)
MOST = 64  # random numbers for the objects of a picture; object k takes number k mod MOST
Visible = Sequence[VisibleObject]
Objects = np.ndarray  # records OBJECT of the objects that the picture has


class Question(NamedTuple):
    """A question with its answer.

    `fit` changes the numbers of a picture's objects in place; `holds` says whether the answer then certainly holds.
    """

    text: str
    answer: str
    fit: Callable[[Objects], None]
    holds: Callable[[Visible], bool]


def existence(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """Ask "is there a red ring ?". The answers yes and no are equally likely."""
    colour, shape, yes = pick(NAMES, random.random()), pick(shapes, random.random()), random.random() < 0.5
    statement, which = Statement(Phrase(1, colour=colour, shape=shape)), random.random()

    def fit(objects: Objects) -> None:
        if yes:
            chosen = objects[int(which * len(objects))]
            chosen["colour"], chosen["shape"] = number_for(NAMES, colour), number_for(shapes, shape)

    return Question(f"is there {to_text([statement])} ?", "yes" if yes else "no", fit, lambda view: _holds(statement, view, yes))


def count(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """Ask "how many rings are there ?", or "how many red objects". The answers zero to three are equally likely."""
    field, number = "colour" if random.random() < 0.5 else "shape", int(random.random() * len(NUMBERS))
    choices = {"colour": NAMES, "shape": shapes}[field]
    word = pick(choices, random.random())
    rest = [each for each in choices if each != word]
    order, others = random.random(MOST), random.random(MOST)

    def fit(objects: Objects) -> None:
        counted = set(order[: len(objects)].argsort()[:number].tolist())
        for k, each in enumerate(objects):
            each[field] = number_for(choices, word if k in counted else pick(rest, others[k % MOST]))

    nouns = f"{word} {plural(ANY_SHAPE)}" if field == "colour" else plural(word)
    phrase = Phrase(1, **{field: word})
    return Question(f"how many {nouns} are there ?", NUMBERS[number], fit, lambda view: certain_count(phrase, view) == number)


def colour(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """Ask "what colour is the ring ?". All colours are equally likely, and there is one ring."""
    shape, answer = pick(shapes, random.random()), pick(NAMES, random.random())
    which, others = random.random(), random.random(MOST)
    rest = [each for each in shapes if each != shape]

    def fit(objects: Objects) -> None:
        chosen = int(which * len(objects))
        for k, each in enumerate(objects):
            if k == chosen:
                each["colour"], each["shape"] = number_for(NAMES, answer), number_for(shapes, shape)
            elif pick(shapes, each["shape"]) == shape:
                each["shape"] = number_for(shapes, pick(rest, others[k % MOST]))

    def certain(view: Visible) -> bool:
        phrase = Phrase(1, shape=shape)
        return certain_count(phrase, view) == 1 and view[referents(phrase, view, True)[0]].colour == answer

    return Question(f"what colour is the {shape} ?", answer, fit, certain)


def relation(random: np.random.Generator, shapes: Sequence[str]) -> Question:
    """Ask "is the ring left of the square ?". The answers yes and no are equally likely, and there is one of each shape."""
    first = pick(shapes, random.random())
    second, name = pick([shape for shape in shapes if shape != first], random.random()), pick([*GAP], random.random())
    yes, others = random.random() < 0.5, random.random((2, MOST))
    statement = Statement(Phrase(1, shape=first), None, name, Phrase(1, shape=second))
    rest = [shape for shape in shapes if shape not in (first, second)] or [first]

    def fit(objects: Objects) -> None:
        for k, each in enumerate(objects):
            each["shape"] = number_for(shapes, (first, second)[k] if k < 2 else pick(rest, others[0, k % MOST]))
        objects[:] = objects[others[1][: len(objects)].argsort()]

    def certain(view: Visible) -> bool:
        one_each = all(certain_count(phrase, view) == 1 for phrase in (statement.subject, statement.other))
        return one_each and _holds(statement, view, yes)

    return Question(f"is the {first} {name} the {second} ?", "yes" if yes else "no", fit, certain)


Kind = Literal["existence", "count", "colour", "relation"]
KINDS: dict[Kind, Callable[..., Question]] = {"existence": existence, "count": count, "colour": colour, "relation": relation}


def _holds(statement: Statement, view: Visible, yes: bool) -> bool:
    """Whether `yes` is certainly the right answer to whether a statement is true."""
    return holds(statement, view, certain=True) if yes else not holds(statement, view, certain=False)
