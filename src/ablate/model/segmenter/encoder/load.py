"""An encoder's weights from elsewhere: a segmenter of this project, or a file of torchvision."""

from collections.abc import Mapping

from torch import Tensor, nn

from ablate.errors import BadInput

PREFIXES = ("model.encoder.", "encoder.", "model.encoder.backbone.", "encoder.backbone.", "")


def load_encoder(encoder: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Copy what belongs to the encoder; decoders, heads and the last layer of a classifier are left out.

    A dense layer over all of a window is a convolution with a kernel of that size: weights (o, c·h·w) of fc6 and fc7 in
    torchvision's VGG16 become kernels (o, c, h, w) (Long et al. 2015, section 3.1).

    Args:
        state: of a task (model.encoder.…), of a network (encoder.…) or of an encoder; torchvision's VGG16 is one of the latter.

    Raises:
        BadInput: a weight is missing or of another shape, or the state has more of the encoder than there is.
    """
    own = encoder.state_dict()
    prefix = max(PREFIXES, key=lambda each: sum(each + name in state for name in own))
    for name, value in own.items():
        if prefix + name not in state:
            raise BadInput(
                f"the encoder's {name} is not among the {len(state)} weights given; is model/encoder the one they come from?"
            )
        found = tuple(state[prefix + name].shape)
        if len(found) == 2 and value.ndim == 4 and found == (value.shape[0], value[0].numel()):
            continue  # a dense layer
        if found != tuple(value.shape):
            raise BadInput(f"the encoder's {name} has shape {tuple(value.shape)}, the given weights {found}: other encoder options")
    extra = [name for name in state if prefix and name.startswith(prefix) and name[len(prefix) :] not in own]
    if extra:
        raise BadInput(f"the encoder has no {extra[0][len(prefix) :]}, which is among the given weights: other encoder options")
    encoder.load_state_dict({name: state[prefix + name].reshape(value.shape) for name, value in own.items()})
