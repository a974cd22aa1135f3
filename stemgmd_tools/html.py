"""Build HTML pages in the toolkit's common style."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from string import Template
from typing import Any, Final

_STYLE: Final = """:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 66rem; padding: 0 1rem; }
h2 { margin-top: 3rem; border-top: 1px solid #8888; padding-top: 1rem; overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: .5rem; }
img, audio { width: 100%; } audio { height: 2.2rem; vertical-align: middle; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; vertical-align: top; }
.sounds th { vertical-align: middle; font-weight: normal; } .sounds td { width: 42%; }
.rows td:last-child { width: 60%; } summary { cursor: pointer; padding: .3rem 0; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd; } img { filter: brightness(.85); } }
@media (max-width: 40rem) {
  .sounds thead { display: none; } .sounds th, .sounds td { display: block; width: 100%; }
  .sounds td::before { content: attr(title); font-size: .8rem; }
  .rows thead { display: none; } .rows tr { display: block; padding: .3rem 0; border-bottom: 1px solid #8884; }
  .rows td { display: inline; } .rows td:last-child { display: block; }
}"""


def page(title: str, body: str, style: str = "") -> bytes:
    """Return a complete HTML page.

    :param title: plain text.
    :param body: HTML.
    :param style: additional CSS rules.
    """
    escaped_title = html.escape(title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escaped_title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}\n{style}</style></head>\n'
        f"<body><h1>{escaped_title}</h1>\n{body}</body></html>\n"
    ).encode()


def script_page(template: str, *, title: str, style: str, data: Any, scripts: Iterable[str]) -> bytes:
    """Return a page that scripts build from data.

    :param template: HTML with ``$title``, ``$style``, ``$data`` and ``$script``.
    :param title: plain text.
    :param data: anything that JSON can hold.
    """
    # Within a script element, "</script" ends it and "<!--" changes how it is read.
    content = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    values = {"title": html.escape(title), "style": style, "data": content, "script": "\n".join(scripts)}
    return Template(template).substitute(values).encode()
