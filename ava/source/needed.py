"""Which packets of a video have to be decoded for a few of its pictures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    Packet = av.Packet[Any]


@dataclass(frozen=True)
class Run:
    """Packets that follow each other in a file.

    Attributes
    ----------
    packets : list of av.Packet
        In the order of the file.
    is_apart : bool
        Whether packets before it were left out. It then starts with a key frame, and the decoder
        must forget what it knows.
    is_last : bool
        Whether no other run follows.
    """

    packets: list[Packet]
    is_apart: bool
    is_last: bool


class Needed:
    """What a pass is looking for, and which packets that takes.

    A picture is made from those since a key frame at or before it. So packets are read ahead and
    held, not decoded, and let go of where the next key frame comes before the next picture that is
    wanted: the way that is left to decode is half a group of pictures, however long the gap was.

    Parameters
    ----------
    wanted : collection of int
        The stream's own times of the pictures.
    far : int
        A pass ends before a gap that is longer: whoever looks for pictures leaps over it.
    """

    def __init__(self, wanted: Collection[int], far: int) -> None:
        self._wanted = frozenset(wanted)
        self._far = far

    def __contains__(self, pts: int | None) -> bool:
        return pts in self._wanted

    def runs(self, packets: Iterable[Packet], since: int | None) -> Iterator[Run]:
        """Runs of packets with the pictures that are wanted, in order.

        They end early where a packet has no time, or the next picture is not where it must be: the
        way must then be walked without leaving anything out.

        Parameters
        ----------
        packets : iterable of av.Packet
            From where the file stands.
        since : int or None
            After a leap, the time of the first picture that is looked for; None from the start.
        """
        missing = sorted(
            (pts for pts in self._wanted if since is None or pts >= since), reverse=True
        )
        held: list[Packet] = []
        is_apart, n_keys_past, met = since is not None, 0, []
        for packet in packets:
            if not packet.size:  # the end of the file: the decoder gives what it still has
                yield Run([packet], False, True)
                return
            if packet.pts is None or not missing:
                return
            if packet.is_keyframe:
                if packet.pts <= missing[-1]:
                    is_apart |= bool(held)
                    held.clear()
                elif n_keys_past:  # what is stored after one key frame may be shown before it
                    return
                n_keys_past += packet.pts > missing[-1]
            held.append(packet)
            if packet.pts not in missing:
                continue
            if is_apart and not held[0].is_keyframe:
                return  # a leap that ended too late
            missing.remove(packet.pts)
            met.append(packet.pts)
            is_last = not missing or missing[-1] - max(met) > self._far
            yield Run(held, is_apart, is_last)
            if is_last:
                return
            held, is_apart, n_keys_past = [], False, 0
