"""Which token has which number."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ablate.errors import BadInput

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
        """Tokens, up to the first END."""
        found = []
        for number in numbers:
            if number == END:
                break
            found.append(self.tokens[number])
        return found
