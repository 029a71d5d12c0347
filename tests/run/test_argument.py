"""Values of wrong types are found, by their dotted names."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from ablate.run.build import wrong_types


def takes(
    rate: float, size: int | Sequence[int], sizes: Mapping[str, int], name: str | None, on: bool, make: Callable | int = 0
) -> None:
    """Arguments of every plain kind."""


FITTING = {"rate": 1, "size": [2, 3], "sizes": {"train": 1}, "name": None, "on": True, "make": "anything"}


@pytest.mark.parametrize(
    "wrong, found",
    [
        ({}, []),
        ({"rate": 0.5, "size": 2, "name": "a", "sizes": {"_target_": "what makes them"}}, []),
        ({"rate": "fast"}, [("rate", "fast", "a number")]),
        ({"rate": True}, [("rate", True, "a number")]),
        ({"size": 1.5}, [("size", 1.5, "a whole number or a list")]),
        ({"size": [2, "b"]}, [("size.1", "b", "a whole number")]),
        ({"sizes": {"train": 1, "val": None}}, [("sizes.val", None, "a whole number")]),
        ({"name": 3, "on": "yes"}, [("name", 3, "text or null"), ("on", "yes", "true or false")]),
    ],
)
def test_values_of_wrong_types_are_found(wrong, found):
    assert list(wrong_types(takes, FITTING | wrong)) == found
