"""What statements about a scene mean: whether they certainly hold, and whether they possibly hold.

Every word has two bounds. A statement *certainly* holds within the strict ones and *possibly* holds within the wide ones.
Captions and questions are made of statements that certainly hold; a statement is false only if it does not even possibly hold. So
no borderline case is taught, and none counts as a mistake.

| word                | certain                         | possible                        |
|---------------------|---------------------------------|---------------------------------|
| object              | clear (`visibility`)            | visible at all                  |
| small, large        | radius ≤ 10, ≥ 13 of REFERENCE  | ≤ 12, ≥ 11                      |
| at the left, …      | centre within .3 of that border | within .45                      |
| in the middle       | |y - ½|, |x - ½| ≤ .15          | ≤ .225                          |
| left of, above, …   | centres ≥ .1 of a side apart    | in that order                   |
"""

from collections.abc import Callable, Sequence
from itertools import combinations, product

from ablate.data.batch import Judgement
from ablate.data.scene.language import Phrase, Statement, parse
from ablate.data.scene.visibility import VisibleObject

RADIUS = {"small": (10.0, 12.0), "large": (-13.0, -11.0)}  # certain, possible
EDGE = (0.3, 0.45)
DISTANCE: dict[str, Callable[[VisibleObject], float]] = {
    "at the left": lambda o: o.x,
    "at the right": lambda o: 1 - o.x,
    "at the top": lambda o: o.y,
    "at the bottom": lambda o: 1 - o.y,
    "in the middle": lambda o: 2 * max(abs(o.x - 0.5), abs(o.y - 0.5)),
}
APART = (0.1, 0.0)
GAP: dict[str, Callable[[VisibleObject, VisibleObject], float]] = {
    "left of": lambda s, o: o.x - s.x,
    "right of": lambda s, o: s.x - o.x,
    "above": lambda s, o: o.y - s.y,
    "below": lambda s, o: s.y - o.y,
}


def has_size(thing: VisibleObject, size: str, certain: bool) -> bool:
    """Whether an object certainly, or else possibly, has a size."""
    radius = thing.radius if size == "small" else -thing.radius
    return radius <= RADIUS[size][0 if certain else 1]


def has_position(thing: VisibleObject, position: str, certain: bool) -> bool:
    """Whether an object is certainly, or else possibly, at a position."""
    return DISTANCE[position](thing) <= EDGE[0 if certain else 1]


def has_relation(thing: VisibleObject, relation: str, other: VisibleObject, certain: bool) -> bool:
    """Whether an object certainly, or else possibly, has a relation to another one."""
    gap = GAP[relation](thing, other)
    return gap >= APART[0] if certain else gap > APART[1]


def referents(phrase: Phrase, objects: Sequence[VisibleObject], certain: bool, position: str | None = None) -> list[int]:
    """Which of the objects a phrase fits, whatever its number."""
    return [
        i
        for i, thing in enumerate(objects)
        if (thing.clear or not certain)
        and phrase.shape in (None, thing.shape)
        and phrase.colour in (None, thing.colour)
        and (phrase.size is None or has_size(thing, phrase.size, certain))
        and (position is None or has_position(thing, position, certain))
    ]


def certain_count(phrase: Phrase, objects: Sequence[VisibleObject]) -> int | None:
    """How many objects a phrase fits; None if that is not certain."""
    certain, possible = (len(referents(phrase, objects, each)) for each in (True, False))
    return certain if certain == possible else None


def holds(statement: Statement, objects: Sequence[VisibleObject], certain: bool) -> bool:
    """Whether a statement is true of visible objects.

    "a" means at least one; another number is exact and counts what the words and the position after them describe. A relation
    holds between all subjects and all others: "a ring left of two squares" is left of both, and there are two squares.
    """
    subjects = _groups(statement.subject, objects, certain, statement.position)
    if statement.relation is None:
        return bool(subjects)
    others = _groups(statement.other, objects, certain, None)
    return any(
        not set(group) & set(other)
        and all(has_relation(objects[i], statement.relation, objects[j], certain) for i, j in product(group, other))
        for group, other in product(subjects, others)
    )


