"""However many ask for a fresh token, the platform is asked once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Lock
from time import sleep

import pytest
from django.db import connections
from django.utils import timezone

from authorizations import tokens
from authorizations.models import Authorization
from authorizations.uses import Use
from organizations import fence
from tests.sample_platform import TOKEN_URL, knows

pytestmark = pytest.mark.django_db(transaction=True)


def test_sixteen_who_ask_at_once_cause_one_refresh(authorization, network):
    knows(network)
    issued = timezone.now() - timedelta(hours=1)
    with fence.inside(authorization.organization_id):
        Authorization.objects.update(
            access_issued_at=issued, access_expires_at=issued + timedelta(seconds=1800)
        )
    asked, lock = [], Lock()

    def answer(request):
        with lock:
            asked.append(request.body)
        sleep(0.3)
        return 200, {}, '{"access_token": "new", "token_type": "bearer", "expires_in": 1800}'

    network.add_callback("POST", TOKEN_URL, callback=answer)

    def ask(_number):
        try:
            return tokens.call(
                authorization.organization_id,
                authorization.id,
                Use("check"),
                lambda platform, connection: connection.tokens.access.reveal(),
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(ask, range(16)))
    assert got == ["new"] * 16
    assert len(asked) == 1
