"""A size as users write it: one number for a square, or [height, width]."""

from collections.abc import Sequence

from ablate.errors import BadInput, check_positive


def height_width(name: str, size: int | Sequence[int]) -> tuple[int, int]:
    """`size` as (height, width). BadInput about argument `name` where it is neither one number nor two."""
    if isinstance(size, int):
        return check_positive(name, size), size
    if not isinstance(size, Sequence) or isinstance(size, str) or len(size) != 2:
        raise BadInput(f"`{name}`={size} must be one number or [height, width]")
    return check_positive(name, size[0]), check_positive(name, size[1])
