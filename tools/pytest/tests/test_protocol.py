"""The lines that programs print."""

from typing import Any

import pytest
from faultline import protocol


def test_an_event_has_its_fields() -> None:
    event = protocol.parse("hit what=wait4 want=1234 got=-14 at=repro/x/x.cc:88")
    assert event is not None and event.word == "hit"
    assert event.fields == {"what": "wait4", "want": "1234", "got": "-14", "at": "repro/x/x.cc:88"}
    assert event.number("got") == -14


def test_values_are_unescaped_once() -> None:
    event = protocol.parse("note text=100%25%20sure%2520")
    assert event is not None and event.fields["text"] == "100% sure%20"


@pytest.mark.parametrize(
    "line", ["", "   ", "hello", "hits=3", "progress attempts", "end what = 3", "\0\xff"]
)
def test_other_lines_mean_nothing(line: str) -> None:
    assert protocol.parse(line) is None


@pytest.mark.parametrize("field,number", [("7", 7), ("", 0), ("x", 0)])
def test_a_number_that_is_none_counts_nothing(field: str, number: Any) -> None:
    event = protocol.parse(f"progress attempts={field}")
    assert event is not None and event.number("attempts") == number and event.number("hits") == 0
