"""VGG16 with torchvision's parameter names, so that its files of weights fit; fc6 and fc7 are convolutions."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.base import Features
from ablate.model.segmenter.checkpointing import Staged
from ablate.model.segmenter.max_pool import MaxPool
from ablate.schema.options import ProperFraction, Whole, Width, checked

CONVS = (2, 2, 3, 3, 3)  # before each pooling: configuration D
GROWTH = (1, 2, 4, 8, 8)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue
FC_KERNEL = 7  # of fc6: pool5 is 7×7 for ImageNet's 224×224
REFERENCE_PADDING = 100  # of the first convolution in the code of FCN's authors
LEAST = 193  # pixels of a side that leave 7 after five poolings which round up
VGGNorm = Literal["batch", "none"]


class VGG16(Staged):
    """Five levels of 3×3 conv-ReLU, each followed by max pooling over 2×2 (Simonyan and Zisserman 2015, configuration D).

    Sizes are rounded up where torchvision rounds down; they are the same where 32 divides them. Without normalisation layers
    it learns slowly from scratch. `ablate.model.segmenter.encoder.load.load_encoder` puts torchvision's weights in.

    Attributes:
        channels, bottom_channels, has_offsets: see `SmallEncoder`.

    Args:
        width: channels of the first level; 64 is the paper's.
        normalise: pictures in [0, 1] are first shifted and scaled by ImageNet's mean and deviation, as torchvision's weights ask.
        norm: none, as vgg16; or batch (Ioffe and Szegedy 2015) between convolution and ReLU, as vgg16_bn, whose weights then fit.
        fully_connected: channels of fc6, a 7×7 convolution, and of fc7, a 1×1 convolution (Long et al. 2015, section 3.1);
            4096 is the papers'; 0 for neither.
        fc_norm: the same as `norm`, of fc6 and fc7; DeconvNet has batch there, FCN none.
        dropout: after fc6 and fc7.
        deconvolution: a 7×7 transposed convolution from fc7 back to the channels of the last level (Noh et al. 2015, table 1).
        reference: null: every convolution keeps the size of its map. fcn: the first one is padded by 100 and fc6 is not, as in the
            code of Long et al. deconvnet: fc6 is not padded and the deconvolution returns to the size, for 193 pixels and more.

    Raises:
        BadInput: `deconvolution` or `reference` without fc6; a picture too small for an fc6 that is not padded.
    """

    has_offsets = True

    @checked
    def __init__(
        self,
        width: Width = 64,
        normalise: bool = True,
        norm: VGGNorm = "none",
        fully_connected: Whole = 0,
        fc_norm: VGGNorm = "none",
        dropout: ProperFraction = 0.5,
        deconvolution: bool = False,
        reference: Literal["fcn", "deconvnet"] | None = None,
    ) -> None:
        super().__init__()
        if not fully_connected and (deconvolution or reference):
            option = "deconvolution=true" if deconvolution else f"reference={reference}"
            raise BadInput(f"`{option}` is about fc6, and `fully_connected`=0 leaves it out; the papers have 4096")
        self.reference = reference
        self.channels = tuple(width * growth for growth in GROWTH)
        layers: list[nn.Module] = []
        before = 3
        for convs, channels in zip(CONVS, self.channels):
            for _ in range(convs):
                layers += [nn.Conv2d(before, channels, 3, padding=1), *_norm_relu(norm, channels)]
                before = channels
            layers.append(MaxPool())  # it has a number among the parameters, as in torchvision
        if reference == "fcn":
            layers[0].padding = (REFERENCE_PADDING,) * 2
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential()
        self.bottom_channels = before
        if fully_connected:
            padding = 0 if reference else FC_KERNEL // 2
            fc6 = nn.Conv2d(before, fully_connected, FC_KERNEL, padding=padding)
            for layer in (fc6, nn.Conv2d(fully_connected, fully_connected, 1)):
                self.classifier.extend([layer, *_norm_relu(fc_norm, fully_connected), nn.Dropout(dropout)])
            self.bottom_channels = fully_connected
        if deconvolution:
            back = nn.ConvTranspose2d(fully_connected, before, FC_KERNEL, padding=padding)
            self.classifier.extend([back, *_norm_relu(fc_norm, before)])
            self.bottom_channels = before
        _initialise(self)
        for name, value in (("mean", MEAN), ("deviation", DEVIATION)):
            value = value if normalise else (float(name == "deviation"),) * 3
            self.register_buffer(name, torch.tensor(value)[:, None, None], persistent=False)

    def forward(self, image: Float[Tensor, "n 3 h w"]) -> Features:
        if self.reference == "deconvnet" and min(image.shape[2:]) < LEAST:
            wanted = f"`encoder.reference`=deconvnet, fc6 without padding, needs {LEAST} pixels a side; null takes any picture"
            raise BadInput(f"a picture of {image.shape[2]}×{image.shape[3]}: {wanted}")
        maps, pooled, offsets = [], [], []
        x = (image - self.mean) / self.deviation
        start = 0
        for i, layer in enumerate(self.features):
            if isinstance(layer, MaxPool):
                maps.append(self.run(self.features[start:i], x))
                x, offset = layer(maps[-1])
                pooled.append(x)
                offsets.append(offset)
                start = i + 1
        return Features(tuple(maps), tuple(pooled), self.classifier(x), tuple(offsets))


def _norm_relu(norm: VGGNorm, channels: int) -> list[nn.Module]:
    return [*([nn.BatchNorm2d(channels)] if norm == "batch" else []), nn.ReLU(inplace=True)]


def _initialise(network: nn.Module) -> None:
    """He's for the backward pass through a ReLU, biases 0 (He et al. 2015, section 2.2), as torchvision's VGG."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            transposed = isinstance(layer, nn.ConvTranspose2d)  # torch counts its kernel's fans the other way
            nn.init.kaiming_normal_(layer.weight, mode="fan_in" if transposed else "fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
