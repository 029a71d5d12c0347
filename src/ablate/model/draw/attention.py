"""How DRAW reads from a picture and writes onto its canvas: through a window of filters, or all of it at once."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.draw.filter_bank import PARAMETERS, Window, read, window, write


class Reader(nn.Module):
    """r = [γ F_y x F_xᵀ, γ F_y x̂ F_xᵀ] with the window W_r h; without filters r = [x, x̂].

    Source: Gregor et al. 2015, sections 3.1 and 3.3.

    Args:
        hidden_size: of h.
        filters: N of N×N filters; None: without.

    Attributes:
        size: numbers in r.
    """

    def __init__(self, hidden_size: int, height: int, width: int, filters: int | None) -> None:
        super().__init__()
        self.filters = filters
        self.size = 2 * height * width if filters is None else 2 * filters**2
        self.window = None if filters is None else nn.Linear(hidden_size, PARAMETERS)

    def forward(
        self, image: Float[Tensor, "b h w"], error: Float[Tensor, "b h w"], h: Float[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b size"], Window | None]:
        """r, and the window through which it was seen."""
        both = torch.stack([image, error], 1)
        if self.window is None:
            return both.flatten(1), None
        at = window(self.window(h), self.filters, *image.shape[1:])
        return read(both, at, self.filters).flatten(1), at


class Writer(nn.Module):
    """F_yᵀ w F_x / γ with w = W_w h of N×N numbers, and the window W_v h; without filters W_w h is the whole canvas.

    Source: Gregor et al. 2015, sections 3.1 and 3.3.
    """

    def __init__(self, hidden_size: int, height: int, width: int, filters: int | None) -> None:
        super().__init__()
        self.canvas = (height, width)
        self.patch = (height, width) if filters is None else (filters, filters)
        self.stroke = nn.Linear(hidden_size, self.patch[0] * self.patch[1])
        self.window = None if filters is None else nn.Linear(hidden_size, PARAMETERS)

    def forward(self, h: Float[Tensor, "b n"]) -> tuple[Float[Tensor, "b h w"], Window | None]:
        """What is added to the canvas, and the window through which it is written."""
        stroke = self.stroke(h).unflatten(1, self.patch)
        if self.window is None:
            return stroke, None
        at = window(self.window(h), self.patch[0], *self.canvas)
        return write(stroke, at, *self.canvas), at


def check_filters(name: str, filters: int | None, height: int, width: int) -> None:
    """Raise BadInput for more filters than a picture has pixels in one direction."""
    if filters is not None and filters > (most := min(height, width)):
        raise BadInput(f"`{name}`={filters} filters are more than a picture of {height}×{width} has pixels: the most is {most}")
