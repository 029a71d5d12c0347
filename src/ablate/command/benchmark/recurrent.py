"""Recurrence: our paths against torch's own, the cost by length, and how sequences of different lengths are best batched."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from ablate.analysis.cost import interleaved, medians
from ablate.command.benchmark.common import DEVICE, step
from ablate.console import print_table
from ablate.errors import BadInput
from ablate.model.recurrent.cell.elman import Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.layers import Recurrent
from ablate.model.recurrent.unroll import unroll

BATCH, STEPS, SIZE, REPEATS = 32, 100, 128, 9
LENGTHS = (125, 250, 500, 1000, 2000)


def run(overrides: Sequence[str]) -> None:
    """Forward and backward of every path, interleaved so that drifts cancel."""
    if overrides:
        raise BadInput(f"benchmark.py recurrent takes no overrides, such as {overrides[0]}: it builds no config")
    torch.manual_seed(0)
    paths()
    by_length()
    batching()


def paths() -> None:
    """Ours fused and as a loop, torch's module, and a bare loop over torch's cell; of each kind of cell."""
    xs, rows = torch.randn(BATCH, STEPS, SIZE, device=DEVICE), []
    kinds = {"elman": (Elman, nn.RNN, nn.RNNCell), "gru": (GRU, nn.GRU, nn.GRUCell), "lstm": (LSTM, nn.LSTM, nn.LSTMCell)}
    for name, (ours, theirs, their_cell) in kinds.items():
        nets = {path: Recurrent(partial(ours, hidden_size=SIZE), SIZE, fused=path) for path in ("auto", "never")}
        nets["module"], cell = theirs(SIZE, SIZE, batch_first=True), their_cell(SIZE, SIZE).to(DEVICE)
        work = {path: step(net.to(DEVICE), lambda net=net: net(xs)[0]) for path, net in nets.items()}
        work["bare"] = step(cell, lambda cell=cell: bare_loop(cell, xs))
        t = medians(interleaved(work, REPEATS))
        rows.append((name, *(f"{t[key] * 1e3:.1f}" for key in ("auto", "module", "never", "bare")),
                     f"{t['module'] / t['auto']:.2f}", f"{t['bare'] / t['never']:.2f}"))  # fmt: skip
    headings = ("cell", "ours fused, ms", "torch's, ms", "our loop, ms", "bare loop, ms", "fused: our speed", "loop: our speed")
    title = f"forward and backward, batch {BATCH}, {STEPS} steps, {SIZE} wide, on {DEVICE}; speeds over torch's"
    print_table(title, headings, rows)


def bare_loop(cell: nn.Module, xs: Tensor) -> Tensor:
    """What one writes by hand around torch's cells."""
    state, outputs = None, []
    for x in xs.unbind(1):
        state = cell(x, state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    return torch.stack(outputs, 1)


def by_length() -> None:
    """Milliseconds a step at growing lengths: constant where the cost grows linearly."""
    rows = []
    for path in ("never", "auto"):
        cell = LSTM(32, 64).to(DEVICE)
        inputs = {steps: torch.randn(8, steps, 32, device=DEVICE) for steps in LENGTHS}
        run = partial(unroll, cell, fused=path)
        work = {str(n): step(cell, lambda run=run, xs=xs: run(xs)[0]) for n, xs in inputs.items()}
        t = medians(interleaved(work, repeats=3))
        rows.append(({"never": "our loop", "auto": "fused"}[path], *(f"{t[str(n)] / n * 1e6:.1f}" for n in LENGTHS)))
    title = f"LSTM, batch 8, on {DEVICE}: microseconds a time step of forward and backward"
    print_table(title, ("path", *(f"{n} steps" for n in LENGTHS)), rows)


def batching() -> None:
    """The same 512 sequences of 5 to 100 steps as batches of 32: padded, packed, and both in buckets of like length."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(5, 101, (512,), generator=generator).tolist()
    sequences = [torch.randn(n, 64, generator=generator).to(DEVICE) for n in lengths]
    ours, theirs = Recurrent(partial(LSTM, hidden_size=SIZE), 64).to(DEVICE), nn.LSTM(64, SIZE, batch_first=True).to(DEVICE)

    def padded(batch: list[Tensor]) -> Tensor:
        return ours(pad_sequence(batch, True), torch.tensor([len(each) for each in batch], device=DEVICE))[0]

    def packed(batch: list[Tensor]) -> Tensor:
        sizes = torch.tensor([len(each) for each in batch])
        return pad_packed_sequence(theirs(pack_padded_sequence(pad_sequence(batch, True), sizes, True, False))[0], True)[0]

    def epoch(net: nn.Module, forward: Callable, order: Sequence[Tensor]) -> Callable[[], list]:
        parts = [list(order[i : i + BATCH]) for i in range(0, len(order), BATCH)]
        return lambda: [step(net, lambda part=part: forward(part))() for part in parts]

    work = {}
    for name, order in {"": sequences, " and buckets": sorted(sequences, key=len)}.items():
        work[f"padding{name}"], work[f"packing{name}"] = epoch(ours, padded, order), epoch(theirs, packed, order)
    t = medians(interleaved(work, repeats=3))
    rows = [(name, f"{value * 1e3:.0f}", f"{value / min(t.values()):.2f}") for name, value in t.items()]
    print_table(f"LSTM over {len(lengths)} sequences of 5 to 100 steps, on {DEVICE}", ("way", "ms", "× fastest"), rows)
