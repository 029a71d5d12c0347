"""Batches of token sequences: padded, and with the inputs and targets of a decoder that is trained by teacher forcing."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ablate.data.batch import IGNORE
from ablate.data.text.vocabulary import BEGIN, END, PAD


def teacher_forcing(sequences: Sequence[Int[Tensor, " _"]]) -> tuple[Int[Tensor, "b t"], Int[Tensor, "b t"]]:
    """The inputs, BEGIN and the tokens, and the targets, the tokens and END; padded with PAD and with IGNORE."""
    inputs = [torch.cat([torch.tensor([BEGIN]), tokens]) for tokens in sequences]
    targets = [torch.cat([tokens, torch.tensor([END])]) for tokens in sequences]
    return pad_sequence(inputs, True, PAD), pad_sequence(targets, True, IGNORE)


def pad_with_lengths(sequences: Sequence[Int[Tensor, " _"]]) -> tuple[Int[Tensor, "b s"], Int[Tensor, " b"]]:
    """The sequences padded with PAD to the longest, and their lengths."""
    return pad_sequence(list(sequences), True, PAD), torch.tensor([len(each) for each in sequences])
