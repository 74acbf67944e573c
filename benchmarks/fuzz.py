"""Damages real files at random and ranks them: every one must end, with pictures or an error of ours.

python -m benchmarks.fuzz [--n 500] [--seed 1] FILE ...
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.catalog import catalog_of
from benchmarks.record import write
from tests.mutations import write_mutations

_OURS = {"", "media", "nothing"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        films = write_mutations(words.files, Path(root) / "damaged", words.n, words.seed)
        catalog = catalog_of(Path(root) / "catalog.csv", list(films.values()))
        command = [sys.executable, "-c", "from ava.cli.app import main; main()", "batch"]
        command += [str(catalog), "-o", f"{root}/library", "--jobs", str(words.jobs), "--json"]
        command += ["--max-time", "60", "--max-memory", "6G", "--set", "ranking.top=2", "--offline"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 6):  # the batch itself went down
            sys.exit(f"ava batch ended with {done.returncode}: {done.stderr[-2000:]}")
        report = json.loads(done.stdout)
    bad = [one for one in report["titles"] if one["cause"] not in _OURS]
    for one in bad:
        print(one["title_id"], one["cause"], one["reason"])
    write(
        "fuzz",
        {"files": [one.name for one in words.files], "n": words.n, "seed": words.seed},
        {
            "wall_seconds": report["seconds"],
            "statuses": report["counts"],
            "causes": dict(Counter(one["cause"] or "ranked" for one in report["titles"])),
            "slowest_seconds": round(max(one["seconds"] for one in report["titles"]), 1),
            "worker_deaths": report["n_retries"],
            "not_ours": [one["title_id"] for one in bad],
        },
    )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
