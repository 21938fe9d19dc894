"""Links are right between all places, on a server below any path and among files."""

from __future__ import annotations

import pytest

from app.pages.site_paths import Layout


@pytest.mark.parametrize(
    ("layout", "here", "name", "fragment", "link"),
    [
        (Layout.SERVED, "docs", "docs/events", "", "docs/events"),
        (Layout.SERVED, "docs", "docs/assets/docs.css", "", "docs/assets/docs.css"),
        (Layout.SERVED, "docs/events", "docs", "", "../docs"),
        (Layout.SERVED, "docs/events", "docs/reference", "getMetrics", "reference#getMetrics"),
        (Layout.SERVED, "docs/events", "docs/events", "order.shipped", "#order.shipped"),
        (Layout.SERVED, "docs/try", "events/orders", "", "../events/orders"),
        (Layout.SERVED, "problems/not-found", "problems", "", "../problems"),
        (Layout.SERVED, "docs", "event-types/order.shipped/1.0.0", "", "event-types/order.shipped/1.0.0"),
        (Layout.FILES, "docs", "docs/events", "", "events.html"),
        (Layout.FILES, "docs/events", "docs", "", "index.html"),
        (Layout.FILES, "docs/events", "docs", "quick-start", "index.html#quick-start"),
        (Layout.FILES, "docs", "docs/assets/docs.css", "", "assets/docs.css"),
        (Layout.FILES, "problems/not-found", "docs/assets/docs.css", "", "../assets/docs.css"),
        (Layout.FILES, "problems/not-found", "problems", "", "../problems.html"),
        (Layout.FILES, "docs", "openapi-3.2.json", "", "openapi-3.2.json"),
        (Layout.FILES, "docs/events", "event-types/order.shipped/1.0.0", "", "event-types/order.shipped/1.0.0.json"),
    ],
)
def test_link(layout: Layout, here: str, name: str, fragment: str, link: str) -> None:
    assert layout.link(here, name, fragment) == link
