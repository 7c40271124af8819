"""An account as one page for a browser: no script, nothing fetched, and whatever a document said stands there as text.

The page allows itself nothing but its own style (Content Security Policy Level 3, by the digest of it).
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence
from typing import Final

from bridgehead.cli.output import clean
from bridgehead.cli.telling_words import Section

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5b6875;--line:#dfe4ea;--back:#f6f8fa;--paper:#fff;--mark:#0b6bcb;
--tint:#eef4fb}
@media (prefers-color-scheme:dark){:root{--ink:#e4e9ee;--soft:#9aa7b4;--line:#313b46;--back:#11161b;--paper:#1a2128;
--mark:#6db3f7;--tint:#1c2a38}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);
font:15px/1.55 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:66rem;margin:0 auto;padding:2rem 1rem 4rem}
header{display:flex;gap:1rem;align-items:baseline;flex-wrap:wrap;margin:0 0 1.25rem}
h1{font-size:1.9rem;margin:0;letter-spacing:-.02em}
header p{margin:0;color:var(--soft)}
nav{display:flex;flex-wrap:wrap;gap:.4rem;margin:0 0 1.25rem;font-size:.85rem}
nav a{color:var(--mark);text-decoration:none;border:1px solid var(--line);background:var(--paper);border-radius:1rem;
padding:.1rem .7rem}
section{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:0 0 1rem}
section:first-of-type{background:var(--tint);border-color:var(--mark)}
h2{font-size:1.05rem;margin:0 0 .6rem}
h3{font-size:.8rem;font-weight:600;color:var(--soft);margin:1rem 0 .3rem}
ul{margin:0;padding:0;list-style:none}
li{padding:.3rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
li:first-child{border-top:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.86rem}
th,td{text-align:left;vertical-align:top;padding:.28rem .8rem .28rem 0;border-bottom:1px solid var(--line);
overflow-wrap:break-word}
td:nth-child(n+4){white-space:nowrap}
th{color:var(--soft);font-weight:600}
pre{margin:0;padding:.7rem .9rem;background:var(--back);border:1px solid var(--line);border-radius:.4rem;
font:.82rem/1.5 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:.8rem}
@media print{body{background:none}nav{display:none}section{break-inside:avoid-page}}
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def page(about: str, sections: Sequence[Section], told_at: str) -> str:
    """Returns the page as text in UTF-8's alphabet; ``told_at`` is when the record was read, in words."""
    return "\n".join(_page(about, sections, told_at)) + "\n"


def _page(about: str, sections: Sequence[Section], told_at: str) -> Iterator[str]:
    policy = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
    yield '<meta name="referrer" content="no-referrer">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(about)}: what happened and why</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
    yield f"<header><h1>{_text(about)}</h1><p>What happened and why. Times are in UTC.</p></header>"
    yield "<nav>"
    for at, section in enumerate(sections):
        yield f'<a href="#s{at}">{_text(section.title)}</a>'
    yield "</nav>"
    for at, section in enumerate(sections):
        yield from _section(at, section)
    yield f"<footer>Told by bridgehead explain {_text(about)} from the record, as of {_text(told_at)}.</footer>"
    yield "</main>\n</body>\n</html>"


def _section(at: int, section: Section) -> Iterator[str]:
    yield f'<section id="s{at}">\n<h2>{_text(section.title)}</h2>'
    if section.sentences:
        yield "<ul>"
        yield from (f"<li>{_text(sentence)}</li>" for sentence in section.sentences)
        yield "</ul>"
    for table in section.tables:
        yield '<div class="scroll"><table><thead><tr>'
        yield "".join(f"<th>{_text(name)}</th>" for name in table.columns)
        yield "</tr></thead><tbody>"
        yield from ("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
        yield "</tbody></table></div>"
    for block in section.blocks:
        yield f"<h3>{_text(block.caption)}</h3>"
        yield "<pre>" + "\n".join(map(_text, block.lines)) + "</pre>"
    yield "</section>"


def _text(value: str) -> str:
    """Returns text that is only text: markup and what could turn its direction or hide it are written out."""
    return html.escape(clean(value)).encode("utf-8", "backslashreplace").decode()
