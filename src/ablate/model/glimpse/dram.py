"""The deep recurrent attention model: two recurrent layers, of which one says what is seen and the other where to look."""

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.glimpse.base import Glimpses, GlimpsingModel, Noise, Places, together
from ablate.model.glimpse.gaze import Gaze, Locations
from ablate.model.glimpse.sensor import glimpse
from ablate.model.recurrent.cell.base import Cell
from ablate.schema.options import AboveZero, Layers, Positive, Range, Width, checked

KERNELS = (5, 3, 3)  # of the convolutions, which are not padded
LOST = sum(KERNELS) - len(KERNELS)  # pixels of each side


class DRAM(GlimpsingModel):
    """After glimpse t at l_t of picture x, for t = 1 … T:

        l_t  = gaze(r²_{t-1})                                            see `Gaze`
        g_t  = G_image(ρ(x, l_t)) ∘ ReLU(W_l l_t)                        what times where; ρ: the sensor, see `glimpse`
        r¹_t = cell(g_t, r¹_{t-1}),   r¹_0 = 0,   logits_t = W_o ReLU(W_h r¹_t)
        r²_t = cell(r¹_t, r²_{t-1}),  r²_0 = tanh(C(x averaged down))     C: the context network; without it 0

    G_image and C are three convolutions of 5×5, 3×3 and 3×3, without pooling, and a dense layer. The classes are read off r¹, which
    the coarse picture never reaches but through the places: there is no short cut. r² and C learn from the reward alone. The
    reward's gradient goes on from r² into r¹ and G_image; none passes through l_t.

    Source: Ba, Mnih, Kavukcuoglu 2015, Multiple object recognition with visual attention, section 3.

    Args:
        cell: given the input size, makes each of both layers.
        width: of a patch, in pixels.
        scales: patches of a glimpse, each twice as wide as the one before and averaged down to `width`.
        glimpses: N, for each label; T is as many times `labels`.
        labels: of a picture, in a sequence; its end is one of them.
        locations, deviation, learn_deviation, location_size: see `Gaze`.
        channels: of the first two convolutions; the third has twice as many (64 for the house numbers of the paper).
        glimpse_size: of g.
        class_size: of ReLU(W_h r¹).
        context: whether there is a context network.
        coarse: side of what it sees, in pixels: the picture, averaged down.
    """

    @checked
    def __init__(
        self,
        cell: Callable[[int], Cell],
        num_classes: Positive,
        width: Annotated[int, Range(LOST + 1, 2**14)],
        scales: Annotated[int, Range(1, 12)] = 3,
        glimpses: Layers = 3,
        labels: Layers = 1,
        locations: Locations = "learned",
        deviation: AboveZero = 0.15,
        learn_deviation: bool = False,
        location_size: Width = 128,
        channels: Width = 8,
        glimpse_size: Width = 128,
        class_size: Width = 128,
        context: bool = True,
        coarse: Annotated[int, Range(LOST + 1, 2**14)] = 12,
    ) -> None:
        super().__init__()
        self.width, self.scales, self.locations, self.coarse = width, scales, locations, coarse
        self.labels, self.glimpses = labels, glimpses * labels
        self.what, self.where = convolutions(scales, channels, width, glimpse_size), nn.Linear(2, glimpse_size)
        nn.init.ones_(self.where.bias)  # every place lets pass what is seen there
        self.bottom = cell(glimpse_size)
        self.head = nn.Sequential(nn.Linear(self.bottom.hidden_size, class_size), nn.ReLU(), nn.Linear(class_size, num_classes))
        self.top = cell(self.bottom.hidden_size)
        self.context = convolutions(1, channels, coarse, self.top.hidden_size) if context else None
        self.gaze = Gaze(self.top.hidden_size, locations, deviation, learn_deviation, location_size)
        self.needs_noise, self.learns_deviation = self.gaze.needs_noise, self.gaze.learns_deviation

    @property
    def steering(self) -> Sequence[nn.Module]:
        return [self.top, self.gaze, *([] if self.context is None else [self.context])]

    def check(self, image: Float[Tensor, "b 1 h w"]) -> None:
        super().check(image)
        if self.context is not None and self.coarse > min(image.shape[2:]):
            height, width = image.shape[2:]
            raise BadInput(f"`coarse`={self.coarse} pixels are more than a picture has: {height}×{width}")

    def forward(self, image: Float[Tensor, "b 1 h w"], noise: Noise = None, place: Places = None) -> Glimpses:
        bottom, top = self.bottom.initial_state(len(image)), self.first_state(image)
        steps, hidden = [], []
        for t in range(self.glimpses):
            steps.append(self.gaze(top[0], t, noise, place))
            r1, bottom = self.bottom(self._look(image, steps[-1][0]), bottom)
            top = self.top(r1, top)[1]
            hidden.append(r1)
        return Glimpses(self.head(torch.stack(hidden, 1)), *together(steps))

    def first_state(self, image: Float[Tensor, "b 1 h w"]) -> tuple:
        """r²_0, of whose parts the first comes from C; an LSTM's memory begins empty."""
        state = self.top.initial_state(len(image))
        if self.context is None:
            return state
        return self.top.state_type(self.context(F.adaptive_avg_pool2d(image, self.coarse)).tanh(), *state[1:])

    def _look(self, image: Float[Tensor, "b 1 h w"], location: Float[Tensor, "b 2"]) -> Float[Tensor, "b n"]:
        patches = glimpse(image, location, self.width, self.scales)
        return self.what(patches).relu() * self.where(location).relu()


def convolutions(inputs: int, channels: int, side: int, outputs: int) -> nn.Sequential:
    """Three convolutions with ReLUs over a square, and a dense layer; weights after He et al. 2015, section 2.2."""
    layers: list[nn.Module] = []
    for kernel, width in zip(KERNELS, (channels, channels, 2 * channels), strict=True):
        layers += [nn.Conv2d(inputs, width, kernel), nn.ReLU()]
        inputs = width
    layers += [nn.Flatten(), nn.Linear(inputs * (side - LOST) ** 2, outputs)]
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
