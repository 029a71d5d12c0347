"""Picture files: headers and whole pictures. What is wrong with one is said in a line."""

import io
import os
from difflib import get_close_matches
from pathlib import Path

from PIL import Image

from ablate.errors import BadInput

MASK_MODES = ("P", "L", "1")  # one channel, whose numbers are the classes


def stored_size(image_path: Path, mask_path: Path) -> tuple[int, int]:
    """Height and width of a picture and its mask, from the files' headers alone."""
    (image_size, image_mode), (mask_size, mask_mode) = read_header(image_path, mask_path), read_header(mask_path, image_path)
    if mask_mode not in MASK_MODES:
        raise BadInput(
            f"{mask_path} is a mask of mode {mask_mode}: save it with one channel that holds class indices (mode P "
            "with a palette, or L), not colours"
        )
    if image_mode.startswith(("I", "F")):
        raise BadInput(f"{image_path} has more than 8 bits a channel (mode {image_mode}): save it as 8-bit RGB or grey")
    if image_size != mask_size:
        raise BadInput(f"{image_path} is {format_size(image_size)}, but its mask {mask_path} is {format_size(mask_size)}")
    return image_size


def read_header(path: Path, partner: Path) -> tuple[tuple[int, int], str]:
    """(height, width) and mode; `partner` is the file that `path` belongs to."""
    try:
        with Image.open(path) as picture:
            return picture.size[::-1], picture.mode
    except FileNotFoundError:
        beside = os.listdir(path.parent) if path.parent.is_dir() else []
        nearest = get_close_matches(path.name, beside, n=1, cutoff=0)
        hint = f"nearest there: {nearest[0]}" if nearest else "that folder is missing or empty"
        raise BadInput(f"{path} is missing, the partner of {partner} ({hint})") from None
    except Exception as error:
        raise _unreadable(path, error) from error


def read_picture(path: Path) -> Image.Image:
    """A picture, decoded whole; its checksums are verified too, which decoding alone does not do."""
    try:
        data = io.BytesIO(path.read_bytes())
        Image.open(data).verify()
        picture = Image.open(data)
        picture.load()
    except Exception as error:  # what Pillow raises depends on the format and on where the damage is
        raise _unreadable(path, error) from error
    return picture


def _unreadable(path: Path, error: Exception) -> BadInput:
    """The error for a picture that cannot be read, with the reason."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return BadInput(f"{path} is corrupt or no picture: {reason}")


def format_size(size: tuple[int, int]) -> str:
    """Height×width."""
    return f"{size[0]}×{size[1]}"
