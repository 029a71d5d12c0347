"""The fully convolutional segmenter: encoder, decoder, 1×1 head."""

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.base import Segmenter
from ablate.schema.options import Positive, checked


class FCN(Segmenter):
    """logits = interpolate(head(decoder(encoder(image)))), the interpolation only where the decoder's map is coarser.

    Any picture size comes back at that size. After Long, Shelhamer and Darrell 2015, Fully Convolutional Networks.

    Args:
        encoder: `image -> Features`, with `channels` and `has_offsets`.
        decoder: given the encoder's channels, makes `Features -> map`, with `out_channels` and `needs_offsets`.
        num_classes: channels of the logits.

    Raises:
        BadInput: a decoder that needs pooling switches behind an encoder that does not pool.
    """

    @checked
    def __init__(self, encoder: nn.Module, decoder: Callable[[Sequence[int]], nn.Module], num_classes: Positive) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder(encoder.channels)
        if self.decoder.needs_offsets and not encoder.has_offsets:
            raise BadInput("this model/decoder puts values where maxima were: it needs `encoder.downsample`=max_pool")
        self.head = nn.Conv2d(self.decoder.out_channels, num_classes, 1)

    def forward(self, image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h w"]:
        logits = self.head(self.decoder(self.encoder(image)))
        size = tuple(image.shape[2:])
        return logits if tuple(logits.shape[2:]) == size else F.interpolate(logits, size, mode="bilinear")
