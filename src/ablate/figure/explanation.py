"""Attributions over pictures and words: overlays, methods side by side, coloured words in HTML and on the console."""

import html
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from PIL import Image, ImageColor
from rich.text import Text
from torch import Tensor

from ablate.explanation.methods import SIGNED, by_position
from ablate.figure.colours import ORANGE, SKY_BLUE
from ablate.figure.labels import printable

FOR, AGAINST = (np.array(ImageColor.getrgb(colour), float) for colour in (ORANGE, SKY_BLUE))
DIM, LUMINANCE = 0.55, (0.299, 0.587, 0.114)  # of the grey picture under a map
DARKEST = 0.1  # what is darker than this everywhere stays dark
OUTLIERS = 0.99  # the share of places below full colour
TILE, TITLE = 1.6, 0.3  # inches
LETTERS_AN_INCH = 9  # of the title above all rows
ATTENTION = "attention"  # a map beside the methods', which shows where the network looks
KEY = "orange: speaks for it, blue: against it; of {unsigned} how much it depends on the place"


class Row(NamedTuple):
    """A picture, what of it is explained, and its attributions by method; `mark` is the pixel that is explained, y and x."""

    image: Float[Tensor, "c h w"]  # in [0, 1]
    title: str
    attributions: Mapping[str, Float[Tensor, "c h w"]]
    mark: tuple[int, int] | None = None


def scaled(name: str, attribution: Float[Tensor, "*shape"]) -> Float[np.ndarray, "*place"]:
    """An attribution of one picture or one text by place, from -1 to 1: divided by the value that OUTLIERS of the places lie below.

    Args:
        name: of the method.
    """
    values = by_position(name, attribution[None].float())[0].nan_to_num().cpu().numpy()
    top = np.quantile(np.abs(values), OUTLIERS if values.ndim == 2 else 1.0) or np.abs(values).max() or 1.0
    return np.clip(values / top, -1, 1)


def overlay(name: str, image: Float[Tensor, "c h w"], attribution: Float[Tensor, "c h w"]) -> Image.Image:
    """The picture in dim grey, a dark one as light as others, under orange where it speaks for the score, else under blue."""
    rgb = image.float().cpu().expand(3, -1, -1)
    light = (rgb * torch.tensor(LUMINANCE)[:, None, None]).sum(0).clamp(0, 1).numpy()[..., None]
    grey = np.minimum(light / max(np.quantile(light, OUTLIERS), DARKEST), 1) * 255 * DIM
    values = scaled(name, attribution)[..., None]
    colour = np.where(values > 0, FOR, AGAINST)
    return Image.fromarray((grey + np.abs(values) * (colour - grey)).round().astype(np.uint8))


def side_by_side(rows: Sequence[Row], heading: str = "") -> Figure:
    """A row a picture: the picture, then an overlay a method; `heading` stands above all of them, on as many lines as it takes."""
    names = list(rows[0].attributions)
    shapes = [row.image.shape[1] / row.image.shape[2] for row in rows]
    heights = [TILE * min(2.0, shape) for shape in shapes]
    figure = Figure(figsize=((1 + len(names)) * TILE, sum(heights) + TITLE * (len(rows) + 1)), layout="constrained")
    grid = figure.subplots(len(rows), 1 + len(names), squeeze=False, height_ratios=heights)
    for row, line in zip(rows, grid, strict=True):
        tiles = [row.image.float().cpu().expand(3, -1, -1).permute(1, 2, 0).clamp(0, 1).numpy()]
        tiles += [np.asarray(overlay(name, row.image, row.attributions[name])) for name in names]
        for axes, tile, title in zip(line, tiles, [row.title, *names], strict=True):
            axes.imshow(tile, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.set_title(printable(title.replace("_", " ")), fontsize=8, parse_math=False)
        if row.mark is not None:
            line[0].plot(row.mark[1], row.mark[0], "+", color=ORANGE, markersize=8)
    unsigned = ", ".join(name.replace("_", " ") for name in names if name not in (*SIGNED, ATTENTION))
    key = KEY.format(unsigned=unsigned) if unsigned else KEY.partition(";")[0]
    key += "; attention: where the network looks" if ATTENTION in names else ""
    figure.supxlabel(key, fontsize=7)
    if heading:
        lines = textwrap.fill(printable(heading), width=round(LETTERS_AN_INCH * figure.get_figwidth()))
        figure.suptitle(lines, fontsize=10, parse_math=False)
    return figure


class WordsRow(NamedTuple):
    """Words, what of them is explained, and how much each has to do with it, from -1 to 1."""

    tokens: Sequence[str]
    title: str
    values: Sequence[float]


def words_html(rows: Sequence[WordsRow], method: str, joint: str) -> str:
    """A page with a line a text: words upon orange, which speak for it, or upon blue, which speak against it.

    Args:
        joint: what stands between tokens.
    """
    lines = [f"<p><b>{html.escape(row.title)}</b><br>{joint.join(_spans(row))}</p>" for row in rows]
    style = "body{font:16px/1.8 sans-serif;margin:2em;color:#000;background:#fff}span{padding:.1em .15em;border-radius:.2em}"
    head = f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{html.escape(method)}</title><style>{style}</style></head>'
    key = f"<p>{_key(method)}; under the pointer, as a share of the strongest</p>"
    return "\n".join([head, f"<body><h1>{html.escape(method)}</h1>", key, *lines, "</body></html>", ""])


def words_on_console(row: WordsRow, joint: str) -> Text:
    """The words of a text on coloured grounds."""
    text = Text(f"{row.title}: ")
    for i, (token, value) in enumerate(zip(row.tokens, row.values, strict=True)):
        red, green, blue = _ground(value)
        text.append(joint if i else "")
        text.append(printable(token), style=f"black on rgb({red},{green},{blue})")
    return text


def _spans(row: WordsRow) -> list[str]:
    each = zip(row.tokens, row.values, strict=True)
    return [f'<span title="{v:+.3f}" style="background:rgb{_ground(v)}">{html.escape(token)}</span>' for token, v in each]


def _ground(value: float) -> tuple[int, int, int]:
    """White at 0."""
    red, green, blue = (255 + abs(value) * ((FOR if value > 0 else AGAINST) - 255)).round().astype(int).tolist()
    return red, green, blue


def _key(method: str) -> str:
    return KEY.partition(";")[0] if method in SIGNED else "the deeper the orange, the more it depends on the word"
