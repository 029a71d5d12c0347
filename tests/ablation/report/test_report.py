"""The report from fixed results: its tables to the letter, its page in a browser without a request."""

import http.server
import json
import re
import shutil
import subprocess
import threading
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from commands import error_line, script, succeed
from PIL import Image
from stub_project import STUB_ABLATION

from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.results import read_csv
from ablate.ablation.report import report
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


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with a report, and the rows that it was made from."""
    folder, rows = tmp_path_factory.mktemp("written"), []
    for cell, values in SCORES.items():
        for seed, score in enumerate(values):
            run = folder / f"runs/smoke/{cell}_{seed}"
            run.mkdir(parents=True)
            write_json(run / "history.json", {"val/score": [[1, 0.1], [2, score]]})
            Image.new("RGB", (8, 8), "red").save(run / "panel.png")
            measured = {"test/score": score, "test/error": 1 - score}
            rows.append({"cell": cell, "seed": seed, **RUN, **measured, "overrides": [f"x={cell}"], "folder": str(run)})
    write_report(folder, Answer(load(STUB_ABLATION, "smoke"), "smoke", False, rows), ORIGIN)
    return folder, rows


@pytest.fixture
def made(written, tmp_path):
    """The same, moved to a folder of the test's own."""
    shutil.copytree(written[0], tmp_path, dirs_exist_ok=True)
    return tmp_path, [{**row, "folder": row["folder"].replace(str(written[0]), str(tmp_path))} for row in written[1]]


def test_the_table_of_cells(made):
    text = (made[0] / "report.md").read_text()
    assert "| `low` | 0.210 ± 0.010 | 0.790 ± 0.010 | 1.5 k | 2 M | 90 s | 3 |" in text
    assert "| `high` | **0.800 ± 0.010** | **0.200 ± 0.010** | 1.5 k | 2 M | 90 s | 3 |" in text


def test_the_table_of_claims(made):
    text = (made[0] / "report.md").read_text()
    assert "## Tuned" not in text
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


def written_again(folder):
    """The files of a report, without the numbers that Bokeh gives to its objects."""
    texts = {name: (folder / name).read_text() for name in ("report.md", "report.html", "results.csv")}
    return {name: re.sub(r'"p\d+"', '"p"', text) for name, text in texts.items()}


def test_a_report_is_made_again_to_the_letter(made):
    folder, _ = made
    before = written_again(folder)
    rewrite_report(folder)
    assert before == written_again(folder)
    with pytest.raises(BadInput, match="holds no report"):
        rewrite_report(folder / "runs")


