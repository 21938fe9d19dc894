from hypothesis import given
from hypothesis import strategies as st

from app.stores.jetstream.subjects import read_subject, subject_of, subjects_of_epoch

texts = st.text() | st.text("%.*> ~éa", max_size=6) | st.text(st.characters(categories=["Cs", "Cc"]), max_size=3)


@given(texts, texts)
def test_the_owner_and_the_event_id_can_be_read_from_the_subject_so_no_two_events_share_one(
    owner: str, event_id: str
) -> None:
    subject = subject_of("ORDERS", "k7f3q2xw", (owner, event_id))
    assert read_subject(subject) == ("k7f3q2xw", (owner, event_id))


@given(texts, texts)
def test_a_subject_has_four_tokens_of_printable_ascii_without_wildcards(owner: str, event_id: str) -> None:
    tokens = subject_of("ORDERS", "k7f3q2xw", (owner, event_id)).split(".")
    assert len(tokens) == 4
    assert all(token and token.isascii() and token.isprintable() for token in tokens)
    assert not any(set(token) & set("*> ") for token in tokens)


def test_the_usual_ids_are_their_own_tokens() -> None:
    assert subject_of("ORDERS", "k7f3q2xw", ("", "or_1:a-B")) == "ORDERS.k7f3q2xw.%.or_1:a-B"
    assert subjects_of_epoch("ORDERS", "k7f3q2xw") == "ORDERS.k7f3q2xw.*.*"
