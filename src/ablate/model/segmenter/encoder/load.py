"""Weights from elsewhere: of a segmenter of this project, or, for its encoder, of a file of torchvision."""

from collections.abc import Mapping

from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.segmenter.base import Segmenter

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


def load_segmenter(model: Segmenter, state: Mapping[str, Tensor]) -> list[str]:
    """Copy the encoder, and each other weight that has the same name and shape there; the names of those that stay as they are.

    It is how FCN-16s starts from FCN-32s, and FCN-8s from FCN-16s (Long et al. 2015, section 4.2).

    Args:
        state: of a task (model.…) or of a network.

    Raises:
        BadInput: see `load_encoder`; nothing but the encoder fits.
    """
    load_encoder(model.encoder, state)
    own = {name: value for name, value in model.state_dict().items() if not name.startswith("encoder.")}
    given = {name: state.get(f"model.{name}", state.get(name)) for name in own}
    fitting = {name: value for name, value in given.items() if value is not None and value.shape == own[name].shape}
    if not fitting:
        raise BadInput(f"nothing but the encoder fits this network{_first(own, given)}; `encoder_weights` takes the encoder alone")
    model.load_state_dict(fitting, strict=False)
    return [name for name in own if name not in fitting]


def _first(own: Mapping[str, Tensor], given: Mapping[str, Tensor | None]) -> str:
    """`(its NAME has shape …, the given weights …)`, of the first name that both have; nothing where there is none."""
    shapes = [(name, tuple(value.shape), tuple(other.shape)) for name, value in own.items() if (other := given[name]) is not None]
    return " (its {} has shape {}, the given weights {})".format(*shapes[0]) if shapes else ""
