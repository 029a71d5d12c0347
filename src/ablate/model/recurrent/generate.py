"""Sampling from a language model: each token is drawn from its distribution and is the next input."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.schema.options import Positive, Probability, Temperature, checked


@checked
def restrict(
    logits: Float[Tensor, "b k"],
    temperature: Temperature = 1.0,
    top_k: Positive | None = None,
    top_p: Probability | None = None,
) -> Float[Tensor, "b k"]:
    """Log-probabilities to sample from: log softmax(logits / temperature), cut to some tokens and normalised again.

    Args:
        temperature: above 0; towards 0 the likeliest token alone is left.
        top_k: keep the k likeliest (Fan et al. 2018, section 5.1), of equals the first; more than there are: all.
        top_p: keep the fewest likeliest whose probabilities sum to p or more (Holtzman et al. 2020, section 3.1); 1: all.
    """
    logits = ((logits - logits.amax(-1, keepdim=True)) / temperature).log_softmax(-1)  # at most 0: nothing overflows
    if top_k is not None:
        beyond = logits.argsort(descending=True, stable=True)[..., top_k:]
        logits = logits.scatter(-1, beyond, -torch.inf)
    if top_p is not None and top_p < 1:
        values, order = logits.sort(descending=True, stable=True)
        chances = values.double().softmax(-1)  # in float32 a sum over a large vocabulary comes to 1 too early
        before = chances.cumsum(-1) - chances
        logits = logits.masked_fill((before >= top_p).gather(-1, order.argsort(-1)), -torch.inf)
    return logits.log_softmax(-1)


@checked
@torch.no_grad()
def generate(
    model: nn.Module,
    prefix: Int[Tensor, "b t"],
    steps: Positive,
    generator: torch.Generator,
    end: int | None = None,
    temperature: Temperature = 1.0,
    top_k: Positive | None = None,
    top_p: Probability | None = None,
    banned: Sequence[int] = (),
) -> Int[Tensor, "b steps"]:
    """Sample `steps` tokens a row, each from the state after the tokens before; after `end` a row holds `end` alone.

    Args:
        model: `(tokens, lengths, states) -> (logits, states)`.
        prefix: at least one token a row, to begin with.
        end: the token after which a row is over; None: none is.
        banned: tokens that are never drawn.
    """
    if prefix.shape[1] < 1:
        raise BadInput("an empty prefix has nothing to begin with; the least is one token")
    token, states = prefix, None
    found: list[Tensor] = []
    over = torch.zeros_like(prefix[:, 0], dtype=torch.bool)
    for _ in range(steps):
        logits, states = model(token, None, states)
        allowed = logits[:, -1].float().clone()
        allowed[:, list(banned)] = -torch.inf
        chances = restrict(allowed, temperature, top_k, top_p).exp()
        token = torch.multinomial(chances.cpu(), 1, generator=generator).to(prefix.device)  # the same on every device
        if end is not None:
            token = token.masked_fill(over[:, None], end)
            over |= token[:, 0] == end
        found.append(token)
    return torch.cat(found, 1)
