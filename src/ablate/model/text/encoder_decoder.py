"""A network that reads something and writes a text about it."""

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.model.text.decoder import DecoderOutput, TextDecoder
from ablate.model.text.decoding.base import Search
from ablate.model.text.reader import Reader


class EncoderDecoder(nn.Module):
    """decoder(tokens, reader(source)).

        reader of texts       Sutskever et al. 2014; with attention, Bahdanau et al. 2015
        reader of pictures    Show and Tell (Vinyals et al. 2015); with attention, Show, Attend and Tell (Xu et al. 2015)

    Args:
        reader: what is read, as a memory.
        decoder: given `key_size` and `summary_size` of the memory, makes the network that writes.
    """

    def __init__(self, reader: Reader, decoder: Callable[..., TextDecoder], search: Search) -> None:
        super().__init__()
        self.reader, self.search = reader, search
        self.decoder = decoder(key_size=reader.key_size, summary_size=reader.summary_size)

    def forward(
        self,
        source: Int[Tensor, "b s"] | Float[Tensor, "b c h w"],
        lengths: Int[Tensor, " b"] | None,
        tokens: Int[Tensor, "b t"],
    ) -> DecoderOutput:
        """Teacher forcing: logits after each of the tokens; lengths are those of source texts, pictures have none."""
        return self.decoder(tokens, self.reader(source, lengths))
