"""Tests that a user's mistake is refused with words that name it."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from ablate.errors import BadInput


def refusals(*cases: tuple, of: Callable | None = None, fixtures: Sequence[str] = ()) -> Callable:
    """A test of each (call, words): the call raises a BadInput whose message matches `words`.

    With `of` a case is (*arguments, words), where a dictionary after the arguments holds options: what is refused is
    `of(*fixtures, *arguments, **options)`.
    """

    @pytest.mark.parametrize("case", cases, ids=lambda case: case[-1])
    def test(case: tuple, request: pytest.FixtureRequest) -> None:
        *arguments, words = case
        call = of or arguments.pop(0)
        options = arguments.pop() if arguments and isinstance(arguments[-1], Mapping) else {}
        given = [request.getfixturevalue(name) for name in fixtures]
        with pytest.raises(BadInput, match=words):
            call(*given, *arguments, **options)

    return test
