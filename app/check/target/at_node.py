"""Requests to a node: one of several servers under check that have one log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.check.findings import Violated
from app.check.request import Repeatable
from app.check.target.target import Target


@dataclass(frozen=True, slots=True)
class AtNode:
    """A request to the server at `url`, which is not the first one under check."""

    request: Repeatable
    url: str

    def command(self, base: str) -> str:  # noqa: ARG002  # `base` is the first server, and this is another
        return self.request.command(self.url)


def at(node: Target, request: Repeatable) -> AtNode:
    """Return a request together with the node to which it was sent."""
    return AtNode(request, node.session.url)


@contextmanager
def asking(node: Target) -> Iterator[None]:
    """Let a violation that is raised in a `with` block name the node."""
    try:
        yield
    except Violated as violated:
        raise Violated(replace(violated.finding, request=at(node, violated.finding.request))) from None
