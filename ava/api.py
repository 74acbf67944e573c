"""The library as a notebook uses it."""

from __future__ import annotations

import base64
import html
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ava.comparing import Comparison, colors_of, compare_colors, require_comparable
from ava.core.progress import OnProgress, silent
from ava.diffing import diff_titles
from ava.pipeline import extract_title, rank_title
from ava.ranking.diff import RankingDiff
from ava.ranking.results import Candidate, Ranking
from ava.scoring.contract import Runtime
from ava.scoring.registry import installed
from ava.settings import Settings, load_settings
from ava.source.remote import located
from ava.store.tables import ranking_table
from ava.store.title_folder import proxy_name

if TYPE_CHECKING:
    import pandas
    import pyarrow

_SHOWN_WIDTH_PX = 300


@dataclass(frozen=True)
class RankedTitle:
    """The ranked frames of one title; shows itself as pictures in a notebook.

    Attributes
    ----------
    folder : pathlib.Path
        The title folder: stills, tables, contact sheet.
    ranking : Ranking
        Candidates, dropped frames and notes.
    problems : tuple of str
        What could not be looked at.
    """

    folder: Path
    ranking: Ranking
    problems: tuple[str, ...]
    _keeps: Any = field(default=None, repr=False, compare=False)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Best first."""
        return self.ranking.candidates

    @property
    def sheet(self) -> Path:
        """The contact sheet."""
        return self.folder / "index.html"

    def still(self, rank: int) -> Path:
        """The full-resolution still of a candidate.

        Raises
        ------
        IndexError
            When there is no such rank.
        """
        for path in sorted((self.folder / "stills").glob(f"{rank:03d}_*")):
            return path
        raise IndexError(f"no candidate of rank {rank}")

    def to_arrow(self) -> pyarrow.Table:
        """A row per candidate: rank, time, utility, reasons, and every column that counted."""
        return ranking_table(self.ranking)

    def to_pandas(self) -> pandas.DataFrame:
        """See `to_arrow`."""
        frame: pandas.DataFrame = self.to_arrow().to_pandas()
        return frame

    def _repr_html_(self) -> str:
        figures = []
        for one in self.candidates:
            picture = (self.folder / proxy_name(one.frame_id)).read_bytes()
            data = base64.b64encode(picture).decode("ascii")
            label = html.escape(f"{one.rank} · {one.label} · {100 * one.utility:.0f}")
            why = html.escape(" ".join(one.reasons))
            figures.append(
                f'<figure style="margin:0;width:{_SHOWN_WIDTH_PX}px" title="{why}">'
                f'<img alt="{label}" style="width:100%" src="data:image/jpeg;base64,{data}">'
                f"<figcaption>{label}</figcaption></figure>"
            )
        return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{"".join(figures)}</div>'


def rank(
    source: str | Path,
    out: str | Path | None = None,
    *,
    top: int | None = None,
    settings: Settings | None = None,
    on_progress: OnProgress = silent,
) -> RankedTitle:
    """Rank the frames of a film that could become its artwork.

    Parameters
    ----------
    source : str or pathlib.Path
        A video file, its address (``s3://…``, ``https://…``), a folder of stills, or a title folder
        to rank again.
    out : str or pathlib.Path, optional
        Folder under which the title gets its own; by default a temporary one, which goes away
        with the result.
    top : int, optional
        How many candidates are wanted; goes before `settings`.
    settings : Settings, optional
        All settings.
    on_progress : callable, optional
        Told how far the work is.

    Returns
    -------
    RankedTitle

    Raises
    ------
    MediaError
        When the source cannot be used.
    NothingToRank
        When every frame was dropped.
    """
    settings = settings or Settings()
    if top is not None:
        settings = load_settings(None, [f"ranking.top={top}"], settings)
    keeps = None if out is not None else tempfile.TemporaryDirectory(prefix="ava-")
    folder = Path(out) if out is not None else Path(keeps.name)  # type: ignore[union-attr]
    runtime = Runtime(on_progress=on_progress)
    result = rank_title(located(source), folder, settings, runtime, on_progress)
    assert result.ranking is not None
    return RankedTitle(result.folder, result.ranking, result.problems, keeps)


def extract(
    source: str | Path,
    out: str | Path,
    *,
    settings: Settings | None = None,
    on_progress: OnProgress = silent,
) -> Path:
    """Scan and score a film; write tables and a still of every shortlisted frame.

    Returns
    -------
    pathlib.Path
        The title folder.
    """
    runtime = Runtime(on_progress=on_progress)
    result = extract_title(located(source), Path(out), settings or Settings(), runtime, on_progress)
    return result.folder


def compare(
    *sources: str | Path, settings: Settings | None = None, on_progress: OnProgress = silent
) -> Comparison:
    """Compare the colors of pictures, films, folders of pictures, or title folders.

    Parameters
    ----------
    *sources : str or pathlib.Path
        Two or more; films are scanned, of title folders the stored numbers are read.
    settings : Settings, optional
        All settings; those of the scan are used.
    on_progress : callable, optional
        Told how far the work is.

    Returns
    -------
    Comparison

    Raises
    ------
    ConfigError
        When there are fewer than two, or more than 26.
    MediaError, StoreError
        When one of them cannot be used.
    """
    require_comparable(len(sources))
    registry, used = installed(), settings or Settings()
    return compare_colors(
        [colors_of(Path(one), used, registry, on_progress=on_progress) for one in sources]
    )


def diff(before: str | Path, after: str | Path) -> RankingDiff:
    """Say what changed between two rankings of one film, and why.

    Parameters
    ----------
    before, after : str or pathlib.Path
        Title folders that `rank` left: of other settings, another profile, another version.

    Returns
    -------
    RankingDiff

    Raises
    ------
    ConfigError
        When they are not of the same film.
    StoreError
        When one of them is no title folder, or holds no ranking.
    """
    return diff_titles(Path(before), Path(after))
