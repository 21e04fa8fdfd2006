"""A whole file counted: the same numbers as preparing, in parts."""

import hashlib
import io

import pytest

from exports.engine import checking
from exports.engine.reading import look_at
from providers import identifier_types, identifiers

EMAIL = identifier_types.email("EMAIL", identifiers.email)
PHONE = identifier_types.phone("PHONE", identifiers.phone_e164)


def counted(tmp_path, text, columns, *kinds, look=lambda records: None):
    stream = io.BytesIO(text.encode())
    shape = look_at(stream)
    return checking.counted(
        stream, shape, columns, kinds, folder=tmp_path, look=look, alive=lambda: None
    )


def test_one_type(tmp_path):
    text = "email\na@b.co\nA@b.co \nnobody\n\nc@d.co\n" + hashlib.sha256(b"a@b.co").hexdigest()
    found = counted(tmp_path, text, {"email": 0}, EMAIL)
    assert (found.rows, found.rejected, found.people, found.distinct) == (5, 1, 4, 2)
    of_type = found.types["email"]
    assert (of_type.valid, of_type.distinct) == (4, 2)
    assert of_type.invalid == {"not an e-mail address": 1}


def test_several_types_are_counted_each_by_itself(tmp_path):
    text = (
        "email,phone\n"
        "a@b.co,+447700900123\n"
        "a@b.co,+447700900124\n"
        "nobody,+447700900124\n"
        ",+447700900124\n"
        ",\n"
    )
    found = counted(tmp_path, text, {"email": 0, "phone": 1}, EMAIL, PHONE)
    assert (found.rows, found.rejected, found.people, found.distinct) == (5, 1, 4, 3)
    assert (found.types["email"].valid, found.types["email"].distinct) == (2, 1)
    assert (found.types["phone"].valid, found.types["phone"].distinct) == (4, 2)
    assert found.types["email"].invalid["not an e-mail address"] == 1


def test_each_person_is_shown_once(tmp_path):
    shown = []
    counted(
        tmp_path,
        "email\na@b.co\na@b.co\nc@d.co\n",
        {"email": 0},
        EMAIL,
        look=lambda records: shown.extend(bytes(record) for record in records),
    )
    assert sorted(shown) == sorted(hashlib.sha256(each).digest() for each in (b"a@b.co", b"c@d.co"))


@pytest.mark.parametrize("kinds", [(EMAIL,), (EMAIL, PHONE)])
def test_nothing_is_left_in_the_folder(tmp_path, kinds):
    counted(tmp_path, "email,phone\na@b.co,+447700900123\n", {"email": 0, "phone": 1}, *kinds)
    assert list(tmp_path.iterdir()) == []
