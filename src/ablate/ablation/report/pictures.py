"""The pictures of a report: those that it draws, and the panels of its runs. A page shows these and no other file."""

import io
import os
from pathlib import Path
from urllib.parse import quote

from matplotlib.figure import Figure
from PIL import Image

from ablate.ablation.report.format import file_name
from ablate.ablation.report.text import plain
from ablate.errors import BadInput
from ablate.figure.labels import as_plain_text
from ablate.files import lies_in, write_atomically

FIGURES = "figures"


class Pictures:
    """Keeps pictures until `write`, so that a report that cannot be made leaves an earlier one as it is.

    Attributes:
        shown: maps what a picture is called in report.md, its path from `folder` as a URL, to its PNG.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.shown = folder, dict[str, bytes]()
        self._drawn = dict[str, bytes]()

    def draw(self, figure: Figure, name: str, description: str) -> str:
        """Take a figure as figures/NAME.png; the Markdown that shows it."""
        name = f"{file_name(name)}.png"
        while name in self._drawn:  # of two metrics that differ in other characters
            name = f"_{name}"
        as_plain_text(figure)
        png = io.BytesIO()
        figure.savefig(png, format="png", metadata={"Software": None})
        self._drawn[name] = self.shown[f"{FIGURES}/{quote(name)}"] = png.getvalue()
        return f"![{plain(description)}]({FIGURES}/{quote(name)})"

    def take(self, path: Path) -> str | None:
        """Take the PNG of a run in the report's folder, and return what it is called; None for any other file, and for a link."""
        try:
            png = path.read_bytes() if lies_in(path, self.folder) else b""
            with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
                picture.verify()
        except (OSError, SyntaxError, ValueError):  # what Pillow raises for a damaged file
            return None
        name = quote(Path(os.path.relpath(path.absolute(), self.folder.absolute())).as_posix())
        self.shown[name] = png
        return name

    def write(self) -> None:
        """Write the figures that were drawn, and remove those of an earlier report.

        Raises:
            BadInput: the folder of figures is a link to another one.
        """
        figures = self.folder / FIGURES
        if not lies_in(figures, self.folder):
            raise BadInput(f"{figures} is a link out of the report's folder: remove it")
        figures.mkdir(parents=True, exist_ok=True)
        for name, png in self._drawn.items():
            write_atomically(figures / name, png)
        for old in figures.glob("*.png"):
            if old.name not in self._drawn:
                old.unlink(missing_ok=True)
