"""Picture files: headers and whole pictures, upright as their EXIF tag says. What is wrong with one is said in a line."""

import io
import os
import unicodedata
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ablate.errors import BadInput

MASK_MODES = ("P", "L", "1")  # one channel, whose numbers are the classes
STRETCHED = {"L;2": 85, "L;4": 17}  # grey of few bits, as Pillow calls it -> the factor that makes its lightest value 255
DEEP = ("I", "F")  # modes of more than 8 bits a channel, or how their names begin
TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange height and width


def stored_size(image_path: Path, mask_path: Path, of_classes: bool = True) -> tuple[int, int]:
    """Height and width of a picture and its mask, from the files' headers alone.

    Args:
        of_classes: the values of the mask are the classes; the picture has 8 bits a channel.
    """
    (image_size, image_mode), (mask_size, mask_mode) = read_header(image_path, mask_path), read_header(mask_path, image_path)
    if of_classes and mask_mode not in MASK_MODES:
        raise BadInput(
            f"{mask_path} is a mask of mode {mask_mode}: save it with one channel that holds class indices (mode P "
            "with a palette, or L), not colours"
        )
    if of_classes:
        _check_depth(image_path, image_mode)
    if image_size != mask_size:
        raise BadInput(f"{image_path} is {format_size(image_size)}, but its mask {mask_path} is {format_size(mask_size)}")
    return image_size


def read_header(path: Path, partner: Path) -> tuple[tuple[int, int], str]:
    """(height, width) of the upright picture, and mode; `partner` is the file that `path` belongs to."""
    try:
        with Image.open(path) as picture:
            turned = Image.Image.getexif(picture).get(ExifTags.Base.Orientation) in TURNED  # a PNG's own method decodes it
            return picture.size if turned else picture.size[::-1], picture.mode
    except FileNotFoundError:
        beside = os.listdir(path.parent) if path.parent.is_dir() else []
        nearest = get_close_matches(path.name, beside, n=1, cutoff=0)
        hint = f"nearest there: {nearest[0]}" if nearest else "that folder is missing or empty"
        raise BadInput(f"{path} is missing, the partner of {partner} ({hint})") from None
    except Exception as error:
        raise _unreadable(path, error) from error


def read_picture(path: Path, white: float | None = None) -> Image.Image:
    """A picture, upright, decoded whole; its checksums are verified too, which decoding alone does not do.

    Args:
        white: the value of white in pictures of more than 8 bits a channel, such as 4095 of a camera with 12 bits; None: such
            pictures are refused.

    Raises:
        BadInput: a corrupt file, one that Pillow finds too large, of several pages, with transparent pixels, or of more bits.
    """
    picture = _decode(path)[0]
    if picture.has_transparency_data and np.asarray(picture.convert("RGBA"))[..., 3].min() < 255:
        raise BadInput(f"{path} has transparent pixels: save it without alpha, on the ground that it is to be seen on")
    if white is not None and picture.mode.startswith(DEEP):
        return _scaled(path, np.asarray(picture, np.float64), white)
    _check_depth(path, picture.mode)
    return picture


def _scaled(path: Path, values: np.ndarray, white: float) -> Image.Image:
    """A grey picture of many bits with 8: 0 stays 0, `white` becomes 255."""
    if not 0 <= values.min() <= values.max() <= white:
        raise BadInput(f"{path} has values from {values.min():g} to {values.max():g}, outside 0 to `white`={white:g}")
    return Image.fromarray(np.rint(values * (255 / white)).astype(np.uint8))


def read_mask(path: Path) -> Image.Image:
    """A mask, as `read_picture` reads it, with the values that the file has: Pillow stretches grey of 2 or 4 bits to 255."""
    mask, kind = _decode(path)
    factor = STRETCHED.get(kind, 1)
    return mask if factor == 1 else mask.point([value // factor for value in range(256)])


def _decode(path: Path) -> tuple[Image.Image, str]:
    """An upright picture, and what Pillow calls the kind of its stored pixels."""
    try:
        data = io.BytesIO(path.read_bytes())
        Image.open(data).verify()
        picture = Image.open(data)
        kind = str(picture.tile[0].args) if picture.tile else ""
        upright = ImageOps.exif_transpose(picture)
    except Exception as error:  # what Pillow raises depends on the format and on where the damage is
        raise _unreadable(path, error) from error
    if (pages := getattr(picture, "n_frames", 1)) > 1 and picture.format != "MPO":  # of which cameras make the first the picture
        raise BadInput(f"{path} has {pages} pages: save each as a file of its own")
    return upright, kind


def stored_files(folder: Path) -> dict[str, Path]:
    """Every file below a folder by its path from there, composed as NFC; hidden ones, such as ._a.jpg of macOS, are left out."""
    files = (Path(place, name) for place, _, names in os.walk(folder) for name in names if not name.startswith("."))
    return {composed(file.relative_to(folder).as_posix()): file for file in files}


def composed(name: str) -> str:
    """A name in the form NFC: some systems store ö as o and two dots."""
    return unicodedata.normalize("NFC", name)


def _check_depth(path: Path, mode: str) -> None:
    if mode.startswith(DEEP):
        raise BadInput(f"{path} has more than 8 bits a channel (mode {mode}): save it as 8-bit RGB or grey")


def _unreadable(path: Path, error: Exception) -> BadInput:
    """The error for a picture that cannot be read, with the reason."""
    if isinstance(error, Image.DecompressionBombError):
        most = 2 * Image.MAX_IMAGE_PIXELS // 10**6
        return BadInput(f"{path} is too large: Pillow reads up to {most} megapixels; make it smaller or cut it up")
    if isinstance(error, FileNotFoundError):
        return BadInput(f"{path} is missing")
    reason = " ".join(str(error).split()) or type(error).__name__
    return BadInput(f"{path} is corrupt or no picture{'' if isinstance(error, UnidentifiedImageError) else f': {reason}'}")


def format_size(size: tuple[int, int]) -> str:
    """Height×width."""
    return f"{size[0]}×{size[1]}"
