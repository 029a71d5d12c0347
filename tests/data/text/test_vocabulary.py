"""Which token has which number."""

from refusals import refusals

from ablate.data.text.vocabulary import BEGIN, END, PAD, SPECIAL, UNKNOWN, Vocabulary


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


test_bad_input_is_one_line = refusals(
    (lambda: Vocabulary([]), "this one with nothing"),
    (lambda: Vocabulary("abcd"), "this one with a, b, c, d"),
    (lambda: Vocabulary.count([["<pad>"]]), "no token occurs 1 times"),
    (lambda: Vocabulary.count(["ab"], least=2), "no token occurs 2 times"),
)
