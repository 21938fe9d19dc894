"""Markdown becomes HTML with ids to link to, and HTML in the source stays text."""

from __future__ import annotations

import pytest

from app.pages.markup.highlight import highlight, language_of
from app.pages.markup.markdown import Heading, render, render_line, slug
from tests.pages.contract import read, words


def test_headings_have_ids_anchors_and_the_requested_level() -> None:
    text = render("## Quick start\n\n### With `curl` & co.\n", level=2, prefix="guide-")
    assert text.headings == [
        Heading(3, "guide-quick-start", "Quick start"),
        Heading(4, "guide-with-curl-co", "With curl & co."),
    ]
    document = read(text.html)
    (heading,) = document.all("h3")
    assert heading.attributes["id"] == "guide-quick-start"
    assert [link.attributes["href"] for link in heading.all("a")] == ["#guide-quick-start"]
    assert [heading.name for heading in document.all() if heading.name.startswith("h")] == ["h3", "h4"]


def test_names_are_links_if_they_are_written_as_code() -> None:
    terms = {"stream.gap": "events#stream.gap"}
    document = read(render("A `stream.gap` is a stream.gap; `other`.", terms=terms).html)
    assert [(link.text, link.attributes["href"]) for link in document.all("a")] == [("stream.gap", "events#stream.gap")]
    assert [code.text for code in document.all("code")] == ["stream.gap", "other"]


@pytest.mark.parametrize(
    "source",
    ["<script>alert(1)</script>", "a <b>c</b> `<i>`", "```\n<script>\n```", "[x](javascript:alert(1))", "&lt;b&gt;"],
)
def test_html_in_a_text_stays_text(source: str) -> None:
    for html in (render(source).html, render_line(source)):
        document = read(html)
        assert not list(document.all("script"))
        assert not list(document.all("b"))
        assert not list(document.all("i"))
        assert not [link for link in document.all("a") if not link.attributes["href"].startswith("http")]


def test_line_has_no_paragraph_around_it() -> None:
    assert render_line("A `b`.\n") == "A <code>b</code>."


def test_slug_is_lower_case_letters_digits_and_hyphens() -> None:
    assert slug("What you can rely on!") == "what-you-can-rely-on"


def test_stream_without_a_named_language_is_recognised_by_its_fields() -> None:
    assert language_of("retry: 1\n: comment\nid: a\n\ndata: {}\n", "") == "sse"
    assert language_of("GET /events\n", "") == ""
    assert language_of("id: a\n", "js") == "js"


@pytest.mark.parametrize(
    ("language", "code", "spans"),
    [
        ("sse", 'retry: 3\nid: k7-1\ndata: {"a":"b"}', [("field", "retry:"), ("literal", "3"), ("field", "id:"), ("field", "data:"), ("name", '"a"'), ("string", '"b"')]),
        ("sse", ": comment", [("comment", ": comment")]),
        ("json", '{"a": [1, -2.5e3, true, "x\\"y"]}', [("name", '"a"'), ("literal", "1"), ("literal", "-2.5e3"), ("literal", "true"), ("string", '"x\\"y"')]),
        ("sh", "curl -N 'http://a' # why", [("command", "curl"), ("option", "-N"), ("string", "'http://a'"), ("comment", "# why")]),
        ("js", "const a = 'b'; // c", [("keyword", "const"), ("string", "'b'"), ("comment", "// c")]),
        ("", "id: <a>", []),
    ],
)  # fmt: skip
def test_code_is_coloured_without_changing_its_text(language: str, code: str, spans: list[tuple[str, str]]) -> None:
    document = read(highlight(code, language))
    assert document.text == code
    assert [(span.attributes["class"].removeprefix("t-"), span.text) for span in document.all("span")] == spans


def test_block_of_code_keeps_its_text() -> None:
    document = read(render("```sh\ncurl 'http://127.0.0.1:8000/?a=1&b=2' \\\n  -d '{\"a\": \"<b>\"}'\n```").html)
    (block,) = document.all("pre")
    assert block.attributes["data-language"] == "sh"
    assert block.text == "curl 'http://127.0.0.1:8000/?a=1&b=2' \\\n  -d '{\"a\": \"<b>\"}'"
    assert words(block).startswith("curl")
