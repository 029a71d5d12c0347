"""report.md as one HTML page that holds its pictures, its style and its script, so that it needs no other file and no network.

The figures that one explores are Bokeh's. The browser runs Bokeh and SCRIPT, whose digests the page names, and nothing else.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import unescape

import markdown
from bokeh.embed import json_item
from bokeh.models import LayoutDOM, TabPanel, Tabs
from bokeh.resources import Resources

from ablate.ablation.report.format import MARKS
from ablate.ablation.report.text import attribute

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'{scripts}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
{plots}
</body>
</html>
"""
PICTURE = r'<p><img alt="([^"]*)" src="([^"]*)" ?/?></p>'
SCRIPT = """
for (const item of JSON.parse(document.getElementById("plots").textContent)) Bokeh.embed.embed_item(item);
for (const head of document.querySelectorAll("th")) head.addEventListener("click", () => {
  const body = head.closest("table").tBodies[0], rows = [...body.rows], up = head.dataset.order !== "up";
  const text = row => row.cells[head.cellIndex].innerText, number = row => parseFloat(text(row).replace("−", "-"));
  const numbers = rows.some(row => !isNaN(number(row)));
  const compare = (a, b) => numbers ? (number(a) || 0) - (number(b) || 0) : text(a).localeCompare(text(b));
  body.append(...rows.sort((a, b) => up ? compare(a, b) : compare(b, a)));
  for (const other of head.parentNode.cells) delete other.dataset.order;
  head.dataset.order = up ? "up" : "down";
});
"""
STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5b6670; --paper: #fff; --rule: #d9dee3; --band: #f4f6f8;
  --good: #00704f; --bad: #b34700; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --soft: #9aa5b0; --paper: #14181c; --rule: #323a42; --band: #1d2329; --good: #4fd1a5;
    --bad: #ff9e57; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 76rem;
  margin: 2rem auto; padding: 0 1.25rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--rule); padding-bottom: .3rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--soft); font-weight: 600; cursor: pointer; }
th[data-order=up]::after { content: " ↑"; } th[data-order=down]::after { content: " ↓"; }
.plot { background: #fff; color: #1d2329; border-radius: 6px; padding: .5rem; margin: 1rem 0; overflow-x: auto; }
summary { cursor: pointer; color: var(--soft); }
td em { color: var(--soft); } td:has(> em) { min-width: 18rem; } td strong { white-space: nowrap; }
td[style*="right"] { white-space: nowrap; } td code { white-space: normal; overflow-wrap: anywhere; }
td:first-child code { white-space: nowrap; }
tbody tr:hover { background: var(--band); }
.supported { color: var(--good); } .refuted { color: var(--bad); } .inconclusive, .incomplete { color: var(--soft); }
code, pre { font: .85em/1.45 ui-monospace, monospace; background: var(--band); border-radius: 4px; }
code { padding: .1em .3em; white-space: nowrap; } pre { padding: .8rem; overflow-x: auto; } pre code { white-space: pre; }
img { max-width: 100%; background: #fff; border-radius: 6px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .9rem; }
"""


def page(text: str, title: str, pictures: Mapping[str, bytes], plots: Mapping[str, LayoutDOM]) -> str:
    """The HTML of a Markdown text.

    Args:
        pictures: PNGs by their URLs in the text; the page shows these and no others.
        plots: Bokeh's figures by the URLs of the pictures in whose place they stand; those that follow each other become tabs.
    """
    body, items = _with_plots(markdown.markdown(text, extensions=["tables", "md_in_html"]), plots)
    body = body.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    for verdict, mark in MARKS.items():
        shown = f"{mark} {verdict}</strong>"
        body = body.replace(f"<strong>{shown}", f'<strong class="{verdict}">{shown}')
    body = re.sub(r'src="([^"]*)"', lambda found: f'src="{_data_uri(pictures.get(unescape(found[1]), b""))}"', body)
    scripts = [*(Resources(mode="inline", components=["bokeh"]).js_raw if items else []), SCRIPT]
    allowed = f"; script-src {' '.join(map(_digest, scripts))}"
    data = json.dumps(items).replace("<", "\\u003c")
    each = [f'<script type="application/json" id="plots">{data}</script>', *(f"<script>{script}</script>" for script in scripts)]
    return PAGE.format(title=attribute(title), style=STYLE, body=body, scripts=allowed, plots="\n".join(each))


def _with_plots(body: str, plots: Mapping[str, LayoutDOM]) -> tuple[str, list[dict]]:
    """The page with a place for each plot, or for the tabs of several that follow each other, and what Bokeh is to put there."""
    items: list[dict] = []

    def place(found: re.Match) -> str:
        shown = [(unescape(each[1]), unescape(each[2])) for each in re.finditer(PICTURE, found[0])]
        panels = [TabPanel(child=plots[url], title=plots[url].name or title) for title, url in shown if url in plots]
        if not panels:
            return found[0]
        target = f"plot-{len(items) + 1}"
        items.append(dict(json_item(panels[0].child if len(panels) == 1 else Tabs(tabs=panels), target)))
        return f'<div class="plot" id="{target}"></div>' + "".join(
            each[0] for each in re.finditer(PICTURE, found[0]) if unescape(each[2]) not in plots
        )

    return re.sub(f"(?:{PICTURE}\\s*)+", place, body), items


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
