"""Letters and signs of the DejaVu fonts, to be called by their Unicode names."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from unicodedata import name as unicode_name

from PIL import Image, ImageDraw, ImageFont

from ablate.data.picture.captions import Captioned
from ablate.data.split import select
from ablate.errors import BadInput, check_positive, did_you_mean


def glyphs(split: str, *, fonts: Sequence[str], size: int) -> list[Captioned]:
    """Every glyph of each font that has a Unicode name, black on white, with that name in small letters as its one caption.

    A name is in one split only, whatever the font: 80, 10 and 10 % of them, by a hash. Fonts come with matplotlib.

    Args:
        fonts: DejaVuSans, DejaVuSans-Bold, DejaVuSerif, DejaVuSansMono-Oblique and so on.
        size: of the picture, in pixels; glyphs are set at two thirds of it.
    """
    check_positive("image_size", size)
    found = [(name, font, code) for font in fonts for code, name in _names(font).items()]
    chosen = select(found, split)
    return [Captioned(f"{font} U+{code:04X}", partial(draw, font, code, size), [name]) for name, font, code in chosen]


def draw(font: str, code: int, size: int) -> Image.Image:
    """A glyph in the middle of a white square; what is wider is cut off."""
    picture = Image.new("L", (size, size), 255)
    ImageDraw.Draw(picture).text((size / 2, size / 2), chr(code), 0, _font(font, size), anchor="mm")
    return picture


@cache
def _font(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_folder() / f"{font}.ttf", max(1, size * 2 // 3), layout_engine=ImageFont.Layout.BASIC)


@cache
def _names(font: str) -> dict[int, str]:
    """Code point -> name, of what is visible."""
    from matplotlib.ft2font import FT2Font

    there = {path.stem for path in _folder().glob("DejaVu*.ttf")}
    if font not in there:
        raise BadInput(f"`fonts`: {font!r} is unknown{did_you_mean(font, there)}")
    codes = sorted(FT2Font(str(_folder() / f"{font}.ttf")).get_charmap())
    return {c: unicode_name(chr(c)).lower() for c in codes if unicode_name(chr(c), "") and chr(c).isprintable() and chr(c) != " "}


def _folder() -> Path:
    from matplotlib import get_data_path

    return Path(get_data_path(), "fonts", "ttf")
