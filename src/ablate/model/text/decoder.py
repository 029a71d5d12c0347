"""One to many: a recurrent network that writes what is in a memory, a token at a time."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.layers import Recurrent, SequenceInput
from ablate.model.recurrent.unroll import Fused
from ablate.model.text.attention import Attention
from ablate.model.text.memory import Memory, flatten_states
from ablate.schema.options import Fraction, Layers, Positive, ProperFraction, Width, checked

Start = Literal["state", "input"]


class DecoderState(NamedTuple):
    """What the next step depends on, beside its token: the state of each layer's cell, and what attention saw last."""

    cells: tuple[Any, ...]
    context: Float[Tensor, "b n"] | None  # None where it is no input


class DecoderOutput(NamedTuple):
    """Logits of the next token after each token, and the weights of the attention."""

    logits: Float[Tensor, "b t k"]
    weights: Float[Tensor, "b t s"] | None  # None without attention


class TextDecoder(nn.Module):
    """h_t = cells(x_t, h_{t-1}),   logits_t = W_o r_t + b_o, the next token's.

        without attention   x_t = E[token_t],              r_t = h_t
        with                x_t = [E[token_t]; c_{t-1}],   r_t = tanh(W_r [h_t; c_t]),   c_t = β_t · attention(h_t, memory)

    c_{t-1}, of the state before, is what Bahdanau et al. 2015 (section A.2.2) feed to step t; r_t is that of Luong et al. 2015
    (eq. 5). Without input feeding x_t is E[token_t], and all steps are computed at once.

    Args:
        vocabulary_size, embedding_size: see `SequenceInput`.
        key_size, summary_size: of the memory.
        attention: given the sizes of a query and of a key, makes an attention, or None.
        cell, layers, fused: see `Recurrent`.
        start: state: h_0 = tanh(W m) of the summary m, in every field of every layer (Cho et al. 2014); input: x_0 = W m is read
            before the first token (Vinyals et al. 2015, eq. 10).
        input_feeding: whether c_{t-1} is an input.
        gated: β_t = σ(w·h_t + b) (Xu et al. 2015, section 4.2.1); else 1.
        dropout: of E[token_t], between layers, and of r_t.
        tied: W_o = E (Press and Wolf 2017), so that E's row of padding is trained as an output; r_t = tanh(W_r …) is then of E's
            size, without attention too.
    """

    @checked
    def __init__(
        self,
        vocabulary_size: Positive,
        embedding_size: Width,
        cell: Callable[[int], Cell],
        key_size: int,
        summary_size: int,
        attention: Callable[[int, int], Attention | None],
        layers: Layers = 1,
        start: Start = "state",
        input_feeding: bool = True,
        gated: bool = False,
        dropout: ProperFraction = 0.0,
        tied: bool = False,
        fused: Fused = "auto",
    ) -> None:
        super().__init__()
        self.input = SequenceInput(vocabulary_size, None, embedding_size, dropout)
        hidden_size = cell(1).hidden_size  # an attention decides on the input's size and depends on the output's
        self.attention = attention(hidden_size, key_size)
        if self.attention is None:
            key_size, input_feeding = 0, False
        if gated and self.attention is None:
            raise BadInput("`gated`=true needs an attention whose context it shuts: model/attention=additive")
        self.input_feeding = input_feeding
        self.recurrent = Recurrent(cell, embedding_size + input_feeding * key_size, layers, False, dropout, fused)
        self.starts_with = start
        states = flatten_states(self._zeros(1)).shape[1]
        self.start_from = nn.Linear(summary_size, states if start == "state" else self.recurrent.layers[0][0].input_size)
        self.gate = nn.Linear(hidden_size, 1) if gated else None
        read_size = embedding_size if tied else hidden_size
        self.readout = nn.Linear(hidden_size + key_size, read_size) if tied or key_size else None
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(read_size, vocabulary_size)
        if tied:
            self.head.weight = self.input.embedding.weight

    def prepare(self, memory: Memory) -> Memory:
        """The memory with its keys as the attention needs them; a second call changes nothing."""
        if self.attention is None or memory.projected is not None:
            return memory
        return memory._replace(projected=self.attention.project(memory.keys))

    def start(self, memory: Memory) -> DecoderState:
        """The state before the first token."""
        zeros, given = self._zeros(len(memory.summary)), self.start_from(memory.summary)
        if self.starts_with == "state":
            parts = iter(given.tanh().split([f.shape[1] for state in zeros for f in state if f.is_floating_point()], 1))
            cells = tuple(type(state)(*(next(parts) if f.is_floating_point() else f for f in state)) for state in zeros)
        else:
            cells = self.recurrent.step(given, zeros)[1]
        return DecoderState(cells, self._see(cells[-1][0][:, None], memory)[0][:, 0] if self.input_feeding else None)

    def step(
        self, token: Int[Tensor, " b"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "b k"], DecoderState, Float[Tensor, "b s"] | None]:
        """After one token: logits of the next, the state, and the weights of the attention."""
        hidden, state, context, weights = self._advance(self.input(token[:, None])[:, 0], state, memory)
        return self._say(hidden, context), state, weights

    def forward(self, tokens: Int[Tensor, "b t"], memory: Memory) -> DecoderOutput:
        """Teacher forcing: after each of the tokens given, logits of the next (Williams and Zipser 1989)."""
        memory, xs = self.prepare(memory), self.input(tokens)
        state = self.start(memory)
        if not self.input_feeding:
            hidden, _ = self.recurrent(xs, None, state.cells)
            context, weights = self._see(hidden, memory)
            return DecoderOutput(self._say(hidden, context), weights)
        seen = []
        for x in xs.unbind(1):
            hidden, state, context, weights = self._advance(x, state, memory)
            seen.append((hidden, context, weights))
        hidden, context, weights = (torch.stack(each, 1) for each in zip(*seen))
        return DecoderOutput(self._say(hidden, context), weights)

    @checked
    def scheduled(
        self, tokens: Int[Tensor, "b t"], memory: Memory, sampling_probability: Fraction, generator: torch.Generator | None = None
    ) -> DecoderOutput:
        """Teacher forcing in which each token after the first is, with the given probability, one drawn from the logits before it.

        Scheduled sampling; `sampling_probability` is 1 - ε_i of Bengio et al. 2015, section 2.4. No gradient flows through what
        is drawn.

        Args:
            generator: on the CPU; None: torch's.
        """
        memory = self.prepare(memory)
        state, decoded = self.start(memory), list[tuple[Tensor, Tensor | None]]()
        replaced = (torch.rand(tokens.shape, generator=generator) < sampling_probability).to(tokens.device)
        for token, replace in zip(tokens.unbind(1), replaced.unbind(1)):
            if decoded:
                chances = decoded[-1][0].detach().float().softmax(-1).cpu()
                drawn = torch.multinomial(chances, 1, generator=generator)[:, 0].to(token)
                token = torch.where(replace, drawn, token)
            logits, state, weights = self.step(token, state, memory)
            decoded.append((logits, weights))
        every, seen = zip(*decoded)
        return DecoderOutput(torch.stack(every, 1), None if self.attention is None else torch.stack(seen, 1))

    def _advance(self, x: Tensor, state: DecoderState, memory: Memory) -> tuple[Tensor, DecoderState, Tensor | None, Tensor | None]:
        if self.input_feeding:
            x = torch.cat((x, state.context), 1)
        hidden, cells = self.recurrent.step(x, state.cells)
        context, weights = (each if each is None else each[:, 0] for each in self._see(hidden[:, None], memory))
        return hidden, DecoderState(cells, context if self.input_feeding else None), context, weights

    def _see(self, hidden: Float[Tensor, "b t h"], memory: Memory) -> tuple[Tensor | None, Tensor | None]:
        if self.attention is None:
            return None, None
        memory = self.prepare(memory)
        context, weights = self.attention.attend(hidden, memory.projected, memory.keys, memory.mask)
        return context if self.gate is None else self.gate(hidden).sigmoid() * context, weights

    def _say(self, hidden: Float[Tensor, "*b h"], context: Float[Tensor, "*b n"] | None) -> Float[Tensor, "*b k"]:
        read = hidden if context is None else torch.cat((hidden, context), -1)
        return self.head(self.dropout(read if self.readout is None else self.readout(read).tanh()))

    def _zeros(self, batch: int) -> tuple[tuple, ...]:
        return tuple(cell.initial_state(batch) for (cell,) in self.recurrent.layers)
