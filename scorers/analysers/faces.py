"""Faces: where they are, and what a closer look at each one shows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import EXPRESSIONS, Faces
from ava.scoring.contract import AnalyserCard, Runtime
from models.face_chips import chip_transforms, cut_chips
from models.face_detection import (
    BlazeFace,
    Detections,
    FaceDetector,
    YuNet,
    find_faces,
    open_detector,
)
from models.face_geometry import five_points
from models.face_identity import FaceIdentity
from models.face_landmarks import FaceReader, Landmarks, open_reader
from models.face_movements import MOVEMENTS
from scorers.analysers.expressions import THRESHOLD, expression_of
from scorers.analysers.face_measures import (
    agreement,
    cut_by_edge,
    head_outline,
    look_of,
    sharpness_and_exposure,
)

_MIN_READ_PX = 24  # a smaller face has too few pixels for landmarks
_WITNESS = 0.25  # landmarks that agree less with the detector do not speak for a doubtful face
_MAX_READ = 12  # largest first: in a crowd nobody carries the picture by an expression


class FaceAnalyser:
    """Faces in every frame, largest first.

    A face of which the detector is in doubt stays only when the landmarks agree with it.
    """

    card: ClassVar[AnalyserCard] = AnalyserCard(
        "faces",
        3,
        Faces,
        height_px=540,
        settings={
            "yunet_confidence": [YuNet.doubtful, YuNet.sure],
            "blazeface_confidence": [BlazeFace.doubtful, BlazeFace.sure],
            "min_read_px": _MIN_READ_PX,
            "max_read": _MAX_READ,
            "witness": _WITNESS,
            "expression_threshold": THRESHOLD,
        },
    )

    def __init__(self) -> None:
        self._detector: FaceDetector | None = None
        self._reader: FaceReader | None = None
        self._identity: FaceIdentity | None = None

    @property
    def road(self) -> str:
        """Which detector looks, which network looks closer, and which tells who it is."""
        if self._detector is None or self._reader is None:
            return ""
        who = "dlib's face network" if self._identity else "nobody tells who is who (no weights)"
        return f"{self._detector.road}; {self._reader.road}; {who}"

    def open(self, runtime: Runtime) -> None:
        """Load a detector, a reader, and what tells people apart, without which there is no cast.

        What is on disk goes before what must be fetched.
        """
        detector = open_detector(runtime.on_progress, runtime.may_download, runtime.n_threads)
        try:
            reader = open_reader(runtime.on_progress, runtime.may_download, runtime.n_threads)
        except BaseException:
            detector.close()
            raise
        identity = None
        with suppress(WeightsError):
            identity = FaceIdentity.open(
                runtime.on_progress, runtime.may_download, runtime.n_threads
            )
        self.use(detector, reader, identity)

    def use(
        self, detector: FaceDetector, reader: FaceReader, identity: FaceIdentity | None = None
    ) -> None:
        """Work with these networks; `close` closes them."""
        self._detector, self._reader, self._identity = detector, reader, identity

    def analyse(self, frames: FrameBatch, /) -> Faces:
        """See `ava.scoring.contract.Analyser.analyse`."""
        looks = [self._in_picture(picture) for picture in frames.pixels]
        faces = Faces.joined([found for found, _ in looks])
        return replace(faces, identity=self._identities(frames, [read for _, read in looks]))

    def _in_picture(self, picture: NDArray[np.uint8]) -> tuple[Faces, list[Landmarks | None]]:
        assert self._detector is not None, "open() comes first"
        faces = _largest_first(find_faces(self._detector, picture), picture)
        read = [self._read(picture, faces, row) for row in range(len(faces))]
        kept = [
            row
            for row, face in enumerate(read)
            if faces.confidence[row] >= self._detector.sure
            or (face is not None and _agreement(faces, row, face) >= _WITNESS)
        ]
        if not kept:
            return Faces.empty(1), []
        faces, read = faces.rows(np.array(kept)), [read[row] for row in kept]
        rows = [self._measured(picture, faces, at, face) for at, face in enumerate(read)]
        columns: dict[str, Any] = {
            name: np.array([row.get(name, np.nan) for row in rows], np.float32)
            for name in sorted({name for row in rows for name in row})
        }
        codes = [row.get("expression", -1) for row in rows]
        columns["expression"] = np.array(codes, np.int8)
        found = Faces(
            n_frames=1,
            frame_row=np.zeros(len(rows), np.int64),
            box_xyxy=_shares(faces.box_xyxy_px, picture).clip(0, 1),
            confidence=faces.confidence,
            points=_points(faces, read, picture),
            **columns,
        )
        return found, read

    def _read(self, picture: NDArray[np.uint8], faces: Detections, row: int) -> Landmarks | None:
        """A closer look at one face, where it has pixels enough."""
        assert self._reader is not None
        box = faces.box_xyxy_px[row]
        if row >= _MAX_READ or (box[2:] - box[:2]).max() < _MIN_READ_PX:
            return None
        return self._reader.read(picture, box, faces.points_px[row, :2])

    def _measured(
        self, picture: NDArray[np.uint8], faces: Detections, row: int, face: Landmarks | None
    ) -> dict[str, Any]:
        """The columns of one face that apply to it."""
        assert self._reader is not None
        height, width = picture.shape[:2]
        box, five = faces.box_xyxy_px[row], faces.points_px[row]
        sharpness, exposure = sharpness_and_exposure(picture, box, five[:2], face)
        measured: dict[str, Any] = {
            "sharpness": sharpness,
            "exposure": exposure,
            "cut_by_edge": cut_by_edge(head_outline(box, face), width, height),
        }
        if face is None:
            return measured
        moves = dict(zip(MOVEMENTS, map(float, face.movements), strict=True))
        look = look_of(face, moves["eyes_down"])
        moves["brow_raise"] = max(moves["brow_inner_up"], moves["brow_outer_up"])
        moves["lids_low"] = 1 - look.eyes_open
        shown, agreed = expression_of(moves), _agreement(faces, row, face)
        return {
            **measured,
            **vars(look),
            "smile": moves["smile"],
            "mouth_open": moves["mouth_open"],
            "brow_raise": moves["brow_raise"],
            "expression_strength": shown.strength,
            "expression": EXPRESSIONS.index(shown.word),
            "expression_confidence": shown.clearness * self._reader.reliability * agreed,
            "landmark_confidence": agreed,
        }

    def _identities(
        self, frames: FrameBatch, read: list[list[Landmarks | None]]
    ) -> NDArray[np.float32]:
        """Who all the faces of a batch are, at once; NaN where it cannot be told."""
        n_faces = sum(map(len, read))
        identities = np.full((n_faces, 128), np.nan, np.float32)
        if self._identity is None:
            return identities
        chips, rows, row = [], [], 0
        for picture, faces in zip(frames.pixels, read, strict=True):
            meshes = [face.points_px[:, :2] for face in faces if face is not None]
            if meshes:
                chips.append(cut_chips(picture, chip_transforms(np.stack(meshes))))
            rows += [row + at for at, face in enumerate(faces) if face is not None]
            row += len(faces)
        if rows:
            identities[rows] = self._identity.descriptors_of_chips(np.concatenate(chips))
        return identities

    def close(self) -> None:
        """Close the networks: FaceLandmarker complains at exit otherwise."""
        for network in (self._detector, self._reader):
            if network is not None:
                network.close()
        self._detector = self._reader = self._identity = None


def _agreement(faces: Detections, row: int, face: Landmarks) -> float:
    return agreement(face, faces.box_xyxy_px[row], faces.points_px[row])


def _shares(box_px: NDArray[np.float32], picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Boxes or points in pixels as shares of the picture."""
    height, width = picture.shape[:2]
    size = np.array([width, height], np.float32)
    return (box_px / np.tile(size, box_px.shape[-1] // 2)).astype(np.float32)


def _largest_first(faces: Detections, picture: NDArray[np.uint8]) -> Detections:
    """Faces of which some part is in the picture, the largest part first."""
    inside = _shares(faces.box_xyxy_px, picture).clip(0, 1)
    sides = inside[:, 2:] - inside[:, :2]
    areas = sides.prod(axis=1)
    order = np.argsort(-areas, kind="stable")
    return faces.rows(order[(sides > 0).all(axis=1)[order]])


def _points(
    faces: Detections, read: list[Landmarks | None], picture: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Eyes, nose and mouth as shares: from the landmarks where there are any."""
    points = faces.points_px.copy()
    for row, face in enumerate(read):
        if face is not None:
            points[row] = five_points(face.points_px)
    return _shares(points, picture)
