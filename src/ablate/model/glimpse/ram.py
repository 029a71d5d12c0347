"""The recurrent attention model: a picture is seen in glimpses, each where the network chose to look."""

import math
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Normal

from ablate.errors import BadInput
from ablate.model.glimpse.base import Glimpses, Noise, PictureModel, Places, Policy
from ablate.model.glimpse.sensor import glimpse
from ablate.model.recurrent.cell.base import Cell
from ablate.schema.options import AboveZero, Positive, Range, Side, Width, checked

Locations = Literal["learned", "random", "centre", "oracle"]


class RAM(PictureModel):
    """After glimpse t at l_t of picture x, for t = 1 … T, with the means of the places m_t and σ their standard deviation:

        m_t = tanh(f_l(h_{t-1})),   l_t ~ N(m_t, σ²)                     learned; h_0 = 0, so that m_1 is a learned constant
        g_t = ReLU(W_p ReLU(W_s ρ(x, l_t)) + W_q ReLU(W_l l_t))          ρ: the sensor, see `glimpse`
        h_t = cell(g_t, h_{t-1}),   logits_t = W_c h_t

    No gradient passes through l_t, nor from the place's network and the baseline into the core. A place beyond the picture is
    taken back to its edge.

    Source: Mnih, Heess, Graves, Kavukcuoglu 2014, Recurrent models of visual attention, section 3.

    Args:
        cell: given the input size, makes the core.
        width: of a patch, in pixels.
        scales: patches of a glimpse, each twice as wide as the one before and averaged down to `width`.
        glimpses: T.
        locations: learned, or a control: uniformly random, always the centre, or (oracle) where the digits are, in turns.
        deviation: σ, where half the picture's side is 1; what it starts from, if it is learned.
        learn_deviation: σ is learned, one number for each axis.
        patch_size, place_size, glimpse_size: of ReLU(W_s ρ), ReLU(W_l l), g.
        location_size: of f_l's hidden layer.
    """

    @checked
    def __init__(
        self,
        cell: Callable[[int], Cell],
        num_classes: Positive,
        width: Side,
        scales: Annotated[int, Range(1, 12)] = 1,
        glimpses: Annotated[int, Range(1, 1000)] = 6,
        locations: Locations = "learned",
        deviation: AboveZero = 0.15,
        learn_deviation: bool = False,
        patch_size: Width = 128,
        place_size: Width = 128,
        glimpse_size: Width = 256,
        location_size: Width = 128,
    ) -> None:
        super().__init__()
        self.width, self.scales, self.glimpses, self.locations = width, scales, glimpses, locations
        self.needs_noise, self.learns_deviation = locations == "random", locations == "learned" and learn_deviation
        self.sensed = nn.Linear(scales * width**2, patch_size)
        self.placed = nn.Linear(2, place_size)
        self.what, self.where = nn.Linear(patch_size, glimpse_size), nn.Linear(place_size, glimpse_size)
        self.cell = cell(glimpse_size)
        self.head = nn.Linear(self.cell.hidden_size, num_classes)
        if locations == "learned":
            hidden = self.cell.hidden_size
            self.locator = nn.Sequential(nn.Linear(hidden, location_size), nn.ReLU(), nn.Linear(location_size, 2))
            self.baseline = nn.Linear(hidden, 1)
            self.log_deviation = nn.Parameter(torch.full((2,), math.log(deviation)), requires_grad=learn_deviation)

    def check(self, image: Float[Tensor, "b 1 h w"]) -> None:
        widest, (height, width) = self.width * 2 ** (self.scales - 1), image.shape[2:]
        if widest > min(height, width):
            raise BadInput(f"`width`={self.width} and `scales`={self.scales} see {widest} pixels, a picture has {height}×{width}")

    def forward(self, image: Float[Tensor, "b 1 h w"], noise: Noise = None, place: Places = None) -> Glimpses:
        state = self.cell.initial_state(len(image))
        h, hidden, locations, policies = state[0], [], [], []
        for t in range(self.glimpses):
            if self.locations == "learned":
                location, policy = self._choose(h.detach(), None if noise is None else noise[:, t])
                policies.append(policy)
            else:
                location = self._control(image, t, noise, place)
            h, state = self.cell(self._look(image, location), state)
            hidden.append(h)
            locations.append(location)
        policy = Policy(*(torch.stack(each, 1) for each in zip(*policies, strict=True))) if policies else None
        return Glimpses(self.head(torch.stack(hidden, 1)), torch.stack(locations, 1), policy)

    def _look(self, image: Float[Tensor, "b 1 h w"], location: Float[Tensor, "b 2"]) -> Float[Tensor, "b n"]:
        patches = glimpse(image, location, self.width, self.scales).flatten(1)
        return (self.what(self.sensed(patches).relu()) + self.where(self.placed(location).relu())).relu()

    def _choose(self, h: Float[Tensor, "b n"], noise: Float[Tensor, "b 2"] | None) -> tuple[Tensor, Policy]:
        """The next place; its probability is that of the place before it is taken back to the edge."""
        normal = Normal(self.locator(h).tanh(), self.log_deviation.exp(), validate_args=False)
        with torch.no_grad():
            drawn = normal.mean if noise is None else normal.mean + normal.stddev * noise
        policy = Policy(normal.log_prob(drawn).sum(1), self.baseline(h)[:, 0], normal.entropy().sum(1))
        return drawn.clamp(-1, 1), policy

    def _control(self, image: Tensor, t: int, noise: Noise, place: Places) -> Float[Tensor, "b 2"]:
        if self.locations == "oracle":
            assert place is not None
            return place[:, t % place.shape[1]]
        if self.locations == "random":
            assert noise is not None
            return torch.erf(noise[:, t] / math.sqrt(2))  # 2Φ(z) - 1 is uniform in [-1, 1]
        return image.new_zeros(len(image), 2)
