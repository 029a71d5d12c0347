"""Sanity checks of explanations: likeness against the number of random layers, and to a network of random labels."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.sanity import Sanity
from ablate.figure.colours import CURVES, GREY

TITLES = {"rank": "by the ranks of pixels (Spearman)", "ssim": "by structure (SSIM)"}
MARKERS = "osD^vPXp"
MOST_LABELS, MOST_LETTERS = 24, 26  # of layers along an axis; of a name
TRAINED, OTHER = "none", "trained on\nrandom labels"


def plot_sanity(sanity: Sanity, title: str = "") -> Figure:
    """A panel for each kind of likeness, a line for each method; at the right end the network of random labels, if there is one."""
    figure = Figure(figsize=(13, 5.6), layout="constrained")
    panels = figure.subplots(1, len(sanity.curves), sharey=True, squeeze=False)[0]
    for axes, (kind, curves) in zip(panels, sanity.curves.items(), strict=True):
        for i, (name, curve) in enumerate(curves.items()):
            style = {"color": CURVES[i % len(CURVES)], "marker": MARKERS[i % len(MARKERS)], "markersize": 5}
            axes.plot(range(len(curve)), curve, label=name.replace("_", " "), **style)
            if sanity.other:
                axes.plot(len(curve) + 0.5, sanity.other[kind][name], **{**style, "markersize": 8}, linestyle="none")
        axes.axhline(0, color=GREY, linewidth=1)
        axes.set_title(TITLES[kind], fontsize=11)
        axes.grid(alpha=0.3)
        _label_layers(axes, sanity)
    panels[0].set_ylabel("likeness to the map of the trained network")
    figure.supxlabel("random from above down to this layer", fontsize=10)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", fontsize=9)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def _label_layers(axes: Axes, sanity: Sanity) -> None:
    labels = [TRAINED, *(name if len(name) <= MOST_LETTERS else "…" + name[1 - MOST_LETTERS :] for name in sanity.layers)]
    every = -(-len(labels) // MOST_LABELS)
    places = list(range(0, len(labels), every))
    axes.set_xticks(places, [labels[i] for i in places], rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    if sanity.other:
        beyond = len(labels) + 0.5
        axes.axvline(beyond - 0.75, color=GREY, linewidth=1, linestyle=":")
        axes.set_xticks([*places, beyond], [*(labels[i] for i in places), OTHER])
