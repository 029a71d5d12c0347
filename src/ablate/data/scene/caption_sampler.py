"""Random captions that are true of a scene."""

from collections.abc import Container, Iterable, Sequence

import numpy as np

from ablate.data.scene.held_out import Pair
from ablate.data.scene.language import NUMBERS, POSITIONS, RELATIONS, SIZES, Phrase, Statement, to_text
from ablate.data.scene.numbers import pick
from ablate.data.scene.semantics import certain_count, has_position, has_relation, has_size, holds
from ablate.data.scene.visibility import VisibleObject

TRIES = 40
NAME_SHAPE, NAME_COLOUR, NAME_SIZE = 0.9, 0.75, 0.4  # probability that each is named where it can be
COUNT = 0.5  # probability that several objects are counted where a phrase fits several
NO_TAIL, POSITION, SECOND = 0.15, 0.55, 0.2  # a phrase alone; up to here with a position, else a relation; two statements


def sample_captions(
    objects: Sequence[VisibleObject], randoms: Iterable[np.random.Generator], required: Container[Pair] = ()
) -> list[str]:
    """One caption from each generator. All certainly hold, and all differ unless there is too little to say.

    Args:
        objects: what can be seen.
        randoms: a generator for each caption.
        required: each caption names an object with one of these pairs first, where such an object is clear.
    """
    captions: list[str] = []
    for random in randoms:
        for _ in range(TRIES):
            statements = _sample(random, objects, required)
            if to_text(statements) not in captions and all(holds(each, objects, certain=True) for each in statements):
                break
        else:
            statements = [_simplest(objects, required)]
        captions.append(to_text(statements))
    return captions


def _sample(random: np.random.Generator, objects: Sequence[VisibleObject], required: Container[Pair]) -> list[Statement]:
    subjects = _subjects(objects, required)
    if not subjects:
        return [Statement(Phrase(0))]
    subject = pick(subjects, random.random())
    first = _statement(random, objects, subject, required)
    others = [each for each in _subjects(objects) if each is not subject]
    if random.random() >= SECOND or not others:
        return [first]
    return [first, _statement(random, objects, pick(others, random.random()), ())]


def _simplest(objects: Sequence[VisibleObject], required: Container[Pair]) -> Statement:
    """A statement that always holds: that the topmost subject is there, or that there are no objects."""
    subjects = _subjects(objects, required)
    return Statement(Phrase(1, None, subjects[-1].colour, subjects[-1].shape) if subjects else Phrase(0))


def _subjects(objects: Sequence[VisibleObject], required: Container[Pair] = ()) -> list[VisibleObject]:
    clear = [each for each in objects if each.clear]
    return [each for each in clear if (each.colour, each.shape) in required] or clear


def _statement(
    random: np.random.Generator, objects: Sequence[VisibleObject], subject: VisibleObject, required: Container[Pair]
) -> Statement:
    phrase = _phrase(random, subject, objects, required)
    tail = random.random()
    positions = [each for each in POSITIONS if has_position(subject, each, certain=True)]
    others = [other for other in objects if other.clear and other is not subject]
    if NO_TAIL <= tail < POSITION and positions:
        return Statement(phrase, pick(positions, random.random()))
    if tail >= POSITION and others:
        other = pick(others, random.random())
        if relations := [each for each in RELATIONS if has_relation(subject, each, other, certain=True)]:
            return Statement(phrase, None, pick(relations, random.random()), _phrase(random, other, objects, ()))
    return Statement(phrase)


def _phrase(
    random: np.random.Generator, thing: VisibleObject, objects: Sequence[VisibleObject], required: Container[Pair]
) -> Phrase:
    """One object by some of its properties, or the number of all objects like it where that is certainly more than one."""
    shape, colour, size, count = random.random(4)
    must = (thing.colour, thing.shape) in required
    sizes = [each for each in SIZES if has_size(thing, each, certain=True)]
    phrase = Phrase(
        1,
        sizes[0] if sizes and size < NAME_SIZE else None,
        thing.colour if must or colour < NAME_COLOUR else None,
        thing.shape if must or shape < NAME_SHAPE else None,
    )
    wider = [phrase, Phrase(1, shape=thing.shape), Phrase(1, colour=thing.colour), Phrase(1)]
    counted = [each._replace(number=certain_count(each, objects) or 1) for each in wider]
    several = [each for each in counted if 1 < each.number < len(NUMBERS)]
    return pick(several, random.random()) if several and count < COUNT and not must else phrase
