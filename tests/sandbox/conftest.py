"""The sandbox by its sheet, over HTTP, without any code of the product."""

import pytest

from tests.sandbox.raw_snapchat import Caller, RawSnapchat
from tests.sandbox_process import Sandbox


@pytest.fixture
def snapchat(sandbox: Sandbox) -> RawSnapchat:
    return RawSnapchat(sandbox)


@pytest.fixture
def dana(snapchat: RawSnapchat) -> Caller:
    """Somebody who may write the audiences of one ad account."""
    return snapchat.sign_in("Dana Data")


@pytest.fixture
def unlimited(sandbox: Sandbox) -> None:
    sandbox.fault("snapchat", "no_rate_limits", count=None)
