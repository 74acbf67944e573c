"""What becomes of the frames that people keep: their crops, as moved, and their stills."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ava.core.canvas import Canvas
from ava.core.errors import ConfigError, MediaError
from ava.core.file_names import file_safe
from ava.core.geometry import Box
from ava.core.progress import OnProgress, silent
from ava.deciding import kept
from ava.ranking.canvas_picks import CanvasPick
from ava.ranking.canvases import FrameLayout, best_crop, crop_at, cuts_a_face
from ava.review.sheet import write_sheet
from ava.settings import Settings
from ava.source.opening import Source, open_source
from ava.source.remote import located
from ava.store.atomic import replacing_folder, store_errors
from ava.store.crops import layouts_of, read_crops, write_crops_file
from ava.store.decisions import (
    DECISIONS,
    Decision,
    Decisions,
    MovedCrop,
    read_decisions,
    standing_crops,
)
from ava.store.decisions_csv import to_csv
from ava.store.kept_pictures import KeptPictures
from ava.store.manifest import read_manifest, write_manifest
from ava.store.title_folder import (
    CROPS,
    CROPS_FILE,
    MANIFEST,
    SHEET,
    STILLS,
    STILLS_FILE,
    Title,
    link_or_copy,
    read_json,
    read_ranking,
    read_title,
)
from ava.winners import Wanted, aspects_of, write_frames

_OFF_SHAPE = 0.02  # by so much of its sides' ratio a moved crop may miss its canvas: rounded pixels


@dataclass(frozen=True)
class Recropped:
    """What `recrop` did.

    Attributes
    ----------
    folder : pathlib.Path
        The title folder.
    n_crops, n_moved : int
        Crops in all, and those that people moved.
    warnings : tuple of str
        Crops that are small for their canvas, or cut a face.
    """

    folder: Path
    n_crops: int
    n_moved: int
    warnings: tuple[str, ...]


def decided_about(folder: Path) -> Decisions | None:
    """The decisions in a title folder; None where nobody decided anything."""
    path = folder / DECISIONS
    return read_decisions(path) if path.is_file() else None


def recrop(folder: Path, settings: Settings, on_progress: OnProgress = silent) -> Recropped:
    """Write the crops of a title anew from its film, as people moved them.

    The frames that are kept get a crop on every canvas; where none is kept, those that the ranking
    chose. A crop that a person moved is taken as it is; the others are the best that cut no face.
    Everything else in the folder stays as it is, and all of it when this fails.

    Parameters
    ----------
    folder : pathlib.Path
        A title folder that was ranked.
    settings : Settings
        Those of the stills are used.
    on_progress : callable, optional
        Told how far it is.

    Raises
    ------
    ConfigError
        When the title has no canvases, or a moved crop has not the shape of its canvas.
    MediaError
        When the film is not where it was.
    """
    title, decided = read_title(folder), decided_about(folder)
    before = read_crops(folder)
    if not before:
        raise ConfigError(f"{folder} has no canvases", "rank it with --canvas first")
    canvases = [
        Canvas(one["name"], one["use"], one["width_px"], one["height_px"]) for one in before
    ]
    moved = standing_crops(decided.crops) if decided is not None else ()
    keeps = [one.frame_id for one in kept(decided)] if decided is not None else []
    wanted, cut = _wanted(folder, title, canvases, before, keeps, moved)
    with _film_of(title) as source, replacing_folder(folder) as draft:
        with store_errors(folder):
            ignore = shutil.ignore_patterns(CROPS, CROPS_FILE, SHEET, MANIFEST)
            shutil.copytree(
                folder, draft, copy_function=link_or_copy, ignore=ignore, dirs_exist_ok=True
            )
        written = write_frames(source, draft, title, wanted, settings, on_progress, KeptPictures())
        for canvas, frame_id in cut:
            for entry in written.crops[canvas]:
                if entry["frame_id"] == frame_id:
                    entry["warning"] = "; ".join(filter(None, [entry["warning"], "cuts a face"]))
        write_crops_file(draft, canvases, written.crops)
        write_sheet(draft)
        manifest = read_manifest(folder)
        if manifest is not None:
            facts = {key: manifest[key] for key in manifest if key not in ("schema", "files")}
            write_manifest(draft, facts)
    entries = [entry for each in written.crops.values() for entry in each]
    by_person = {(one.canvas, one.frame_id) for one in moved}
    return Recropped(
        folder,
        len(entries),
        sum((one["canvas"], one["frame_id"]) in by_person for one in entries),
        tuple(
            f"{one['canvas']} at {one['label']}: {one['warning']}"
            for one in entries
            if one["warning"]
        ),
    )


def _wanted(
    folder: Path,
    title: Title,
    canvases: Sequence[Canvas],
    before: Sequence[dict[str, Any]],
    keeps: Sequence[int],
    moved: Sequence[MovedCrop],
) -> tuple[dict[int, Wanted], list[tuple[str, int]]]:
    """The crops of every frame, and those by people that cut a face."""
    layout_of = layouts_of(folder, title.pool, aspects_of(title))
    rows = {int(frame_id): row for row, frame_id in enumerate(title.pool.frame_ids)}
    by_person = {(one.canvas, one.frame_id): one for one in moved}
    worth = {one.frame_id: one.utility for one in read_ranking(folder).candidates}
    unknown = [one for one in [*keeps, *(one.frame_id for one in moved)] if one not in rows]
    if unknown:
        raise ConfigError(
            f"{folder} has no frame {unknown[0]}", "its decisions were made on another scan of it"
        )
    wanted: dict[int, Wanted] = defaultdict(Wanted)
    cut = []
    for canvas, entry in zip(canvases, before, strict=True):
        ranked = [int(one["frame_id"]) for one in entry["crops"]]
        frames = list(keeps) or list(dict.fromkeys([*ranked, *_moved_on(canvas, moved)]))
        picks = []
        for frame_id in frames:
            layout, person = layout_of(rows[frame_id]), by_person.get((canvas.name, frame_id))
            if person is not None:
                box = _checked(person, canvas, layout)
                crop = crop_at(layout, canvas, box)
                if cuts_a_face(layout, box):
                    cut.append((canvas.name, frame_id))
            else:
                found = best_crop(layout, canvas)
                if found is None:
                    continue
                crop = found
            picks.append((0.5 * worth.get(frame_id, 0.0) + 0.5 * crop.score, frame_id, crop))
        picks.sort(key=lambda one: (-one[0], one[1]))
        for rank, (value, frame_id, crop) in enumerate(picks, start=1):
            wanted[frame_id].crops.append((canvas, CanvasPick(rank, frame_id, value, crop)))
    return wanted, cut


def _moved_on(canvas: Canvas, moved: Sequence[MovedCrop]) -> list[int]:
    return [one.frame_id for one in moved if one.canvas == canvas.name]


def _checked(moved: MovedCrop, canvas: Canvas, layout: FrameLayout) -> Box:
    """The box of a moved crop, which has the shape of its canvas."""
    box = Box(*moved.box_xyxy)
    aspect = (box.x1 - box.x0) * layout.aspect / (box.y1 - box.y0)
    if abs(aspect / canvas.aspect - 1) > _OFF_SHAPE:
        raise ConfigError(
            f"the crop of {moved.label} for {canvas.name}, moved by {moved.by or 'somebody'}, has "
            f"the shape {aspect:.2f}, not {canvas.aspect:.2f}",
            "move it again in the contact sheet",
        )
    return box


def _film_of(title: Title) -> Source:
    path = located(title.facts["path"])
    if "episodes" in title.facts:
        raise ConfigError(f"{title.facts['title']} is a season", "name the folders of its episodes")
    if not path.exists():
        raise MediaError(
            f"the film of this title is not at {path} any more",
            "put it back there, or rank it from where it is now",
        )
    return open_source(path)


def write_stills_zip(
    path: Path, folder: Path, decisions: Sequence[Decision], settings: Settings
) -> int:
    """Write the full-resolution stills of some frames, with a list of them, as a zip file.

    Stills that the title folder has are taken from there, the others are decoded.

    Returns
    -------
    int
        How many stills it holds.
    """
    title = read_title(folder)
    stored = read_json(folder / STILLS_FILE)["stills"] if (folder / STILLS_FILE).is_file() else {}
    with tempfile.TemporaryDirectory(prefix="ava-stills-") as name:
        draft = Path(name)
        (draft / STILLS).mkdir()
        missing = {
            one.frame_id: Wanted(f"frame_{one.frame_id:08d}_{file_safe(one.label)}")
            for one in decisions
            if str(one.frame_id) not in stored
        }
        made: dict[int, list[str]] = {}
        if missing:
            with _film_of(title) as source:
                written = write_frames(
                    source, draft, title, missing, settings, silent, KeptPictures()
                )
            made = written.stills
        partial = path.with_name(f".{path.name}.partial")
        with store_errors(path):
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as out:
                for one in decisions:
                    place = draft if one.frame_id in made else folder
                    files = made.get(one.frame_id) or stored[str(one.frame_id)]
                    for file in files:
                        ending = file.split("_", 1)[-1] if place is folder else file
                        known = f"{one.frame_id:08d}_{ending.removeprefix('frame_')}"
                        out.write(place / STILLS / file, known)
                about = Decisions(
                    title.facts["title"], title.facts["source"]["content_id"], tuple(decisions)
                )
                out.writestr("stills.csv", to_csv(about))
            partial.replace(path)
    return len(decisions)
