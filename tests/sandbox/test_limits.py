"""Published rates are enforced in real time: 10 requests a second a token, 20 an application."""

import time


def statuses(caller, count):
    return [caller.get("me").status_code for _ in range(count)]


def test_a_token_has_a_rate_and_the_refusal_has_no_hint(dana):
    answers = [dana.get("me") for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:10]] == [200] * 10
    assert refused
    names = {name.lower() for name in refused[0].headers}
    assert "retry-after" not in names
    assert not any("rate" in name for name in names)


def test_a_rate_recovers(dana):
    assert 429 in statuses(dana, 30)
    time.sleep(0.5)
    assert statuses(dana, 3) == [200] * 3


def test_tokens_have_rates_of_their_own_within_the_applications(snapchat):
    people = ["Dana Data", "Mia Mixed", "Carla Campaign", "Rita Reports", "Nora None"]
    callers = [snapchat.sign_in(person) for person in people]
    assert statuses(callers[0], 9) == [200] * 9
    assert statuses(callers[1], 9) == [200] * 9
    assert 429 in [status for caller in callers[2:] for status in statuses(caller, 9)]


def test_what_came_too_fast_is_counted_and_a_fault_is_not(dana, sandbox):
    refused = statuses(dana, 30).count(429)
    sandbox.fault("snapchat", "throttle")
    time.sleep(0.2)
    assert dana.get("me").status_code == 429
    assert sandbox.control("GET", "requests").json()["snapchat"]["too fast"] == refused > 0
    log = sandbox.control("GET", "snapchat/log").json()
    assert sum(each["too_fast"] for each in log) == refused
    assert [each["at"] for each in log] == sorted(each["at"] for each in log)


def test_rates_can_be_switched_off(dana, unlimited):
    assert statuses(dana, 50) == [200] * 50
