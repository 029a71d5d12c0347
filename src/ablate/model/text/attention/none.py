"""No attention: all that a decoder knows is the state that it starts with."""


def none(query_size: int, key_size: int) -> None:
    """Nothing, in the place of an `Attention`."""
