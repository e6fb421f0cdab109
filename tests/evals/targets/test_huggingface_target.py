"""A model in a folder as a target: a real one of random weights, made here."""

import importlib
import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import ConfigError, ModelError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.runs.calling import call_all
from evalhub.evals.runs.pace import Limits
from evalhub.evals.suites.make_targets import check_inputs, make_target
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.suite import load_suite
from evalhub.evals.targets.conversation import Conversation
from evalhub.evals.targets.huggingface import Generation, HuggingFaceTarget
from evalhub.evals.targets.huggingface_model import LocalModel

torch: Any = importlib.import_module("torch")
transformers: Any = importlib.import_module("transformers")

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
PROMPT = Conversation.of_text("Say {q}")


def save_model(folder: Path, *, chat: bool, seed: int = 0, positions: int = 128) -> Path:
    """Save a Llama of random weights with a tokenizer of bytes, as a fine-tuning would."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: n for n, token in enumerate(["<s>", "</s>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>"
    )
    if chat:
        fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = transformers.LlamaForCausalLM(config)
    # Weights of the usual size give one token again and again.
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(6)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a model with a chat template."""
    return save_model(tmp_path_factory.mktemp("chat"), chat=True)


@pytest.fixture(scope="module")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one without."""
    return save_model(tmp_path_factory.mktemp("plain"), chat=False)


def reference(folder: Path, prompt: str, tokens: int) -> tuple[str, int]:
    """Return what transformers gives for *prompt* alone, greedily, and how many tokens."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    ids = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        made = model.generate(
            **ids, max_new_tokens=tokens, do_sample=False, pad_token_id=tokenizer.eos_token_id
        )
    new = made[0, ids["input_ids"].shape[1] :]
    return tokenizer.decode(new, skip_special_tokens=True).strip(), len(new)


def test_the_chat_template_makes_the_prompt(chat_model: Path) -> None:
    """Messages go through it, and the answer is what transformers gives for that text."""
    prompt = Conversation.of_text("Say {q}", system="Be brief.")
    target = HuggingFaceTarget("t", prompt, chat_model, generation=Generation(12))
    assert target.prompt({"q": "hi"}) == "<system>Be brief.<user>Say hi<assistant>"
    output = target({"q": "hi"})
    text, tokens = reference(chat_model, target.prompt({"q": "hi"}), 12)
    assert output.text == text
    assert output.usage is not None
    assert output.usage.input_tokens == len("<system>Be brief.<user>Say hi<assistant>")
    assert output.usage.output_tokens == tokens


def test_a_base_model_is_given_the_text(plain_model: Path) -> None:
    """Without a chat template the prompt is the text itself."""
    target = HuggingFaceTarget("t", PROMPT, plain_model, generation=Generation(12))
    assert target.prompt({"q": "hi"}) == "Say hi"
    assert target({"q": "hi"}).text == reference(plain_model, "Say hi", 12)[0]
    assert target.placeholders == {"q"}


def test_a_batch_gives_what_each_alone_gives(plain_model: Path) -> None:
    """Prompts of unlike length are padded on the left, which changes no answer."""
    target = HuggingFaceTarget("t", PROMPT, plain_model, generation=Generation(12))
    prompts = ["a", "a much longer prompt than that", "Say x", "b" * 60]
    outputs = target.generate(prompts)
    assert [output.text for output in outputs] == [
        reference(plain_model, prompt, 12)[0] for prompt in prompts
    ]
    assert [output.usage and output.usage.input_tokens for output in outputs] == [1, 30, 5, 60]


def test_calls_from_many_threads_become_batches(plain_model: Path) -> None:
    """Every caller gets its own answer, and there are fewer batches than calls."""
    target = HuggingFaceTarget("t", PROMPT, plain_model, generation=Generation(4, batch_size=4))
    sizes: list[int] = []
    generate = target.generate

    def counted(prompts: Sequence[str]) -> Any:
        sizes.append(len(prompts))
        return generate(prompts)

    target.generate = counted  # type: ignore[method-assign]  # to see the batches
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda n: target({"q": n}).text, range(24)))
    assert texts == [generate([f"Say {n}"])[0].text for n in range(24)]
    assert sum(sizes) == 24
    assert max(sizes) <= 4
    assert len(sizes) < 24


def test_it_says_which_answers_were_cut_off(plain_model: Path, tmp_path: Path) -> None:
    """One that its model ends was not, be it with its last token; of other ends nothing is said."""
    prompts = ["Say x", "b" * 9]
    cut = HuggingFaceTarget("t", PROMPT, plain_model, generation=Generation(3))
    assert [output.finish_reason for output in cut.generate(prompts)] == ["length", "length"]
    folder = shutil.copytree(plain_model, tmp_path / "ending")
    model = transformers.AutoModelForCausalLM.from_pretrained(plain_model)
    tokenizer = transformers.AutoTokenizer.from_pretrained(plain_model)
    ids = tokenizer("Say x", return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        first = int(model(**ids).logits[0, -1].argmax())
    file = folder / "generation_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "eos_token_id": first}))
    for most in (1, 3):
        ending = HuggingFaceTarget("t", PROMPT, folder, generation=Generation(most))
        whole, other = ending.generate(prompts)
        assert (whole.finish_reason, whole.usage and whole.usage.output_tokens) == ("stop", 1)
        assert other.finish_reason == "length"
    file.write_text(json.dumps({**settings, "max_time": 1e-9}))
    late = HuggingFaceTarget("t", PROMPT, folder, generation=Generation(3))
    assert [output.finish_reason for output in late.generate(prompts)] == [None, None]


def test_one_long_prompt_fails_alone(tmp_path: Path) -> None:
    """The others of its batch are answered; the error has the numbers."""
    folder = save_model(tmp_path, chat=False, positions=32)
    target = HuggingFaceTarget("t", PROMPT, folder, generation=Generation(8, batch_size=8))

    def call(text: str) -> str:
        try:
            return target({"q": text}).text
        except ModelError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(call, ["a", "b" * 40, "c", "d"]))
    assert "the prompt has 44 tokens and max_new_tokens is 8; the model takes 32" in texts[1]
    assert texts[0] == reference(folder, "Say a", 8)[0]


