"""What statements on a scene mean: whether they certainly hold, and whether anybody could say that they do.

Every word has two bounds. A statement *certainly* holds inside the strict ones, and can *possibly* be meant inside the wide ones:
captions and questions are made of what is certain, and only what is not even possible counts as false. So nothing borderline is
ever taught, and nobody is marked down for it.

| word                | certain                         | possible                        |
|---------------------|---------------------------------|---------------------------------|
| object              | clear (`scene_view`)            | in view at all                  |
| small, large        | radius ≤ 10, ≥ 13 of REFERENCE  | ≤ 12, ≥ 11                      |
| at the left, …      | centre within .3 of that border | within .45                      |
| in the middle       | |y - ½|, |x - ½| ≤ .15          | ≤ .225                          |
| left of, above, …   | centres ≥ .1 of a side apart    | in that order                   |
"""

from collections.abc import Callable, Sequence
from itertools import combinations, product

from ablate.data.scene.language import Phrase, Statement, parse
from ablate.data.scene.view import Seen

RADIUS = {"small": (10.0, 12.0), "large": (-13.0, -11.0)}  # certain, possible
EDGE = (0.3, 0.45)
DISTANCE: dict[str, Callable[[Seen], float]] = {
    "at the left": lambda o: o.x,
    "at the right": lambda o: 1 - o.x,
    "at the top": lambda o: o.y,
    "at the bottom": lambda o: 1 - o.y,
    "in the middle": lambda o: 2 * max(abs(o.x - 0.5), abs(o.y - 0.5)),
}
APART = (0.1, 0.0)
GAP: dict[str, Callable[[Seen, Seen], float]] = {
    "left of": lambda s, o: o.x - s.x,
    "right of": lambda s, o: s.x - o.x,
    "above": lambda s, o: o.y - s.y,
    "below": lambda s, o: s.y - o.y,
}


def has_size(thing: Seen, size: str, certain: bool) -> bool:
    """Whether the object has the size: `certain` for beyond doubt, else for possibly."""
    radius = thing.radius if size == "small" else -thing.radius
    return radius <= RADIUS[size][0 if certain else 1]


def has_position(thing: Seen, position: str, certain: bool) -> bool:
    """Whether the object is at that side of the picture, beyond doubt or possibly."""
    return DISTANCE[position](thing) <= EDGE[0 if certain else 1]


def has_relation(thing: Seen, relation: str, other: Seen, certain: bool) -> bool:
    """Whether the object is on that side of the other, beyond doubt or possibly."""
    gap = GAP[relation](thing, other)
    return gap >= APART[0] if certain else gap > APART[1]


def meant(phrase: Phrase, view: Sequence[Seen], certain: bool, position: str | None = None) -> list[int]:
    """Which objects a phrase can mean, whatever its number."""
    return [
        i
        for i, thing in enumerate(view)
        if (thing.clear or not certain)
        and phrase.shape in (None, thing.shape)
        and phrase.colour in (None, thing.colour)
        and (phrase.size is None or has_size(thing, phrase.size, certain))
        and (position is None or has_position(thing, position, certain))
    ]


def holds(statement: Statement, view: Sequence[Seen], certain: bool) -> bool:
    """Whether the statement is true: beyond doubt where `certain`, else possibly.

    "a": there is one. "two": of what the words and the position after them describe, there are exactly two. A relation holds
    for all of them, and for all of a number of others: "a ring left of two squares" is left of both, and there are two squares.
    """
    subjects = _groups(statement.subject, view, certain, statement.position)
    if statement.relation is None:
        return bool(subjects)
    others = _groups(statement.other, view, certain, None)
    return any(
        not set(group) & set(other)
        and all(has_relation(view[i], statement.relation, view[j], certain) for i, j in product(group, other))
        for group, other in product(subjects, others)
    )


def judge(caption: str, view: Sequence[Seen]) -> list[bool] | None:
    """Of each statement of a caption whether it is possibly true; None of what is no caption."""
    statements = parse(caption)
    return None if statements is None else [holds(statement, view, certain=False) for statement in statements]


def _groups(phrase: Phrase, view: Sequence[Seen], certain: bool, position: str | None) -> list[tuple[int, ...]]:
    """The sets of objects that a phrase can mean, with its number; none where it is wrong."""
    sure, maybe = (meant(phrase, view, strictly, position) for strictly in (True, False))
    n = phrase.number
    if n == 1:
        return [(i,) for i in (sure if certain else maybe)]
    if not len(sure) <= n <= len(maybe) or (certain and len(sure) < len(maybe)):
        return []
    rest = [i for i in maybe if i not in sure]
    return [(*sure, *more) for more in combinations(rest, n - len(sure))]
