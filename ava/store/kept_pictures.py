"""Stills and crops of an earlier ranking: the same picture need not be decoded again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ava.core.canvas import Canvas
from ava.core.identity import settings_id
from ava.ranking.canvas_picks import CanvasPick
from ava.store.crops import crop_file, read_crops
from ava.store.stills import StillSettings, is_hdr
from ava.store.title_folder import STILLS, STILLS_FILE, link_or_copy, read_json, write_json

_CropKey = tuple[int, str, int, int, tuple[float, ...]]


@dataclass(frozen=True)
class KeptPictures:
    """What an earlier ranking of the same scan wrote, as far as it was written in the same way.

    Attributes
    ----------
    folder : pathlib.Path
        Its folder.
    stills : mapping of int to sequence of str
        The files of each frame: the still, and its HDR picture.
    crops : mapping
        The entry of ``crops.json`` of each part of a frame.
    """

    folder: Path = Path()
    stills: Mapping[int, Sequence[str]] = field(default_factory=dict)
    crops: Mapping[_CropKey, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, made_with: str) -> KeptPictures:
        """The pictures in a title folder; none where they were written in another way."""
        path = folder / STILLS_FILE
        facts = read_json(path) if path.is_file() else {}
        if facts.get("made_with") != made_with:
            return cls()
        stills = {
            int(frame_id): names
            for frame_id, names in facts["stills"].items()
            if all((folder / STILLS / name).is_file() for name in names)
        }
        crops = {
            (
                int(one["frame_id"]), canvas["name"], canvas["width_px"], canvas["height_px"],
                _edges(one["box"]),
            ): one
            for canvas in read_crops(folder)
            for one in canvas["crops"]
            if (folder / one["file"]).is_file()
        }  # fmt: skip
        return cls(folder, stills, crops)

    def take_still(self, draft: Path, frame_id: int, name: str) -> list[str]:
        """Put the still of a frame into a new folder; gives its files, none where it is not kept."""
        taken = []
        for old in self.stills.get(frame_id, ()):
            ending = "_hdr.png" if is_hdr(Path(old)) else Path(old).suffix
            taken.append(name + ending)
            link_or_copy(str(self.folder / STILLS / old), str(draft / STILLS / taken[-1]))
        return taken

    def take_crop(
        self, draft: Path, canvas: Canvas, pick: CanvasPick, label: str
    ) -> dict[str, Any]:
        """Put a crop into a new folder; gives its entry, empty where it is not kept."""
        box = pick.crop.box
        edges = (box.x0, box.y0, box.x1, box.y1)
        old = self.crops.get((pick.frame_id, canvas.name, canvas.width_px, canvas.height_px, edges))
        if old is None:
            return {}
        file = crop_file(canvas, pick.rank, label, Path(old["file"]).suffix)
        (draft / file).parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(str(self.folder / old["file"]), str(draft / file))
        return {**old, **pick.to_json(), "file": file.as_posix()}


def made_with(settings: StillSettings, content_id: str, software: str) -> str:
    """Fingerprint of all that decides how a frame becomes a file."""
    return settings_id({**asdict(settings), "content_id": content_id, "software": software})


def write_kept(folder: Path, made_with: str, stills: Mapping[int, Sequence[str]]) -> None:
    """Write ``stills.json``: which file is of which frame, and how they were made."""
    by_frame = {str(frame_id): list(names) for frame_id, names in sorted(stills.items())}
    write_json(folder / STILLS_FILE, {"made_with": made_with, "stills": by_frame})


def _edges(box: Mapping[str, float]) -> tuple[float, ...]:
    return box["x0"], box["y0"], box["x1"], box["y1"]
