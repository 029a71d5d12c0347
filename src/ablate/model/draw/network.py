"""DRAW: a picture is drawn in steps onto a canvas, each by what a latent variable of its own says."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.draw.attention import Reader, Writer, check_filters
from ablate.model.draw.filter_bank import Window
from ablate.model.recurrent.cell.base import Cell
from ablate.schema.options import Layers, Side, Size, Width, checked, height_width


class Drawing(NamedTuple):
    """What was drawn in t steps. Windows have axes b, t; None: without attention, or nothing was read."""

    canvas: Float[Tensor, "b t h w"]  # c_1 … c_T: logits of white
    mean: Float[Tensor, "b t d"] | None = None  # of Q(z_t | …); None: z was drawn from the prior
    log_deviation: Float[Tensor, "b t d"] | None = None
    read: Window | None = None
    written: Window | None = None


class DRAW(nn.Module):
    """At step t = 1 … T, with picture x, canvas c, and the states of two recurrent cells:

        x̂_t = x - σ(c_{t-1}),   r_t = read(x, x̂_t, h^dec_{t-1})
        h^enc_t = encoder([r_t, h^dec_{t-1}], h^enc_{t-1})
        z_t = μ_t + exp(s_t) ε_t,   μ_t = W_μ h^enc_t,   s_t = W_s h^enc_t,   ε_t ~ N(0, I), drawn anew at each step
        h^dec_t = decoder(z_t, h^dec_{t-1}),   c_t = c_{t-1} + write(h^dec_t)

    Pixels are Bernoulli with the mean σ(c_T). To generate, z_t ~ N(0, I). c_0 is learned, states begin with 0.
    With T = 1 and without attention it is a variational autoencoder.

    Source: Gregor, Danihelka, Graves, Rezende, Wierstra 2015, DRAW: a recurrent neural network for image generation, section 2.

    Args:
        cell: given the input size, makes the encoder and the decoder.
        image_size: of a picture, one number for a square or [height, width].
        steps: T.
        latent_size: numbers in z_t.
        read_filters, write_filters: N of N×N Gaussian filters, see `ablate.model.draw.filter_bank`; None: without attention.

    Raises:
        BadInput: more filters than pixels.
    """

    @checked
    def __init__(
        self,
        cell: Callable[[int], Cell],
        image_size: Size,
        steps: Layers = 10,
        latent_size: Width = 10,
        read_filters: Side | None = 2,
        write_filters: Side | None = 5,
    ) -> None:
        super().__init__()
        self.image_size, self.steps, self.latent_size = height_width(image_size), steps, latent_size
        self.write_filters = write_filters
        check_filters("read_filters", read_filters, *self.image_size)
        check_filters("write_filters", write_filters, *self.image_size)
        self.decoder = cell(latent_size)
        self.reader = Reader(self.decoder.hidden_size, *self.image_size, read_filters)
        self.encoder = cell(self.reader.size + self.decoder.hidden_size)
        self.posterior = nn.Linear(self.encoder.hidden_size, 2 * latent_size)
        self.writer = Writer(self.decoder.hidden_size, *self.image_size, write_filters)
        self.start = nn.Parameter(torch.zeros(self.image_size))

    def forward(self, image: Float[Tensor, "b 1 h w"], noise: Float[Tensor, "b t d"]) -> Drawing:
        """Draw pictures again that are looked at.

        Args:
            noise: ε, standard normal numbers.
        """
        pictures = image[:, 0]
        reading, drawing = self.encoder.initial_state(len(image)), self.decoder.initial_state(len(image))
        canvas, steps = self.start.expand(len(image), -1, -1), []
        for epsilon in noise.unbind(1):
            seen, read = self.reader(pictures, pictures - canvas.sigmoid(), drawing[0])
            h, reading = self.encoder(torch.cat([seen, drawing[0]], 1), reading)
            mean, log_deviation = self.posterior(h).chunk(2, 1)
            canvas, drawing, written = self._draw(mean + log_deviation.exp() * epsilon, drawing, canvas)
            steps.append((canvas, mean, log_deviation, read, written))
        return _together(steps)

    def generate(self, noise: Float[Tensor, "b t d"]) -> Drawing:
        """Draw pictures of one's own: z_t is `noise`, of standard normal numbers."""
        canvas, drawing, steps = self.start.expand(len(noise), -1, -1), self.decoder.initial_state(len(noise)), []
        for z in noise.unbind(1):
            canvas, drawing, written = self._draw(z, drawing, canvas)
            steps.append((canvas, None, None, None, written))
        return _together(steps)

    def _draw(
        self, z: Float[Tensor, "b d"], state: tuple, canvas: Float[Tensor, "b h w"]
    ) -> tuple[Float[Tensor, "b h w"], tuple, Window | None]:
        h, state = self.decoder(z, state)
        stroke, window = self.writer(h)
        return canvas + stroke, state, window


def _together(steps: Sequence[tuple]) -> Drawing:
    """Steps as one more axis, behind that of the batch."""
    return Drawing(*(_stacked(each) for each in zip(*steps, strict=True)))


def _stacked(each: Sequence[Any]) -> Any:
    """Tensors, windows, or None, of each step."""
    if each[0] is None:
        return None
    if isinstance(each[0], Window):
        return Window(*(torch.stack(fields, 1) for fields in zip(*each, strict=True)))
    return torch.stack(tuple(each), 1)
