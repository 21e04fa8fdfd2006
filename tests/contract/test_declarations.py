"""What every adapter declares must be complete, and make sense to the pages that show it."""

import hashlib
import re
from urllib.parse import urlsplit

import pytest

from providers import identifiers
from providers.declarations import FieldKind, Replace
from providers.errors import PlatformError


def test_names_fit_addresses_rows_and_pages(platform):
    assert re.fullmatch(r"[a-z0-9_]{1,40}", platform.key)
    assert platform.label.strip() == platform.label != ""
    assert 1 <= len(platform.mark) <= 2


def test_the_permission_is_in_words_with_a_link_to_the_platform(platform):
    needed = platform.permission
    assert len(needed.text.split()) >= 2
    assert needed.help_label
    assert urlsplit(needed.help_url).scheme == "https"
    assert "." in (urlsplit(needed.help_url).hostname or "")


def test_it_is_said_how_access_ends_there(platform):
    revocation = platform.revocation
    assert revocation.words
    assert revocation.by_call or urlsplit(revocation.url).scheme == "https"
    overrides = type(platform).revoke is not next(
        base.__dict__["revoke"]
        for base in reversed(type(platform).__mro__)
        if "revoke" in vars(base)
    )
    assert overrides is revocation.by_call


def test_native_replace_comes_with_a_way_to_clear(platform):
    base = next(base for base in reversed(type(platform).__mro__) if "clear" in vars(base))
    overrides = type(platform).clear is not vars(base)["clear"]
    assert overrides is (platform.replace == Replace.NATIVE)


def test_limits_are_published_ones(platform):
    limits = platform.limits
    assert limits.batch_rows > 0
    for kind in platform.identifiers:
        assert platform.rows_a_request([kind.key], {}) == limits.batch_rows
    if platform.identifiers_together:
        every = [kind.key for kind in platform.identifiers]
        assert 0 < platform.rows_a_request(every, {}) <= limits.batch_rows
    assert limits.batch_bytes is None or limits.batch_bytes > 0
    assert limits.minimum_audience >= 0
    assert limits.rates
    assert all(rate.count > 0 and rate.seconds > 0 for rate in limits.rates)


def test_identifiers_are_told_apart(platform):
    declared = platform.identifiers
    assert declared
    for names in ([one.key for one in declared], [one.wire_name for one in declared]):
        assert len(names) == len(set(names))
    columns = [column for one in declared for column in one.column_names]
    assert len(columns) == len(set(columns))
    assert all(re.fullmatch(r"[a-z0-9]+", column) for column in columns)
    assert all(one.label and one.example and one.column_names for one in declared)
    assert platform.identifier(declared[0].key) is declared[0]
    with pytest.raises(KeyError):
        platform.identifier("no such identifier")


def test_what_is_of_one_identifier_is_not_sent_several(platform):
    assert not (platform.audiences_are_of_one_type and platform.identifiers_together)


def test_identifiers_normalize_their_example_and_nothing_else(platform, facts):
    for declared in platform.identifiers:
        cleaned = declared.normalize(declared.example)
        assert cleaned
        assert declared.normalize(cleaned) == cleaned
        words = () if declared.key in facts.free_text else ("no one",)
        for bad in ("", "   ", "\N{SNOWMAN}", *words):
            with pytest.raises(identifiers.Invalid):
                declared.normalize(bad)


def test_identifiers_hash_to_the_sheets_vectors(platform, facts):
    assert set(facts.digests) == {declared.key for declared in platform.identifiers}
    for key, vectors in facts.digests.items():
        assert vectors
        for raw, digest in vectors.items():
            cleaned = platform.identifier(key).normalize(raw)
            assert identifiers.digest(cleaned) == digest
            assert hashlib.sha256(cleaned.encode()).hexdigest() == digest


@pytest.mark.parametrize("which", ["authorization_fields", "destination_fields"])
def test_form_fields_can_be_shown_and_checked(platform, which):
    fields = getattr(platform, which)
    names = [each.name for each in fields]
    assert len(names) == len(set(names))
    for each in fields:
        assert each.name.isidentifier()
        assert each.label
        assert (each.kind == FieldKind.CHOICE) is bool(each.choices)
        if each.pattern:
            re.compile(each.pattern)
            assert each.pattern_message
        if each.minimum is not None and each.maximum is not None:
            assert each.minimum <= each.maximum
        if each.kind == FieldKind.INTEGER and each.initial:
            assert (each.minimum or 0) <= int(each.initial)


def test_a_form_that_is_filled_well_is_accepted_and_asks_for_an_audience(platform, facts):
    names = {each.name for each in platform.destination_fields}
    required = {each.name for each in platform.destination_fields if each.required}
    assert required <= set(facts.settings) <= names
    assert platform.check_destination(facts.settings) == {}
    request = platform.audience_request("account-1", facts.settings)
    assert request.ad_account_id == "account-1"
    assert request.name or request.existing_id


def test_a_form_filled_with_the_examples_is_accepted(platform):
    fields = platform.destination_fields
    examples = {each.name: each.example for each in fields if each.example}
    assert {each.name for each in fields if each.required} <= set(examples)
    assert "audience_name" in examples, "the demo and the drill name their audiences"
    for each in fields:
        if each.example:
            assert not each.pattern or re.fullmatch(each.pattern, each.example)
            assert not each.choices or each.example in dict(each.choices)
    assert platform.check_destination(examples) == {}


def test_an_empty_form_is_refused_on_a_field_that_is_there(platform):
    required = {each.name for each in platform.destination_fields if each.required}
    complaints = platform.check_destination({})
    names = {each.name for each in platform.destination_fields}
    assert set(complaints) <= names
    assert required or complaints
    assert all(sentence.endswith(".") for sentence in complaints.values())


def test_every_error_has_a_next_step():
    def family(kind):
        yield kind
        for child in kind.__subclasses__():
            yield from family(child)

    assert all(kind.recovery for kind in family(PlatformError))
