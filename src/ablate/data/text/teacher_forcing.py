"""Token sequences as encoders and decoders take them: padded; told what was right so far, asked what comes next."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ablate.data.batch import IGNORE
from ablate.data.text.vocabulary import BEGIN, END, PAD


def shifted(sequences: Sequence[Int[Tensor, " _"]]) -> tuple[Int[Tensor, "b t"], Int[Tensor, "b t"]]:
    """Input BEGIN and the tokens; target the tokens and END. Behind the longest's end is nothing: PAD and IGNORE."""
    inputs = [torch.cat([torch.tensor([BEGIN]), tokens]) for tokens in sequences]
    targets = [torch.cat([tokens, torch.tensor([END])]) for tokens in sequences]
    return pad_sequence(inputs, True, PAD), pad_sequence(targets, True, IGNORE)


def padded(sequences: Sequence[Int[Tensor, " _"]]) -> tuple[Int[Tensor, "b s"], Int[Tensor, " b"]]:
    """Behind their ends, to the longest; with their lengths."""
    return pad_sequence(list(sequences), True, PAD), torch.tensor([len(each) for each in sequences])
