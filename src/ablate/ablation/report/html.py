"""report.md as one HTML page that holds its pictures and its style, so that it needs no other file and no network."""

import base64
import re
from collections.abc import Mapping
from html import unescape

import markdown

from ablate.ablation.report.format import MARKS
from ablate.ablation.report.text import attribute

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
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
th { color: var(--soft); font-weight: 600; }
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


def page(text: str, title: str, pictures: Mapping[str, bytes]) -> str:
    """The HTML of a Markdown text. Of pictures it shows those in `pictures`, PNGs by their URLs in the text, and no others."""
    body = markdown.markdown(text, extensions=["tables"])
    body = body.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    for verdict, mark in MARKS.items():
        shown = f"{mark} {verdict}</strong>"
        body = body.replace(f"<strong>{shown}", f'<strong class="{verdict}">{shown}')
    body = re.sub(r'src="([^"]*)"', lambda found: f'src="{_data_uri(pictures.get(unescape(found[1]), b""))}"', body)
    return PAGE.format(title=attribute(title), style=STYLE, body=body)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
