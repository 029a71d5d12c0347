"""Texts to numbers and back, by characters and by words; which token has which number."""

import pytest
from refusals import refusals

from ablate.data.text.tokeniser import BEGIN, END, PAD, SPECIAL, UNKNOWN, Tokeniser, Vocabulary

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


def test_frequent_tokens_come_first_and_ties_by_the_alphabet():
    vocabulary = Vocabulary.count(["banana", "cab"])
    assert vocabulary.tokens == [*SPECIAL, "a", "b", "n", "c"] and len(vocabulary) == 8
    assert vocabulary.encode("nab?") == [6, 4, 5, UNKNOWN]
    assert Vocabulary(vocabulary.tokens).encode("cab") == vocabulary.encode("cab")


def test_rare_ones_and_those_beyond_the_size_are_unknown():
    assert Vocabulary.count(["banana"], least=2).tokens[4:] == ["a", "n"]
    assert Vocabulary.count(["banana"], size=5).tokens[4:] == ["a"]


def test_a_text_cannot_say_a_special_token():
    vocabulary = Vocabulary.count([["<pad>", "<eos>", "a", "<bos>", "<unk>"]])
    assert vocabulary.tokens == [*SPECIAL, "a"]
    assert vocabulary.encode(["<pad>", "<unk>", "<bos>", "<eos>", "a"]) == [UNKNOWN] * 4 + [4]


def test_a_text_is_over_at_its_end():
    vocabulary = Vocabulary.count(["é"])
    assert vocabulary.decode([4, 4, END, 4]) == ["é", "é"]
    assert vocabulary.decode([BEGIN, PAD]) == ["<bos>", "<pad>"]


test_bad_vocabularies_are_one_line = refusals(
    (lambda: Vocabulary([]), "this one with nothing"),
    (lambda: Vocabulary("abcd"), "this one with a, b, c, d"),
    (lambda: Vocabulary.count([["<pad>"]]), "no token occurs 1 times"),
    (lambda: Vocabulary.count(["ab"], least=2), "no token occurs 2 times"),
)
