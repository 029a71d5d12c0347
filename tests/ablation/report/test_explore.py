"""What one explores in a report: figures that answer the pointer, the grid of pictures, what a constant prediction would score."""

import base64
import hashlib
import io
import json
import re
import shutil

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from PIL import Image
from stub_project import STUB_ABLATION

from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.results import read_csv
from ablate.ablation.report.grid import TILE, grid
from ablate.ablation.report.report import write_report
from ablate.ablation.spec.read import load
from ablate.callback.log import log_figure
from ablate.figure.panel import panel_columns, segmentation_panel
from ablate.files import write_json

SCORES = {"low": (0.20, 0.22), "middle": (0.50, 0.51), "high": (0.80, 0.79)}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of runs of which one predicts one class only, and each was validated once."""
    folder, rows = tmp_path_factory.mktemp("report"), []
    for cell, values in SCORES.items():
        for seed, score in enumerate(values):
            run = folder / f"runs/smoke/{cell}_{seed}"
            run.mkdir(parents=True)
            write_json(run / "history.json", {"val/score": [[2, score]]})
            facts = {"status": "finished", "predicted_classes": 1 if (cell, seed) == ("low", 1) else 5, "folder": str(run)}
            rows.append({"cell": cell, "seed": seed, "test/score": score, "test/error": 1.0, "majority/test/score": 0.25, **facts})
    write_report(folder, Answer(load(STUB_ABLATION, "smoke"), "smoke", False, rows), {"started": 1.8e9})
    return folder


def test_a_constant_prediction_is_named_where_it_counts(report):
    text = (report / "report.md").read_text()
    assert "| *always the majority class* | 0.250 | – |" in text and "Learning curves" not in text
    touched = [line for line in text.splitlines() if "1 of its runs predicts one class only: `low`" in line]
    assert len(touched) == 2 and all("`low" in line or "− low" in line for line in touched)
    assert [row["predicted_classes"] for row in read_csv(report / "results.csv")] == [5, 1, 5, 5, 5, 5]


def plots(page):
    return json.loads(re.search('<script type="application/json" id="plots">(.*)</script>', page)[1])


def test_the_page_runs_its_own_scripts_and_holds_every_run(report):
    page = (report / "report.html").read_text()
    scripts = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    allowed = re.search('script-src ([^"]*)">', page)[1].split()
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert allowed == [f"'sha256-{digest}'" for digest in digests] and len(page) < 2e6
    drawn = json.dumps(plots(page))
    assert [item["target_id"] for item in plots(page)] == re.findall('class="plot" id="([^"]*)"', page)
    assert all(f'"./runs/smoke/{cell}_{seed}/"' in drawn for cell in SCORES for seed in (0, 1)) and "More is better" in drawn


def panel(prediction, tmp_path):
    image, label = torch.zeros(2, 3, 8, 8), torch.ones(2, 8, 8, dtype=torch.long)
    shown = segmentation_panel(image, label, torch.full_like(label, prediction), ["ground", "disc"], [[0, 0, 0], [0, 255, 0]], 255)
    path = tmp_path / f"{prediction}.png"
    log_figure(shown, path, Trainer(logger=False, enable_checkpointing=False), "val/pictures")
    return path.read_bytes()


def test_panels_become_a_grid_with_what_they_share_once(tmp_path):
    right, wrong = panel(1, tmp_path), panel(0, tmp_path)
    columns = panel_columns(Image.open(io.BytesIO(wrong)))
    assert [*columns] == ["input", "truth", "prediction", "error"] and [len(tiles) for tiles in columns.values()] == [2] * 4
    whole = np.asarray(grid({"right": right, "wrong": wrong}))
    greens = (whole == [0, 255, 0]).all(-1)
    assert whole.shape[1] == 4 + 4 * (TILE + 4)  # input, truth, two cells
    assert [bool(greens[60, 4 + i * (TILE + 4) + TILE // 2]) for i in range(4)] == [False, True, True, False]
    many = grid({f"cell{i}": wrong if i else right for i in range(9)})
    assert many.width == 4 + 10 * (TILE + 4) and many.height > whole.shape[0] * 1.9
    plain = io.BytesIO()
    Image.new("RGB", (8, 8)).save(plain, "png")
    assert grid({"a": right, "b": plain.getvalue()}) is None and grid({"a": plain.getvalue(), "b": plain.getvalue()}) is None


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_dot_says_which_run_it_is_and_leads_to_it(report):
    """In a browser, with the pointer over the first dot of the first cell."""
    browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with browsers.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page, requested = browser.new_page(), []
        page.on("request", lambda request: requested.append(request.url))
        page.goto((report / "report.html").as_uri())
        page.locator(".bk-Figure").first.wait_for()
        x, y = page.evaluate("""() => {
          const figures = []
          const walk = view => { view.model.type == "Figure" && figures.push(view); (view.child_views ?? []).forEach(walk) }
          Bokeh.index.roots.forEach(walk)
          const figure = figures.find(view => view.model.name == "test/score"), box = figure.el.getBoundingClientRect()
          window.scrollTo(0, box.top)
          const moved = figure.el.getBoundingClientRect()
          return [moved.left + figure.frame.x_scale.compute(0.2), moved.top + figure.frame.y_scale.compute(0.18)]
        }""")
        page.mouse.move(x, y)
        told = page.locator(".bk-tooltip-row-value")
        told.first.wait_for()
        assert told.all_inner_texts() == ["low", "0", "0.2000"]
        page.mouse.click(x, y)
        page.wait_for_timeout(300)
        assert len(requested) == 1 or requested[-1].endswith("/runs/smoke/low_0/")
        browser.close()
