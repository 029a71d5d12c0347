"""Texts of others in Markdown and HTML: whatever is in them, a reader sees it and nothing comes of it."""

import re
from html import escape

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # what no page and no UTF-8 may have
_NOT_IN_CODE = re.compile(r"[`<>&|\\]")
_SYNTAX = re.compile(r"[\\`*{}\[\]<>&|~$]|(?<![^\W_])_|_(?![^\W_])|^[-+=#]|^\d(?=\d*[.)](?: |$))")


def plain(text: object) -> str:
    """A text as one line of Markdown that shows it to the letter: what Markdown or HTML would read is a character reference."""
    return _SYNTAX.sub(lambda found: f"&#{ord(found[0])};", _line(text))


def code(text: object) -> str:
    """The same in the letters of code."""
    line = _line(text)
    return f"`{line}`" if line and not _NOT_IN_CODE.search(line) else f"<code>{plain(line)}</code>"


def block(text: object) -> str:
    """Lines of code, as a block of HTML in Markdown."""
    return f"<pre>{escape(_CONTROL.sub('�', str(text)), quote=False)}</pre>"


def attribute(text: object) -> str:
    """A text as the value of an attribute of HTML, in double quotes."""
    return escape(_line(text))


def _line(text: object) -> str:
    return _CONTROL.sub("�", " ".join(str(text).split()))
