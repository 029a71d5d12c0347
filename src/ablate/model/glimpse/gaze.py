"""Where a network looks next: a learned policy, or a control."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Normal

from ablate.model.glimpse.base import Noise, Places, Policy
from ablate.schema.options import AboveZero, Positive, Width, checked

Locations = Literal["learned", "random", "centre", "oracle"]


class Gaze(nn.Module):
    """The place of glimpse t, from h, the state before it:

        m_t = tanh(f_l(h)),   l_t ~ N(m_t, σ²),   b_t = W_b h

    No gradient passes through l_t, nor from b_t into h. A place beyond the picture is taken back to its edge; its probability is
    that of the place before it is taken back.

    Source: Mnih et al. 2014, sections 3.1 and 3.2; Ba et al. 2015, section 3.

    Args:
        hidden_size: of h.
        locations: learned, or a control: uniformly random, always the centre, or (oracle) where the digits are, in turns.
        deviation: σ, where half the picture's side is 1; what it starts from, if it is learned.
        learn_deviation: σ is learned, one number for each axis.
        location_size: of f_l's hidden layer.

    Attributes:
        needs_noise, learns_deviation: see `PictureModel`.
    """

    @checked
    def __init__(
        self, hidden_size: Positive, locations: Locations, deviation: AboveZero, learn_deviation: bool, location_size: Width
    ) -> None:
        super().__init__()
        self.locations, self.needs_noise = locations, locations == "random"
        self.learns_deviation = locations == "learned" and learn_deviation
        if locations == "learned":
            self.locator = nn.Sequential(nn.Linear(hidden_size, location_size), nn.ReLU(), nn.Linear(location_size, 2))
            self.baseline = nn.Linear(hidden_size, 1)
            self.log_deviation = nn.Parameter(torch.full((2,), math.log(deviation)), requires_grad=learn_deviation)

    def forward(self, h: Float[Tensor, "b n"], t: int, noise: Noise, place: Places) -> tuple[Float[Tensor, "b 2"], Policy | None]:
        """The place of glimpse t, from 0, and how it was chosen, where that is learned.

        Args:
            noise, place: see `PictureModel`.
        """
        if self.locations == "learned":
            return self._choose(h, None if noise is None else noise[:, t])
        if self.locations == "oracle":
            assert place is not None
            return place[:, t % place.shape[1]], None
        if self.locations == "random":
            assert noise is not None
            return torch.erf(noise[:, t] / math.sqrt(2)), None  # 2Φ(z) - 1 is uniform in [-1, 1]
        return h.new_zeros(len(h), 2), None

    def _choose(self, h: Float[Tensor, "b n"], noise: Float[Tensor, "b 2"] | None) -> tuple[Float[Tensor, "b 2"], Policy]:
        normal = Normal(self.locator(h).tanh(), self.log_deviation.exp(), validate_args=False)
        with torch.no_grad():
            drawn = normal.mean if noise is None else normal.mean + normal.stddev * noise
        policy = Policy(normal.log_prob(drawn).sum(1), self.baseline(h.detach())[:, 0], normal.entropy().sum(1))
        return drawn.clamp(-1, 1), policy
