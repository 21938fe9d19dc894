"""A line of the diagnostic log has everything that a program or a person needs, and no client can forge one."""

from __future__ import annotations

import json
import logging

import pytest

from app.diagnostics.formats import JsonFormat, TextFormat


def record(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("app.part", logging.WARNING, "file.py", 1, message, arguments, None)
    made.created = 1714557600.25
    if fields:
        made.__dict__["fields"] = fields
    return made


def test_a_line_of_text_ends_with_the_fields() -> None:
    line = TextFormat().format(record("Refused %d.", 3, status=404, request_id="r-1"))
    assert line.endswith(" WARNING app.part: Refused 3. status=404 request_id=r-1")


def test_a_line_without_fields_is_time_level_logger_and_message() -> None:
    assert TextFormat().format(record("Refused.")).split(" ", 2)[2] == "WARNING app.part: Refused."


@pytest.mark.parametrize("end", ["\n", "\r", "\x1b", "\x85", "\u2028"])
def test_a_client_cannot_begin_a_line(end: str) -> None:
    line = TextFormat().format(record("Refused %s.", f"/a{end}b", path=f"/c{end}d"))
    assert len(line.splitlines()) == 1
    assert end not in line
    assert f"/a\\x{ord(end):02x}b" in line


def test_a_line_of_json_is_one_object_with_the_fields() -> None:
    assert json.loads(JsonFormat().format(record("Refused %d.", 3, status=404))) == {
        "time": "2024-05-01T10:00:00.250Z",
        "level": "warning",
        "logger": "app.part",
        "message": "Refused 3.",
        "status": 404,
    }


@pytest.mark.parametrize("form", [TextFormat(), JsonFormat()])
def test_the_traceback_of_an_error_is_kept(form: logging.Formatter) -> None:
    failed = record("It failed.")
    failed.exc_info = (ZeroDivisionError, ZeroDivisionError("the cause\nof it"), None)
    line = form.format(failed)
    assert "ZeroDivisionError: the cause" in line
    assert isinstance(form, TextFormat) or len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/a status=200 client=192.0.2.9", '"/a status=200 client=192.0.2.9"'),
        ('/a"b', '"/a\\"b"'),
        ("/a=b", "/a=b"),
        ("/a\u202eb\ufeff", "/a\\x202eb\\xfeff"),
    ],
)
def test_a_client_cannot_invent_a_field_of_a_line(path: str, written: str) -> None:
    line = TextFormat().format(record("Refused.", path=path, status=404))
    assert line.endswith(f" Refused. path={written} status=404")
