"""How far a point is from a shape's edge, in pixels; negative inside.

A point is given in the shape's own frame: `u` to the shape's right, `v` up, the origin at its centre.
Every shape lies in the circle of `radius` around that, but for the corners of a line's ends. The distances
are exact along the edges; beyond a corner they are a lower bound, which an edge one pixel soft hardly
shows. Only + - * sqrt abs min max occur: IEEE rounds them all correctly, so that every device
gets the same bits.
"""

from collections.abc import Callable
from math import cos, radians, sin, sqrt
from typing import Literal

from jaxtyping import Float
from torch import Tensor, maximum, minimum

Grid = Float[Tensor, "n h w"]
PerObject = Float[Tensor, "n 1 1"]


def disc(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """A filled circle."""
    return (u * u + v * v).sqrt() - radius


def square(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """A filled square whose corners are `radius` from the centre."""
    return maximum(u.abs(), v.abs()) - radius * sqrt(1 / 2)


def triangle(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """Equilateral, a tip up: the farthest of three edges whose normals are 120 degrees apart."""
    slanted = u.abs() * sqrt(3 / 4) + v * (1 / 2)
    return maximum(slanted, -v) - radius * (1 / 2)


def star(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """Pentagram, a tip up: inside are the points that lie behind at least four of five lines.

    The distance is therefore the second largest of the five; `u.abs()` pairs them up. The circle
    ends the tips, which would otherwise run on for 1.6 soft pixels.
    """
    across = u.abs()
    upper = across * cos(radians(18)) + v * sin(radians(18))
    lower = across * sin(radians(36)) - v * cos(radians(36))
    lower_mirrored = lower - across * (2 * sin(radians(36)))
    second = maximum(minimum(upper, lower), minimum(maximum(upper, lower), v))
    body = maximum(second, lower_mirrored) - radius * sin(radians(18))
    return maximum(body, disc(u, v, radius, stroke))


def ring(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """A circle of width `stroke`."""
    beyond = disc(u, v, radius, stroke)
    return maximum(beyond, -stroke - beyond)


def line(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """A bar along u."""
    return maximum(u.abs() - radius, v.abs() - stroke * 0.5)


def cross(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """Two bars, along u and along v."""
    return minimum(line(u, v, radius, stroke), line(v, u, radius, stroke))


def arc(u: Grid, v: Grid, radius: PerObject, stroke: PerObject) -> Grid:
    """The upper half of a ring."""
    return maximum(ring(u, v, radius, stroke), -v)


Shape = Literal["disc", "square", "triangle", "star", "ring", "cross", "line", "arc"]
SOLID: dict[Shape, Callable[..., Tensor]] = {"disc": disc, "square": square, "triangle": triangle, "star": star}
THIN: dict[Shape, Callable[..., Tensor]] = {"ring": ring, "cross": cross, "line": line, "arc": arc}
DISTANCE = SOLID | THIN
