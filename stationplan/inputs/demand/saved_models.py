"""Fitted models of earlier studies, read without executing any content of the file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

from stationplan.domain import FloatArray, Learned
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.guard import one_fault
from stationplan.inputs.limits import refuse_false_header, refuse_large, refuse_zip_bomb
from stationplan.scenario import Limits

FORMAT = 1
"""Version of the format of a saved model."""

_MOST = 1e9
"""Above every factor and length (m) of a model that was fitted."""

_TYPES = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""Types in a fitted pipeline that skops does not trust by default, and that only compute and open nothing."""


class Predictor(Protocol):
    """A fitted pipeline, from ``values[cell, feature]`` to mean counts."""

    def predict(self, values: FloatArray, /) -> FloatArray:
        """Return the mean count of cells."""


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A model of one group's workers: ``calibration * pipeline.predict(values[cell, feature])``.

    The variance of counts is ``mean + dispersion * mean ** 2``; errors are equal within blocks of ``block_m`` metres.
    """

    target: str
    features: tuple[str, ...]
    calibration: float
    dispersion: float
    block_m: float
    pipeline: Predictor


def write_model(learned: Learned, path: Path) -> None:
    """Save a fitted model with skops, whose files contain no code, with the data needed to use it.

    Raises
    ------
    InputError
        skops is not installed.
    """
    skops_io = _skops(path)
    document = {
        "format": FORMAT,
        "target": learned.target,
        "features": list(learned.features),
        "calibration": learned.calibration,
        "dispersion": learned.dispersion,
        "block_m": learned.block_m,
        "versions": json.dumps({**learned.versions, "stationplan": metadata.version("stationplan")}),
        "pipeline": learned.pipeline,
    }
    skops_io.dump(document, path)


def read_model(path: Path, limits: Limits) -> SavedModel:
    """Return a saved model.

    Raises
    ------
    InputError
        skops is not installed; or the file is too large or not a saved model; or it contains a type that no model of
        this package has, is of another format, or was saved with another minor version of scikit-learn.
    """
    skops_io = _skops(path)
    with one_fault(path, say("Save it again with `stationplan density`.")):
        return _read_model(path, limits, skops_io)


def _read_model(path: Path, limits: Limits, skops_io: ModuleType) -> SavedModel:
    faults = FaultList(path.name)
    refuse_large(path, limits, cap="file_mb")
    unreadable = say("Save it again with `stationplan density`.")
    if not zipfile.is_zipfile(path):
        faults.add(say("The file is not a saved model."), unreadable, code="unreadable")
        faults.raise_any()
    refuse_zip_bomb(path, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".npy"):
                    refuse_false_header(archive, name)
        unknown = [name for name in skops_io.get_untrusted_types(file=path) if name not in _TYPES]
        if unknown:
            faults.add(
                say("The file contains types that no model uses: {types}.", types=", ".join(sorted(unknown))),
                say("Do not use it unless you know its origin; create the model again."),
                code="unknown_type",
            )
            faults.raise_any()
        document = cast("Mapping[str, object]", skops_io.load(path, trusted=list(_TYPES)))
    except InputError:
        raise
    except Exception as error:
        faults.add(say("The file is not a saved model: {error}.", error=error), unreadable, code="unreadable")
        raise InputError(faults.faults) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        faults.add(say("This version does not support the format of the model."), unreadable, code="unknown_version")
        faults.raise_any()
    saved, here = json.loads(str(document["versions"])), metadata.version("scikit-learn")
    if saved["scikit-learn"].split(".")[:2] != here.split(".")[:2]:
        faults.add(
            say(
                "The model was saved with scikit-learn {saved}; {here} is installed.",
                saved=saved["scikit-learn"],
                here=here,
            ),
            say("Install that version, or save the model again."),
            code="unknown_version",
        )
        faults.raise_any()
    calibration, dispersion, block_m = (
        float(cast("float", document[key])) for key in ("calibration", "dispersion", "block_m")
    )
    if not all(0 <= value <= _MOST for value in (calibration, dispersion, block_m)):
        raise ValueError(f"calibration {calibration}, dispersion {dispersion} and block_m {block_m} are out of range")
    return SavedModel(
        str(document["target"]),
        tuple(cast("list[str]", document["features"])),
        calibration,
        dispersion,
        block_m,
        cast("Predictor", document["pipeline"]),
    )


def _skops(path: Path) -> ModuleType:
    try:
        import skops.io as skops_io  # noqa: PLC0415 - an extra, needed only here
    except ModuleNotFoundError:
        faults = FaultList(path.name)
        faults.add(
            say("Saving and reading models requires skops, which is not installed."),
            say("Run: pip install 'stationplan[demand]'"),
            code="missing_library",
        )
        raise InputError(faults.faults) from None
    return cast("ModuleType", skops_io)
