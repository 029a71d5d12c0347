"""The recurrent attention model: a picture is seen in glimpses, each where the network chose to look."""

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.glimpse.base import Glimpses, GlimpsingModel, Noise, Places, together
from ablate.model.glimpse.gaze import Gaze, Locations
from ablate.model.glimpse.sensor import glimpse
from ablate.model.recurrent.cell.base import Cell
from ablate.schema.options import AboveZero, Layers, Positive, Range, Side, Width, checked


class RAM(GlimpsingModel):
    """After glimpse t at l_t of picture x, for t = 1 … T:

        l_t = gaze(h_{t-1})                                              see `Gaze`; h_0 = 0, so that the first mean is a constant
        g_t = ReLU(W_p ReLU(W_s ρ(x, l_t)) + W_q ReLU(W_l l_t))          ρ: the sensor, see `glimpse`
        h_t = cell(g_t, h_{t-1}),   logits_t = W_c h_t

    No gradient passes from the gaze into the core.

    Source: Mnih, Heess, Graves, Kavukcuoglu 2014, Recurrent models of visual attention, section 3.

    Args:
        cell: given the input size, makes the core.
        width: of a patch, in pixels.
        scales: patches of a glimpse, each twice as wide as the one before and averaged down to `width`.
        glimpses: for each label; T is as many times `labels`.
        locations, deviation, learn_deviation, location_size: see `Gaze`.
        patch_size, place_size, glimpse_size: of ReLU(W_s ρ), ReLU(W_l l), g.
        labels: of a picture, in a sequence; its end is one of them.
    """

    @checked
    def __init__(
        self,
        cell: Callable[[int], Cell],
        num_classes: Positive,
        width: Side,
        scales: Annotated[int, Range(1, 12)] = 1,
        glimpses: Layers = 6,
        locations: Locations = "learned",
        deviation: AboveZero = 0.15,
        learn_deviation: bool = False,
        patch_size: Width = 128,
        place_size: Width = 128,
        glimpse_size: Width = 256,
        location_size: Width = 128,
        labels: Layers = 1,
    ) -> None:
        super().__init__()
        self.width, self.scales, self.locations = width, scales, locations
        self.labels, self.glimpses = labels, glimpses * labels
        self.sensed = nn.Linear(scales * width**2, patch_size)
        self.placed = nn.Linear(2, place_size)
        self.what, self.where = nn.Linear(patch_size, glimpse_size), nn.Linear(place_size, glimpse_size)
        self.cell = cell(glimpse_size)
        self.head = nn.Linear(self.cell.hidden_size, num_classes)
        self.gaze = Gaze(self.cell.hidden_size, locations, deviation, learn_deviation, location_size)
        self.needs_noise, self.learns_deviation = self.gaze.needs_noise, self.gaze.learns_deviation

    @property
    def steering(self) -> Sequence[nn.Module]:
        return [self.gaze]

    def forward(self, image: Float[Tensor, "b 1 h w"], noise: Noise = None, place: Places = None) -> Glimpses:
        state, steps, hidden = self.cell.initial_state(len(image)), [], []
        for t in range(self.glimpses):
            steps.append(self.gaze(state[0].detach(), t, noise, place))
            h, state = self.cell(self._look(image, steps[-1][0]), state)
            hidden.append(h)
        return Glimpses(self.head(torch.stack(hidden, 1)), *together(steps))

    def _look(self, image: Float[Tensor, "b 1 h w"], location: Float[Tensor, "b 2"]) -> Float[Tensor, "b n"]:
        patches = glimpse(image, location, self.width, self.scales).flatten(1)
        return (self.what(self.sensed(patches).relu()) + self.where(self.placed(location).relu())).relu()
