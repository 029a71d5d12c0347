"""Many to many, of another length: one recurrent network reads, another one writes."""

from collections.abc import Callable

from jaxtyping import Int
from torch import Tensor, nn

from ablate.model.recurrent.cell.base import Cell
from ablate.model.text.attention.base import Attention
from ablate.model.text.decoder import Decoded, TextDecoder
from ablate.model.text.decoding.base import Found
from ablate.model.text.text_reader import TextReader


class SequenceToSequence(nn.Module):
    """decoder(tokens, reader(source)): Sutskever et al. 2014; with attention, Bahdanau et al. 2015.

    Args:
        source_vocabulary_size: of what is read.
        vocabulary_size: of what is written.
        embedding_size, dropout, fused: of both networks.
        cell: given the input size, makes a cell.
        attention: given the sizes of a query and of a key, makes an attention, or None.
        search: `(decoder, memory, begin, end, banned) -> Found`, how a text is found: `model.search(model.decoder, memory, …)`.
        layers: of each network.
        bidirectional, reverse: of the reader, see `TextReader`.
        start, input_feeding, gated, tied: of the decoder, see `TextDecoder`.
    """

    def __init__(
        self,
        source_vocabulary_size: int,
        vocabulary_size: int,
        embedding_size: int,
        cell: Callable[[int], Cell],
        attention: Callable[[int, int], Attention | None],
        search: Callable[..., Found],
        layers: int = 1,
        bidirectional: bool = False,
        reverse: bool = False,
        start: str = "state",
        input_feeding: bool = True,
        gated: bool = False,
        dropout: float = 0.0,
        tied: bool = False,
        fused: str = "auto",
    ) -> None:
        super().__init__()
        self.search = search
        self.reader = TextReader(source_vocabulary_size, embedding_size, cell, layers, bidirectional, reverse, dropout, fused)
        sizes = (self.reader.key_size, self.reader.summary_size)
        options = (layers, start, input_feeding, gated, dropout, tied, fused)
        self.decoder = TextDecoder(vocabulary_size, embedding_size, cell, *sizes, attention, *options)

    def forward(self, source: Int[Tensor, "b s"], lengths: Int[Tensor, " b"] | None, tokens: Int[Tensor, "b t"]) -> Decoded:
        """Teacher forcing: what the decoder says after each of the tokens."""
        return self.decoder(tokens, self.reader(source, lengths))
