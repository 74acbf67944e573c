"""Whether what a title folder holds still stands, and if not, what has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from ava.core.errors import AvaError, ConfigError
from ava.scoring_pass import software
from ava.settings import Settings
from ava.source.info import VideoInfo
from ava.source.remembered import Remembered
from ava.source.remote import SourcePath
from ava.store.manifest import SourceStamp, file_hash, read_manifest
from ava.store.title_folder import RANKING, SCORES, TITLE, Title, read_json


def remembered(path: SourcePath, folder: Path) -> tuple[Remembered, SourceStamp] | None:
    """A source by what its title folder says of it; None where it may be another one by now.

    It is the same one if it is the same file by its stamp: nothing of it is read.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        The file, or the folder of pictures.
    folder : pathlib.Path
        Where its title would be.
    """
    manifest = read_manifest(folder)
    if manifest is None or manifest["software"] != software():
        return None
    try:
        stamp, facts = SourceStamp.of(path), read_json(folder / TITLE)
    except (OSError, AvaError):
        return None
    found = {"path": str(path.resolve()), **asdict(stamp)}
    if manifest["source"] != {**found, "content_id": facts["source"]["content_id"]}:
        return None
    try:
        return Remembered(path, facts["source"], Fraction(facts["time_base"])), stamp
    except KeyError:  # written when less was kept
        return None


def made_from(
    title: Title,
    info: VideoInfo,
    stamp: SourceStamp,
    settings: Settings | None,
    earlier: Path | None,
    seconds: float,
) -> dict[str, Any]:
    """What a title folder was made from, for its manifest.

    Parameters
    ----------
    title : Title
        The scored title.
    info : VideoInfo
        Its source.
    stamp : SourceStamp
        How it looked when it was opened.
    settings : Settings or None
        Those of the ranking; None where it was not ranked.
    earlier : pathlib.Path or None
        The folder whose scores were used; None where it was scored anew.
    seconds : float
        How long it took.
    """
    before = (read_manifest(earlier) if earlier else None) or {}
    scored_seconds = before.get("scored_seconds") if earlier else round(seconds, 3)
    facts = title.facts
    return {
        "title": facts["title"],
        "source": {
            "path": str(info.path.resolve()),
            "content_id": facts["source"]["content_id"],
            **asdict(stamp),
        },
        "software": software(),
        "scan": facts["scan"],
        "scan_id": facts["scan_id"],
        "scorer_ids": facts["scorer_ids"],
        "problems": facts["problems"],
        "n_frames": facts["n_frames"],
        "scored_seconds": scored_seconds,
        "ranked_seconds": round(seconds, 3) if earlier else None,
        "ranked_with": None if settings is None else ranked_with(settings),
    }


def season_made_from(
    facts: Mapping[str, Any],
    settings: Settings,
    episodes: Mapping[str, Mapping[str, Any] | None],
    seconds: float,
) -> dict[str, Any]:
    """What the folder of a season was made from, for its manifest.

    Parameters
    ----------
    facts : mapping
        Its ``title.json``.
    settings : Settings
        Those of its ranking.
    episodes : mapping of str to mapping or None
        Manifests of its episodes by the names of their folders, in their order, as the season left
        them: without the pictures that it has.
    seconds : float
        How long it took.
    """
    return {
        "title": facts["title"],
        "source": {
            "path": "",
            "content_id": facts["source"]["content_id"],
            "n_bytes": 0,
            "modified_ns": 0,
        },
        "software": software(),
        "scorer_ids": facts["scorer_ids"],
        "problems": facts["problems"],
        "n_frames": 0,  # its episodes have been counted
        "scored_seconds": None,
        "ranked_seconds": round(seconds, 3),
        "ranked_with": ranked_with(settings),
        "episodes": [_as_member(name, one) for name, one in episodes.items()],
    }


def _as_member(name: str, manifest: Mapping[str, Any] | None) -> dict[str, Any]:
    files = {} if manifest is None else manifest["files"]
    hashes = {file: files.get(file, {}).get("blake2b") for file in (SCORES, RANKING)}
    return {"folder": name, **hashes}


def season_changes(
    facts: Mapping[str, Any], settings: Settings, episodes: Mapping[str, Mapping[str, Any] | None]
) -> list[str]:
    """Why a stored season does not hold any more, by its manifest; empty where it does."""
    before = {one["folder"]: one for one in facts["episodes"]}
    now = {name: _as_member(name, one) for name, one in episodes.items()}
    reasons = [f"{name} is new in it" for name in now if name not in before]
    reasons += [f"{name} is not in it any more" for name in before if name not in now]
    reasons += [
        f"{name} was ranked again" for name in now if name in before and before[name] != now[name]
    ]
    if not reasons and list(before) != list(now):
        reasons.append("its episodes are in another order")
    return reasons + ranking_changes(facts, settings)


def ranked_with(settings: Settings) -> dict[str, Any]:
    """All that decides a ranking and its pictures once the frames are scored, as JSON has it.

    Of files that the settings name, such as a taste or a list of people, the content counts.

    Raises
    ------
    ConfigError
        When such a file cannot be read.
    """
    named = {"ranking.profile": settings.ranking.profile, "cast.names": settings.cast.names}
    files = {}
    for key, name in named.items():
        if name and Path(name).is_file():
            try:
                files[key] = file_hash(Path(name))
            except OSError as error:
                raise ConfigError(f"{name} cannot be read: {error.strerror}") from error
    facts = {**settings.of_ranking, "stills": asdict(settings.stills), "content of": files}
    plain: dict[str, Any] = json.loads(json.dumps(facts))
    return plain


def scores_changes(
    facts: Mapping[str, Any], content_id: str, settings: Settings | None, ids: Sequence[str]
) -> list[str]:
    """Why stored scores do not hold any more; empty where they do.

    Parameters
    ----------
    facts : mapping
        ``title.json`` or the manifest: both have these facts in the same places.
    content_id : str
        Fingerprint of the film as it is now.
    settings : Settings or None
        Those of now; None where any scan will do.
    ids : sequence of str
        Fingerprints of the scorers and analysers of now. Those that were asked for then, and are
        not now, do no harm.
    """
    reasons = []
    if facts["source"]["content_id"] != content_id:
        reasons.append("the film is another one")
    if settings is not None and facts["scan_id"] != settings.scan_id:
        now = json.loads(json.dumps(settings.scan.facts))
        reasons += changed(facts["scan"], now, "scan") or ["scan: other settings"]
    known = set(facts["scorer_ids"])
    before = {one.split("-", 1)[0]: one for one in known}
    for one in ids:
        if one not in known:
            name = one.split("-", 1)[0]
            was = before.get(name)
            reasons.append(f"scorer {name}: {'new' if was is None else f'{was}, now {one}'}")
    return reasons


def ranking_changes(facts: Mapping[str, Any], settings: Settings) -> list[str]:
    """Why a stored ranking does not hold any more, by its manifest; empty where it does."""
    if facts["ranked_with"] is None:
        return ["it was never ranked"]
    reasons = []
    if facts["software"] != software():
        reasons.append(f"ranked by {facts['software']}, now {software()}")
    return reasons + changed(facts["ranked_with"], ranked_with(settings), "")


def changed(before: Any, now: Any, name: str) -> list[str]:
    """Each setting that differs, as "ranking.top: 12, now 20"."""
    if isinstance(before, dict) and isinstance(now, dict):
        found = []
        for key in dict.fromkeys((*before, *now)):
            inner = f"{name}.{key}" if name else str(key)
            found += changed(before.get(key), now.get(key), inner)
        return found
    if before == now:
        return []
    if name.startswith("content of."):
        return [f"{name.removeprefix('content of.')}: the file says something else now"]
    return [f"{name}: {_short(before)}, now {_short(now)}"]


def _short(value: Any) -> str:
    text = "not set" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