def judge(caption: str, objects: Sequence[VisibleObject]) -> Judgement | None:
    """What possibly holds of a caption; None if the text is no caption of the language. What it says twice counts once."""
    if (statements := parse(caption)) is None:
        return None
    held = [holds(statement, objects, certain=False) for statement in statements]
    counted = [facts(statement, objects) for statement in dict.fromkeys(statements)]
    phrases = [phrase for statement in statements for phrase in (statement.subject, statement.other) if phrase and phrase.number]
    shown = {(thing.colour, thing.shape) for thing in objects}
    pairs = frozenset(f"{p.colour} {p.shape}" for p in phrases if (p.colour, p.shape) in shown)
    return Judgement(held, sum(n for n, _ in counted), sum(true for _, true in counted), pairs)


def facts(statement: Statement, objects: Sequence[VisibleObject]) -> tuple[int, int]:
    """How many facts a statement asserts, and how many of them are true.

    A fact is a number other than "a", a size, a colour, a shape, a position or a relation. With F the facts of a statement,

        true = max { |K| : K ⊆ F, and the statement with the facts K alone possibly holds }

    "A small red ring", where the only ring is small and blue, asserts 3 facts, of which 2 are true. What is said not to be there
    ("no large red discs") asserts nothing where it holds, as it says little; where it does not hold, all its facts are false.
    """
    named = _named(statement)
    if statement.subject.number == 0:
        return (0, 0) if holds(statement, objects, certain=False) else (max(1, len(named)), 0)
    for k in range(len(named), 0, -1):
        if any(_possible(_with_only(statement, kept), objects) for kept in combinations(named, k)):
            return len(named), k
    return len(named), 0


Fact = tuple[str, str]  # of which part of a statement, and which


def _named(statement: Statement) -> list[Fact]:
    """The facts of a statement."""
    parts = [("subject", statement.subject), ("other", statement.other)]
    phrases = [(part, name) for part, phrase in parts if phrase for name in ("size", "colour", "shape") if getattr(phrase, name)]
    numbers = [(part, "number") for part, phrase in parts if phrase and phrase.number > 1]
    return [*phrases, *numbers, *(("statement", name) for name in ("position", "relation") if getattr(statement, name))]


def _with_only(statement: Statement, kept: Sequence[Fact]) -> Statement:
    """The statement without its other facts; without any fact about it, nothing is said of the other object."""

    def phrase(part: str, whole: Phrase) -> Phrase:
        number = whole.number if (part, "number") in kept else 1
        return Phrase(number, *(getattr(whole, n) if (part, n) in kept else None for n in ("size", "colour", "shape")))

    position, relation = (getattr(statement, n) if ("statement", n) in kept else None for n in ("position", "relation"))
    about_other = relation or any(part == "other" for part, _ in kept)
    other = phrase("other", statement.other) if statement.other and about_other else None
    return Statement(phrase("subject", statement.subject), position, relation, other)


def _possible(statement: Statement, objects: Sequence[VisibleObject]) -> bool:
    """Whether a statement possibly holds, which may name two objects without a relation between them."""
    if statement.relation is not None or statement.other is None:
        return holds(statement, objects, certain=False)
    subjects = _groups(statement.subject, objects, False, statement.position)
    others = _groups(statement.other, objects, False, None)
    return any(not set(group) & set(other) for group, other in product(subjects, others))


def _groups(phrase: Phrase, objects: Sequence[VisibleObject], certain: bool, position: str | None) -> list[tuple[int, ...]]:
    """The sets of objects that a phrase with its number can mean; empty where the number is wrong."""
    sure, possible = (referents(phrase, objects, strictly, position) for strictly in (True, False))
    n = phrase.number
    if n == 1:
        return [(i,) for i in (sure if certain else possible)]
    if not len(sure) <= n <= len(possible) or (certain and len(sure) < len(possible)):
        return []
    rest = [i for i in possible if i not in sure]
    return [(*sure, *more) for more in combinations(rest, n - len(sure))]
