"""Strict JSON, in the manner of JSONTestSuite: y_ must be read, n_ must be refused, i_ may be either and is fixed here."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from decimal import Decimal

import pytest

from app.specification.errors import MalformedJson
from app.specification.strict_json import LARGEST_INTEGER, NESTING_LEVELS, JsonValue, parse_json

READ: dict[str, tuple[bytes, JsonValue]] = {
    "y_object": (b'{"a":1,"b":[true,false,null]}', {"a": 1, "b": [True, False, None]}),
    "y_object_empty": (b"{}", {}),
    "y_object_empty_name": (b'{"":0}', {"": 0}),
    "y_object_same_name_in_two_objects": (b'[{"a":1},{"a":{"a":2}}]', [{"a": 1}, {"a": {"a": 2}}]),
    "y_object_names_that_differ_in_case": (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
    "y_object_name_of_a_prototype": (b'{"__proto__":{}}', {"__proto__": {}}),
    "y_array_empty": (b"[]", []),
    "y_array_nested": (b"[[[]]]", [[[]]]),
    "y_whitespace": (b" \t\r\n[ 1 ,\n2 ]\r\n\t ", [1, 2]),
    "y_scalar_string": (b'"a"', "a"),
    "y_scalar_number": (b"-1.5", -1.5),
    "y_scalar_null": (b"null", None),
    "y_number_zero": (b"[0,-0,0.0,-0.0]", [0, 0, 0.0, -0.0]),
    "y_number_exponent": (b"[1e2,1E+2,1.5e-2]", [100.0, 100.0, 0.015]),
    "y_number_zero_with_exponent": (b"[0e5,0.000e-999]", [0.0, 0.0]),
    "y_number_largest_integer": (b"[9007199254740991,-9007199254740991]", [LARGEST_INTEGER, -LARGEST_INTEGER]),
    "y_number_largest_double": (b"[1.7976931348623157e308]", [1.7976931348623157e308]),
    "y_number_smallest_double": (b"[5e-324]", [5e-324]),
    "y_string_escapes": (rb'["\"\\\/\b\f\n\r\t\u0041"]', ['"\\/\b\f\n\r\tA']),
    "y_string_escaped_nul": (rb'["\u0000"]', ["\0"]),
    "y_string_surrogate_pair": (rb'["\ud83d\ude00\uD83D\uDE00"]', ["\U0001f600\U0001f600"]),
    "y_string_escaped_backslash_before_u": (rb'["\\ud83d","\\\\ud83d"]', ["\\ud83d", "\\\\ud83d"]),
    "y_string_utf_8": ('["é\u2028\u20ac\U0001f600"]'.encode(), ["é\u2028\u20ac\U0001f600"]),
    "y_string_delete_and_c1": ('["\x7f\x85"]'.encode(), ["\x7f\x85"]),
    "y_string_noncharacter": ('["\uffff"]'.encode(), ["\uffff"]),
    "y_string_byte_order_mark": ('["\ufeff"]'.encode(), ["\ufeff"]),
    "y_string_with_brackets": (b'["' + b"[{" * 100 + b'"]', ["[{" * 100]),
    "y_nesting_at_the_limit": (b"[" * NESTING_LEVELS + b"]" * NESTING_LEVELS, json.loads("[" * 32 + "]" * 32)),
    "i_number_more_digits_than_a_double_has": (b"[0.1234567890123456789012345]", [0.12345678901234568]),
    "i_number_large_and_whole_with_exponent": (b"[1e20]", [1e20]),
}

REFUSED: dict[str, tuple[bytes, str]] = {
    "n_empty": (b"", "The JSON text is empty."),
    "n_blank": (b" \n", "line 2, column 1: EOF while parsing a value."),
    "n_byte_order_mark": (b"\xef\xbb\xbf{}", "begins with a byte order mark."),
    "n_byte_order_mark_alone": (b"\xef\xbb\xbf", "begins with a byte order mark."),
    "n_utf_16_with_mark": ("{}".encode("utf-16"), "not UTF-8 from byte 1 on."),
    "n_utf_16_le": ("{}".encode("utf-16-le"), "line 1, column 2"),
    "n_utf_16_be": ("{}".encode("utf-16-be"), "line 1, column 1"),
    "n_utf_32": ("{}".encode("utf-32"), "not UTF-8 from byte 1 on."),
    "n_latin_1": (b'["\xe9"]', "not UTF-8 from byte 3 on."),
    "n_utf_8_overlong": (b'["\xc0\xaf"]', "not UTF-8 from byte 3 on."),
    "n_utf_8_cut": (b'["\xe2\x82', "not UTF-8 from byte 3 on."),
    "n_utf_8_surrogate": (b'["\xed\xa0\x80"]', "not UTF-8 from byte 3 on."),
    "n_utf_8_beyond_unicode": (b'["\xf4\x90\x80\x80"]', "not UTF-8 from byte 3 on."),
    "n_lone_high_surrogate": (rb'["a\ud83d"]', "line 1, column 10: half of a surrogate pair is not a character."),
    "n_lone_low_surrogate": (rb'["\uDE00"]', "column 8: half of a surrogate pair is not a character."),
    "n_reversed_surrogates": (rb'["\ude00\ud83d"]', "column 8: half of a surrogate pair is not a character."),
    "n_two_high_surrogates": (rb'["\ud83d\ud83d\ude00"]', "column 14: half of a surrogate pair is not a character."),
    "n_high_surrogate_before_a_letter": (
        rb'["\ud83d\u0041"]',
        "column 14: half of a surrogate pair is not a character.",
    ),
    "n_high_surrogate_after_a_backslash": (rb'["\\\ud83d"]', "column 11: half of a surrogate pair is not a character."),
    "n_lone_surrogate_in_a_name": (rb'{"\ud800":1}', "column 9: half of a surrogate pair is not a character."),
    "n_nan": (b'{"a":NaN}', "column 6: NaN and Infinity are not JSON numbers."),
    "n_infinity": (b"[Infinity]", "column 2: NaN and Infinity"),
    "n_minus_infinity": (b'["NaN",\n-Infinity]', "line 2, column 2: NaN and Infinity"),
    "n_minus_nan": (b"[-NaN]", "column 3: NaN and Infinity are not JSON numbers."),
    "n_name_twice": (b'{"a":1,"b":2,"a":1}', "column 18: one object has the property 'a' twice."),
    "n_name_twice_once_escaped": (rb'{"a":1,"\u0061":1}', "column 17: one object has the property 'a' twice."),
    "n_name_twice_deep_within": (
        b'[{"x":[{"c\\n":1,"c\\n":2}]}]',
        r"column 23: one object has the property 'c\n' twice.",
    ),
    "n_number_beyond_a_double": (b"[1,1e400]", "column 4: the number is too large or too small for a double."),
    "n_number_beyond_a_double_negative": (b"[-1.5E+309]", "column 2: the number is too large"),
    "n_number_that_vanishes": (b"[1e-400]", "column 2: the number is too large or too small"),
    "n_number_that_vanishes_slowly": (b"[0." + b"0" * 400 + b"1]", "column 2: the number is too large or too small"),
    "n_integer_beyond_2_to_the_53": (b"[9007199254740992]", "column 2: the integer is beyond 2^53 - 1"),
    "n_integer_beyond_2_to_the_53_negative": (b"[-9007199254740992]", "column 2: the integer is beyond 2^53 - 1"),
    "n_integer_found_outside_of_strings": (b'["9007199254740992",9007199254740992]', "column 21: the integer"),
    "n_integer_found_whole": (b"[9007199254740992.5,9007199254740992]", "column 21: the integer"),
    "n_integer_of_5000_digits": (b"[" + b"1" * 5000 + b"]", "column 4303: the number has too many digits."),
    "n_integer_with_leading_zero": (b"[012]", "column 3: invalid number."),
    "n_integer_with_plus": (b"[+1]", "column 2: expected value."),
    "n_integer_hexadecimal": (b"[0x10]", "column 3: expected `,` or `]`."),
    "n_integer_with_underscore": (b"[1_000]", "column 3: expected `,` or `]`."),
    "n_integer_full_width": ("[\uff11]".encode(), "column 2: expected value."),
    "n_number_without_fraction": (b"[1.]", "column 4: invalid number."),
    "n_number_without_whole": (b"[.5]", "column 2: expected value."),
    "n_number_without_exponent": (b"[1e]", "column 4: invalid number."),
    "n_minus_alone": (b"[-]", "column 3: invalid number."),
    "n_nesting_beyond_the_limit": (b"[" * 33 + b"]" * 33, "column 33: the text is nested deeper than 32 levels."),
    "n_nesting_of_objects_beyond_the_limit": (b'{"a":' * 33 + b"1" + b"}" * 33, "column 161: the text is nested"),
    "n_nesting_beside_shallow_values": (b'["]]",{},' + b"[" * 32 + b"]" * 32 + b"]", "column 41: the text is nested"),
    "n_nesting_of_100000_levels": (
        b"[" * 100_000 + b"]" * 100_000,
        "column 202: the text is nested deeper than 32 levels.",
    ),
    "n_nesting_of_100000_levels_never_closed": (
        b"[" * 100_000,
        "column 202: the text is nested deeper than 32 levels.",
    ),
    "n_nesting_of_100000_objects": (b'{"a":' * 100_000, "column 1006: the text is nested"),
    "n_trailing_garbage": (b"{} x", "column 4: trailing characters."),
    "n_trailing_second_value": (b"{}\n{}", "line 2, column 1: trailing characters."),
    "n_trailing_comma_in_array": (b"[1,]", "column 4: trailing comma."),
    "n_trailing_nul": (b"{}\0", "column 3: trailing characters."),
    "n_trailing_form_feed": (b"{}\f", "column 3: trailing characters."),
    "n_no_break_space": ("\u00a0{}".encode(), "column 1: expected value."),
    "n_trailing_comma_in_object": (b'{"a":1,}', "column 8: trailing comma."),
    "n_array_unclosed": (b"[1", "column 3: EOF while parsing a list."),
    "n_object_unclosed": (b'{"a":1', "column 7: EOF while parsing an object."),
    "n_object_without_colon": (b'{"a" 1}', "column 6: expected `:`."),
    "n_object_name_unquoted": (b"{a:1}", "column 2: key must be a string."),
    "n_object_name_a_number": (b"{1:1}", "column 2: key must be a string."),
    "n_single_quotes": (b"['a']", "column 2: expected value."),
    "n_comment": (b"[1/*a*/]", "column 3: expected `,` or `]`."),
    "n_literal_capitalised": (b"[True]", "column 2: expected value."),
    "n_literal_cut": (b"[nul]", "column 5: expected true, false or null."),
    "n_literal_undefined": (b"undefined", "column 1: expected value."),
    "n_string_unterminated": (b'["a', "column 4: EOF while parsing a string."),
    "n_string_with_line_feed": (b'["a\nb"]', "line 1, column 4: a control character in a string must be escaped."),
    "n_string_with_tab": (b'["\t"]', "column 3: a control character in a string must be escaped."),
    "n_string_with_nul": (b'["\0"]', "column 3: a control character in a string must be escaped."),
    "n_string_bad_escape": (rb'["\x41"]', "column 4: invalid escape."),
    "n_string_cut_escape": (rb'["\u00"]', "column 7: invalid escape."),
    "n_string_python_hex_escape": (rb'["\u0x41"]', "column 6: invalid escape."),
    "n_backslashes_without_end": (b'["' + b"\\" * 200_001, "column 200004: EOF while parsing a string."),
}


@pytest.mark.parametrize(("body", "value"), READ.values(), ids=READ.keys())
def test_strict_json_is_read(body: bytes, value: JsonValue) -> None:
    read = parse_json(body)
    assert (read, repr(read)) == (value, repr(value))


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_text_that_is_not_strict_json_is_refused_with_its_place(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(body)
    assert refused.value.detail.startswith("The JSON text ")
    assert reason in refused.value.detail
    assert len(refused.value.detail) < 200


def test_messages_do_not_repeat_the_text() -> None:
    body = b'{"card": "4111-1111-1111-1111", "card2": 4111-1111}'
    with pytest.raises(MalformedJson) as refused:
        parse_json(body)
    assert "4111" not in refused.value.detail


def test_message_about_a_property_given_twice_shortens_its_name() -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(b'{"' + b"n" * 100_000 + b'":1,"' + b"n" * 100_000 + b'":2}')
    assert "'" + "n" * 39 + "…' twice" in refused.value.detail
    assert len(refused.value.detail) < 200


def test_columns_count_characters() -> None:
    with pytest.raises(MalformedJson, match="line 3, column 7"):
        parse_json('{"a":\n1,\n"éé": oops}'.encode())


# The same texts, read by the standard library with hooks that refuse what jiter or the walk refuses


def reference(text: str) -> JsonValue:
    """Read a text with the standard library, by the same rules written a second time. Raises ValueError."""
    value: JsonValue = json.loads(
        text, object_pairs_hook=object_of, parse_int=integer, parse_float=double, parse_constant=refuse
    )
    if nesting(value) > NESTING_LEVELS:
        raise ValueError(text)
    json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair cannot be encoded
    return value


def object_of(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


def integer(token: str) -> int:
    if abs(int(token)) > LARGEST_INTEGER:
        raise ValueError(token)
    return int(token)


def double(token: str) -> float:
    number = float(token)
    if math.isinf(number) or (number == 0) != (Decimal(token) == 0):
        raise ValueError(token)
    return number


def refuse(token: str) -> None:
    raise ValueError(token)


def nesting(value: JsonValue) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(nesting, value.values() if isinstance(value, dict) else value), default=0)


ZEROS = "0" * 400
NUMBERS = (
    *("0", "-0", "0.0", "1.5", "1e400", "1e-400", f"0.{ZEROS}1", f"0.{ZEROS}", "0.0e-400", "3e-324", "2e-324", "01"),
    *("9007199254740993", "-9007199254740991", "1e22", "123456789.123456789e-10", "-1.7976931348623159e308"),
)
STRINGS = ('"a"', '""', r'"\""', r'"\ud83d\ude00"', r'"\ud83d"', r'"\\ud83d"', '"\\n"', '"[{"', '"\t"', '"5e-400"')
NAMES = ('"a"', '"b"', r'"\u0061"', '""', r'"\""', '":"', '"é"')
OTHERS = ("null", "true", "false", "NaN", "-Infinity", "nul", "[" * 30 + "]" * 30, '{"a":' * 29 + "0" + "}" * 29)


def any_json(dice: random.Random, depth: int = 4) -> str:
    """Return a random text, usually JSON, with many values that are rare in real texts."""
    space = dice.choice(("", "", "", " ", "\n"))
    inner = [any_json(dice, depth - 1) for _ in range(dice.randrange(4 if depth else 1))]
    match dice.randrange(6):
        case 0 | 1:
            return "{" + f",{space}".join(f"{dice.choice(NAMES)}{space}:{value}" for value in inner) + "}"
        case 2:
            return "[" + f"{space},".join(inner) + "]"
        case 3:
            return dice.choice(NUMBERS)
        case 4:
            return dice.choice(STRINGS)
        case _:
            return dice.choice(OTHERS)


def test_random_texts_are_read_or_refused_as_the_standard_library_does_with_the_same_rules() -> None:
    dice = random.Random(8259)
    seen: Counter[str] = Counter()
    for _ in range(8000):
        text = any_json(dice)
        at = dice.randrange(len(text) + 1)
        if dice.random() < 0.3:
            text = text[:at] + dice.choice('"\\:,{}[]e0 ') + text[at + dice.randrange(2) :]
        try:
            expected = repr(reference(text))
        except ValueError:
            with pytest.raises(MalformedJson) as refused:
                parse_json(text.encode())
            seen["twice" if refused.value.detail.endswith(" twice.") else "malformed"] += 1
        else:
            assert repr(parse_json(text.encode())) == expected, text
            seen["read"] += 1
    assert min(seen.values()) > 150


def test_zeros_are_read_beside_texts_that_look_like_tiny_numbers() -> None:
    body = b'{"a":0.0,"b":"1e-400","c":"' + b"0" * 400 + b'","d":3e-200}'
    assert parse_json(body) == {"a": 0.0, "b": "1e-400", "c": "0" * 400, "d": 3e-200}


def test_refusal_by_jiter_without_a_position_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("in words of a later version")

    monkeypatch.setattr("jiter.from_json", refuse)
    with pytest.raises(MalformedJson, match=r"^The JSON text is malformed\.$"):
        parse_json(b"{}")
