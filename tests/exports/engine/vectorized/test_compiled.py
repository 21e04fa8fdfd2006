import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from exports.engine.vectorized import compiled, warming
from exports.engine.vectorized.blocks import _cut
from exports.engine.vectorized.compiled import folder_in
from exports.engine.vectorized.disk import _read_places
from exports.engine.vectorized.judging import _judge
from exports.engine.vectorized.records import _move_people, _write_lines
from exports.engine.vectorized.tables import _keep_first, _lacking, _spread, lacking


def test_warming_compiles_every_loop_in_the_one_form_that_is_called():
    warming.warm()
    loops = (_cut, _judge, _move_people, _write_lines, _keep_first, _spread, _lacking, _read_places)
    for loop in loops:
        assert len(loop.signatures) == 1, loop


def test_records_that_lie_otherwise_are_looked_at_in_the_same_form():
    records = np.zeros((4, 64), dtype=np.uint8)
    records[:, 0] = 1
    read_only = np.frombuffer(records.tobytes(), dtype=np.uint8).reshape(4, 64)
    for each in (records, read_only, records[::2], records[:0]):
        assert not lacking(each, 0, 32)
        assert lacking(each, 32, 64) == (len(each) > 0)
    assert len(_lacking.signatures) == 1


def test_a_folder_is_named_after_the_sources(tmp_path, monkeypatch):
    folder = folder_in(tmp_path)
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    shutil.copytree(Path(compiled.__file__).parent, tmp_path / "sources")
    monkeypatch.setattr(compiled, "_HERE", tmp_path / "sources")
    assert folder_in(tmp_path) == folder
    with (tmp_path / "sources" / "vectors.py").open("a") as changed:
        changed.write("\n")
    assert folder_in(tmp_path) != folder


def test_where_nothing_can_be_written_what_is_kept_is_copied(tmp_path, monkeypatch):
    kept = folder_in(tmp_path)
    (kept / "loop.nbc").write_bytes(b"code")

    def refuse(**_):
        raise PermissionError

    monkeypatch.setattr(compiled.tempfile, "TemporaryFile", refuse)
    private = folder_in(tmp_path)
    assert private != kept
    assert (private / "loop.nbc").read_bytes() == b"code"
    assert private.stat().st_mode & 0o777 == 0o700


LOADED = """
import sys, tempfile
kept, usual = sys.argv[1], tempfile.TemporaryFile

def refuse(*words, **how):
    if str(how.get("dir", "")).startswith(kept):
        raise PermissionError
    return usual(*words, **how)

tempfile.TemporaryFile = refuse
from exports.engine.vectorized import warming
from exports.engine.vectorized.judging import _judge
warming.warm()
print(_judge.stats.cache_path.startswith(kept), len(_judge.stats.cache_hits))
"""


def test_a_process_that_may_write_nothing_loads_what_another_has_compiled(tmp_path):
    warming.warm()
    folder = folder_in(compiled._KEPT)
    shutil.copytree(folder, tmp_path / folder.name)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["False", "1"], done.stderr
