from exports.engine import rejects
from exports.engine.rejects import HEADER, Rejects


def test_lines_are_kept_whole_up_to_the_limit_and_then_one_says_so(monkeypatch):
    monkeypatch.setattr(rejects, "MOST_BYTES", 25)
    found: list[bytes] = []
    kept = Rejects(found.append)
    for lines in (b"1,email,a\n", b"2,email,a\n3,email,a\n", b"4,email,a\n"):
        kept.take(lines)
    more = b',,"and more: only the first are listed, all are counted"\n'
    assert b"".join(found) == HEADER + b"1,email,a\n2,email,a\n"[:20] + more


def test_exactly_as_many_as_the_limit_are_all_there(monkeypatch):
    monkeypatch.setattr(rejects, "MOST_BYTES", 20)
    found: list[bytes] = []
    kept = Rejects(found.append)
    kept.take(b"1,email,a\n")
    kept.take(b"2,email,a\n")
    assert b"".join(found) == HEADER + b"1,email,a\n2,email,a\n"


def test_the_first_that_has_no_place_behind_a_full_list_is_said(monkeypatch):
    monkeypatch.setattr(rejects, "MOST_BYTES", 20)
    found: list[bytes] = []
    kept = Rejects(found.append)
    for number in range(1, 5):
        kept.take(b"%d,email,a\n" % number)
    more = b',,"and more: only the first are listed, all are counted"\n'
    assert b"".join(found) == HEADER + b"1,email,a\n2,email,a\n" + more
