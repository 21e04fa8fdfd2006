"""A platform that is dropped in goes the whole way: authorization, destination, export."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# What the product is made of; everything else of a checkout is left out.
PARTS = [
    "audit",
    "authorizations",
    "destinations",
    "exports",
    "infosum_auth",
    "organizations",
    "providers",
    "sandbox",
    "static",
    "templates",
    "manage.py",
]


def copied_product(folder: Path) -> Path:
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, folder / part)
    return folder


def test_two_files_make_a_platform_that_audiences_are_delivered_to(tmp_path):
    product = copied_product(tmp_path / "product")
    shutil.copy(HERE / "adapter" / "billboard.py", product / "providers" / "platforms")
    shutil.copy(HERE / "emulator" / "billboard.py", product / "sandbox" / "platforms")
    servers = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_DATABASE_URL", "REDIS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in servers}
    done = subprocess.run(
        [sys.executable, "-m", "infosum_auth.demo_check", "--rows", "2000", "billboard"],
        cwd=product,
        env=environment | {"PYTHONPATH": str(product)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)["platforms"]["billboard"]
    assert figures["digest_equal"]
    assert figures["replaced_equal"]
    assert figures["held"] == figures["expected"] > 1_000
