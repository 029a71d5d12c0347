"""What networks have in common that say after each look at a picture what it shows."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput

Noise = Float[Tensor, "b t 2"] | None  # for each glimpse
Places = Float[Tensor, "b d 2"] | None  # of digits


class Policy(NamedTuple):
    """How the places of the glimpses were chosen, for learning to choose them."""

    log_probability: Float[Tensor, "b t"]  # of each place, given what was seen before it
    baseline: Float[Tensor, "b t"]  # the expected reward, by what was seen before
    entropy: Float[Tensor, "b t"]


class Glimpses(NamedTuple):
    """What a network found after each of its t glimpses."""

    logits: Float[Tensor, "b t k"]
    location: Float[Tensor, "b t 2"] | None = None  # y, x from -1 to 1; None: it saw the whole picture
    policy: Policy | None = None  # None: the places are not learned


class PictureModel(nn.Module, ABC):
    """Logits of a whole picture after each glimpse.

    Attributes:
        glimpses: how many, for all labels of a picture.
        labels: how many labels it gives a picture, one after every `glimpses` / `labels` glimpses.
        needs_noise: whether it is random in evaluation too.
        learns_deviation: whether the spread of the places is learned.
    """

    glimpses: int = 1
    labels: int = 1
    needs_noise: bool = False
    learns_deviation: bool = False

    @property
    def glimpses_a_label(self) -> int:
        """N: after so many glimpses a label is read off."""
        return self.glimpses // self.labels

    @abstractmethod
    def forward(self, image: Float[Tensor, "b 1 h w"], noise: Noise = None, place: Places = None) -> Glimpses:
        """Look at pictures.

        Args:
            noise: standard normal numbers, from which what is random is made; None: the means.
            place: where the digits are; for the control that knows it.
        """

    def check(self, image: Float[Tensor, "b 1 h w"]) -> None:
        """Raise BadInput for pictures that are too small for the network."""


class GlimpsingModel(PictureModel):
    """A network that sees a picture through a sensor, in glimpses.

    Attributes:
        width, scales: of the sensor, see `glimpse`.
        locations: how the places are chosen, see `Gaze`.
        steering: parts that learn from the reward and the baseline's error alone.
    """

    width: int
    scales: int
    locations: str

    @property
    @abstractmethod
    def steering(self) -> Sequence[nn.Module]: ...

    def check(self, image: Float[Tensor, "b 1 h w"]) -> None:
        widest, (height, width) = self.width * 2 ** (self.scales - 1), image.shape[2:]
        if widest > min(height, width):
            raise BadInput(f"`width`={self.width} and `scales`={self.scales} see {widest} pixels, a picture has {height}×{width}")


def together(steps: Sequence[tuple[Float[Tensor, "b 2"], Policy | None]]) -> tuple[Float[Tensor, "b t 2"], Policy | None]:
    """The places of all glimpses, and how they were chosen, of those of each glimpse."""
    locations, policies = zip(*steps, strict=True)
    learned = [policy for policy in policies if policy is not None]
    policy = Policy(*(torch.stack(each, 1) for each in zip(*learned, strict=True))) if learned else None
    return torch.stack(locations, 1), policy
