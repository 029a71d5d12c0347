"""One to many: a picture is read, a text is written."""

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.model.recurrent.cell.base import Cell
from ablate.model.text.attention.base import Attention
from ablate.model.text.decoder import Decoded, TextDecoder
from ablate.model.text.decoding.base import Found
from ablate.model.text.picture_reader import PictureReader


class Captioner(nn.Module):
    """decoder(tokens, reader(image)): without attention Show and Tell (Vinyals et al. 2015), with, Show, Attend and Tell (Xu et al. 2015).

    Weights of an encoder from elsewhere: `load_encoder(captioner.reader.encoder, state)`.

    Args:
        encoder: `image -> Features`, with `channels`.
        vocabulary_size: of what is written.
        embedding_size, layers, start, input_feeding, gated, dropout, tied, fused: see `TextDecoder`.
        cell: given the input size, makes a cell.
        attention: given the sizes of a query and of a key, makes an attention, or None.
        search: `(decoder, memory, begin, end, banned) -> Found`, how a caption is found: `model.search(model.decoder, memory, …)`.
        frozen, places: of the encoder, see `PictureReader`.
    """

    def __init__(
        self,
        encoder: nn.Module,
        vocabulary_size: int,
        embedding_size: int,
        cell: Callable[[int], Cell],
        attention: Callable[[int, int], Attention | None],
        search: Callable[..., Found],
        frozen: bool = False,
        places: str = "bottom",
        layers: int = 1,
        start: str = "state",
        input_feeding: bool = True,
        gated: bool = False,
        dropout: float = 0.0,
        tied: bool = False,
        fused: str = "auto",
    ) -> None:
        super().__init__()
        self.search = search
        self.reader = PictureReader(encoder, frozen, places)
        sizes = (self.reader.key_size, self.reader.summary_size)
        options = (layers, start, input_feeding, gated, dropout, tied, fused)
        self.decoder = TextDecoder(vocabulary_size, embedding_size, cell, *sizes, attention, *options)

    def forward(self, image: Float[Tensor, "b c h w"], tokens: Int[Tensor, "b t"]) -> Decoded:
        """Teacher forcing: what the decoder says after each of the tokens."""
        return self.decoder(tokens, self.reader(image))
