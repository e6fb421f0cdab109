"""BERT's forward pass in numpy (Devlin et al., 2019), equal to transformers' BertModel.

Texts of one length go through together, so that nothing is padded and nothing
has to be masked.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evalhub.errors import ModelError

__all__ = ["Bert"]

_Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Linear:
    weight: _Floats
    """(inputs, outputs): transposed against the file, so that it multiplies from the right."""
    bias: _Floats

    def __call__(self, x: _Floats) -> _Floats:
        # One large product: out of three axes numpy would make a small one for each text.
        y = x.reshape(-1, x.shape[-1]) @ self.weight
        y += self.bias
        return y.reshape(*x.shape[:-1], -1)


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: _Floats
    bias: _Floats
    epsilon: float

    def __call__(self, x: _Floats) -> _Floats:
        x = x - x.mean(axis=-1, keepdims=True)
        variance = np.einsum("...i,...i->...", x, x)[..., None] / x.shape[-1]
        x /= np.sqrt(variance + self.epsilon)
        x *= self.weight
        x += self.bias
        return x


@dataclass(frozen=True, slots=True)
class _Layer:
    heads: int
    query_key_value: _Linear
    attention_output: _Linear
    attention_norm: _Norm
    intermediate: _Linear
    output: _Linear
    output_norm: _Norm

    def __call__(self, x: _Floats) -> _Floats:
        x = self.attention_norm(x + self.attention_output(self._attend(x)))
        return self.output_norm(x + self.output(_gelu(self.intermediate(x))))

    def _attend(self, x: _Floats) -> _Floats:
        batch, length, width = x.shape
        split = self.query_key_value(x).reshape(batch, length, 3, self.heads, -1)
        query, key, value = split.transpose(2, 0, 3, 1, 4)
        weights = query @ key.swapaxes(-1, -2)
        weights /= math.sqrt(width / self.heads)
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed: _Floats = weights @ value
        return mixed.transpose(0, 2, 1, 3).reshape(batch, length, width)


class Bert:
    """A BERT encoder, as a :class:`~evalhub.metrics.semantic.network.Network`.

    Args:
        weights: Tensors by their names in the model's file.
        config: The model's ``config.json``.

    Raises:
        ModelError: the model is not a BERT, or a tensor is missing.
    """

    backend = "numpy"
    masks = False

    def __init__(self, weights: Mapping[str, _Floats], config: Mapping[str, Any]) -> None:
        _check(config)
        settings = {**_DEFAULTS, **config}
        tensors = _Tensors(weights, float(settings["layer_norm_eps"]))
        heads = int(settings["num_attention_heads"])
        self._words = tensors["embeddings.word_embeddings.weight"]
        if heads < 1 or self._words.shape[1] % heads:
            raise ModelError(
                f"config.json: num_attention_heads is {heads}, which does not divide the width of "
                f"the weights, {self._words.shape[1]}; is it this model's?"
            )
        # Every token belongs to the first segment: a metric encodes single texts.
        self._positions = (
            tensors["embeddings.position_embeddings.weight"]
            + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = tensors.norm("embeddings.LayerNorm")
        self._layers = [
            tensors.layer(f"encoder.layer.{i}", heads)
            for i in range(int(settings["num_hidden_layers"]))
        ]

    @property
    def layers(self) -> int:
        """How many layers there are; layer 0 is what goes into the first of them."""
        return len(self._layers)

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.bool_], layer: int) -> _Floats:
        """Return hidden states (n, tokens, width) of *ids* (n, tokens) after *layer* layers.

        Nothing of *mask* may be false: the texts have one length.
        """
        x = self._norm(self._words[ids] + self._positions[: ids.shape[1]])
        for transform in self._layers[:layer]:
            x = transform(x)
        return x


class _Tensors:
    """The tensors of a model's file, with or without the prefix ``bert.``."""

    def __init__(self, weights: Mapping[str, _Floats], epsilon: float) -> None:
        self._weights = {name.removeprefix("bert."): value for name, value in weights.items()}
        self._epsilon = epsilon

    def __getitem__(self, name: str) -> _Floats:
        try:
            return self._weights[name]
        except KeyError:
            raise ModelError(f"the model's file lacks the tensor {name!r}") from None

    def norm(self, name: str) -> _Norm:
        return _Norm(self[f"{name}.weight"], self[f"{name}.bias"], self._epsilon)

    def linear(self, *names: str) -> _Linear:
        """Return one linear map with the outputs of all *names* side by side."""
        weight = np.concatenate([self[f"{name}.weight"] for name in names])
        bias = np.concatenate([self[f"{name}.bias"] for name in names])
        return _Linear(np.ascontiguousarray(weight.T), bias)

    def layer(self, name: str, heads: int) -> _Layer:
        attention = f"{name}.attention"
        parts = (f"{attention}.self.{part}" for part in ("query", "key", "value"))
        return _Layer(
            heads=heads,
            query_key_value=self.linear(*parts),
            attention_output=self.linear(f"{attention}.output.dense"),
            attention_norm=self.norm(f"{attention}.output.LayerNorm"),
            intermediate=self.linear(f"{name}.intermediate.dense"),
            output=self.linear(f"{name}.output.dense"),
            output_norm=self.norm(f"{name}.output.LayerNorm"),
        )


def _gelu(x: _Floats) -> _Floats:
    gate = x * np.float32(math.sqrt(0.5))
    special.erf(gate, out=gate)
    gate += 1
    gate *= x
    gate *= 0.5
    return gate


_DEFAULTS = {"layer_norm_eps": 1e-12, "num_attention_heads": 12, "num_hidden_layers": 12}
"""What transformers takes where ``config.json`` does not say."""


def _check(config: Mapping[str, Any]) -> None:
    expected = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
    }
    for key, value in expected.items():
        found = config.get(key, value)
        if found != value:
            raise ModelError(f"config.json: {key} is {found!r}; only {value!r} can be computed")
