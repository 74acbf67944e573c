"""Looks at a catalog before anything starts."""

from __future__ import annotations

import os

from ava.catalog.titles import Catalog, CatalogProblem
from ava.core.errors import AvaError, ConfigError
from ava.source.remote import RemotePath


def missing_sources(catalog: Catalog) -> list[CatalogProblem]:
    """Titles whose source is not there, is empty, or may not be read; nothing is opened.

    Remote ones are asked for one by one.
    """
    problems = []
    for one in catalog.titles:
        message = ""
        try:
            facts = one.path.stat()
        except AvaError as error:
            message = error.message
        except OSError as error:
            message = f"{one.path}: {(error.strerror or str(error)).lower()}"
        else:
            if isinstance(one.path, RemotePath):
                message = "" if facts.st_size else f"{one.path} is empty"
            elif not one.path.is_file() and not one.path.is_dir():
                message = f"{one.path} is neither a file nor a folder"
            elif not os.access(one.path, os.R_OK):
                message = f"{one.path} may not be read"
            elif one.path.is_file() and facts.st_size == 0:
                message = f"{one.path} is empty"
        if message:
            problems.append(CatalogProblem(one.line, one.title_id, message))
    return problems


def require_whole(catalog: Catalog) -> None:
    """Make sure that every row of a catalog could be read.

    Raises
    ------
    ConfigError
        When one could not: what it names would seem to belong to nobody.
    """
    if catalog.problems:
        first = catalog.problems[0]
        raise ConfigError(
            f"{catalog.name}:{first.line}: {first.message}",
            "mend the catalog first: see ava catalog check",
        )
