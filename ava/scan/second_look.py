"""A second look at shot boundaries, by a network that is too slow for every frame.

Most cuts are beyond doubt, and so is most of what lies between them. The network is asked about the
rest: cuts with a weak margin, jumps that are nearly cuts, pictures that come back (a flash is no
cut), and mixtures that are weak or not quite pure. Where it has looked it has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ava.scan.frame_stats import FrameFacts
from ava.scan.shots import CutFinder, Transition
from ava.scan.transitions import LOOK_AHEAD, MIN_VOTES, TransitionFinder, TransitionSettings
from ava.scan.watched_frames import BoundaryJudge, Rgb, WatchedFrames

_DENIED = 0.2  # below it, the network denies a boundary that was found without it
_STRONG_RATIO, _STRONG_CONTENT = 2.0, 1.5  # times the thresholds of a cut: beyond doubt
_NEAR_RATIO, _NEAR_CONTENT = 2 / 3, 0.5  # of the thresholds of a cut: nearly one
_NEAR_CORRELATION = 0.8  # across a jump; more, and it is the same picture, moved
_SURE_CORRELATION = 0.6
_SURE_VOTES = 10  # mixtures that agree on a fade or dissolve beyond doubt
_LOOSE_RESIDUAL = 1.5  # times what a mixture may leave unexplained: nearly one


@dataclass(frozen=True)
class Boundaries:
    """Boundaries that can no longer change.

    Attributes
    ----------
    cuts : list of int
        First frames of the shots after hard cuts.
    transitions : list of Transition
        Fades and dissolves; those that end near `horizon` may still grow.
    horizon : int
        Nothing is known of the frames from here on.
    """

    cuts: list[int]
    transitions: list[Transition]
    horizon: int


class SecondLook:
    """Finds boundaries together with a network, up to three seconds behind the first look.

    Parameters
    ----------
    judge : BoundaryJudge
        The network.
    cut_threshold, cut_min_content : float
        Those of `CutFinder`.
    transitions : TransitionSettings
        Those of the first look.
    alone : bool
        Whether the network decides by itself, from every frame.
    """

    def __init__(
        self,
        judge: BoundaryJudge,
        cut_threshold: float,
        cut_min_content: float,
        transitions: TransitionSettings,
        alone: bool,
    ) -> None:
        self._watched = WatchedFrames(judge)
        self._everywhere = alone or judge.is_quick
        self._alone = alone
        self._strong = CutFinder(cut_threshold * _STRONG_RATIO, cut_min_content * _STRONG_CONTENT)
        self._near = CutFinder(cut_threshold * _NEAR_RATIO, cut_min_content * _NEAR_CONTENT)
        self._loose = TransitionFinder(
            TransitionSettings(
                transitions.min_difference,
                transitions.max_residual * _LOOSE_RESIDUAL,
                transitions.max_correlation,
            )
        )
        self._jumps: list[_Jump] = []  # not yet known to be sure or doubtful
        self._sure: list[int] = []
        self._weak: list[int] = []
        self._doubted = 0  # frames before this one are known to be doubtful or not

    @property
    def n_judged(self) -> int:
        """Frames that the network was asked about."""
        return self._watched.n_judged

    def add(self, picture: Rgb, facts: FrameFacts, cuts: Sequence[int]) -> list[int]:
        """Take the next frame.

        Parameters
        ----------
        picture : ndarray of uint8, shape (27, 48, 3)
            The frame in RGB, stretched to this size.
        facts : FrameFacts
            What the first look has measured.
        cuts : sequence of int
            The cuts that are now known to the first look.

        Returns
        -------
        list of int
            These, and the places that may turn out to be one.
        """
        self._watched.add(picture)
        if not self._everywhere:
            self._loose.add(facts.small)
        strong = self._strong.add(facts.motion)
        found = []
        for at in self._near.add(facts.motion):
            correlation = self._watched.correlation(at - 1, at)
            is_cut = at in cuts
            if is_cut or correlation < _NEAR_CORRELATION:
                is_strong = at in strong and correlation < _SURE_CORRELATION
                self._jumps.append(_Jump(at, is_cut, is_strong))
                found.append(at)
        return found

    def settled(
        self, fades: Sequence[Transition], start: int, horizon: int, is_over: bool
    ) -> Boundaries:
        """What is final from `start` on, and before `horizon` at the latest.

        Parameters
        ----------
        fades : sequence of Transition
            What the first look has found.
        start : int
            The shots before this frame are closed; it never goes back.
        horizon : int
            No transition that it is still to report begins before this frame.
        is_over : bool
            Whether the film has ended.
        """
        if is_over and not self._everywhere:
            self._loose.finish()
        fades = [fade for fade in fades if fade.last >= start]
        self._doubt(fades, horizon)
        network = self._watched
        horizon = network.look(horizon, is_over)
        network.cuts = [cut for cut in network.cuts if cut > start]
        network.transitions = [one for one in network.transitions if one.last >= start]
        if self._alone:
            return Boundaries(network.cuts, network.transitions, horizon)
        self._sure, self._weak = (
            [cut for cut in found if cut > start] for found in (self._sure, self._weak)
        )
        open_from = len(network) if is_over else horizon - LOOK_AHEAD
        kept = [fade for fade in fades if fade.last >= open_from or self._holds(fade)]
        cuts = self._sure + [one for one in self._weak if network.seen_at(one) >= _DENIED]
        gradual = [
            one
            for one in network.transitions
            if not any(_overlap(one, fade) for fade in kept)
            and not any(one.first <= cut <= one.last + 1 for cut in self._sure)
        ]
        cuts += [one for one in network.cuts if not any(abs(one - cut) <= 2 for cut in cuts)]
        return Boundaries(sorted(cuts), sorted([*kept, *gradual], key=_place), horizon)

    def _holds(self, fade: Transition) -> bool:
        """Whether a fade of the first look is beyond doubt, or at least not denied."""
        if fade.n_votes >= _SURE_VOTES or fade.n_votes < MIN_VOTES:
            return fade.n_votes >= MIN_VOTES
        seen = self._watched.seen_in(fade.first, fade.last)
        return seen is None or seen >= _DENIED

    def _doubt(self, fades: Sequence[Transition], horizon: int) -> None:
        """Sort what the first look has found before `horizon`, and mark the doubtful frames."""
        if self._everywhere:
            self._watched.ask(self._doubted, horizon)
        while self._jumps and self._jumps[0].at < horizon:
            jump = self._jumps.pop(0)
            # A picture that comes back speaks against a cut: then the network must find it itself.
            comes_back = self._watched.comes_back(jump.at)
            if jump.is_strong and not comes_back:
                self._sure.append(jump.at)
                continue
            if jump.is_cut and not comes_back:
                self._weak.append(jump.at)
            self._watched.ask(jump.at - 1, jump.at + 1)
        sure = [fade for fade in fades if fade.n_votes >= _SURE_VOTES]
        for loose in reversed(self._loose.found):
            if loose.last < self._doubted:
                break
            if not any(_overlap(loose, fade) for fade in sure):
                self._watched.ask(max(loose.first, self._doubted), min(loose.last + 1, horizon))
        self._doubted = max(self._doubted, horizon)


@dataclass(frozen=True)
class _Jump:
    """A frame that differs much from the one before it."""

    at: int
    is_cut: bool
    is_strong: bool


def _overlap(one: Transition, other: Transition) -> bool:
    return one.first <= other.last and other.first <= one.last


def _place(one: Transition) -> int:
    return one.first
