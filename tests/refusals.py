"""Tests that a user's mistake is refused with words that name it."""

from collections.abc import Callable

import pytest

from ablate.errors import BadInput


def refusals(*cases: tuple[Callable[[], object], str]) -> Callable:
    """A test of each (call, words): the call raises a BadInput whose message matches `words`."""

    @pytest.mark.parametrize("call, words", cases)
    def test(call: Callable[[], object], words: str) -> None:
        with pytest.raises(BadInput, match=words):
            call()

    return test
