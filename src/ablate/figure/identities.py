"""The largest error of each identity between operators, of those that hold and of those that do not."""

from matplotlib.figure import Figure

from ablate.figure.colours import BLUE, GREY, VERMILLION
from ablate.operator.identities import Identity
from ablate.operator.identities import identities as measured

FLOOR = 1e-17  # where an error of exactly 0 is drawn


def identities() -> Figure:
    """A dot for each identity on a logarithmic axis, with the rounding of float64 as a line."""
    found: list[Identity] = measured()[::-1]
    figure = Figure(figsize=(11, 0.34 * len(found) + 1.3), layout="constrained")
    axes = figure.subplots()
    for holds, colour, marker, label in ((True, BLUE, "o", "holds"), (False, VERMILLION, "X", "does not hold")):
        rows = [i for i, each in enumerate(found) if each.holds is holds]
        axes.scatter([max(found[i].error, FLOOR) for i in rows], rows, color=colour, marker=marker, s=45, label=label, zorder=3)
    for i, each in enumerate(found):
        axes.annotate(f"{each.error:.1e}" if each.error else "0", (max(each.error, FLOOR), i), (8, -3),
                      textcoords="offset points", fontsize=9,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    axes.axvline(1e-12, color=GREY, linestyle="--", linewidth=1)
    axes.set_yticks(range(len(found)), [each.statement for each in found], fontsize=9)
    axes.set(xscale="log", xlim=(FLOOR / 3, 1e5), xlabel="largest difference between the two sides, float64 (dashed: 1e-12)")
    axes.set_title("Operators that are the same, and some that are not", fontsize=11)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="center right", fontsize=9)
    return figure
