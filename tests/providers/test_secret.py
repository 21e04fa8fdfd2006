import copy
import json
import logging
import pickle
import traceback

import pytest
from django.template import Context, Engine

from providers.secret import Secret
from providers.values import ConsentStart, Tokens

TEXT = "token-0.MGQCxyz123"


@pytest.fixture
def secret():
    return Secret(TEXT)


def test_shows_its_text_only_when_asked(secret):
    assert secret.reveal() == TEXT
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:>40}"]
    shown += ["%s" % secret, "{}".format(secret), repr([secret]), repr(Tokens(secret))]  # noqa: UP031, UP032
    assert all(TEXT not in text for text in shown)
    assert all("***" in text for text in shown)


def test_is_masked_in_logs_and_tracebacks(secret, caplog):
    logging.getLogger("test").warning("failed with %s", secret)
    with pytest.raises(ValueError) as caught:
        raise ValueError(secret)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert TEXT not in "".join(told.format())
    assert TEXT not in caplog.text
    assert "***" in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_is_not_serialized(secret, protocol):
    with pytest.raises(TypeError):
        pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        pickle.dumps(Tokens(secret), protocol)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_holds_nothing_that_vars_would_show(secret):
    with pytest.raises(TypeError):
        vars(secret)


def test_is_shared_not_doubled_by_a_copy(secret):
    assert copy.copy(secret) is secret
    assert copy.deepcopy(Tokens(secret)).access is secret


def test_is_not_called_by_a_template(secret):
    page = (
        Engine().from_string("{{ secret.reveal }}{{ secret }}").render(Context({"secret": secret}))
    )
    assert page == "Secret(***)"


def test_compares_by_its_text(secret):
    assert secret == Secret(TEXT)
    assert secret != Secret("other")
    assert secret != TEXT
    assert len({secret, Secret(TEXT), Secret("ü")}) == 2
    assert not Secret("")


def test_a_consent_address_is_not_shown_because_it_holds_the_state():
    start = ConsentStart(url="https://platform.example/?state=s3cr3t", lookup=Secret("s3cr3t"))
    assert "s3cr3t" not in repr(start)
