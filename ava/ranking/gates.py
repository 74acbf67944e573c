"""What can never be artwork is dropped, counted, and shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError, NothingToRank
from ava.ranking.credits import opening_and_end
from ava.ranking.pool import Pool
from ava.scoring.contract import Column

Mask = NDArray[np.bool_]

DROPPED_IN_EPISODE = Column(
    "dropped_in_episode", "code", 0, 1, "less",
    "Whether a gate of its own episode dropped the frame: 0 no, 1 yes.",
    words=("no", "yes"),
    family="filters",
)  # fmt: skip


@dataclass(frozen=True)
class GateSettings:
    """Where the gates stand.

    Attributes
    ----------
    black_brightness : float
        Mean L* below which a picture is black.
    uniform_contrast : float
        Distance in L* of dark and bright parts below which there is nothing to see.
    blurred_share : float
        A frame is blurred when its sharpness, or that of its sharpest area, is below this share
        of the title's upper quartile.
    smeared_softness, smeared_speed : float
        A subject is smeared by its own movement when it is softer than what is around it by more
        than this (see the column ``depth_of_field``), and moves faster, in diagonals a second, or
        turns as abruptly.
    clipped_dark, clipped_bright : float
        Share of the picture without drawing in the shadows, in the lights.
    text_card : float
        Share of all that is drawn in a frame from which it is a title card or credits.
    text_share : float
        Share of the picture under text from which the text is in the way.
    subtitle_band : float
        How sure it must be that subtitles are burnt in; a short one covers less than `text_share`.
    title_share, title_seconds : float
        Lettering that covers so much of the picture is a title, which fades in and out: so long
        before and after it, the same shot is not taken.
    eyes_open : float
        Below this the eyes of the principal face are shut; eyes that look down are not.
    eyes_face_height, eyes_confidence : float
        A face that is smaller, of the picture's height, or whose landmarks are less sure, does not
        show whether its eyes are shut.
    credits_minutes : float
        A title at least so long has studio logos and end credits; a trailer or clip has none.
    spoiler_safe : float
        Share of the title after which nothing may be taken; 1 allows all of it.
    """

    black_brightness: float = 5.0
    uniform_contrast: float = 6.0
    blurred_share: float = 0.72
    smeared_softness: float = 0.06
    smeared_speed: float = 0.35
    clipped_dark: float = 0.92
    clipped_bright: float = 0.6
    text_card: float = 0.5
    text_share: float = 0.025
    subtitle_band: float = 0.5
    title_share: float = 0.1
    title_seconds: float = 1.0
    eyes_open: float = 0.2
    eyes_face_height: float = 0.12
    eyes_confidence: float = 0.5
    credits_minutes: float = 10.0
    spoiler_safe: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.spoiler_safe <= 1:
            raise ConfigError(
                f"spoiler_safe must be over 0, up to 1, not {self.spoiler_safe:g}",
                "0.75 takes nothing from the last quarter",
            )


@dataclass(frozen=True)
class Gate:
    """One reason to drop a frame.

    Attributes
    ----------
    name : str
        Identifier.
    about : str
        The reason in plain words.
    may_lift : bool
        Whether it is lifted, and that said, in a title that would otherwise keep no frame at all.
    closed : callable
        From pool and settings to a mask of the frames it drops.
    limits : tuple of (str, str)
        The settings that say how far, each with the column it is about, or "".
    """

    name: str
    about: str
    may_lift: bool
    closed: Callable[[Pool, GateSettings], Mask]
    limits: tuple[tuple[str, str], ...] = ()


def _spoiler(pool: Pool, settings: GateSettings) -> Mask:
    late: Mask = pool.pts_seconds > settings.spoiler_safe * pool.duration_seconds
    return late & pool.is_film


def _black(pool: Pool, settings: GateSettings) -> Mask:
    return pool.column("brightness") < settings.black_brightness


def _uniform(pool: Pool, settings: GateSettings) -> Mask:
    return pool.column("contrast") < settings.uniform_contrast


def _transition(pool: Pool, settings: GateSettings) -> Mask:
    return pool.in_transition


def _text(pool: Pool, settings: GateSettings) -> Mask:
    card = pool.column("text_card") >= settings.text_card
    card |= pool.column("subtitle_band") >= settings.subtitle_band
    return card | (pool.column("text_share") >= settings.text_share)


def _fading_title(pool: Pool, settings: GateSettings) -> Mask:
    closed = np.zeros(len(pool), bool)
    for row in np.flatnonzero(pool.column("text_share") >= settings.title_share):
        near = np.abs(pool.pts_seconds - pool.pts_seconds[row]) <= settings.title_seconds
        closed |= near & (pool.shot_index == pool.shot_index[row])
    return closed & pool.is_film


def _credits(pool: Pool, settings: GateSettings) -> Mask:
    if not pool.is_film or pool.duration_seconds < 60 * settings.credits_minutes:
        return np.zeros(len(pool), bool)
    return opening_and_end(pool, _text(pool, settings))


def _clipped(pool: Pool, settings: GateSettings) -> Mask:
    burnt = pool.column("clipped_bright") > settings.clipped_bright
    return burnt | (pool.column("clipped_dark") > settings.clipped_dark)


def _blurred(pool: Pool, settings: GateSettings) -> Mask:
    if pool.episode:  # one episode may be sharper than another; each was judged by itself
        return np.zeros(len(pool), dtype=bool)
    # Title cards and black frames say nothing about how sharp this film is.
    pictures = ~(_black(pool, settings) | _uniform(pool, settings) | _text(pool, settings))
    closed = np.zeros(len(pool), dtype=bool)
    for name in ("sharpness", "sharpest_area"):
        values = pool.column(name).astype(np.float64)
        known = values[pictures & ~np.isnan(values)]
        if known.size >= 4:
            closed |= values < settings.blurred_share * np.percentile(known, 75)
    return closed


def _smeared(pool: Pool, settings: GateSettings) -> Mask:
    # Soft, it may be a matter of focus; quick, it may be caught all the same: both are needed.
    soft = pool.column("depth_of_field") < -settings.smeared_softness
    quick = pool.column("subject_motion") > settings.smeared_speed
    quick |= pool.column("action_peak") > settings.smeared_speed
    return soft & quick


def _eyes_shut(pool: Pool, settings: GateSettings) -> Mask:
    shut = pool.column("eyes_open") < settings.eyes_open
    shut &= ~(pool.column("eyes_downcast") >= 0.5)
    near = pool.column("face_height") >= settings.eyes_face_height
    return shut & near & (pool.column("landmark_confidence") >= settings.eyes_confidence)


def _out_of_episode(pool: Pool, settings: GateSettings) -> Mask:
    return pool.column(DROPPED_IN_EPISODE.name) >= 1


GATES = (
    Gate("episode", "dropped in its own episode", True, _out_of_episode),
    Gate(
        "spoiler", "later in the film than spoiler_safe allows", False, _spoiler,
        (("spoiler_safe", ""),),
    ),
    Gate(
        "black", "black or nearly black", False, _black, (("black_brightness", "brightness"),)
    ),
    Gate(
        "uniform", "one plain tone, nothing to see", False, _uniform,
        (("uniform_contrast", "contrast"),),
    ),
    Gate("transition", "in the middle of a fade or dissolve", True, _transition),
    Gate(
        "text", "a title card, credits, or a picture with text burnt in", True, _text,
        tuple((name, name) for name in ("text_card", "text_share", "subtitle_band")),
    ),
    Gate(
        "fading_title", "beside a title, which may still be fading in or out", True,
        _fading_title, (("title_share", ""), ("title_seconds", "")),
    ),
    Gate(
        "credits", "among studio logos or end credits", True, _credits, (("credits_minutes", ""),)
    ),
    Gate(
        "clipped", "burnt out or drowned in black", True, _clipped,
        tuple((name, name) for name in ("clipped_bright", "clipped_dark")),
    ),
    Gate(
        "blurred", "blurred, compared with the rest of this title", True, _blurred,
        (("blurred_share", "sharpness"), ("blurred_share", "sharpest_area")),
    ),
    Gate(
        "smeared", "a subject smeared by its own movement", True, _smeared,
        (
            ("smeared_softness", "depth_of_field"),
            ("smeared_speed", "subject_motion"),
            ("smeared_speed", "action_peak"),
        ),
    ),
    Gate(
        "eyes_shut", "a principal face with its eyes shut", True, _eyes_shut,
        (("eyes_open", "eyes_open"),),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Dropped:
    """What a gate, or the search for repeats, took out.

    Attributes
    ----------
    gate : str
        Its identifier.
    about : str
        The reason in plain words.
    rows : ndarray of int64
        Rows of the pool, in order of time.
    """

    gate: str
    about: str
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Gated:
    """The outcome of all gates.

    Attributes
    ----------
    kept : ndarray of int64
        Rows that passed.
    dropped : tuple of Dropped
        One for every gate that closed; a frame counts for the first gate that drops it.
    lifted : tuple of str
        Plain sentences on gates that had to be lifted.
    """

    kept: NDArray[np.int64]
    dropped: tuple[Dropped, ...]
    lifted: tuple[str, ...]


def apply_gates(pool: Pool, settings: GateSettings) -> Gated:
    """Drop what can never be artwork.

    Where nothing would be left, the gates that may be lifted are, the last one first, until
    something is; each lifting is reported.

    Raises
    ------
    NothingToRank
        When every frame is black or uniform, or the pool is empty; the message has the counts.
    """
    active = list(GATES)
    lifted: list[str] = []
    while True:
        kept = np.ones(len(pool), dtype=bool)
        dropped = []
        for gate in active:
            closed = kept & np.asarray(gate.closed(pool, settings), dtype=bool)
            if closed.any():
                dropped.append(Dropped(gate.name, gate.about, np.flatnonzero(closed)))
            kept &= ~closed
        if kept.any():
            return Gated(np.flatnonzero(kept), tuple(dropped), tuple(lifted))
        blamed = [gate for gate in active if gate.may_lift and _drops(gate.name, dropped)]
        if not blamed:
            counts = ", ".join(f"{len(one.rows)} {one.about}" for one in dropped)
            raise NothingToRank(
                f"no frame is left to rank ({counts or 'the source holds no frames'})",
                "check the source; a film of black frames has no artwork",
            )
        active.remove(blamed[-1])
        lifted.append(f"Every frame left was {blamed[-1].about}; they are ranked all the same.")


def _drops(name: str, dropped: list[Dropped]) -> bool:
    return any(one.gate == name for one in dropped)
