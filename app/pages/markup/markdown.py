"""Convert Markdown (CommonMark) in the contract to HTML: headings have ids, code is coloured, and known names become links."""

# ruff: noqa: ARG002  # markdown-it passes the same four arguments to every method

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

from app.pages.markup.highlight import highlight, language_of


class Heading(NamedTuple):
    """A heading for a table of contents: its level (from 1), its HTML id, and its text."""

    level: int
    id: str
    text: str


class Text(NamedTuple):
    """The HTML that was made from a Markdown text, and the headings in it."""

    html: Markup
    headings: list[Heading]


def render(source: str, *, level: int = 1, prefix: str = "", terms: Mapping[str, str] | None = None) -> Text:
    """Convert Markdown to HTML; return the HTML and the headings in it.

    `level`: the level in HTML of a heading that has one `#` in Markdown.
    `prefix`: a prefix for the ids of headings.
    `terms`: a mapping from names to URLs; inline code that equals a name, such as `stream.gap`, becomes a link.
    """
    headings: list[Heading] = []
    terms_here = dict(terms or {})
    environment: dict[str, Any] = {"level": level, "prefix": prefix, "terms": terms_here, "headings": headings}
    return Text(Markup(_MARKDOWN.render(source, environment)), headings)  # noqa: S704  # the renderer escapes, and lets no HTML through


def render_line(source: str, terms: Mapping[str, str] | None = None) -> Markup:
    """Convert one line of Markdown to HTML without a paragraph element around it, for a cell of a table.

    `terms`: a mapping from names to URLs; inline code that equals a name becomes a link.
    """
    environment: dict[str, Any] = {"terms": dict(terms or {})}
    return Markup(_MARKDOWN.renderInline(source.strip(), environment))  # noqa: S704  # the renderer escapes, and lets no HTML through


def slug(text: str) -> str:
    """Convert the text of a heading to an HTML id of lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def code_block(code: str, language: str) -> Markup:
    """Return code as an HTML block with syntax highlighting. A script on the page adds a button that copies the code.

    Below a command that resumes after an id, a sentence says what happens, because the id is of no log. A script puts an id of the
    server's log into the command, if it can read one, and says so instead.
    """
    block = Markup('<pre class="code" tabindex="0" data-language="{}"><code>{}</code></pre>\n').format(
        language, highlight(code.removesuffix("\n"), language)
    )
    return block + _RESUMES if language == "sh" and "Last-Event-ID: " in code else block


_RESUMES = Markup(
    '<p class="caption resumes">The id is an example. With an id that is not of this log, the stream begins with a '
    "<code>stream.gap</code>, and goes on with everything that is stored.</p>\n"
)


class _Renderer(RendererHTML):
    """The HTML renderer of markdown-it, with other HTML for headings and code.

    markdown-it calls the method that has the same name as the type of a token, such as `heading_open`.
    """

    def heading_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        text = _plain(tokens[idx + 1])
        level = int(tokens[idx].tag[1]) + env["level"] - 1
        heading = Heading(level, env["prefix"] + slug(text), text)
        env["headings"].append(heading)
        return f'<h{level} id="{heading.id}">'

    def heading_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        heading: Heading = env["headings"][-1]
        return f"{anchor(heading.id, heading.text)}</h{heading.level}>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        code = tokens[idx].content
        return code_block(code, language_of(code, tokens[idx].info.strip()))

    def code_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        content = tokens[idx].content
        code = f"<code>{escape(content)}</code>"
        address = env["terms"].get(content)
        return code if address is None else f'<a class="term" href="{escape(address)}">{code}</a>'


def anchor(heading_id: str, text: str) -> Markup:
    """Return the link that is shown next to a heading, so that a reader can copy the URL of the heading."""
    return Markup('<a class="anchor" href="#{}" aria-label="Link to “{}”">#</a>').format(heading_id, text)


def _plain(inline: Token) -> str:
    return "".join(part.content for part in inline.children or ())


_MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
