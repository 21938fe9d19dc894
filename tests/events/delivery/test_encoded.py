from __future__ import annotations

from app.events.delivery.encoded import EncodedPages, LastItem
from app.events.delivery.stream_item import HEARTBEAT, Closing, StreamItem
from app.events.event import StoredEvent
from app.events.log.event_store import Page

PAGE = Page([StoredEvent(1, "k7f3q2aa", "order.shipped", "1.0.0", "e-1", "or_1", 0, "{}")], through=1)


class Encoder:
    """An encoding that counts how often it is called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, item: StreamItem) -> bytes:
        self.calls += 1
        return repr(item).encode()


def test_a_page_is_encoded_once_and_other_items_each_time() -> None:
    encode = Encoder()
    pages = EncodedPages(encode)
    assert pages.encode(PAGE) is pages.encode(PAGE)
    assert encode.calls == 1
    assert pages.encode(HEARTBEAT) == pages.encode(HEARTBEAT)
    assert encode.calls == 3


def test_an_equal_page_is_another_page() -> None:
    encode = Encoder()
    pages = EncodedPages(encode)
    pages.encode(PAGE)
    pages.encode(Page(PAGE.events, PAGE.through))
    assert encode.calls == 2


def test_the_bytes_of_a_page_are_kept_no_longer_than_the_page() -> None:
    pages = EncodedPages(Encoder())
    pages.encode(Page([*PAGE.events], 1))
    assert len(pages._pages) == 0


def test_the_last_item_is_framed_once_and_knows_that_it_ends_the_stream() -> None:
    last = LastItem(Encoder(), lambda body: b"<%b>" % body)
    last.hold(PAGE)
    assert (last.item, last.frame, last.is_closing) == (PAGE, b"<%b>" % repr(PAGE).encode(), False)
    last.hold(Closing("drain"))
    assert last.is_closing
