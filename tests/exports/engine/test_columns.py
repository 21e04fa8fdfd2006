import hashlib
import io

from exports.engine.columns import Form, columns_of, recognized
from exports.engine.reading import look_at
from providers import identifier_types, identifiers
from providers.declarations import IdentifierType

EMAIL = identifier_types.email("EMAIL", identifiers.email)
PHONE = identifier_types.phone("PHONE", identifiers.phone_e164)
HASHES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(3)]


def shape(text: str, *, has_header=None):
    return look_at(io.BytesIO(text.encode()), has_header=has_header)


def test_a_column_is_recognized_by_its_name():
    found = recognized(shape("id,E-Mail Address,Mobile\n1,a@b.example,x\n"), [EMAIL])
    assert found == {"email": 1}


def test_a_column_is_recognized_by_what_it_holds():
    text = "id,contact,other\n1,jane@example.com,+44 7700 900123\n2,,+44 7700 900124\n"
    assert recognized(shape(text), [EMAIL, PHONE]) == {"email": 1, "phone": 2}


def test_a_name_counts_more_than_content_but_not_against_it():
    both = "backup,email\nold@example.com,jane@example.com\nx@example.com,n/a\n"
    assert recognized(shape(both), [EMAIL]) == {"email": 1}
    opt_in = "email opt-in,contact\nyes,jane@example.com\nno,joe@example.com\n"
    assert recognized(shape(opt_in), [EMAIL]) == {"email": 1}


def test_a_named_column_may_be_empty_or_hashed_in_the_first_rows():
    assert recognized(shape("id,email\n1,\n2,\n"), [EMAIL]) == {"email": 1}
    text = "id,email_sha256\n" + "".join(f"{n},{each}\n" for n, each in enumerate(HASHES))
    assert recognized(shape(text), [EMAIL, PHONE]) == {"email": 1}


def test_the_only_column_of_hashes_is_the_only_type():
    text = "id,key\n" + "".join(f"{n},{each}\n" for n, each in enumerate(HASHES))
    assert recognized(shape(text), [EMAIL]) == {"email": 1}
    assert recognized(shape(text), [EMAIL, PHONE]) == {}
    twice = "".join(f"{each},{each}\n" for each in HASHES)
    assert recognized(shape(twice), [EMAIL]) == {}


def test_each_column_is_taken_once():
    second = identifier_types.IdentifierType("second", "Second", "S", identifiers.email)
    found = recognized(shape("email,x\njane@example.com,1\n"), [EMAIL, second])
    assert found == {"email": 0}
    two = shape("email,other\njane@example.com,joe@example.com\n")
    assert recognized(two, [EMAIL, second]) == {"email": 0, "second": 1}


def test_nothing_is_recognized_where_nothing_looks_like_it():
    assert recognized(shape("id,city\n1,Berlin\n2,Oslo\n"), [EMAIL, PHONE]) == {}


def test_columns_say_their_form_and_show_masked_samples():
    text = (
        f"raw,hashed,mixed,empty\njane@example.com,{HASHES[0]},{HASHES[1]},\n"
        f"joe@example.com,{HASHES[2].upper()},jim@example.com,\n"
    )
    found = columns_of(shape(text))
    assert [column.form for column in found] == [Form.RAW, Form.HASHED, Form.MIXED, Form.EMPTY]
    assert [column.number for column in found] == [0, 1, 2, 3]
    assert found[0].samples == ("j•••@e•••.com", "j•••@e•••.com")
    assert found[3].samples == ()
    assert not any("jane" in sample for column in found for sample in column.samples)


def test_a_file_without_a_header_has_numbered_columns():
    found = columns_of(shape("jane@example.com,1\njoe@example.com\n"))
    assert [column.name for column in found] == ["Column 1", "Column 2"]


def test_a_type_that_any_text_may_be_is_recognized_by_its_name_alone():
    city = IdentifierType("city", "City", "city", str.strip, ("city",), by_name_only=True)
    assert recognized(shape("town,other\nBerlin,Oslo\n"), [city]) == {}
    assert recognized(shape("town,city\nBerlin,Oslo\n"), [city]) == {"city": 1}
