"""Pairs of colour and shape that are held out: scenes without any of them, and scenes with one of them."""

from collections.abc import Container, Sequence

from ablate.data.scene.numbers import SceneNumbers, number_for, pick, present_objects, records
from ablate.data.scene.parameters import COLOURS
from ablate.errors import BadInput, check_choice

Pair = tuple[str, str]  # colour, shape
NAMES = [*COLOURS]


def parse_pairs(held_out: Sequence[str], shapes: Sequence[str]) -> list[Pair]:
    """Each text, such as "red ring", as (colour, shape).

    Raises:
        BadInput: a text that is no such pair; a shape of which every colour is held out.
    """
    pairs = []
    for text in held_out:
        if not isinstance(text, str) or len(words := text.split()) != 2:
            raise BadInput(f"`held_out`: {text!r} should be a colour and a shape, as in [red ring, blue square]")
        pairs.append((check_choice("held_out", words[0], COLOURS), check_choice("held_out", words[1], shapes)))
    for shape in shapes:
        if all((colour, shape) in pairs for colour in COLOURS):
            raise BadInput(f"`held_out` leaves no colour for {shape}")
    return pairs


def without_pairs(scene: SceneNumbers, pairs: Container[Pair], shapes: Sequence[str]) -> SceneNumbers:
    """The same scene, in which an object that has one of the pairs gets the next colour with which it has none."""
    if not pairs:
        return scene
    numbers = scene.numbers.copy()
    for each in records(numbers)[1]:
        shape, colour = pick(shapes, each["shape"]), pick(NAMES, each["colour"])
        if (colour, shape) in pairs:
            first = NAMES.index(colour)
            following = [*NAMES[first:], *NAMES[:first]]
            each["colour"] = number_for(NAMES, next(colour for colour in following if (colour, shape) not in pairs))
    return scene._replace(numbers=numbers)


def with_pair(scene: SceneNumbers, pairs: Sequence[Pair], shapes: Sequence[str], objects: Sequence[int]) -> SceneNumbers:
    """The same scene, in which the topmost object has one of the pairs; all pairs are equally likely.

    Args:
        objects: fewest and most objects of a scene.
    """
    numbers = scene.numbers.copy()
    if len(present := present_objects(numbers, *objects)):
        top = present[-1]
        uniform = (int(top["colour"] * len(NAMES)) + top["shape"]) / len(NAMES)
        colour, shape = pick(pairs, uniform)
        top["colour"], top["shape"] = number_for(NAMES, colour), number_for(shapes, shape)
    return scene._replace(numbers=numbers)
