"""Between a text and the numbers of its tokens, in both directions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Literal
from unicodedata import normalize

from ablate.errors import BadInput
from ablate.schema.options import Positive, checked

SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
PAD, UNKNOWN, BEGIN, END = range(len(SPECIAL))


class Vocabulary:
    """Tokens by number: padding, unknown, begin and end of a sequence, then the others, frequent ones first.

    Args:
        tokens: all of them, the special ones included, as `tokens` of another vocabulary.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        if tuple(tokens[: len(SPECIAL)]) != SPECIAL:
            raise BadInput(f"a vocabulary begins with {', '.join(SPECIAL)}, this one with {', '.join(tokens[:4]) or 'nothing'}")
        self.tokens = list(tokens)
        self.index = {token: i for i, token in enumerate(tokens) if i >= len(SPECIAL)}  # a text cannot say the special ones

    @classmethod
    def count(cls, sequences: Iterable[Iterable[str]], size: int | None = None, least: int = 1) -> "Vocabulary":
        """Of the tokens that occur `least` times or more, at most `size` with the special ones; ties go by the alphabet."""
        counts = Counter(token for sequence in sequences for token in sequence)
        for token in SPECIAL:
            counts.pop(token, None)
        kept = sorted((t for t, n in counts.items() if n >= least), key=lambda token: (-counts[token], token))
        if not kept:
            raise BadInput(f"no token occurs {least} times or more in the training split (`min_count`)")
        return cls([*SPECIAL, *(kept if size is None else kept[: max(1, size - len(SPECIAL))])])

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers; of what is not in the vocabulary, UNKNOWN."""
        return [self.index.get(token, UNKNOWN) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Tokens, up to the first END; of a number that has none, the unknown one."""
        found = []
        for number in numbers:
            if number == END:
                break
            found.append(self.tokens[number if number < len(self.tokens) else UNKNOWN])
        return found


class Tokeniser:
    """Splits a text into tokens, numbers them, and joins tokens again. Checkpoints keep it beside the network's weights.

    Args:
        unit: characters (of any script, in Unicode normal form C), or words (what stands between white space).
        lower: capitals become small letters.
        punctuation: keep words that have neither a letter nor a digit.
        min_count: a token that the training split has more rarely is unknown.
        max_vocabulary: largest size of the vocabulary, the four special tokens included; None: no limit.
        marks: characters that are words of their own wherever they stand, such as ".?".
        complete: each text begins with BEGIN and ends with END. False for pieces of a longer text.
        vocabulary: which token has which number; None until it is counted (`fitted`).
    """

    @checked
    def __init__(
        self,
        unit: Literal["characters", "words"] = "words",
        lower: bool = False,
        punctuation: bool = True,
        min_count: Positive = 1,
        max_vocabulary: Positive | None = None,
        marks: str = "",
        complete: bool = True,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self.unit, self.lower = unit, lower
        self.punctuation, self.marks, self.complete = punctuation, marks, complete
        self.min_count, self.max_vocabulary = min_count, max_vocabulary
        self.vocabulary = Vocabulary(SPECIAL) if vocabulary is None else vocabulary

    def fitted(self, texts: Iterable[Iterable[str]], complete: bool = True) -> "Tokeniser":
        """A copy with the vocabulary of `texts`, each given as its tokens."""
        fitted = copy(self)
        fitted.vocabulary, fitted.complete = Vocabulary.count(texts, self.max_vocabulary, self.min_count), complete
        return fitted

    def __len__(self) -> int:
        """Size of the vocabulary, with the special tokens."""
        return len(self.vocabulary)

    def normalise(self, text: str) -> str:
        """Unicode normal form C, and small letters where `lower`."""
        return normalize("NFC", text.lower() if self.lower else text)

    def split(self, text: str) -> list[str]:
        """The tokens of a text."""
        text = self.normalise(text)
        if self.unit == "characters":
            return list(text)
        for mark in self.marks:
            text = text.replace(mark, f" {mark}")
        words = text.split()
        return words if self.punctuation else [word for word in words if any(map(str.isalnum, word))]

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's tokens."""
        return self.vocabulary.encode(self.split(text))

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Tokens up to the first END."""
        return self.vocabulary.decode(numbers)

    def decode_with_end(self, numbers: Sequence[int]) -> list[str]:
        """Tokens up to the first END, and with it."""
        return self.decode(numbers) + [SPECIAL[END]] * (END in numbers)

    def join(self, tokens: Iterable[str]) -> str:
        """Tokens as one text: characters side by side, words with a space between."""
        return ("" if self.unit == "characters" else " ").join(tokens)

    def text(self, numbers: Iterable[int]) -> str:
        """The text of numbers, up to the first END."""
        return self.join(self.decode(numbers))

    def state(self) -> dict[str, Any]:
        """Plain Python values from which `from_state` makes it again."""
        options = {"unit": self.unit, "lower": self.lower, "punctuation": self.punctuation, "marks": self.marks}
        return options | {"complete": self.complete, "tokens": list(self.vocabulary.tokens)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Tokeniser":
        """The tokeniser that gave this `state`."""
        options = {name: value for name, value in state.items() if name != "tokens"}
        return cls(**options, vocabulary=Vocabulary(state["tokens"]))
