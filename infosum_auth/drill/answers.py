"""The platform does not answer as it should."""

from __future__ import annotations

from infosum_auth.drill.scene import Drill, Fault

_THREE_HOURS = 3 * 3600.0


def platform_throttles(drill: Drill) -> None:
    """HTTP 429, several times."""
    drill.sleep(1, 4)
    drill.fault("throttle", count=6)


def platform_fails(drill: Drill) -> None:
    """HTTP 500, several times."""
    drill.sleep(1, 4)
    drill.fault("fail", count=4)


def platform_is_down(drill: Drill) -> None:
    """HTTP 500 to whatever is asked, for longer than patience lasts; then it is there again."""
    drill.sleep(1, 4)
    drill.fault("fail", count=None)
    drill.sleep(15, 30)
    drill.calm()


def tokens_expire(drill: Drill) -> None:
    """HTTP 401 in the middle."""
    drill.sleep_until_sending()
    drill.fault("expire")


def clock_moves(drill: Drill) -> None:
    """Move the platform's clock hours ahead: tokens that we think good are not."""
    drill.sleep_until_sending()
    drill.tell("POST", "clock", {"advance": _THREE_HOURS})


def platform_says_garbage(drill: Drill) -> None:
    """Carried out, and answered by something that is not the platform's."""
    drill.sleep_until_sending()
    drill.fault("garbage", count=2)


def answers_are_cut(drill: Drill) -> None:
    """Carried out, the answer cut in the middle."""
    drill.sleep_until_sending()
    drill.fault("half_body", count=2)


def answer_comes_too_late(drill: Drill) -> None:
    """Carried out, the answer after everybody has given up waiting."""
    drill.sleep_until_sending()
    drill.fault("accept_then_timeout")


FAULTS = {
    "platform_throttles": Fault(platform_throttles, answer=429),
    "platform_fails": Fault(platform_fails, answer=500),
    "platform_is_down": Fault(platform_is_down, answer=500),
    "tokens_expire": Fault(tokens_expire, answer=401),
    "clock_moves": Fault(clock_moves, answer=401),
    "platform_says_garbage": Fault(platform_says_garbage, may_resend=2),
    "answers_are_cut": Fault(answers_are_cut, may_resend=2),
    "answer_comes_too_late": Fault(answer_comes_too_late, may_resend=1),
}
