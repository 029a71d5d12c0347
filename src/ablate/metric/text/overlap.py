"""BLEU from torchmetrics with the interface of this folder, and exact match."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor
from torchmetrics.text import BLEUScore, SacreBLEUScore

from ablate.metric.text.corpus import Corpus, check_references


class Bleu(BLEUScore):
    """BLEU-1 … BLEU-4 of a whole split from one count.

    p_n is the share of predicted n-grams that occur in a reference; each counts at most as often as in the reference that has most
    of it. c is the number of predicted words, r the number of words of the references of nearest length.

        BLEU-N = min(1, exp(1 - r/c)) · (p_1 · … · p_N)^(1/N)       0 where one of them is 0: nothing is smoothed

    A token is what stands between white space, as with sacrebleu's `tokenize=none`, and with nltk and COCO on given tokens.

    Source: Papineni, Roukos, Ward, Zhu 2002, "BLEU: a method for automatic evaluation of machine translation".
    """

    def __init__(self) -> None:
        super().__init__(n_gram=4)

    def update(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        check_references(predictions, references)
        super().update(predictions, references)

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
        super().update(predictions, references)


class ExactMatch(Corpus):
    """The share of predictions that equal one of their references, token by token."""

    def compute(self) -> Tensor:
        return self.mean([c.split() in [s.split() for s in references] for c, references in self.pairs()])