def test_sampling_follows_its_seed(plain_model: Path) -> None:
    """The same seed gives the same text, another seed another, and repeats differ."""

    def sample(seed: int, repeat: int = 0) -> str:
        generation = Generation(16, temperature=1.0, seed=seed)
        target = HuggingFaceTarget("t", PROMPT, plain_model, generation=generation)
        return target.for_repeat(repeat)({"q": "x"}).text

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)
    assert sample(1, repeat=1) == sample(2)


# peft still asks transformers in a way that is to go.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_an_adapter_changes_the_model(plain_model: Path, tmp_path: Path) -> None:
    """What peft saved is put on top; the base beside it stays as it was."""
    peft = importlib.import_module("peft")
    base = transformers.AutoModelForCausalLM.from_pretrained(plain_model)
    adapted = peft.get_peft_model(
        base, peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj", "o_proj"])
    )
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weights in adapted.named_parameters():
            if "lora" in name:
                weights.normal_(0, 2)
    adapted.save_pretrained(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(plain_model)
    ids = tokenizer("Say x", return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        made = adapted.generate(**ids, max_new_tokens=12, do_sample=False, pad_token_id=1)
    expected = tokenizer.decode(made[0, 5:], skip_special_tokens=True).strip()
    base_target = HuggingFaceTarget("b", PROMPT, plain_model, generation=Generation(12))
    before = base_target({"q": "x"}).text
    tuned = HuggingFaceTarget("c", PROMPT, plain_model, adapter=tmp_path, generation=Generation(12))
    assert tuned({"q": "x"}).text == expected
    assert expected != before
    assert base_target({"q": "x"}).text == before


def test_a_suite_runs_it(plain_model: Path, tmp_path: Path) -> None:
    """From the file to the outputs; the settings and the model's files are remembered."""
    (tmp_path / "d.jsonl").write_text('{"id": "a", "q": "x"}\n{"id": "b", "q": "yy"}\n')
    (tmp_path / "s.yaml").write_text(
        "name: s\ndataset: {path: d.jsonl, inputs: [q]}\ntargets:\n"
        f"  t: {{huggingface: {plain_model}, template: 'Say {{q}}', max_new_tokens: 12}}\n"
    )
    suite = load_suite(tmp_path / "s.yaml")
    dataset = load_dataset(suite.spec.dataset, folder=suite.folder)
    with ExitStack() as stack:
        planned = make_target(suite, "t", Models(stack))
    check_inputs(suite, (planned,), dataset)
    calls = call_all(
        planned.target,
        [(example, 0) for example in dataset.examples],
        limits=Limits(concurrency=2),
        on_call=lambda done: None,
    )
    expected = [reference(plain_model, f"Say {text}", 12)[0] for text in ("x", "yy")]
    assert [call.output and call.output.text for call in calls] == expected
    assert set(planned.params) == {
        "huggingface",
        "max_new_tokens",
        "model_sha256",
        "prompt_sha256",
    }


def test_one_model_is_in_memory_at_a_time(plain_model: Path, chat_model: Path) -> None:
    """The second makes the first's weights go; it loads them again when it is asked."""
    first = LocalModel(plain_model, None, "cpu", None)
    second = LocalModel(chat_model, None, "cpu", None)
    first.load()
    assert first.is_loaded
    second.load()
    assert (first.is_loaded, second.is_loaded) == (False, True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: None, "there is no folder"),
        (lambda folder: folder.mkdir(), "has no config.json"),
        (lambda folder: (folder.mkdir(), (folder / "config.json").write_text("{}")), "no weights"),
    ],
)
def test_a_folder_that_holds_no_model_is_refused(
    tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    """Before a call, and without looking anywhere else."""
    change(tmp_path / "m")
    with pytest.raises(ConfigError, match=message):
        HuggingFaceTarget("t", PROMPT, tmp_path / "m")


def test_other_bad_settings_are_one_line(plain_model: Path, tmp_path: Path) -> None:
    """An absent adapter, a device that is not there, a type that is none."""
    for settings, message in (
        ({"adapter": tmp_path / "no"}, "there is no folder"),
        ({"adapter": tmp_path}, "has no adapter_config.json"),
        ({"device": "warp"}, "the device 'warp' cannot be used"),
        ({"dtype": "float17"}, "the type 'float17'"),
    ):
        with pytest.raises(ConfigError, match=message) as caught:
            HuggingFaceTarget("t", PROMPT, plain_model, **settings)
        assert "\n" not in str(caught.value)


def test_weights_that_cannot_be_read_are_one_line(plain_model: Path, tmp_path: Path) -> None:
    """A truncated file is named when the model is loaded."""
    for file in plain_model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:1000])
    with pytest.raises(ConfigError, match="cannot load the model in") as caught:
        HuggingFaceTarget("t", PROMPT, tmp_path)({"q": "x"})
    assert "\n" not in str(caught.value)
