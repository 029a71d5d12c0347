"""A network that reads something and writes a text about it."""

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.model.text.decoder import DecoderOutput, TextDecoder
from ablate.model.text.decoding.base import Search
from ablate.model.text.encoder import Encoder


class EncoderDecoder(nn.Module):
    """decoder(tokens, encoder(source)).

        encoder of texts       Sutskever et al. 2014; with attention, Bahdanau et al. 2015
        encoder of pictures    Show and Tell (Vinyals et al. 2015); with attention, Show, Attend and Tell (Xu et al. 2015)

    Args:
        encoder: what is read, as a memory.
        decoder: given `key_size` and `summary_size` of the memory, makes the network that writes.
    """

    def __init__(self, encoder: Encoder, decoder: Callable[..., TextDecoder], search: Search) -> None:
        super().__init__()
        self.encoder, self.search = encoder, search
        self.decoder = decoder(key_size=encoder.key_size, summary_size=encoder.summary_size)

    def forward(
        self,
        source: Int[Tensor, "b s"] | Float[Tensor, "b c h w"],
        lengths: Int[Tensor, " b"] | None,
        tokens: Int[Tensor, "b t"],
    ) -> DecoderOutput:
        """Teacher forcing: logits after each of the tokens; lengths are those of source texts, pictures have none."""
        return self.decoder(tokens, self.encoder(source, lengths))
