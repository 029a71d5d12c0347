"""The report from fixed results: its tables to the letter, its page in a browser without a request."""

import http.server
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser

import numpy as np
import pytest
import yaml
from commands import error_line, script, succeed
from PIL import Image
from stub_project import STUB_ABLATION

from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.results import read_csv
from ablate.ablation.report.report import rewrite_report, write_report
from ablate.ablation.spec.read import load
from ablate.ablation.spec.registration import digest
from ablate.errors import BadInput
from ablate.files import write_json

SCORES = {"low": (0.20, 0.22, 0.21), "middle": (0.50, 0.51, 0.52), "high": (0.80, 0.79, 0.81)}
ORIGIN = {"command": "reproduce ablation=stub", "commit": "a" * 40, "python": "3.11", "versions": {"torch": "2.13"}}
ORIGIN |= {"platform": "a machine", "cpus": 2, "started": 1.8e9}
RUN = {"status": "finished", "hash": "h", "seconds": 90.0, "device": "cpu", "commit": "a" * 40}
RUN |= {"cost/parameters": 1500, "cost/multiply_adds": 2_000_000}


CUTS = {
    "empty": lambda text: "",
    "within a line": lambda text: text[:-5],
    "at a line": lambda text: "".join(text.splitlines(keepends=True)[:-1]),
}


@pytest.fixture
def made(tmp_path):
    """A folder with a report, and the rows that it was made from."""
    rows = []
    for cell, values in SCORES.items():
        for seed, score in enumerate(values):
            run = tmp_path / f"runs/smoke/{cell}_{seed}"
            run.mkdir(parents=True)
            write_json(run / "history.json", {"val/score": [[1, 0.1], [2, score]]})
            Image.new("RGB", (8, 8), "red").save(run / "panel.png")
            measured = {"test/score": score, "test/error": 1 - score}
            rows.append({"cell": cell, "seed": seed, **RUN, **measured, "overrides": [f"x={cell}"], "folder": str(run)})
    write_report(tmp_path, Answer(load(STUB_ABLATION, "smoke"), "smoke", False, rows), ORIGIN)
    return tmp_path, rows


def test_the_table_of_cells(made):
    text = (made[0] / "report.md").read_text()
    assert "| `low` | 0.210 ± 0.010 | 0.790 ± 0.010 | 1.5 k | 2 M | 90 s | 3 |" in text
    assert "| `high` | **0.800 ± 0.010** | **0.200 ± 0.010** | 1.5 k | 2 M | 90 s | 3 |" in text


def test_the_table_of_claims(made):
    text = (made[0] / "report.md").read_text()
    assert "**✔ supported** | More is better.<br>*section 1*" in text
    assert "+0.300 [+0.264, +0.336]<br>+0.290 [+0.254, +0.326]" in text  # mean ± 6.205 · 0.01 / √3, by hand
    assert "**✘ refuted** | The high one errs more." in text and "3 cells × 3 seeds: 9 of 9 runs finished" in text
    for fact in ("reproduce ablation=stub", "a" * 40, "2 processors, a machine", "2027-01-15", "| torch | 2.13 |"):
        assert fact in text


def test_results_come_back_as_they_were(made):
    folder, rows = made
    back = read_csv(folder / "results.csv")
    for row, again in zip(rows, back, strict=True):
        assert {k: again[k] for k in row if k != "folder"} == {k: v for k, v in row.items() if k != "folder"}


def test_a_report_is_made_again_to_the_letter(made):
    folder, _ = made
    before = {name: (folder / name).read_bytes() for name in ("report.md", "report.html", "results.csv")}
    rewrite_report(folder)
    assert before == {name: (folder / name).read_bytes() for name in before}
    with pytest.raises(BadInput, match="holds no report"):
        rewrite_report(folder / "runs")


