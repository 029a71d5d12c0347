"""Pairs of colour and shape that a scene must not have, or must have."""

from collections.abc import Container, Sequence

from ablate.data.random import Draw, records
from ablate.data.scene.parameters import COLOURS
from ablate.data.scene.scenes import Scenes
from ablate.errors import BadInput, check_choice

Pair = tuple[str, str]  # colour, shape


def read_pairs(name: str, texts: Sequence[str], shapes: Sequence[str]) -> list[Pair]:
    """Each text as (colour, shape); `name` is the config key that a wrong one is reported under."""
    pairs = []
    for text in texts:
        if not isinstance(text, str) or len(words := text.split()) != 2:
            raise BadInput(f"`{name}`: {text!r} should be a colour and a shape, as in [red ring, blue square]")
        pairs.append((check_choice(name, words[0], COLOURS), check_choice(name, words[1], shapes)))
    for shape in shapes:
        if all((colour, shape) in pairs for colour in COLOURS):
            raise BadInput(f"`{name}` leaves no colour for {shape}")
    return pairs


def avoid(draw: Draw, pairs: Container[Pair], scenes: Scenes) -> Draw:
    """The same picture, in which whatever has one of the pairs has the next colour instead that makes none of them."""
    if not pairs:
        return draw
    numbers, colours = draw.numbers.copy(), [*COLOURS]
    _, objects = records(numbers)
    for thing in objects:
        shape = scenes.shapes[int(thing["shape"] * len(scenes.shapes))]
        first = int(thing["colour"] * len(colours))
        if (colours[first], shape) in pairs:
            turned = [*colours[first:], *colours[:first]]
            thing["colour"] = middle(colours, next(colour for colour in turned if (colour, shape) not in pairs))
    return draw._replace(numbers=numbers)


def insist(draw: Draw, pairs: Sequence[Pair], scenes: Scenes) -> Draw:
    """The same picture, whose topmost object has one of the pairs, each as likely: that which its own colour and shape point to."""
    if not pairs:
        raise BadInput("`show_held_out`=always shows nothing, as `held_out` is empty")
    numbers = draw.numbers.copy()
    picture, objects = records(numbers)
    least, most = scenes.counts
    thing = objects[least + int(picture["count"][0] * (most - least + 1)) - 1]
    place = (int(thing["colour"] * len(COLOURS)) + thing["shape"]) / len(COLOURS)
    colour, shape = pairs[int(place * len(pairs))]
    thing["colour"], thing["shape"] = middle([*COLOURS], colour), middle(scenes.shapes, shape)
    return draw._replace(numbers=numbers)


def middle(choices: Sequence[str], chosen: str) -> float:
    """The uniform number that makes this choice."""
    return (choices.index(chosen) + 0.5) / len(choices)
