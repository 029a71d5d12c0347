"""What a segmenter is."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn


class Segmenter(nn.Module, ABC):
    """A map of logits for a picture of any size, at that size. Letters: n batch, c channels, k classes, h and w."""

    @abstractmethod
    def forward(self, image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h w"]:
        """Logits of each pixel."""
