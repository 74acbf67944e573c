"""Who a face belongs to: a point in 128 dimensions, near the points of the same person.

The network is dlib's face recognition model (see `models.dlib_resnet`), the pictures of the faces
are cut the way it was trained on (see `models.face_chips`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.progress import OnProgress, silent
from models.dlib_resnet import dlib_face_network
from models.dlib_weights import read_network
from models.face_chips import SIZE_PX, chip_transforms, cut_chips
from models.onnx_graph import CENTRE, INPUT, session
from models.weights import require

WEIGHTS = "face_identity_dlib"
SAME_PERSON_DISTANCE = 0.6
"""Two descriptors of one person are rarely further apart: the margin that dlib trained with."""

_N_DIMENSIONS = 128
_MAX_BATCH = 32  # bounds memory; more are not faster


class FaceIdentity:
    """Describes faces so that Euclidean distance tells people apart.

    A face's descriptor does not depend on the faces beside it (beyond 1e-5), and is the same each
    time. Many faces at once take a fifth less than one by one.

    Parameters
    ----------
    network : onnxruntime.InferenceSession
        That of `models.dlib_resnet.dlib_face_network`.
    """

    def __init__(self, network: Any) -> None:
        self._network = network

    @classmethod
    def open(
        cls, on_progress: OnProgress = silent, may_download: bool = True, n_threads: int = 1
    ) -> FaceIdentity:
        """Load the network.

        Raises
        ------
        WeightsError
            When the weights are missing and cannot be fetched.
        """
        path = require(WEIGHTS, on_progress, may_download)
        return cls(session(dlib_face_network(read_network(path), SIZE_PX), n_threads))

    def descriptors(
        self, picture: NDArray[np.uint8], points_px: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Describe the faces in a picture.

        Parameters
        ----------
        picture : ndarray of uint8, shape (H, W, 3)
            In RGB.
        points_px : ndarray of float32, shape (K, P, 2)
            Landmarks of K faces, as `models.face_chips.chip_transforms` takes them.

        Returns
        -------
        ndarray of float32, shape (K, 128)
            NaN for a face with a landmark that is NaN.
        """
        transforms = chip_transforms(points_px)
        known = np.isfinite(transforms).all(axis=(1, 2))
        found = np.full((len(points_px), _N_DIMENSIONS), np.nan, np.float32)
        found[known] = self.descriptors_of_chips(cut_chips(picture, transforms[known]))
        return found

    def descriptors_of_chips(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe faces that are cut out already.

        Parameters
        ----------
        chips : ndarray of uint8, shape (K, 150, 150, 3)
            Upright faces in RGB, as `models.face_chips.cut_chips` gives them.

        Returns
        -------
        ndarray of float32, shape (K, 128)
            About of length 1 to 2; compare by Euclidean distance.
        """
        if chips.shape[1:] != (SIZE_PX, SIZE_PX, 3):
            raise ValueError(f"chips of shape (K, 150, 150, 3) are needed: {chips.shape}")
        found = np.empty((len(chips), _N_DIMENSIONS), np.float32)
        for start in range(0, len(chips), _MAX_BATCH):
            part = slice(start, start + _MAX_BATCH)
            planes = np.ascontiguousarray(chips[part].transpose(0, 3, 1, 2)) ^ CENTRE
            found[part] = self._network.run(None, {INPUT: planes.view(np.int8)})[0]
        return found
