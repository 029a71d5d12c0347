"""What is true in captions of generated pictures."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from ablate.data.batch import Judgement


class TruthRate(Metric):
    """Scores of captions by what is true in each; None is a caption that cannot be parsed.

        facts            mean over all captions of (true facts - false facts)
        facts_asserted   mean number of facts of a caption
        truth_rate       share of captions that can be parsed and whose statements are all true
        grammatical      share of captions that can be parsed
        statement_truth  share of true statements, over all captions that can be parsed

    A fact is a number, size, colour, shape, position or relation (`ablate.data.scene.semantics.facts`). "An object" asserts none,
    and "no large red discs" earns none, so that both score 0 facts, although their truth rate is about 1: a truth rate rewards
    saying little. A fact that is guessed costs as much where it is false as it earns where it is true. A few guesses are mostly
    true ("an object at the left", which earns about half a fact), so compare with the same captions for shuffled pictures.

    The data set's `judge(index, caption)` decides what is true, and never calls a borderline case false.
    """

    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        # captions, parsed ones, wholly true ones; statements, true ones; facts, true ones
        self.add_state("counts", default=torch.zeros(7, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, found: Sequence[Judgement | None]) -> None:
        """Count a batch."""
        parsed = [each for each in found if each is not None]
        statements = [true for each in parsed for true in each.statements]
        wholly = sum(all(each.statements) for each in parsed)
        facts, true_facts = sum(each.facts for each in parsed), sum(each.true_facts for each in parsed)
        counts = [len(found), len(parsed), wholly, len(statements), sum(statements), facts, true_facts]
        self.counts += torch.tensor(counts, device=self.counts.device)

    def compute(self) -> dict[str, Tensor]:
        """The scores by name; nan if nothing was counted."""
        captions, parsed, true, statements, true_statements, facts, true_facts = self.counts.double().unbind()
        return {
            "facts": (2 * true_facts - facts) / captions,
            "facts_asserted": facts / captions,
            "truth_rate": true / captions,
            "grammatical": parsed / captions,
            "statement_truth": true_statements / statements,
        }


class PairsNamed(Metric):
    """`pairs_named`: the share of captions that name one of some pairs of colour and shape which their picture has.

    Args:
        pairs: such as "red ring".
    """

    counts: Tensor

    def __init__(self, pairs: Sequence[str]) -> None:
        super().__init__()
        self.pairs = frozenset(pairs)
        self.add_state("counts", default=torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, found: Sequence[Judgement | None]) -> None:
        """Count a batch."""
        named = sum(each is not None and not self.pairs.isdisjoint(each.pairs) for each in found)
        self.counts += torch.tensor([named, len(found)], device=self.counts.device)

    def compute(self) -> dict[str, Tensor]:
        """The share; nan if nothing was counted."""
        named, captions = self.counts.double().unbind()
        return {"pairs_named": named / captions}
