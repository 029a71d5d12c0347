"""Tests that a user's mistake is refused with words that name it."""

from collections.abc import Callable, Mapping

import pytest

from ablate.errors import BadInput


def refusals(*cases: tuple[Callable[[], object] | Mapping, str], of: Callable | None = None) -> Callable:
    """A test of each (call, words): the call raises a BadInput whose message matches `words`.

    With `of` a case is (options, words): what is refused is `of(**options)`.
    """

    @pytest.mark.parametrize("call, words", cases)
    def test(call: Callable[[], object] | Mapping, words: str) -> None:
        with pytest.raises(BadInput, match=words):
            call() if of is None else of(**call)

    return test
