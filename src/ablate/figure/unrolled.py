"""The computational graph of a recurrent network over time: one W for all steps, its gradient the sum over them."""

import copy
from typing import NamedTuple

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from ablate.figure.colours import DARK_GREY, GREEN, ORANGE, PURPLE, SKY_BLUE, WHITE, YELLOW
from ablate.figure.diagram import RADIUS, SLIDE, arrow, box, node
from ablate.model.recurrent.cell.elman import Elman
from ablate.model.recurrent.unroll import unroll

STEPS, UNITS, SPREAD, SEED = 4, 2, 0.5, 162  # a draw whose gradients are all of a size to print
STATE, INPUT, OUTPUT, LOSS, SHARED = SKY_BLUE, GREEN, YELLOW, PURPLE, ORANGE
PITCH = 2.3  # of the steps
BELOW, ABOVE, TOP = -1.5, 1.35, 2.6  # where x, y and L stand; h stands at 0
TITLE = (
    "A recurrent network unrolled: $h_t = f_W(h_{t-1}, x_t)$ with one $W$, so $dL/dW$ is the sum over the steps\n"
    r"numbers: two tanh units, $y_t = h_t$, $L_t = \frac{1}{2}|y_t - target_t|^2$, $L = \Sigma\, L_t$"
)


class Shape(NamedTuple):
    """The steps, from 0, at which a network has an input and an output."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


EVERY = tuple(range(STEPS))
SHAPES = (
    Shape("many to many", EVERY, EVERY),
    Shape("many to one", EVERY, EVERY[-1:]),
    Shape("one to many (every other x is 0)", EVERY[:1], EVERY),
)


class Gradients(NamedTuple):
    """dL/dW_h of one weight that all steps share, and of one copy for each step."""

    shared: Float[Tensor, "n n"]
    by_step: Float[Tensor, "t n n"]


def gradients(shape: Shape) -> Gradients:
    """dL/dW_h of a tiny Elman network with y_t = h_t and L = Σ ½|h_t - target_t|² over its outputs, by autograd in float64.

    It is computed twice. The second time each step has a copy W_t of the weights; by the chain rule dL/dW = Σ_t ∂L/∂W_t (Werbos
    1990).
    """
    generator = torch.Generator().manual_seed(SEED)
    cell = Elman(1, UNITS).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.copy_(SPREAD * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    xs, target = (torch.randn(1, STEPS, size, generator=generator, dtype=torch.float64) for size in (1, UNITS))
    xs = xs * torch.tensor([t in shape.inputs for t in EVERY])[:, None]
    start = cell.state_type(torch.tensor([[0.5, -0.5]], dtype=torch.float64))
    loss = lambda hs: 0.5 * (hs - target)[:, shape.outputs].square().sum()  # noqa: E731
    (shared,) = torch.autograd.grad(loss(unroll(cell, xs, state=start)[0]), cell.weight_hidden)
    copies, state, outputs = [copy.deepcopy(cell) for _ in EVERY], start, []
    for each, x in zip(copies, xs.unbind(1), strict=True):
        output, state = each(x, state)
        outputs.append(output)
    parts = torch.autograd.grad(loss(torch.stack(outputs, 1)), [each.weight_hidden for each in copies])
    return Gradients(shared, torch.stack(parts))


def unrolled() -> dict[str, Figure]:
    """The lecture's three shapes, each on a slide, with dL/dW_h step by step and as their sum: the numbers of one tiny network."""
    return {shape.name.partition(" (")[0].replace(" ", "_"): _slide(shape) for shape in SHAPES}


def _slide(shape: Shape) -> Figure:
    figure = Figure(figsize=SLIDE, layout="constrained")
    figure.suptitle(TITLE, fontsize=14)
    axes = figure.subplots()
    axes.set(xlim=(-1.1, STEPS * PITCH + 3.0), ylim=(-5.15, TOP + 0.75), aspect="equal")
    axes.axis("off")
    axes.set_title(shape.name, fontsize=14, loc="left", fontweight="bold")
    _draw_graph(axes, shape)
    _draw_weight(axes)
    _draw_sum(axes, gradients(shape))
    return figure


