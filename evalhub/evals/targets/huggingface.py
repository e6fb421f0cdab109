"""A language model in a local folder as a target, with or without an adapter."""

import copy
import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import EvalhubError, ModelError
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.conversation import Conversation
from evalhub.evals.targets.huggingface_model import LocalModel, load_tokenizer
from evalhub.model import Usage

__all__ = ["Generation", "HuggingFaceTarget"]

_Asked = tuple[str, "Future[TargetOutput]"]
"""A prompt, and who waits for its answer."""


@dataclass(frozen=True, slots=True)
class Generation:
    """How text is generated; greedy, unless there is a temperature."""

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    """Of the sampling; it has no say where generation is greedy."""
    batch_size: int = 8
    """Most examples in one batch. Batches form of calls that wait at the same time."""

    @property
    def settings(self) -> dict[str, Any]:
        """What ``generate`` is given."""
        if self.temperature == 0:
            return {"max_new_tokens": self.max_new_tokens, "do_sample": False}
        sampled = {"do_sample": True, "temperature": self.temperature, "top_p": self.top_p}
        return {"max_new_tokens": self.max_new_tokens, **sampled}


class HuggingFaceTarget:
    """Generates with a causal language model of ``transformers``.

    Messages go through the tokenizer's chat template where it has one; else their texts are
    joined by blank lines. Greedy calls from several threads are generated together, in
    batches; sampled ones one by one, so that each depends on its seed alone.

    The weights are loaded at the first call, and make room for those of the next model.

    Args:
        name: As in reports.
        conversation: The prompt.
        model: Folder of the model and its tokenizer. Nothing is fetched.
        adapter: Folder of an adapter made by ``peft``, put on top of the model.
        generation: How text is generated.
        device: Where: ``cpu``, ``cuda``; None is a GPU where there is one.
        dtype: Type of the weights, such as ``bfloat16``; None is that of the files.

    Raises:
        ConfigError: a folder holds no model, or the device cannot be used.
        MissingExtraError: torch, transformers or peft is not installed.
    """

    def __init__(
        self,
        name: str,
        conversation: Conversation,
        model: Path,
        *,
        adapter: Path | None = None,
        generation: Generation | None = None,
        device: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.name: str = name
        self.conversation = conversation
        self.generation = generation or Generation()
        self._model = LocalModel(model, adapter, device, dtype)
        self._tokenizer = load_tokenizer(model)
        self._waiting: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        self._generating = threading.Lock()

    @property
    def placeholders(self) -> frozenset[str]:
        """Inputs that the prompt needs."""
        return self.conversation.names

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Generate for *inputs*; returns once the batch it went into is done.

        Raises:
            ConfigError: the prompt needs an input that is not there.
            ModelError: the prompt is longer than the model's context, or memory is short.
        """
        asked: _Asked = (self.prompt(inputs), Future())
        if self._samples:
            with self._generating:  # in a batch, a sample would depend on its neighbours
                self._answer([asked])
        else:
            self._waiting.put(asked)
            self._work(asked[1])
        return asked[1].result()

    def for_repeat(self, repeat: int) -> "HuggingFaceTarget":
        """Return the target that samples for *repeat*; itself where generation is greedy."""
        if not self._samples or not repeat:
            return self
        varied = copy.copy(self)
        varied.generation = replace(self.generation, seed=self.generation.seed + repeat)
        return varied

    def prompt(self, inputs: Mapping[str, Any]) -> str:
        """Return the text that the model is given for *inputs*."""
        messages = self.conversation.fill(inputs)
        if self._tokenizer.chat_template is None:
            return "\n\n".join(str(message["content"]) for message in messages)
        rendered: str = self._tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        return rendered

    def generate(self, prompts: Sequence[str]) -> list[TargetOutput]:
        """Return an output for each of *prompts*, generated together.

        Raises:
            ModelError: a prompt is longer than the model's context.
        """
        torch = require("torch", extra="torch")
        model = self._model.load()
        encoded = self._tokenizer(
            list(prompts),
            return_tensors="pt",
            padding=True,
            # A chat template writes the special tokens itself.
            add_special_tokens=self._tokenizer.chat_template is None,
            return_token_type_ids=False,
        ).to(self._model.device)
        self._check_length(model, int(encoded["input_ids"].shape[1]))
        with torch.inference_mode(), torch.random.fork_rng(enabled=self._samples):
            if self._samples:
                torch.manual_seed(self.generation.seed)
            sequences = model.generate(
                **encoded, **self.generation.settings, pad_token_id=self._tokenizer.pad_token_id
            )
        prompt_tokens = encoded["attention_mask"].sum(dim=1).tolist()
        generated = sequences[:, encoded["input_ids"].shape[1] :].tolist()
        ends = _end_tokens(model)
        return [self._output(*pair, ends) for pair in zip(prompt_tokens, generated, strict=True)]

    @property
    def _samples(self) -> bool:
        return self.generation.temperature > 0

    def _output(
        self, prompt_tokens: int, generated: list[int], ends: frozenset[int]
    ) -> TargetOutput:
        length = next(
            (at + 1 for at, token in enumerate(generated) if token in ends), len(generated)
        )
        text = self._tokenizer.decode(generated[:length], skip_special_tokens=True)
        return TargetOutput(
            text.strip(),
            usage=Usage(prompt_tokens, length),
            finish_reason=self._finish_reason(generated, ends),
        )

    def _finish_reason(self, generated: list[int], ends: frozenset[int]) -> str | None:
        if not ends.isdisjoint(generated):
            return "stop"
        return "length" if len(generated) >= self.generation.max_new_tokens else None

    def _check_length(self, model: Any, tokens: int) -> None:
        most = getattr(model.config, "max_position_embeddings", None)
        wanted = tokens + self.generation.max_new_tokens
        if most is not None and wanted > most:
            raise ModelError(
                f"the prompt has {tokens} tokens and max_new_tokens is "
                f"{self.generation.max_new_tokens}; the model takes {most} together"
            )

    def _work(self, own: "Future[TargetOutput]") -> None:
        """Generate what waits, in batches, until *own* is done: by this thread or another."""
        while not own.done():
            with self._generating:
                if own.done():
                    return
                batch = [self._waiting.get()]
                while len(batch) < self.generation.batch_size and not self._waiting.empty():
                    batch.append(self._waiting.get())
                self._answer(batch)

    def _answer(self, batch: Sequence["_Asked"]) -> None:
        try:
            outputs = self.generate([prompt for prompt, _ in batch])
        except Exception as error:  # noqa: BLE001  # raised again by who waits
            if len(batch) > 1:  # one long prompt must not fail the others
                for one in batch:
                    self._answer([one])
                return
            batch[0][1].set_exception(_explained(error))
            return
        for (_, future), output in zip(batch, outputs, strict=True):
            future.set_result(output)


def _explained(error: Exception) -> Exception:
    if isinstance(error, EvalhubError):
        return error
    return ModelError(f"the model cannot generate: {type(error).__name__}: {error}")


def _end_tokens(model: Any) -> frozenset[int]:
    ends = model.generation_config.eos_token_id
    return frozenset(ends if isinstance(ends, list) else [] if ends is None else [ends])
