"""CIDEr and CIDEr-D: how much a caption agrees with what most people say of the picture."""

import math
from collections import Counter
from typing import NamedTuple

from torch import Tensor

from ablate.metric.text.corpus import Corpus
from ablate.schema.options import Positive, checked

NGram = tuple[str, ...]


class Weighted(NamedTuple):
    """The tf-idf of each n-gram of a sentence, for n = 1 … N, and their Euclidean norm for each n."""

    weight: list[dict[NGram, float]]
    norm: list[float]
    bigrams: int  # number of words minus one


class Consensus(Corpus):
    """The mean of `similarity(c, s_j)[n]` over pictures, over n = 1 … N and over the references s_j of a picture, with weights

        g_k(s) = h_k(s) · ln(|I| / max(1, Σ_p min(1, Σ_q h_k(s_pq))))

    k is an n-gram, h_k(s) the number of times that it occurs in s, and s_pq are the references of the |I| pictures p of the split
    that is scored. The paper divides h_k by its sum over the sentence, which cancels in the cosine. With a single picture every
    weight is 0, and so is the score. A token is what stands between white space; the paper takes stems, and COCO's code runs the
    PTB tokeniser first.
    """

    factor = 1.0

    @checked
    def __init__(self, n: Positive = 4) -> None:
        super().__init__()
        self.n = n

    def compute(self) -> Tensor:
        counted = [(self._count(c), [self._count(s) for s in references]) for c, references in self.pairs()]
        frequency = Counter(k for _, references in counted for k in set().union(*references))
        scores = []
        for c, references in counted:
            candidate = self._weigh(c, frequency, len(counted))
            each = [self.similarity(candidate, self._weigh(s, frequency, len(counted))) for s in references]
            scores.append(self.factor * sum(map(sum, each)) / (self.n * len(references)))
        return self.mean(scores)

    def similarity(self, c: Weighted, s: Weighted) -> list[float]:
        """The similarity of a candidate and one reference, for each n."""
        penalty = self.penalty(c, s)
        return [
            penalty * sum(self.clip(g, of[k]) * of[k] for k, g in mine.items() if k in of) / (a * b) if a * b else 0.0
            for mine, of, a, b in zip(c.weight, s.weight, c.norm, s.norm, strict=True)
        ]

    def penalty(self, c: Weighted, s: Weighted) -> float:
        """A factor of the similarity, for different lengths."""
        return 1.0

    def clip(self, candidate: float, reference: float) -> float:
        """The weight of an n-gram of the candidate that the reference has, too."""
        return candidate

    def _count(self, sentence: str) -> Counter[NGram]:
        words = sentence.split()
        return Counter(tuple(words[i : i + n]) for n in range(1, self.n + 1) for i in range(len(words) - n + 1))

    def _weigh(self, counts: Counter[NGram], frequency: Counter[NGram], pictures: int) -> Weighted:
        weight: list[dict[NGram, float]] = [{} for _ in range(self.n)]
        for k, count in counts.items():
            weight[len(k) - 1][k] = count * (math.log(pictures) - math.log(max(1, frequency[k])))
        norm = [math.sqrt(sum(g * g for g in of.values())) for of in weight]
        return Weighted(weight, norm, sum(count for k, count in counts.items() if len(k) == 2))


class CIDEr(Consensus):
    """Consensus by cosine:

        similarity_n(c, s) = g(c) · g(s) / (‖g(c)‖ ‖g(s)‖), 0 where a norm is 0

    Published "CIDEr" scores of COCO are CIDEr-D. This one is rewarded by repeated words and long captions.

    Source: Vedantam, Zitnick, Parikh 2015, "CIDEr: consensus-based image description evaluation", equations 1 to 3.
    """


class CIDErD(Consensus):
    """Consensus with counts clipped to the reference's and a penalty on a difference in length, times ten:

        similarity_n(c, s) = exp(-(l(c) - l(s))² / 2σ²) · min(g(c), g(s)) · g(s) / (‖g(c)‖ ‖g(s)‖)

    l is the number of bigrams, as in COCO's code. Equals pycocoevalcap's `Cider` on given tokens.

    Source: Vedantam, Zitnick, Parikh 2015, equation 4 and section 7 (σ = 6).
    """

    factor = 10.0

    @checked
    def __init__(self, n: Positive = 4, sigma: float = 6.0) -> None:
        super().__init__(n)
        self.sigma = sigma

    def penalty(self, c: Weighted, s: Weighted) -> float:
        return math.exp(-((c.bigrams - s.bigrams) ** 2) / (2 * self.sigma**2))

    def clip(self, candidate: float, reference: float) -> float:
        return min(candidate, reference)
