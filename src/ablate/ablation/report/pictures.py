"""The pictures of a report: those that it draws, and the panels of its runs. A page shows these and no other file."""

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from bokeh.models import LayoutDOM
from matplotlib.figure import Figure
from PIL import Image

from ablate.ablation.report.format import file_name
from ablate.ablation.report.grid import grid
from ablate.ablation.report.text import plain
from ablate.errors import BadInput
from ablate.figure.labels import as_plain_text
from ablate.files import lies_in, write_atomically

FIGURES = "figures"


class Pictures:
    """Keeps pictures until `write`, so that a report that cannot be made leaves an earlier one as it is.

    Attributes:
        shown: maps what a picture is called in report.md, its path from `folder` as a URL, to its PNG.
        plots: the figures that the page shows in place of some pictures.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.shown = folder, dict[str, bytes]()
        self.plots = dict[str, LayoutDOM]()
        self._drawn = dict[str, bytes]()

    def together(self, panels: Mapping[str, str], name: str, description: str) -> str:
        """Take the grid of the panels of cells, pictures that were taken before; its Markdown, or "" where they make none.

        Args:
            panels: maps each cell to what its panel is called.
        """
        whole = grid({cell: self.shown[called] for cell, called in panels.items()}) if len(panels) > 1 else None
        if whole is None:
            return ""
        png = io.BytesIO()
        whole.save(png, format="png")
        for called in panels.values():
            del self.shown[called]
        return self._keep(png.getvalue(), name, description)

    def draw(self, figure: Figure, name: str, description: str, plot: LayoutDOM | None = None) -> str:
        """Take a figure as figures/NAME.png, and what the page shows in its place; the Markdown that shows it."""
        as_plain_text(figure)
        png = io.BytesIO()
        figure.savefig(png, format="png", metadata={"Software": None})
        return self._keep(png.getvalue(), name, description, plot)

    def _keep(self, png: bytes, name: str, description: str, plot: LayoutDOM | None = None) -> str:
        name = f"{file_name(name)}.png"
        while name in self._drawn:  # of two metrics that differ in other characters
            name = f"_{name}"
        url = f"{FIGURES}/{quote(name)}"
        self._drawn[name] = self.shown[url] = png
        if plot is not None:
            self.plots[url] = plot
        return f"![{plain(description)}]({url})"

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

    def links(self, rows: Iterable[Mapping]) -> dict[tuple[str, int], str]:
        """Maps cell and seed of each run whose folder lies in the report's to its URL from there."""
        folders = {(str(row["cell"]), int(row["seed"])): Path(str(row.get("folder", ""))) for row in rows if row.get("folder")}
        inside = {run: path for run, path in folders.items() if path.is_dir() and lies_in(path, self.folder)}
        return {run: f"./{quote(os.path.relpath(path.absolute(), self.folder.absolute()))}/" for run, path in inside.items()}

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
