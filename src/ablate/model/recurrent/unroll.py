"""The only loop over time: a cell along sequences of any lengths, in either direction, step by step or fused."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.errors import BadInput, check_choice
from ablate.model.recurrent.cell.base import Cell

Fused = Literal["auto", "never"]
SHUT = 1e4  # a sigmoid of ±SHUT is 1 or 0 exactly, in every precision


def unroll(
    cell: Cell,
    xs: Float[Tensor, "b t d"],
    lengths: Int[Tensor, " b"] | None = None,
    state: tuple | None = None,
    reverse: bool = False,
    fused: str = "auto",
    record: list | None = None,
) -> tuple[Float[Tensor, "b t n"], tuple]:
    """h_t = f_W(h_{t-1}, x_t) for t = 1 … T with one W, and the state at each sequence's true end.

    What lies beyond a sequence's length (padding) changes neither outputs nor state; the outputs there are 0. Backpropagation
    through this is backpropagation through time: the gradient of W is the sum of those of its T copies (Werbos 1990).

    Args:
        lengths: of the sequences, 1 to T, on the device of xs; None: all T.
        state: to begin with; None: the cell's initial state.
        reverse: from each sequence's end to its beginning; outputs stay where their inputs are.
        fused: auto takes torch's (cuDNN's) function for a whole sequence wherever it computes the same; never: our loop.
        record: gets the T states, live in the graph, in the order in which the cell reads; always by our loop. A sequence of
            length l has its own in the first l; those in padding lead nowhere.

    Raises:
        BadInput: no step at all, lengths out of range or on another device, a state of another batch size.
    """
    check_choice("fused", fused, get_args(Fused))
    batch, steps, _ = xs.shape
    check_lengths(lengths, batch, steps, xs.device)
    state = cell.initial_state(batch) if state is None else cell.check_state(state, batch)
    if reverse:
        xs = reverse_padded(xs, lengths)
    function = cell.fused() if fused == "auto" and record is None else None
    outputs, state = _loop(cell, xs, lengths, state, record) if function is None else _fused(*function, xs, lengths, state)
    return (reverse_padded(outputs, lengths) if reverse else outputs), state


def reverse_padded(xs: Float[Tensor, "b t d"], lengths: Int[Tensor, " b"] | None) -> Float[Tensor, "b t d"]:
    """Each sequence turned round within its length; padding stays where it is."""
    if lengths is None:
        return xs.flip(1)
    t = torch.arange(xs.shape[1], device=xs.device)
    source = torch.where(t < lengths[:, None], lengths[:, None] - 1 - t, t)
    return xs.gather(1, source[..., None].expand_as(xs))


def length_mask(lengths: Int[Tensor, " b"], steps: int) -> Tensor:
    """(b, t): true at the steps of each sequence, false at its padding."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def _loop(cell: Cell, xs: Tensor, lengths: Tensor | None, state: tuple, record: list | None) -> tuple[Tensor, tuple]:
    outputs = []
    masks = [None] * xs.shape[1] if lengths is None else length_mask(lengths, xs.shape[1])[..., None].unbind(1)
    for x, mask in zip(cell.project(xs).unbind(1), masks):  # indexing in the loop would make its backward pass quadratic in T
        new = cell.step(x, state)
        if record is not None:
            record.append(new)
        if mask is not None:
            outputs.append(new[0] * mask)
            new = type(state)(*(torch.where(mask, after, before) for after, before in zip(new, state)))
        else:
            outputs.append(new[0])
        state = new
    return torch.stack(outputs, 1), state


def _fused(name: str, weights: Sequence[Tensor], xs: Tensor, lengths: Tensor | None, state: tuple) -> tuple[Tensor, tuple]:
    """Padding instead of packing, which is slower on CPUs: the state at the true end is looked up in the outputs.

    The memory of an LSTM is in no output. So padding gets one more input feature, which opens the forget gate and shuts the
    input gate: the memory stays as it is, bit for bit.
    """
    start = tuple(each[None] for each in state)
    if name == "lstm" and lengths is not None:
        xs, weights = _freeze_memory(xs, weights, lengths)
    function, options = getattr(torch, name), (weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
    if name == "lstm" and _lacks_bfloat16(xs):
        with torch.autocast("cpu", enabled=False):
            outputs, *ends = function(xs.float(), [each.float() for each in start], *options)
    else:
        outputs, *ends = function(xs, start if name == "lstm" else start[0], *options)
    if lengths is None:
        return outputs, type(state)(*(end[0] for end in ends))
    last = outputs.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, outputs.shape[2]))[:, 0]
    outputs = outputs * length_mask(lengths, xs.shape[1])[..., None]
    return outputs, type(state)(last, *(end[0] for end in ends[1:]))


def _lacks_bfloat16(xs: Tensor) -> bool:
    """Whether torch.lstm would fail: its library for CPUs has none in bfloat16 for processors without AVX-512."""
    mixed = xs.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    return mixed and torch.backends.mkldnn.is_available() and not torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _freeze_memory(xs: Tensor, weights: Sequence[Tensor], lengths: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    padding = (~length_mask(lengths, xs.shape[1]))[..., None].to(xs)
    weight_input, *others = weights
    n = weight_input.shape[0] // 4
    column = weight_input.new_zeros(4 * n, 1)
    column[:n], column[n : 2 * n] = -SHUT, SHUT  # torch's order: input, forget, candidate, output
    return torch.cat((xs, padding), 2), (torch.cat((weight_input, column), 1), *others)


def check_lengths(lengths: Tensor | None, batch: int, steps: int, device: torch.device) -> None:
    """Raise BadInput where lengths do not fit a batch of so many sequences and steps on a device."""
    if steps < 1:
        raise BadInput("an empty sequence has no step to unroll; the least length is 1")
    if lengths is None:
        return
    if len(lengths) != batch:
        raise BadInput(f"{len(lengths)} lengths were given for a batch of {batch} sequences")
    if lengths.device != device:
        raise BadInput(f"lengths are on {lengths.device}, the sequences on {device}")
    if device.type == "cpu" and not (int(lengths.min()) >= 1 and int(lengths.max()) <= steps):  # elsewhere it would wait
        raise BadInput(f"lengths from {int(lengths.min())} to {int(lengths.max())} must lie between 1 and {steps}")
