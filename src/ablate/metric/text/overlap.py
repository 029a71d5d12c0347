"""What a text has in common with its references: BLEU (from torchmetrics), chrF, ROUGE-L and exact match."""

from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics.text import BLEUScore, SacreBLEUScore

from ablate.metric.text.corpus import Corpus, check_references

ORDER, CHRF_BETA = 6, 2.0
ROUGE_BETA = 1.2  # weighs recall above precision; of COCO's code


class Bleu(BLEUScore):
    """BLEU-1 … BLEU-4 of a whole split from one count.

    p_n is the share of predicted n-grams that occur in a reference; each counts at most as often as in the reference that has most
    of it. c is the number of predicted words, r the number of words of the references of nearest length, the shorter at a tie.

        BLEU-N = min(1, exp(1 - r/c)) · (p_1 · … · p_N)^(1/N)       0 where one of them is 0: nothing is smoothed

    A token is what stands between white space, as with sacrebleu's `tokenize=none`, and with nltk and COCO on given tokens.

    Source: Papineni, Roukos, Ward, Zhu 2002, "BLEU: a method for automatic evaluation of machine translation".
    """

    def __init__(self) -> None:
        super().__init__(n_gram=4)

    def update(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        check_references(predictions, references)
        super().update(predictions, shortest_first(references, str.split))

    def compute(self) -> dict[str, Tensor]:
        """The four scores, named bleu1 … bleu4."""
        brevity = torch.exp((1 - self.target_len / self.preds_len).clamp(max=0))
        log_precision = (self.numerator / self.denominator).nan_to_num(0).double().log().cumsum(0)
        steps = torch.arange(1, 5, device=log_precision.device)
        bleu = brevity.nan_to_num(0) * (log_precision / steps).exp()
        return {f"bleu{n}": score for n, score in enumerate(bleu.unbind(), 1)}


class SacreBleu(SacreBLEUScore):
    """BLEU-4 of raw text, in 0 … 1, cut into tokens by WMT's rules (13a).

    Unlike BLEU on given tokens it is comparable between papers. `signature` says what was computed, in the words of sacrebleu.
    Nothing is smoothed, which shows on tiny splits only.

    Source: Post 2018, "A call for clarity in reporting BLEU scores".
    """

    def __init__(self, tokenize: Any = "13a", lowercase: bool = False) -> None:
        super().__init__(tokenize=tokenize, lowercase=lowercase)
        case = "lc" if lowercase else "mixed"
        self.signature = f"case:{case}|eff:no|tok:{tokenize}|smooth:none|version:torchmetrics-{version('torchmetrics')}"

    def update(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        check_references(predictions, references)
        super().update(predictions, shortest_first(references, self.tokenizer))


def shortest_first(references: Sequence[Sequence[str]], split: Callable[[str], Sequence[str]]) -> list[list[str]]:
    """Each sample's references by their number of tokens: of two at the same distance torchmetrics takes the first."""
    return [sorted(each, key=lambda reference: len(split(reference))) for each in references]


class ExactMatch(Corpus):
    """The share of predictions that equal one of their references, token by token."""

    def compute(self) -> Tensor:
        return self.mean([c.split() in [s.split() for s in references] for c, references in self.pairs()])


class Overlap(NamedTuple):
    """Numbers of n-grams, for n = 1 … ORDER: of the prediction, of the reference, of both."""

    predicted: list[int]
    right: list[int]
    common: list[int]


class ChrF(Corpus):
    """F score in 0 … 1 of character n-grams, n = 1 … 6, without white space.

    Counts are summed over the split, each prediction's against the reference of its best chrF; P and R are means over those n
    of which both sides have n-grams:

        chrF = (1 + β²) P R / (β² P + R)      P_n = common / predicted      R_n = common / right      β = 2

    Equals sacrebleu's `nrefs:var|case:mixed|eff:yes|nc:6|nw:0|space:no`. torchmetrics smooths as chrF++.py did before, counts in
    float32, and takes fifty times as long: 18 s for a thousand captions with four references each.

    Source: Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation".
    """

    def compute(self) -> Float[Tensor, ""]:
        best = []
        for prediction, references in self.pairs():
            mine = _count(prediction)
            best.append(max((_compare(mine, _count(reference)) for reference in references), key=_f_score))
        total = Overlap(*([*map(sum, zip(*field, strict=True))] for field in zip(*best, strict=True))) if best else None
        return self.mean([_f_score(total)] if total else [])


def _count(text: str) -> list[Counter[str]]:
    letters = "".join(text.split())
    return [Counter(letters[i : i + n] for i in range(len(letters) - n + 1)) for n in range(1, ORDER + 1)]


def _compare(prediction: Sequence[Counter[str]], reference: Sequence[Counter[str]]) -> Overlap:
    """Predicted n-grams do not count if the reference is too short to have any of that n."""
    pairs = list(zip(prediction, reference, strict=True))
    return Overlap(
        [p.total() if r else 0 for p, r in pairs],
        [r.total() for _, r in pairs],
        [sum(min(n, r[gram]) for gram, n in p.items() if gram in r) for p, r in pairs],
    )


def _f_score(counts: Overlap) -> float:
    kept = [(common / p, common / r) for p, r, common in zip(*counts, strict=True) if p and r]
    if not any(precision for precision, _ in kept):
        return 0.0
    precision, recall = (sum(each) / len(kept) for each in zip(*kept, strict=True))
    return (1 + CHRF_BETA**2) * precision * recall / (CHRF_BETA**2 * precision + recall)


class RougeL(Corpus):
    """The mean over predictions c, with references s_j, lcs the longest common subsequence and |s| the tokens of s, of

        F = (1 + β²) P R / (R + β² P)      P = max_j lcs(c, s_j) / |c|      R = max_j lcs(c, s_j) / |s_j|      β = 1.2

    as pycocoevalcap computes it. torchmetrics' `ROUGEScore` has β = 1, takes P and R of one and the same reference, and
    splits lower-case text at everything but ASCII letters and digits. Here a token is what stands between white space.

    Source: Lin 2004, "ROUGE: a package for automatic evaluation of summaries", section 3.1.
    """

    def compute(self) -> Tensor:
        return self.mean([rouge_l(c.split(), [s.split() for s in references]) for c, references in self.pairs()])


def rouge_l(candidate: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """F of one prediction; all sentences are given as tokens."""
    common = [longest_common(candidate, reference) for reference in references]
    if not any(common):
        return 0.0
    precision = max(common) / len(candidate)
    recall = max(n / len(reference) for n, reference in zip(common, references, strict=True) if n)
    return (1 + ROUGE_BETA**2) * precision * recall / (recall + ROUGE_BETA**2 * precision)


def longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        left = 0
        for j, other in enumerate(b, 1):
            diagonal, left = left, row[j]
            row[j] = diagonal + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]
