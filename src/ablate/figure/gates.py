"""The LSTM, the GRU and attention as diagrams, each number of which the real module computed in one step on a tiny example."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ablate.figure.colours import DARK_GREY, GREEN, LIGHT_GREY, ORANGE, PURPLE, SKY_BLUE, WHITE, YELLOW
from ablate.figure.diagram import HALF, RADIUS, arrow, box, node, numbers, path, slide
from ablate.figure.record import Record
from ablate.model.recurrent.cell.base import GatedCell
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.text.attention import Dot

UNITS, SEED, ATTENDED = 2, 4, 8  # draws of which no number is close to its limit
STATE, INPUT, GATE, CANDIDATE, MEMORY = SKY_BLUE, GREEN, ORANGE, YELLOW, PURPLE
LEFT, RIGHT, RAIL, BEND, GATES, BELOW = 1.1, 15.0, 7.3, 5.3, 3.4, 1.3  # where columns and rows stand
WIDTH, HEIGHT, WIDE = 16.2, 8.3, 2.2


class Step(NamedTuple):
    """One step of a cell: its input, its states before and after, its gates, its operations."""

    cell: GatedCell
    x: Tensor
    before: Any
    after: Any
    gates: dict[str, Tensor]
    record: Record


def step(cell_type: Callable[..., GatedCell]) -> Step:
    """A step of a cell of two units with random weights, in float64."""
    generator = torch.Generator().manual_seed(SEED)
    cell = cell_type(1, UNITS).double()
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.copy_(draw(*parameter.shape))
        x, before = draw(1, 1), cell.state_type(*(draw(1, UNITS) for _ in cell.state_type._fields))
        with Record() as record:
            _, after = cell(x, before)
        return Step(cell, x, before, after, cell.gate(cell.project(x), before)[0], record)


def lstm() -> Figure:
    """A step of an LSTM: the memory on the rail above, the gates below."""
    at, title = (
        step(LSTM),
        (
            r"LSTM: $c_t = f \circ c_{t-1} + i \circ g$,   $h_t = o \circ \tanh\,c_t$"
            "\n"
            r"$i, f, o = \sigma(W x_t + U h_{t-1} + b)$, each with weights of its own,   $g = \tanh(W_g x_t + U_g h_{t-1} + b_g)$"
        ),
    )
    figure, axes = slide(title, WIDTH, HEIGHT)
    i, f, o = (at.gates[name] for name in ("input", "forget", "output"))
    kept, added, shown = at.record.find("mul", f, at.before.memory), at.record.find("mul", i), at.record.find("mul", o)
    g, squashed = added.other(i), shown.other(o)
    columns = {"f": 4.2, "i": 6.9, "g": 9.5, "o": 12.2}
    _inputs(axes, at, columns.values())
    for name, value in zip(columns, (f, i, g, o)):
        function = "tanh" if name == "g" else "sigmoid"
        _gate(axes, columns[name], name, function, at.record.before(function, value), value)
    _rail(axes, [(LEFT, "$c_{t-1}$", at.before.memory), (4.2, "×", kept.output), (8.2, "+", None)], MEMORY)
    path(axes, (8.2 + RADIUS, RAIL), (RIGHT - HALF[0], RAIL))
    path(axes, (4.2, GATES + HALF[1]), (4.2, RAIL - RADIUS))
    for column, side in ((6.9, -RADIUS), (9.5, RADIUS)):
        path(axes, (column, GATES + HALF[1]), (column, BEND), (8.2 + side, BEND))
    _operation(axes, 8.2, BEND, "×", added.output, (0.15, 0.85))
    path(axes, (8.2, BEND + RADIUS), (8.2, RAIL - RADIUS))
    box(axes, RIGHT, RAIL, "$c_t$", MEMORY)
    numbers(axes, RIGHT, RAIL - 0.75, at.after.memory, "center")
    path(axes, (13.5, RAIL), (13.5, 6.3 + RADIUS))
    _operation(axes, 13.5, 6.3, "tanh", squashed, (0.45, -0.05))
    path(axes, (13.5, 6.3 - RADIUS), (13.5, BEND - 0.3 + RADIUS))
    path(axes, (12.2, GATES + HALF[1]), (12.2, BEND - 0.3), (13.5 - RADIUS, BEND - 0.3))
    node(axes, 13.5, BEND - 0.3, "×", WHITE)
    path(axes, (13.5 + RADIUS, BEND - 0.3), (RIGHT - HALF[0], BEND - 0.3))
    box(axes, RIGHT, BEND - 0.3, "$h_t$", STATE)
    numbers(axes, RIGHT, BEND - 1.05, at.after.hidden, "center")
    return figure


def gru() -> Figure:
    """A step of a GRU as torch has it: the state on the rail above, the candidate below."""
    at, title = (
        step(GRU),
        (
            r"GRU: $h_t = n + z \circ (h_{t-1} - n) = (1 - z) \circ n + z \circ h_{t-1}$"
            "\n"
            r"$r, z = \sigma(W x_t + U h_{t-1} + b)$, each with weights of its own,   "
            r"$n = \tanh(W_n x_t + b_n + r \circ (U_n h_{t-1} + c))$"
        ),
    )
    figure, axes = slide(title, WIDTH, HEIGHT)
    r, z = at.gates["reset"], at.gates["update"]
    reset, mixed = at.record.find("mul", r), at.record.find("mul", z)
    total = at.record.find("add", reset.output)
    n = at.record.find("tanh", total.output).output
    _inputs(axes, at, (3.4, 6.0, 8.4, 11.8))
    _gate(axes, 3.4, "r", "sigmoid", at.record.before("sigmoid", r), r)
    _gate(axes, 11.8, "z", "sigmoid", at.record.before("sigmoid", z), z)
    for x, word, value in ((6.0, "$U_n h_{t-1} + c$", reset.other(r)), (8.4, "$W_n x_t + b_n$", total.other(reset.output))):
        box(axes, x, GATES, word, CANDIDATE, WIDE)
        numbers(axes, x + 0.15, GATES + 0.85, value)
        path(axes, (x, GATES + HALF[1]), (x, BEND - RADIUS))
    path(axes, (3.4, GATES + HALF[1]), (3.4, BEND), (6.0 - RADIUS, BEND))
    _operation(axes, 6.0, BEND, "×", reset.output, (0.5, 0.5))
    path(axes, (6.0 + RADIUS, BEND), (8.4 - RADIUS, BEND))
    _operation(axes, 8.4, BEND, "+", total.output, (-0.5, 0.75))
    path(axes, (8.4 + RADIUS, BEND), (10.0 - RADIUS, BEND))
    _operation(axes, 10.0, BEND, "tanh", n, (0.5, 0.55), CANDIDATE)
    axes.text(10.15, BEND + 1.1, "$n$", fontsize=12)
    path(axes, (10.0, BEND + RADIUS), (10.0, RAIL - RADIUS))
    path(axes, (10.0 + RADIUS, BEND), (13.4, BEND), (13.4, RAIL - RADIUS))
    path(axes, (11.8, GATES + HALF[1]), (11.8, RAIL - RADIUS))
    stations = [(LEFT, "$h_{t-1}$", at.before.hidden), (10.0, "−", mixed.other(z)), (11.8, "×", mixed.output), (13.4, "+", None)]
    _rail(axes, stations, STATE)
    path(axes, (13.4 + RADIUS, RAIL), (RIGHT - HALF[0], RAIL))
    box(axes, RIGHT, RAIL, "$h_t$", STATE)
    numbers(axes, RIGHT, RAIL - 0.75, at.after.hidden, "center")
    return figure


def attention() -> Figure:
    """A query and four keys, the last of which is padding: scores, weights and their mean of the keys."""
    generator = torch.Generator().manual_seed(ATTENDED)
    query, keys = (torch.randn(1, n, UNITS, generator=generator, dtype=torch.float64) for n in (1, 4))
    module, mask = Dot(UNITS, UNITS), torch.tensor([[True, True, True, False]])
    scores = module.score(query, module.project(keys))[0, 0]
    context, weights = module(query, keys, mask)
    title = r"Attention: $w_i = \mathrm{softmax}_i(q^T k_i)$ over the keys that are no padding,   context $= \Sigma_i\, w_i k_i$"
    figure, axes = slide(title, WIDTH, HEIGHT)
    box(axes, LEFT, 2.3, "$q$", STATE)
    numbers(axes, LEFT, 1.55, query, "center")
    axes.plot([LEFT + HALF[0], 12.65], [2.3, 2.3], color=STATE, linewidth=2, zorder=1)
    box(axes, 8.2, 5.0, "softmax", WHITE, 11.2)
    for i, x in enumerate((3.6, 6.7, 9.8, 12.9)):
        there = bool(mask[0, i])
        box(axes, x, 1.0, f"$k_{i + 1}$" if there else "padding", INPUT if there else LIGHT_GREY, 2 * HALF[0] if there else 1.3)
        numbers(axes, x + (0.55 if there else 0.8), 1.0, keys[0, i])
        path(axes, (x, 1.0 + HALF[1]), (x, 3.2 - RADIUS))
        path(axes, (x - 0.25, 2.3), (x - 0.25, 3.2 - 0.25), colour=STATE)
        node(axes, x, 3.2, "$q^T k$", WHITE)
        numbers(axes, x + 0.5, 3.2, scores[i])
        path(axes, (x, 3.2 + RADIUS), (x, 5.0 - HALF[1]))
        axes.text(x + 0.15, 4.1, "" if there else "masked: −∞", fontsize=10)
        path(axes, (x, 5.0 + HALF[1]), (x, 6.1 - RADIUS))
        node(axes, x, 6.1, f"$w_{i + 1}$", GATE if there else LIGHT_GREY)
        numbers(axes, x + 0.5, 6.1, weights[0, 0, i])
        arrow(axes, (x, 6.1 + RADIUS), (8.2 + (x - 8.2) * 0.14, 7.6 - HALF[1]))
    box(axes, 8.2, 7.6, r"$\Sigma_i\, w_i k_i$", WHITE, 1.8)
    path(axes, (9.1, 7.6), (RIGHT - 0.9, 7.6))
    box(axes, RIGHT - 0.2, 7.6, "context", MEMORY, 1.4)
    numbers(axes, RIGHT - 0.2, 6.85, context, "center")
    return figure


def _inputs(axes: Axes, at: Step, columns: Any) -> None:
    """x_t and h_{t-1} below, with a line along all gates and an arrow to each."""
    for y, word, value, colour in ((BELOW + 0.55, "$h_{t-1}$", at.before.hidden, STATE), (BELOW - 0.55, "$x_t$", at.x, INPUT)):
        box(axes, LEFT, y, word, colour)
        numbers(axes, LEFT - 0.55, y, value, "right")
        axes.plot([LEFT + HALF[0], 2.2, 2.2], [y, y, BELOW], color=DARK_GREY, linewidth=1.3, zorder=1)
    axes.plot([2.2, max(columns)], [BELOW, BELOW], color=DARK_GREY, linewidth=1.3, zorder=1)
    for x in columns:
        path(axes, (x, BELOW), (x, GATES - HALF[1]))


def _gate(axes: Axes, x: float, name: str, function: str, before: Tensor, after: Tensor) -> None:
    """A gate, what goes in below, and what comes out above."""
    colour, symbol = (GATE, r"\sigma") if function == "sigmoid" else (CANDIDATE, r"\tanh")
    box(axes, x, GATES, f"${name} = {symbol}$", colour, 1.5)
    numbers(axes, x + 0.15, GATES - 0.85, before)
    numbers(axes, x + 0.15, GATES + 0.85, after)


def _operation(axes: Axes, x: float, y: float, word: str, value: Tensor, aside: tuple[float, float], colour: str = WHITE) -> None:
    node(axes, x, y, word, colour)
    numbers(axes, x + aside[0], y + aside[1], value)


def _rail(axes: Axes, stations: list[tuple[float, str, Tensor | None]], colour: str) -> None:
    """A state at the left and the operations that it passes, with the value after each."""
    (left, word, value), *rest = stations
    box(axes, left, RAIL, word, colour)
    numbers(axes, left, RAIL - 0.75, value, "center")
    start = left + HALF[0]
    for x, word, value in rest:
        path(axes, (start, RAIL), (x - RADIUS, RAIL))
        node(axes, x, RAIL, word, WHITE)
        start = x + RADIUS
        if value is not None:
            numbers(axes, start + 0.1, RAIL + 0.35, value)
