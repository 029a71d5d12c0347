"""A picture as a memory: a vector for each place of an encoder's map."""

from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import check_choice
from ablate.model.text.memory import Memory, Reader

PLACES = ("bottom", "last_map")


class PictureReader(Reader):
    """keys: the encoder's map, row by row; summary: their mean (Xu et al. 2015, section 3.1.2).

    Args:
        encoder: `image -> Features`, with `channels`.
        frozen: it is not trained, and stays in evaluation mode.
        places: bottom, what the last downsampling left; last_map, what it was given, with four times the places.
    """

    def __init__(self, encoder: nn.Module, frozen: bool = False, places: str = "bottom") -> None:
        super().__init__()
        self.encoder, self.frozen = encoder, frozen
        self.places = check_choice("places", places, PLACES)
        self.key_size = self.summary_size = encoder.channels[-1]
        if frozen:
            encoder.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "PictureReader":
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def forward(self, image: Float[Tensor, "b c h w"], lengths: None = None) -> Memory:
        keys = self.feature_map(image).flatten(2).mT
        return Memory(keys, keys.new_ones(keys.shape[:2]).bool(), keys.mean(1))

    def feature_map(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b n r k"]:
        """The encoder's map, of which the keys are the rows and columns."""
        features = self.encoder(image)
        return features.bottom if self.places == "bottom" else features.maps[-1]
