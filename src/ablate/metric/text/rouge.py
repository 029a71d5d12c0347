"""ROUGE-L: the longest common subsequence of a caption and its references."""

from collections.abc import Sequence

from torch import Tensor

from ablate.metric.text.corpus import Corpus

BETA = 1.2  # weighs recall above precision; of COCO's code


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
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        left = 0
        for j, other in enumerate(b, 1):
            diagonal, left = left, row[j]
            row[j] = diagonal + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]
