"""The fully convolutional segmenter: encoder, decoder, 1×1 head."""

from collections.abc import Callable, Sequence
from functools import partial

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.base import Segmenter
from ablate.model.segmenter.checkpointing import Staged
from ablate.model.segmenter.decoder.base import Decoder
from ablate.schema.options import Odd, Positive, checked


class FCN(Segmenter):
    """logits = interpolate(head(decoder(encoder(image)))), the interpolation only where the decoder's map is coarser.

    Any picture size comes back at that size. After Long, Shelhamer and Darrell 2015, Fully Convolutional Networks.

    Args:
        encoder: `image -> Features`, with `channels`, `bottom_channels` and `has_offsets`.
        decoder: given the encoder's channels and those of its bottom, makes a `Decoder`; one that makes scores has no head.
        num_classes: channels of the logits.
        head_kernel: of the head's convolution; SegNet's is 3.
        checkpointing: see `ablate.model.segmenter.checkpointing`: a third more time a step, for the memory of a few maps a level.

    Raises:
        BadInput: a decoder that needs pooling switches behind an encoder that does not pool, or that makes scores of another
            number of classes.
    """

    @checked
    def __init__(
        self,
        encoder: Staged,
        decoder: Callable[[Sequence[int], int], Decoder],
        num_classes: Positive,
        head_kernel: Odd = 1,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.encoder, self.num_classes = encoder, num_classes
        self.decoder = decoder(encoder.channels, encoder.bottom_channels)
        if self.decoder.needs_offsets and not encoder.has_offsets:
            raise BadInput("this model/decoder puts values where maxima were: it needs `encoder.downsample`=max_pool")
        self.encoder.checkpointing = self.decoder.checkpointing = checkpointing
        made = self.decoder.out_channels
        if self.decoder.makes_scores and made != num_classes:
            raise BadInput(f"`num_classes`={num_classes}, and the decoder makes scores of {made}: set model.num_classes alone")
        head = partial(nn.Conv2d, made, num_classes, head_kernel, padding=head_kernel // 2)
        self.head = nn.Identity() if self.decoder.makes_scores else head()

    def forward(self, image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k h w"]:
        logits = self.head(self.decoder(self.encoder(image)))
        size = tuple(image.shape[2:])
        return logits if tuple(logits.shape[2:]) == size else F.interpolate(logits, size, mode="bilinear")
