"""Learned taste of the house: from people's decisions about ranked titles to a profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ava.casting import cast_title
from ava.core.errors import ConfigError, NothingToRank
from ava.judged_titles import JudgedTitle, judged_titles
from ava.ranking.genre import AUTO, profile_for
from ava.ranking.house_taste import HOUSE_TASTE
from ava.ranking.learned import Learned, Network, can_be_weighed
from ava.ranking.profiles import Profile, load_profile
from ava.ranking.spoilers import LATENESS
from ava.ranking.utility import percentiles_of
from ava.ranking.weighing import Weighed, weigh
from ava.scoring.contract import Column
from ava.scoring.registry import Registry
from ava.scoring_pass import software
from ava.settings import Settings
from ava.store.cast_files import known_characters
from ava.store.decisions import VERDICTS, Decision
from ava.store.taste_files import require_room, write_taste

if TYPE_CHECKING:
    from models.duels import Duels, Fold
    from models.preference import Preference

_FEWEST_PAIRS, _FEWEST_SHOTS = 20, 8
# Pairs of all people in all titles, and at least of one person in one title: they share their frames,
# so that more of them cost time and say hardly anything new.
_MOST_PAIRS, _MOST_AT_LEAST = 30_000, 500
_WEIGHTS_SUM = 100


@dataclass(frozen=True)
class Lesson:
    """What was learned, and where it was written.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    profile : Profile
        What it holds.
    notes : tuple of str
        What a person should know: decisions that could not be used, titles of other versions.
    """

    path: Path
    profile: Profile
    notes: tuple[str, ...]

    @property
    def learned(self) -> Learned:
        """How it was learned, and how far it is to be trusted."""
        assert self.profile.learned is not None
        return self.profile.learned


@dataclass(frozen=True)
class _Evidence:
    """Decisions brought together with the numbers of their frames."""

    duels: Duels
    by_profile: NDArray[np.float64]
    columns: tuple[Column, ...]
    used: tuple[Decision, ...]


def learn_taste(
    sources: Sequence[Path],
    out: Path,
    library: Path | None,
    settings: Settings,
    registry: Registry,
    deep: bool = False,
) -> Lesson:
    """Learn a profile from decisions, hold it against another one, and write it.

    Parameters
    ----------
    sources : sequence of pathlib.Path
        Title folders with a ``decisions.json`` in them, and decisions files.
    out : pathlib.Path
        The TOML file to write; a file that was not learned is never written over.
    library : pathlib.Path or None
        Where the titles of loose decisions files are looked for.
    settings : Settings
        As for ranking: gates, spoilers, and the profile to compare with; with ``auto`` that is
        the one that each title would be ranked by.
    registry : Registry
        The scorers; which column is whose.
    deep : bool
        Whether a small network is learned instead of weights.

    Raises
    ------
    ConfigError
        When a file is wrong, its title is not found, or there is too little to learn from.
    """
    require_room(out)
    name = settings.ranking.profile
    profile = replace(load_profile("default" if name == AUTO else name), name=name)
    titles = judged_titles(sources, library)
    notes: list[str] = []
    weighed: list[tuple[JudgedTitle, Weighed]] = []
    for one in titles:
        known = known_characters(one.folder)
        pool = cast_title(one.folder, one.title, settings.cast, known, write=False)
        wanted = settings.ranking
        try:
            weighed.append(
                (one, weigh(pool, wanted.gates, wanted.spoilers, profile_for(name, pool)))
            )
        except NothingToRank as error:
            notes.append(f"{one.folder.name} is left out: {error.message}")
    evidence = _evidence(weighed, profile)
    n_decisions = sum(len(one.decisions) for one in titles)
    n_lost = n_decisions - len(evidence.used)
    if n_lost:
        notes.append(
            f"{n_lost} of {n_decisions} decisions are on frames that the gates drop or that are "
            "not on the shortlist any more: they are not used"
        )
    ids, strangers = _scorer_ids([one for one, _ in weighed], registry)
    notes += strangers
    learned = _learned(out.stem, evidence, profile, ids, deep)
    write_taste(out, learned)
    return Lesson(out, learned, tuple(notes))


def _evidence(weighed: Sequence[tuple[JudgedTitle, Weighed]], profile: Profile) -> _Evidence:
    from models.duels import Duels

    columns = _columns([one for _, one in weighed], profile)
    features, totals, titles, shots, better, worse = [], [], [], [], [], []
    used: list[Decision] = []
    films: dict[str, int] = {}
    n_rows = n_shots = 0
    n_voices = sum(len({said.by for said in judged.decisions}) for judged, _ in weighed)
    most = max(_MOST_AT_LEAST, _MOST_PAIRS // max(1, n_voices))
    for judged, one in weighed:
        pool, kept = one.pool, one.gated.kept
        row_of = {int(frame): row for row, frame in enumerate(pool.frame_ids[kept])}
        decisions = [one for one in judged.decisions if one.frame_id in row_of]
        for first, second in _preferred(decisions, most):
            better.append(n_rows + np.array([row_of[frame] for frame in first], np.int64))
            worse.append(n_rows + np.array([row_of[frame] for frame in second], np.int64))
        features.append(percentiles_of(pool, kept, columns))
        totals.append(one.utility.total)
        film = films.setdefault(judged.content_id, len(films))
        titles.append(np.full(len(kept), film))
        shots.append(n_shots + pool.shot_index[kept])
        n_rows, n_shots = n_rows + len(kept), n_shots + int(pool.shot_index.max()) + 1
        used += decisions
    n_pairs = sum(len(one) for one in better)
    if n_pairs < _FEWEST_PAIRS:
        raise _too_few(used, n_pairs)
    duels = Duels(
        np.concatenate(features),
        np.concatenate(better),
        np.concatenate(worse),
        np.concatenate(titles),
        np.concatenate(shots),
    )
    return _Evidence(duels, np.concatenate(totals), columns, tuple(used))


def _columns(weighed: Iterable[Weighed], profile: Profile) -> tuple[Column, ...]:
    """What can be weighed and differs between frames of some title.

    What lowers a frame anyway, as a watch-out, is not weighed a second time.
    """
    others = {*profile.watch_outs, LATENESS.name, HOUSE_TASTE.name}
    found: dict[str, Column] = {}
    for one in weighed:
        for column in one.pool.scores.scalars():
            values = one.pool.column(column.name)[one.gated.kept]
            known = values[~np.isnan(values)]
            differs = len(known) > 0 and known.min() < known.max()
            if differs and can_be_weighed(column) and column.name not in others:
                found.setdefault(column.name, column)
    return tuple(found.values())


def _preferred(decisions: Iterable[Decision], most: int) -> list[tuple[list[int], list[int]]]:
    """Frame ids of better and worse, person by person.

    Keep goes before maybe, maybe before reject; of one verdict more stars go before fewer. Of more
    than `most` pairs of one person that many are drawn, the same ones every time.
    """
    by_person: dict[str, list[Decision]] = {}
    for one in decisions:
        by_person.setdefault(one.by, []).append(one)
    found = []
    for _, mine in sorted(by_person.items()):
        frames = [one.frame_id for one in mine]
        verdict = np.array(
            [np.nan if one.verdict is None else -VERDICTS.index(one.verdict) for one in mine]
        )
        stars = np.array([np.nan if one.stars is None else one.stars for one in mine])
        silent = np.isnan(verdict)
        alike = (verdict[:, None] == verdict) | (silent[:, None] & silent)
        wins = (verdict[:, None] > verdict) | (alike & (stars[:, None] > stars))
        first, second = np.nonzero(wins)
        if len(first) > most:
            some = np.random.default_rng(0).choice(len(first), most, replace=False)
            first, second = first[np.sort(some)], second[np.sort(some)]
        found.append(([frames[row] for row in first], [frames[row] for row in second]))
    return found


def _too_few(used: Sequence[Decision], n_pairs: int) -> ConfigError:
    n_of = Counter(one.verdict for one in used)
    counts = ", ".join(f"{n_of[verdict]} {verdict}" for verdict in VERDICTS)
    return ConfigError(
        f"too little to learn from: {len(used)} decisions ({counts}) make {n_pairs} pairs, "
        f"and {_FEWEST_PAIRS} are needed",
        "keep some frames and reject others, in every title",
    )


def _scorer_ids(
    titles: Iterable[JudgedTitle], registry: Registry
) -> tuple[dict[str, str], list[str]]:
    """By column, which scorer gave it in most titles; and a line on each title that differs."""
    scorer_of = {
        column.name: scorer.card.name
        for scorer in (*registry.scorers, *registry.on_request)
        for column in scorer.card.columns
    }
    # An analyser may share a scorer's name; scorers come last.
    ids = {
        one.folder.name: {i.rsplit("-", 2)[0]: i for i in one.title.facts["scorer_ids"]}
        for one in titles
    }
    names = {name for mine in ids.values() for name in mine}
    usual = {
        name: Counter(mine[name] for mine in ids.values() if name in mine).most_common(1)[0][0]
        for name in sorted(names)
    }
    notes = []
    for folder, mine in ids.items():
        other = sorted(
            name for name, usually in usual.items() if mine.get(name, usually) != usually
        )
        if other:
            notes.append(
                f"{folder} was scored by another version of {', '.join(other)} than most titles: "
                "rank its film again"
            )
    return {name: usual[whose] for name, whose in scorer_of.items() if whose in usual}, notes


def _learned(
    name: str, evidence: _Evidence, profile: Profile, scorer_ids: dict[str, str], deep: bool
) -> Profile:
    from models.duels import folds_of
    from models.held_out import calibration_error, gain_over, temperature_of
    from models.preference import learn_network, learn_weights

    duels = evidence.duels
    folds = folds_of(duels)
    _require_held_out(duels, folds)
    found = learn_network(duels, folds) if deep else learn_weights(duels, folds)
    gain = gain_over(duels, found.held_out, evidence.by_profile)
    temperature = temperature_of(duels, found.held_out)
    weights, network, scale = _model(found, evidence.columns)
    names = set(weights) if network is None else set(network.columns)
    reviewers = tuple(sorted({one.by for one in evidence.used}))
    n_titles = len(duels.titles)
    learned = Learned(
        n_decisions=len(evidence.used),
        n_titles=n_titles,
        n_pairs=len(duels.better),
        reviewers=reviewers,
        accuracy=gain.accuracy,
        profile=profile.name,
        profile_accuracy=gain.other_accuracy,
        gain=gain.gain,
        gain_low=gain.low,
        gain_high=gain.high,
        calibration=calibration_error(duels, found.held_out, temperature),
        temperature=temperature / scale,
        l2=found.penalty,
        better=gain.low > 0,
        held_out="titles" if n_titles > 1 else "shots",
        software=software(),
        scorers={name: scorer_ids[name] for name in sorted(names) if name in scorer_ids},
    )
    about = (
        f"Learned from {learned.n_decisions} decisions over {n_titles} "
        f"title{'s' * (n_titles > 1)} by {len(reviewers)} "
        f"{'people' if len(reviewers) > 1 else 'person'}."
    )
    return Profile(name, about, weights, profile.watch_outs, learned, network)


def _require_held_out(duels: Duels, folds: Sequence[Fold]) -> None:
    """A single title needs some shots, so that a few of them can be held out."""
    n_shots = len(np.unique(duels.shot[np.concatenate([duels.better, duels.worse])]))
    n_held = sum(len(test) for _, test in folds)
    if len(duels.titles) == 1 and (n_shots < _FEWEST_SHOTS or n_held < _FEWEST_PAIRS):
        raise ConfigError(
            f"too little to learn from: the decisions are on {n_shots} shots of one title, "
            f"and {_FEWEST_SHOTS} are needed to hold some out",
            "decide on more shots, or on a second title",
        )


def _model(
    found: Preference, columns: Sequence[Column]
) -> tuple[dict[str, float], Network | None, float]:
    """Weights of the profile, its network, and how many units of strength one of utility is."""
    if found.network is not None:
        layer = found.network
        names = tuple(column.name for column in columns)
        return {HOUSE_TASTE.name: 1.0}, Network(names, layer.into, layer.bias, layer.out), 1.0
    assert found.weights is not None
    scale = float(np.abs(found.weights).sum())
    if scale == 0:
        raise ConfigError("nothing sets the frames apart that were kept from those rejected")
    heaviest_first = np.argsort(-np.abs(found.weights), kind="stable")
    weights = {
        columns[at].name: float(f"{_WEIGHTS_SUM * found.weights[at] / scale:.4g}")
        for at in heaviest_first
        if found.weights[at] != 0
    }
    return weights, None, scale
