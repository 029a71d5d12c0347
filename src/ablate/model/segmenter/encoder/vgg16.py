"""The thirteen convolutions of VGG16, with torchvision's parameter names, so that its files of weights fit."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.segmenter.base import Features
from ablate.model.segmenter.max_pool import max_pool
from ablate.schema.options import Width, checked

CONVS = (2, 2, 3, 3, 3)  # before each pooling: configuration D
GROWTH = (1, 2, 4, 8, 8)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue


class VGG16(nn.Module):
    """Five levels of 3×3 conv-ReLU, each followed by max pooling over 2×2 (Simonyan and Zisserman 2015, configuration D).

    Sizes are rounded up where torchvision rounds down; they are the same where 32 divides them. Without normalisation layers
    it learns slowly from scratch. `ablate.model.segmenter.encoder.load.load_encoder` puts torchvision's weights in.

    Attributes:
        channels, has_offsets: see `SmallEncoder`.

    Args:
        width: channels of the first level; 64 is the paper's.
        normalise: pictures in [0, 1] are first shifted and scaled by ImageNet's mean and deviation, as torchvision's weights ask.
        norm: none, as vgg16; or batch (Ioffe and Szegedy 2015) between convolution and ReLU, as vgg16_bn, whose weights then fit.
    """

    has_offsets = True

    @checked
    def __init__(self, width: Width = 64, normalise: bool = True, norm: Literal["batch", "none"] = "none") -> None:
        super().__init__()
        self.channels = tuple(width * growth for growth in GROWTH)
        layers: list[nn.Module] = []
        before = 3
        for convs, channels in zip(CONVS, self.channels):
            for _ in range(convs):
                layers.append(nn.Conv2d(before, channels, 3, padding=1))
                layers += [nn.BatchNorm2d(channels)] if norm == "batch" else []
                layers.append(nn.ReLU(inplace=True))
                before = channels
            layers.append(nn.Identity())  # where torchvision pools: the numbers of the parameters count it
        self.features = nn.Sequential(*layers)
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        for name, value in (("mean", MEAN), ("deviation", DEVIATION)):
            value = value if normalise else (float(name == "deviation"),) * 3
            self.register_buffer(name, torch.tensor(value)[:, None, None], persistent=False)

    def forward(self, image: Float[Tensor, "n 3 h w"]) -> Features:
        maps, offsets = [], []
        x = (image - self.mean) / self.deviation
        for layer in self.features:
            if isinstance(layer, nn.Identity):
                maps.append(x)
                x, offset = max_pool(x, 2)
                offsets.append(offset)
            else:
                x = layer(x)
        return Features(tuple(maps), x, tuple(offsets))