class References(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "iframe")
        self.found += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_refers_to_nothing_outside_itself(made):
    text = (made[0] / "report.html").read_text()
    found = References(text).found
    assert len(found) >= 5 and all(value.startswith("data:image/png;base64,") for value in found)
    assert "@import" not in text and "url(" not in text


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_the_page_in_a_browser_asks_for_nothing_else(made, tmp_path):
    requested = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(made[0]))

        def log_message(self, form, *values):
            requested.append(self.path)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/report.html"
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
    shot = tmp_path / "shot.png"
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", *quiet,
                    "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=127.0.0.1", "--window-size=1200,2000",
                    f"--user-data-dir={tmp_path}/profile", f"--screenshot={shot}", url],
                   check=True, capture_output=True, timeout=120)  # fmt: skip
    server.shutdown()
    assert set(requested) <= {"/report.html", "/favicon.ico"}
    pixels = np.asarray(Image.open(shot).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 50  # text and figures, not a blank page


def test_exploratory_claims_have_a_section_of_their_own(made, tmp_path):
    file = yaml.safe_load(STUB_ABLATION.read_text())
    file["claims"]["less"] |= {"exploratory": True, "scale": "log", "least_effect": 1}
    ablation = load(file, "smoke")
    tuned, notes = {"low": ["lr=0.1"]}, ["what is claimed has changed"]
    write_report(tmp_path / "other", Answer(ablation, "smoke", True, made[1]), ORIGIN, tuned, notes)
    text = (tmp_path / "other/report.md").read_text()
    tested, rest = text.split("## Exploratory claims")
    assert "The high one errs more." not in tested and "**Note:** what is claimed has changed." in tested
    assert "0.253 times [0.219, 0.292]" in rest and "figures/exploratory.png" in rest and "| `low` | `lr=0.1` |" in rest
    assert "after 8, 12, 16, 20 seeds, with .1, .2, .3, .4 of the error of .05" in rest
    assert "skewed (exponential)" in rest and digest(ablation, "smoke", ablation.looks) in rest


def test_what_cannot_be_decided_and_which_seeds_are_outlying_is_said(made, tmp_path):
    file = yaml.safe_load(STUB_ABLATION.read_text())
    file["claims"]["less"]["test"] = "sign"
    file["budgets"]["smoke"]["seeds"] = 4
    rows = [{**row, "seed": seed} for row in made[1][::3] for seed in range(4)]
    for row in rows:
        row["test/score"] += 0.001 * row["seed"] * (row["cell"] == "middle") + (row["cell"] == "high" and row["seed"] == 3)
    write_report(tmp_path / "other", Answer(load(file, "smoke"), "smoke", False, rows), ORIGIN)
    text = (tmp_path / "other/report.md").read_text()
    assert "`less` cannot be decided: 4 seeds give no p below 0.062" in text and "**Outlying seeds**" in text
    assert "`more` seed 3." in text


@pytest.mark.parametrize("name", ["results.csv", "report.json"])
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_cut_file_is_refused_and_all_stays_as_it_was(made, name, cut):
    folder, _ = made
    (folder / name).write_text(cut((folder / name).read_text()))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(BadInput, match=r"empty or cut|is cut: it has 8 of 9 runs"):
        rewrite_report(folder)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_claims_that_were_changed_in_the_report_are_refused(made):
    folder, _ = made
    text = (folder / "report.json").read_text()
    (folder / "report.json").write_text(text.replace('"least_effect": 0.05', '"least_effect": 0.04'))
    with pytest.raises(BadInput, match="was changed"):
        rewrite_report(folder)


@pytest.mark.slow
def test_a_sweep_of_the_users_own(tmp_path):
    for decoder, base in [("nearest", 0.6), ("max_unpool", 0.7)]:
        for seed in range(3):
            run = tmp_path / f"sweep/decoder={decoder},seed={seed}"
            run.mkdir(parents=True)
            write_json(run / "run.json", {"status": "finished", "overrides": [f"model/decoder={decoder}", f"seed={seed}"]})
            write_json(run / "metrics.json", {"test/miou": base + 0.01 * seed})
    succeed("report", "sweep", "--by", "model/decoder", "--metric", "test/miou", cwd=tmp_path)
    text = (tmp_path / "sweep/report.md").read_text()
    assert "| `max_unpool` | **0.710 ± 0.010**" in text and re.search(r"`max_unpool − nearest` \| \+0\.100", text)
    wrong = error_line(script("report", "sweep", "--by", "model/decode", cwd=tmp_path))
    assert "did you mean 'model/decoder'" in wrong
    wrong = error_line(script("report", "sweep", "--by", "model/decoder", "--metric", "test/miuo", cwd=tmp_path))
    assert "did you mean 'test/miou'" in wrong
    assert "is not a folder" in error_line(script("report", "nowhere", cwd=tmp_path))
