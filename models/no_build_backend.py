"""Answers pip in place of setuptools while it downloads a source release.

pip asks the builder of a release for its name and version before it lets go of the file (PEP 517),
and setuptools would run the release's ``setup.py`` to find out. They stand in the ``PKG-INFO``
beside it already. `models.releases` puts this file where pip looks for
``setuptools.build_meta:__legacy__``; it must not import anything of ours.
"""

from __future__ import annotations

import shutil
from email.parser import HeaderParser
from pathlib import Path


class __legacy__:  # noqa: N801 (the name that PEP 517 gives it)
    """The builder of releases that name none."""

    @staticmethod
    def prepare_metadata_for_build_wheel(folder: str, config_settings: object = None) -> str:
        """Put the metadata of the release in the working directory into a folder.

        Parameters
        ----------
        folder : str
            Where it is wanted.
        config_settings : object
            Not used.

        Returns
        -------
        str
            Name of the ``.dist-info`` folder made in it.
        """
        facts = HeaderParser().parsestr(Path("PKG-INFO").read_text("utf-8"))
        info = Path(folder, f"{facts['Name']}-{facts['Version']}.dist-info")
        info.mkdir()
        shutil.copy("PKG-INFO", info / "METADATA")
        return info.name
