"""One short name for what is logged, the same when it is logged again after a kill."""

import hashlib
from collections.abc import Mapping

from evalhub.experiments.tags import ATTEMPT_TAG
from evalhub.model import Experiment

__all__ = ["identity_of"]


def identity_of(experiment: Experiment, tags: Mapping[str, str]) -> str:
    """Return 16 hexadecimal digits: of the attempt where *tags* name it, else of the experiment."""
    own = f"{experiment.suite}\0{experiment.name}\0{experiment.start_ns}"
    return hashlib.sha256(tags.get(ATTEMPT_TAG, own).encode(errors="replace")).hexdigest()[:16]
