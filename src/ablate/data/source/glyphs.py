"""Letters and signs of the DejaVu fonts. The caption of each is its Unicode name."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated
from unicodedata import name as unicode_name

from PIL import Image, ImageDraw, ImageFont

from ablate.data.picture.captions import Captioned
from ablate.data.split import Split, select_split
from ablate.errors import BadInput, did_you_mean
from ablate.schema.options import SOME, Side, checked


@checked
def glyphs(split: Split, *, fonts: Annotated[Sequence[str], SOME], size: Side) -> list[Captioned]:
    """Every visible glyph that has a Unicode name, black on white, with that name in small letters as its one caption.

    A name is in one split only, whatever the font: 80, 10 and 10 % of the names, by a hash. Matplotlib ships the fonts.

    Args:
        fonts: DejaVuSans, DejaVuSans-Bold, DejaVuSerif, DejaVuSansMono-Oblique and so on.
        size: of the picture, in pixels; glyphs are set at two thirds of it.
    """
    glyphs_of_fonts = [(name, font, code) for font in fonts for code, name in _names(font).items()]
    chosen = select_split(glyphs_of_fonts, split)
    return [Captioned(f"{font} U+{code:04X}", partial(_draw_glyph, font, code, size), [name]) for name, font, code in chosen]


def _draw_glyph(font: str, code: int, size: int) -> Image.Image:
    """A glyph in the middle of a white square, which cuts off the edges of a larger one."""
    picture = Image.new("L", (size, size), 255)
    ImageDraw.Draw(picture).text((size / 2, size / 2), chr(code), 0, _font(font, size), anchor="mm")
    return picture


@cache
def _font(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_folder() / f"{font}.ttf", max(1, size * 2 // 3), layout_engine=ImageFont.Layout.BASIC)


@cache
def _names(font: str) -> dict[int, str]:
    """Code point -> name of each visible glyph."""
    from matplotlib.ft2font import FT2Font

    known = {path.stem for path in _folder().glob("DejaVu*.ttf")}
    if font not in known:
        raise BadInput(f"`fonts`: {font!r} is unknown{did_you_mean(font, known)}")
    codes = sorted(FT2Font(str(_folder() / f"{font}.ttf")).get_charmap())
    return {c: unicode_name(chr(c)).lower() for c in codes if unicode_name(chr(c), "") and chr(c).isprintable() and chr(c) != " "}


def _folder() -> Path:
    from matplotlib import get_data_path

    return Path(get_data_path(), "fonts", "ttf")
