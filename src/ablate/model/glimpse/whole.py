"""Networks that see the whole picture at once: what glimpses are compared with."""

from typing import Annotated

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.glimpse.base import Glimpses, Noise, PictureModel, Places
from ablate.schema.options import Positive, Range, Side, Width, checked


class WholePicture(PictureModel):
    """logits = W_3 ReLU(W_2 ReLU(W_1 x)), W_1 either dense or a convolution (Mnih et al. 2014, section 4.1).

    Args:
        image_size: of the square pictures.
        hidden_size: of both hidden layers; of the second, after a convolution.
        channels: of the convolution; None: a dense layer.
        kernel, stride: of the convolution.
    """

    @checked
    def __init__(
        self,
        num_classes: Positive,
        image_size: Side,
        hidden_size: Width,
        channels: Width | None = None,
        kernel: Annotated[int, Range(1, 100)] = 10,
        stride: Annotated[int, Range(1, 100)] = 5,
    ) -> None:
        super().__init__()
        self.image_size = image_size
        if channels is None:
            first, features = nn.Sequential(nn.Flatten(), nn.Linear(image_size**2, hidden_size)), hidden_size
        else:
            if kernel > image_size:
                raise BadInput(f"`kernel`={kernel} is larger than a picture of {image_size}×{image_size}")
            first, features = nn.Conv2d(1, channels, kernel, stride), channels * ((image_size - kernel) // stride + 1) ** 2
        self.first, self.second = first, nn.Linear(features, hidden_size)
        self.head = nn.Linear(hidden_size, num_classes)

    def check(self, image: Float[Tensor, "b 1 h w"]) -> None:
        height, width = image.shape[2:]
        if (height, width) != (self.image_size, self.image_size):
            raise BadInput(f"the network was made for `image_size`={self.image_size}, a picture has {height}×{width}")

    def forward(self, image: Float[Tensor, "b 1 h w"], noise: Noise = None, place: Places = None) -> Glimpses:
        hidden = F.relu(self.second(F.relu(self.first(image)).flatten(1)))
        return Glimpses(self.head(hidden)[:, None])
