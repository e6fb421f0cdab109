"""Make the targets of a suite file that ask models with a prompt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalhub.errors import ConfigError
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.planned import PlannedTarget, digest_of, params_of
from evalhub.evals.suites.spec_prompts import (
    HuggingFaceSpec,
    MessageSpec,
    PromptFileSpec,
    PromptSpec,
)
from evalhub.evals.suites.suite import Suite
from evalhub.evals.suites.validate import validated
from evalhub.evals.suites.yaml_lines import parse_yaml
from evalhub.evals.targets.conversation import Conversation
from evalhub.evals.targets.huggingface import Generation, HuggingFaceTarget
from evalhub.evals.targets.prompt import PromptTarget
from evalhub.evals.targets.templates import Syntax

__all__ = ["huggingface_target", "prompt_target"]

_JINJA = (".j2", ".jinja", ".jinja2")
_MESSAGES = (".yaml", ".yml", ".json")
_PARTS = frozenset({"template", "messages", "system", "tools", "json_schema"})
"""What is remembered by its hash only."""
_READ_WHOLE = 1 << 20
"""Bytes up to which a model's file is told from another by its content."""


def prompt_target(suite: Suite, name: str, spec: PromptSpec, models: Models) -> PlannedTarget:
    """Return the target of a prompt for a model.

    Raises:
        ConfigError: the prompt cannot be read, or the model needs an endpoint.
        ModelError: the embedded model is needed and not pulled.
    """
    images = [spec.images] if isinstance(spec.images, str) else spec.images or []
    given = _read_prompt(suite, spec, images)
    tools, tool_files = _value(suite, spec.tools, "tools", list)
    schema, schema_files = _value(suite, spec.json_schema, "json_schema", dict)
    target = PromptTarget(
        name,
        models.chat(
            spec.model,
            spec.base_url,
            provider=spec.provider,
            api_key_env=spec.api_key_env,
            max_retries=0,
        ),
        given.conversation,
        max_tokens=spec.max_tokens,
        temperature=spec.temperature,
        top_p=spec.top_p,
        seed=spec.seed,
        stop=[spec.stop] if isinstance(spec.stop, str) else spec.stop,
        tools=given.settings.get("tools") if tools is None else tools,
        tool_choice=spec.tool_choice or given.settings.get("tool_choice"),
        json_schema=given.settings.get("json_schema") if schema is None else schema,
        extra_body=spec.extra_body,
    )
    params = params_of(suite, name, spec, exclude=_PARTS) | given.params
    for key in ("tools", "json_schema"):
        value = getattr(target, key)
        if value is not None:
            params[f"{key}_sha256"] = digest_of(json.dumps(value, sort_keys=True).encode())
    return PlannedTarget(target, params, (*given.files, *tool_files, *schema_files))


def huggingface_target(suite: Suite, name: str, spec: HuggingFaceSpec) -> PlannedTarget:
    """Return the target of a model in a folder.

    Raises:
        ConfigError: the prompt or the model cannot be read.
        MissingExtraError: a package is not installed.
    """
    given = _read_prompt(suite, spec)
    model = suite.folder / spec.huggingface
    adapter = None if spec.adapter is None else suite.folder / spec.adapter
    target = HuggingFaceTarget(
        name,
        given.conversation,
        model,
        adapter=adapter,
        generation=Generation(
            max_new_tokens=spec.max_new_tokens,
            temperature=spec.temperature,
            top_p=spec.top_p,
            seed=spec.seed,
            batch_size=spec.batch_size,
        ),
        device=spec.device,
        dtype=spec.dtype,
    )
    params = params_of(suite, name, spec, exclude=_PARTS) | given.params
    params |= {"model_sha256": _digest_of_folder(model)}
    params |= {} if adapter is None else {"adapter_sha256": _digest_of_folder(adapter)}
    return PlannedTarget(target, params, given.files)


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What a prompt says, and the files it stands in."""

    conversation: Conversation
    params: dict[str, str]
    files: tuple[Path, ...]
    settings: Mapping[str, Any]
    """Tools and schema that a prompt file brings along."""


def _read_prompt(
    suite: Suite, spec: PromptSpec | HuggingFaceSpec, images: Sequence[str] = ()
) -> _Prompt:
    if spec.messages is not None:
        return _messages(suite, spec.messages, spec.syntax or "braces", images)
    if spec.template is not None:
        return _text(suite, spec, spec.template, spec.syntax or "braces", images)
    path = suite.folder / (spec.prompt or "")
    text = _read(path, "prompt")
    if path.suffix.lower() not in _MESSAGES:
        syntax = spec.syntax or ("jinja" if path.suffix.lower() in _JINJA else "braces")
        return replace(_text(suite, spec, text, syntax, images), files=(path,))
    if spec.system is not None:
        raise ConfigError(f"put the system message into {path}")
    found = validated(parse_yaml(path), PromptFileSpec)
    prompt = _messages(suite, found.messages, spec.syntax or found.syntax or "braces", images)
    settings = found.model_dump(include={"tools", "tool_choice", "json_schema"})
    params = {"prompt_sha256": digest_of(text.encode())}
    return replace(prompt, params=params, files=(path,), settings=settings)


def _text(
    suite: Suite,
    spec: PromptSpec | HuggingFaceSpec,
    text: str,
    syntax: Syntax,
    images: Sequence[str],
) -> _Prompt:
    conversation = Conversation.of_text(
        text, system=spec.system, syntax=syntax, images=images, folder=_image_folder(suite)
    )
    params = {"prompt_sha256": digest_of((spec.system or "").encode(), text.encode())}
    return _Prompt(conversation, params, (), {})


def _messages(
    suite: Suite, messages: Sequence[MessageSpec], syntax: Syntax, images: Sequence[str]
) -> _Prompt:
    plain = [message.model_dump(exclude_none=True) for message in messages]
    conversation = Conversation(plain, syntax, images, _image_folder(suite))
    params = {"prompt_sha256": digest_of(json.dumps(plain, sort_keys=True).encode())}
    return _Prompt(conversation, params, (), {})


def _image_folder(suite: Suite) -> Path:
    """Return the folder of the data set's file, else that of the suite."""
    path = suite.spec.dataset.path
    return suite.folder if path is None else (suite.folder / path).parent


def _read(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"there is no {key} file {path}; check {key!r}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the {key} file {path}: {error}") from error


def _value(
    suite: Suite, given: object, key: str, kind: type[list[Any]] | type[dict[str, Any]]
) -> tuple[Any, tuple[Path, ...]]:
    """Return the value of *key*, which may be a file that holds it, and that file."""
    if not isinstance(given, str):
        return given, ()
    path = suite.folder / given
    _read(path, key)  # says which key names the file where there is none
    value = parse_yaml(path).value
    if not isinstance(value, kind):
        wanted = "a list" if kind is list else "a mapping"
        raise ConfigError(f"{path} holds {type(value).__name__}; {key!r} needs {wanted}")
    return value, (path,)


def _digest_of_folder(folder: Path) -> str:
    """Return what tells a model's files from others.

    Of weights it is the size and the time: to read them would take longer than to load them.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return digest_of(*(part for path in files for part in (path.name.encode(), _identity(path))))


def _identity(path: Path) -> bytes:
    found = path.stat()
    if found.st_size <= _READ_WHOLE:
        return path.read_bytes()
    return f"{found.st_size} {found.st_mtime_ns}".encode()