class References(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        assert tag not in ("link", "iframe")
        self.found += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_refers_to_nothing_outside_itself(made):
    text = (made[0] / "report.html").read_text()
    found = References(text).found
    assert len(found) == 4 and all(value.startswith("data:image/png;base64,") for value in found)
    styled = re.sub("<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "@import" not in styled and "url(" not in styled


class Structure(HTMLParser):
    """The tags of a page with their attributes, without what is shown and without pictures."""

    def __init__(self, text):
        super().__init__()
        self.found, self.shown, self.in_script = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.in_script = tag == "script"
        self.found.append((tag, tuple((name, value) for name, value in attrs if name not in ("src", "alt", "title"))))

    def handle_endtag(self, tag):
        self.in_script = False

    def handle_data(self, data):
        self.shown += "" if self.in_script else data


EVIL = (
    "<script>alert(1)</script> [x](javascript:alert(1)) ![x](../secret.txt) <img src=x onerror=alert(1)> `*a*` **b** _c_ a|b "
    "</pre> <!-- &lt; &#60; <javascript:alert(1)> ``` \\[y] [r] ~~s~~ $z$ ' \" `"
)


def hostile(folder, text):
    """A report all of whose free texts, those of its files too, are `text`; with a run that failed, whose log is `text`."""
    file = yaml.safe_load(STUB_ABLATION.read_text().replace("test/score", "METRIC"))
    file = json.loads(json.dumps(file).replace('"METRIC"', json.dumps(text)))
    file |= {"question": text, "source": text, "claims": {f"{text}{i}": c for i, c in enumerate(file["claims"].values())}}
    for claim in file["claims"].values():
        claim |= {"statement": text, "source": text}
    rows = []
    for cell, values in SCORES.items():
        for seed, score in enumerate(values):
            run = folder / f"runs/smoke/{cell}_{seed}"
            run.mkdir(parents=True)
            (run / "run.log").write_text(f"\n\n# a\n\n{text}\n\n    {text}", errors="replace")
            facts = {**RUN, "commit": text, "device": text, "date": text, "code": text, "folder": str(run), "overrides": [text]}
            rows.append({"cell": cell, "seed": seed, **facts, text: score, "test/error": 1 - score})
    rows[0] |= {"status": text, "error": text}
    origin = {"command": f"\n\n{text}\n```\n\n{text}", "commit": text, "python": text, "versions": {text: text}, "platform": text}
    write_report(folder, Answer(load(file, "smoke"), "smoke", False, rows), origin, {text: [text]}, [text])
    return (folder / "report.html").read_text(), Structure((folder / "report.html").read_text())


@pytest.fixture(scope="module")
def harmless(tmp_path_factory):
    return hostile(tmp_path_factory.mktemp("harmless"), "text")[1]


def test_a_text_changes_nothing_in_the_page_but_what_is_shown(tmp_path, harmless):
    """Every text of a report's files is shown to the letter; the tags of the page are those of a page with a harmless text."""
    (tmp_path / "secret.txt").write_text("secret")
    page, evil = hostile(tmp_path / "evil", EVIL)
    assert evil.found == harmless.found and b64encode(b"secret").decode() not in page
    assert evil.shown.count(EVIL) >= harmless.shown.count("text") - 5  # the folder's name, and what the style says


@pytest.mark.slow
@pytest.mark.parametrize("text", ["\ud800\0\x02\x1b[31m\x07", "# a", "a\n\n\n    b\n---\n- c\n1. d\n> e\n===\n", "‮\u2028"])
def test_odd_texts_change_nothing_either(tmp_path, text, harmless):
    assert hostile(tmp_path / "odd", text)[1].found == harmless.found


def test_a_panel_that_is_no_picture_of_the_run_is_a_note(made, tmp_path_factory):
    folder, _ = made
    secret = tmp_path_factory.mktemp("outside") / "secret.png"
    Image.new("RGB", (8, 8), "green").save(secret)
    link, damaged, another = sorted(folder.glob("runs/smoke/low_*/panel.png"))
    link.unlink()
    link.symlink_to(secret)
    damaged.write_bytes(damaged.read_bytes()[:-9])
    another.write_bytes(b"secret")
    rewrite_report(folder)
    assert "No whole picture in this folder: low (" in (folder / "report.md").read_text()
    assert len(References((folder / "report.html").read_text()).found) == 3
    assert b64encode(secret.read_bytes()).decode() not in (folder / "report.html").read_text()


def test_files_of_a_run_outside_the_folder_are_not_read(made, tmp_path):
    rows = [{**row, "status": "failed"} if row["seed"] == 0 else row for row in made[1]]
    for row in rows:
        Path(row["folder"], "run.log").write_text("secret")
    write_report(tmp_path / "other", Answer(load(STUB_ABLATION, "smoke"), "smoke", False, rows), ORIGIN)
    text = (tmp_path / "other/report.md").read_text()
    assert "secret" not in text and "panel.png)" in text and "<img" not in text


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


BROKEN = {
    **{f"{name}, {how}": (name, cut) for name in ("results.csv", "report.json") for how, cut in CUTS.items()},
    "a cut history": ("runs/smoke/low_0/history.json", CUTS["within a line"]),
    "an odd history": ("runs/smoke/low_0/history.json", lambda text: '{"val/score": [1, "x"]}'),
    "a list": ("report.json", lambda text: "[]"),
    "deep": ("report.json", lambda text: "[" * 10**5),
    "notes": ("report.json", lambda text: text.replace('"notes": []', '"notes": 5')),
    "time": ("report.json", lambda text: text.replace("1800000000.0", "1e300")),
    "seconds": ("results.csv", lambda text: text.replace("90.0", "soon", 1)),
    "seed": ("results.csv", lambda text: text.replace("low,0", "low,²", 1)),
    "quotes": ("results.csv", lambda text: text.replace("x=low", "'x=low", 1)),
    "a stranger": ("results.csv", lambda text: text.replace("low,0", "lower,0", 1)),
    "twice": ("results.csv", lambda text: text.replace("low,0", "low,1", 1)),
    "no origin": ("report.json", lambda text: json.dumps(json.loads(text) | {"origin": None})),
}


@pytest.mark.parametrize(("name", "cut"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_and_all_stays_as_it_was(made, name, cut):
    folder, _ = made
    before, text = contents(folder), (folder / name).read_text()
    (folder / name).write_text(cut(text))
    assert before != (before := contents(folder))
    with pytest.raises(BadInput, match="empty or cut|is cut: it has 8 of 9 runs|no curves|has the cell 'lower'|there twice"):
        rewrite_report(folder)
    assert before == contents(folder)


def test_a_figure_that_cannot_be_drawn_leaves_an_earlier_report(made, monkeypatch):
    folder, rows = made
    before = contents(folder)
    monkeypatch.setattr(report, "plot_effect_curves", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(folder, Answer(load(STUB_ABLATION, "smoke"), "smoke", False, rows[:-1]), {})
    assert before == contents(folder)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
            write_json(run / "metrics.json", {"test/miou": base + 0.01 * seed, "test_split": "val"})
    succeed("report", "sweep", "--by", "model/decoder", "--metric", "test/miou", cwd=tmp_path)
    text = (tmp_path / "sweep/report.md").read_text()
    assert "**Note:** in 6 runs test is the validation split, which also chose the checkpoints" in text
    assert "| `max_unpool` | **0.710 ± 0.010**" in text and re.search(r"`max_unpool − nearest` \| \+0\.100", text)
    wrong = error_line(script("report", "sweep", "--by", "model/decode", cwd=tmp_path))
    assert "did you mean 'model/decoder'" in wrong
    wrong = error_line(script("report", "sweep", "--by", "model/decoder", "--metric", "test/miuo", cwd=tmp_path))
    assert "did you mean 'test/miou'" in wrong
    assert "is not a folder" in error_line(script("report", "nowhere", cwd=tmp_path))