def _f(t: int) -> float:
    return t * PITCH + 1.15


def _h(t: int) -> float:
    return (t + 1) * PITCH


def _draw_graph(axes: Axes, shape: Shape) -> None:
    total = (STEPS * PITCH + 2.1, TOP)
    node(axes, 0, 0, "$h_0$", STATE)
    for t in EVERY:
        node(axes, _h(t), 0, f"$h_{t + 1}$", STATE)
        box(axes, _f(t), 0, "$f_W$", WHITE)
        arrow(axes, (_h(t - 1) + RADIUS, 0), (_f(t) - 0.42, 0))
        arrow(axes, (_f(t) + 0.42, 0), (_h(t) - RADIUS, 0))
        if t in shape.inputs:
            node(axes, _f(t) + 0.2, BELOW, f"$x_{t + 1}$", INPUT)
            arrow(axes, (_f(t) + 0.2, BELOW + RADIUS), (_f(t) + 0.2, -0.36))
        if t in shape.outputs:
            node(axes, _h(t), ABOVE, f"$y_{t + 1}$", OUTPUT)
            node(axes, _h(t), TOP, f"$L_{t + 1}$", LOSS)
            arrow(axes, (_h(t), RADIUS), (_h(t), ABOVE - RADIUS))
            arrow(axes, (_h(t), ABOVE + RADIUS), (_h(t), TOP - RADIUS))
            bend = "arc3" if t == STEPS - 1 else f"arc3,rad={-0.42 / (STEPS - t):.2f}"
            start = (_h(t) + RADIUS, TOP) if t == STEPS - 1 else (_h(t) + 0.2, TOP + 0.3)
            arrow(axes, start, (total[0] - 0.4, TOP + (0 if t == STEPS - 1 else 0.1 * (STEPS - 1 - t))), bend=bend)
    box(axes, *total, "$L$", LOSS)


def _draw_weight(axes: Axes) -> None:
    """W once, at the left, with a rail below the inputs and an arrow to each step."""
    rail = BELOW - 0.75
    box(axes, -0.4, rail, "$W$", SHARED)
    axes.plot([0.02, _f(STEPS - 1) - 0.25], [rail, rail], color=SHARED, linewidth=2.2, solid_capstyle="round", zorder=1)
    for t in EVERY:
        arrow(axes, (_f(t) - 0.25, rail), (_f(t) - 0.25, -0.36), SHARED, 2.2)


def _draw_sum(axes: Axes, found: Gradients) -> None:
    """Below each step the gradient of its copy of W_h; at the right their sum, which is that of the shared W_h."""
    middle = -3.75
    axes.text(-0.75, middle, r"$\frac{dL}{dW_h}\ =$", ha="center", va="center", fontsize=15)
    for t, part in enumerate(found.by_step):
        _matrix(axes, _f(t) - 0.25, middle, part, WHITE)
        axes.text(_f(t) - 0.25, middle - 0.8, f"copy of step {t + 1}", ha="center", va="top", fontsize=9)
        axes.text(_f(t) - 0.25 + PITCH / 2, middle, "+" if t < STEPS - 1 else "=", ha="center", va="center", fontsize=13)
    _matrix(axes, _f(STEPS) - 0.1, middle, found.shared, SHARED)
    error = float((found.by_step.sum(0) - found.shared).abs().max())
    axes.text(_f(STEPS) - 0.1, middle - 0.8, f"the shared $W_h$\n(off the sum by {error:.0e})", ha="center", va="top", fontsize=9)


def _matrix(axes: Axes, x: float, y: float, values: Tensor, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch((x - 0.92, y - 0.55), 1.84, 1.1, "round,pad=0.05", facecolor=colour, edgecolor=DARK_GREY, zorder=2)
    )
    for row, dy in zip(values.tolist(), (0.27, -0.27), strict=True):
        for value, dx in zip(row, (-0.06, 0.88), strict=True):
            axes.text(x + dx, y + dy, f"{value:.3f}".replace("-", "−"), ha="right", va="center", fontsize=9, zorder=4)
