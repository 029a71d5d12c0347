"""What a module computes on the way: each operation with its operands and its result."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class Operation(NamedTuple):
    """A call of a function of ATen: its tensors and what came out."""

    name: str
    inputs: list[Tensor]
    output: Tensor

    def other(self, operand: Tensor) -> Tensor:
        """The other of two operands."""
        return next(each for each in self.inputs if not torch.equal(each, operand))


class Record(TorchDispatchMode):
    """Within it, all operations of a module are kept, so that a figure shows what was computed and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        output = function(*args, **(kwargs or {}))
        inputs = [each for each in args if isinstance(each, Tensor)]
        self.operations.append(Operation(function.overloadpacket.__name__, inputs, output))
        return output

    def find(self, name: str, *operands: Tensor) -> Operation:
        """The operation with these operands."""
        fits = lambda each: all(any(torch.equal(a, b) for b in each.inputs) for a in operands)  # noqa: E731
        return next(each for each in self.operations if each.name == name and fits(each))

    def before(self, name: str, output: Tensor) -> Tensor:
        """What a function was applied to, of whose result `output` is one of several parts of equal size."""
        size = output.shape[-1]
        for each in self.operations:
            if each.name == name:
                for before, after in zip(each.inputs[0].split(size, -1), each.output.split(size, -1), strict=True):
                    if torch.equal(after, output):
                        return before
        raise LookupError(f"no {name} gave {output}")
