"""Texts to numbers and back, by characters and by words."""

import pytest
from refusals import refusals

from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import END, SPECIAL, UNKNOWN, Vocabulary

LETTERS = Vocabulary([*SPECIAL, "a", "b"])


@pytest.mark.parametrize(
    "options, text, tokens",
    [
        ({}, " The cat \n sat.", ["The", "cat", "sat."]),
        ({"lower": True}, "The Cat", ["the", "cat"]),
        ({"punctuation": False}, "a - b !", ["a", "b"]),
        ({"marks": ".?"}, "He left. Why?", ["He", "left", ".", "Why", "?"]),
        ({"unit": "characters"}, "ab c", ["a", "b", " ", "c"]),
        ({"unit": "characters"}, "e\u0301", ["é"]),
    ],
)
def test_split(options, text, tokens):
    assert Tokeniser(**options).split(text) == tokens


def test_numbers_and_back():
    words, characters = Tokeniser(vocabulary=LETTERS), Tokeniser("characters", vocabulary=LETTERS)
    assert words.encode("b c a") == [5, UNKNOWN, 4] and words.text([5, 4, END, 5]) == "b a"
    assert characters.encode("ba") == [5, 4] and characters.text([5, 4]) == "ba"
    assert words.decode_with_end([4, 5, END, END]) == ["a", "b", "<eos>"] and words.decode_with_end([4, 5]) == ["a", "b"]


def test_the_vocabulary_is_counted_by_frequency():
    fitted = Tokeniser(max_vocabulary=6).fitted([["b", "a"], ["b", "c"]])
    assert fitted.vocabulary.tokens == [*SPECIAL, "b", "a"] and len(fitted) == 6
    assert Tokeniser(min_count=2).fitted([["b", "a"], ["b"]]).vocabulary.tokens == [*SPECIAL, "b"]


def test_it_is_made_again_from_plain_values():
    made = Tokeniser("characters", lower=True, punctuation=False, marks="!", complete=False, vocabulary=LETTERS)
    again = Tokeniser.from_state(made.state())
    assert again.state() == made.state() and again.encode("AB") == [4, 5] and not again.complete


test_wrong_options_are_one_line = refusals(
    ({"unit": "character"}, "did you mean 'characters'"),
    ({"max_vocabulary": 0}, "max_vocabulary=0"),
    ({"min_count": 0}, "min_count=0"),
    of=Tokeniser,
)
