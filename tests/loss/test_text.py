"""The penalty of attention against a sum by hand."""

import torch

from ablate.loss.text import doubly_stochastic

WEIGHTS = torch.tensor([[[0.5, 0.5, 0.0], [0.2, 0.8, 0.0]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])


def test_by_hand():
    written, mask = torch.tensor([[True, True], [True, False]]), torch.tensor([[True, True, False], [True, True, True]])
    first = (1 - 0.7) ** 2 + (1 - 1.3) ** 2  # its third place is padding
    assert torch.allclose(doubly_stochastic(WEIGHTS, written, mask), torch.tensor((first + 2.0) / 2))
    assert torch.allclose(doubly_stochastic(WEIGHTS, written), torch.tensor((first + 1.0 + 2.0) / 2))


def test_what_is_seen_once_costs_nothing():
    assert doubly_stochastic(torch.eye(3)[None], torch.ones(1, 3).bool()) == 0
