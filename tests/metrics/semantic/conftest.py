"""Small encoders with random weights and real tokenizers, made by transformers."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from evalhub.metrics.semantic.encoder import load_encoder

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ["the", "a", "cat", "dog", "sat", "on", "mat", "it", "is", "was", "rug", "house", "red"]
WIDTH = 32

Maker = Callable[..., Path]


@pytest.fixture(autouse=True)
def _fresh_encoders() -> Iterator[None]:
    """Forget encoders that other tests loaded from other folders."""
    load_encoder.cache_clear()
    yield
    load_encoder.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep torch's threads from waiting for each other on a machine that does other things."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_model(tmp_path: Path) -> Maker:
    """Return a function that saves a small encoder of a type and gives its folder."""

    def make(kind: str, name: str = "", **settings: Any) -> Path:
        folder = tmp_path / (name or kind)
        save_model(kind, folder, **settings)
        return folder

    return make


def save_model(
    kind: str, folder: Path, *, declared: int | None = None, prefix: bool = False, **settings: Any
) -> None:
    """Save an encoder of the type *kind* with random weights, and its tokenizer.

    *declared* is the greatest length that the tokenizer tells; *prefix* whether a
    tokenizer of bytes puts a space before the first word by itself.
    """
    tokenizer, special = _TOKENIZERS.get(kind, _word_pieces)()
    if prefix:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    torch.manual_seed(0)
    sizes = {**_SIZES.get(kind, {}), **settings}
    config = transformers.AutoConfig.for_model(kind, vocab_size=tokenizer.get_vocab_size(), **sizes)
    make: Any = transformers.AutoModel.from_config  # without annotations in transformers
    model = make(config)
    # Larger than a fresh model's, so that layers and positions change the vectors visibly.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    model.save_pretrained(folder)
    wrap: Any = transformers.PreTrainedTokenizerFast  # likewise
    wrap(tokenizer_object=tokenizer, model_max_length=declared, **special).save_pretrained(folder)


class _Outputs(torch.nn.Module):
    """Gives plain tensors, which is what a file in ONNX has."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Return the last hidden state, and all of them."""
        found = self.model(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return (found[0], *found.hidden_states)


def _export_onnx(folder: Path) -> None:
    """Add ``model.onnx`` to *folder*: the same network as its weights, with hidden states."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    layers = range(model.config.num_hidden_layers + 1)
    example = torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]])
    axes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, of its own parts
        torch.onnx.export(
            _Outputs(model),
            (example, (example > 0).long()),
            str(folder / "model.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state", *(f"hidden_states.{i}" for i in layers)],
            dynamic_shapes=(axes, axes),
            verbose=False,
        )


@pytest.fixture(scope="session")
def _onnx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "bert"
    save_model("bert", folder)
    _export_onnx(folder)
    return folder


@pytest.fixture
def onnx_model(_onnx_folder: Path, tmp_path: Path) -> Path:
    """Return the folder of a small BERT that has its network in ONNX as well."""
    return Path(shutil.copytree(_onnx_folder, tmp_path / "exported"))


def _word_pieces() -> tuple[Tokenizer, dict[str, str]]:
    """Return a tokenizer as BERT's: lower case, pieces of words, a token a CJK character."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    pieces = [*LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS, *"今天气很好下雨.,!"]
    tokens = dict.fromkeys([*special, *pieces])
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(special)
    return tokenizer, {
        "unk_token": "[UNK]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }


def _byte_pairs() -> tuple[Tokenizer, dict[str, str]]:
    """Return a tokenizer as RoBERTa's: bytes and their pairs, a space is part of its word."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokens = dict.fromkeys([*special, *sorted(pre_tokenizers.ByteLevel.alphabet()), "Ġt", "Ġa"])
    merges = [("Ġ", "t"), ("Ġ", "a")]
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), add_prefix_space=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    return tokenizer, {
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "sep_token": "</s>",
    }


def _unigrams() -> tuple[Tokenizer, dict[str, str]]:
    """Return a tokenizer as T5's: it adds only an end."""
    special = ["<pad>", "</s>", "<unk>"]
    scores = [(t, 0.0) for t in special] + [(t, -1.0) for t in ["▁", *LETTERS, *"今天气很好."]]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.add_special_tokens(special)
    return tokenizer, {"unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "</s>"}


_TOKENIZERS = {"bart": _byte_pairs, "roberta": _byte_pairs, "t5": _unigrams}
_BERT = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
}
_SIZES: dict[str, dict[str, Any]] = {
    "albert": {**_BERT, "embedding_size": 16},
    "bert": _BERT,
    "deberta-v2": {**_BERT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "roberta": {**_BERT, "max_position_embeddings": 42, "pad_token_id": 1},
    "distilbert": {
        "dim": WIDTH,
        "n_layers": 3,
        "n_heads": 4,
        "hidden_dim": 64,
        "max_position_embeddings": 40,
    },
    "t5": {
        "d_model": WIDTH,
        "d_kv": 8,
        "d_ff": 64,
        "num_layers": 3,
        "num_heads": 4,
        "decoder_start_token_id": 0,
    },
    "bart": {
        "d_model": WIDTH,
        "encoder_layers": 3,
        "decoder_layers": 2,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "max_position_embeddings": 40,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    },
}
