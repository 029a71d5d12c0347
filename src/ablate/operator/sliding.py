"""Why a network is fully convolutional: a dense layer over a window is a convolution, a sliding window one forward pass."""

import copy
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import BadInput


def dense_as_convolution(dense: nn.Linear, channels: int, kernel: tuple[int, int]) -> nn.Conv2d:
    """The convolution that computes, at each position, the dense layer on the window there (Long et al. 2015, section 3.1).

    dense(x.flatten(1)) = conv(x) for x of (n, channels, *kernel): the weights (out, channels·h·w) are the kernels, seen as
    (out, channels, h, w). On a larger map the convolution gives the layer's answer for every window of it.

    Raises:
        BadInput: a layer that takes another number of inputs.
    """
    height, width = kernel
    if dense.in_features != channels * height * width:
        raise BadInput(f"the dense layer takes {dense.in_features} numbers, not {channels}·{height}·{width}")
    convolution = nn.Conv2d(channels, dense.out_features, kernel, bias=dense.bias is not None, dtype=dense.weight.dtype)
    with torch.no_grad():
        convolution.weight.copy_(dense.weight.view_as(convolution.weight))
        if dense.bias is not None:
            convolution.bias.copy_(dense.bias)
    return convolution


def fully_convolutional(classifier: nn.Sequential, window: tuple[int, int]) -> nn.Sequential:
    """A classifier of pictures of the size `window` as a network for pictures of any size: scores of each window, as a map.

    The first dense layer becomes a convolution with a kernel of the size of the map that it flattens, those after it 1×1
    convolutions. Where no layer pads, the map at stride s is what the classifier says of the windows at every s-th pixel,
    s the product of the strides.

    Args:
        classifier: convolutions and poolings, nn.Flatten, dense layers; anything between them works pixel by pixel.

    Raises:
        BadInput: no nn.Flatten.
    """
    layers, flat = [], None
    x = torch.empty(1, next(m.in_channels for m in classifier if isinstance(m, nn.Conv2d)), *window, device="meta")
    shadow = copy.deepcopy(classifier).to("meta", dtype=x.dtype)
    for layer, ghost in zip(classifier, shadow):
        if isinstance(layer, nn.Flatten):
            flat = tuple(x.shape[1:])
        elif isinstance(layer, nn.Linear):
            channels, *kernel = flat or (layer.in_features, 1, 1)
            layers.append(dense_as_convolution(layer, channels, (kernel[0], kernel[1])))
            flat = (layer.out_features, 1, 1)
        else:
            layers.append(layer)
        x = ghost(x)
    if flat is None:
        raise BadInput("the classifier has no nn.Flatten: where do its dense layers begin?")
    return nn.Sequential(*layers)


def sliding_window(
    classifier: Callable[[Tensor], Tensor], image: Float[Tensor, "n c h w"], window: tuple[int, int], stride: int
) -> Float[Tensor, "n k h_out w_out"]:
    """What a classifier says of each window of this size, one every `stride` pixels: each is cut out and classified by itself."""
    height, width = window
    windows = image.unfold(2, height, stride).unfold(3, width, stride)  # (n, c, h_out, w_out, height, width)
    n, c, rows, columns = windows.shape[:4]
    scores = [classifier(windows[:, :, i, j].reshape(n, c, height, width)) for i in range(rows) for j in range(columns)]
    return torch.stack(scores, -1).view(n, -1, rows, columns)
