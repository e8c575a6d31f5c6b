"""Makes albert.safetensors, bert.safetensors, deberta.safetensors, gpt2.safetensors, megatron.safetensors and modern.safetensors: tiny
models of transformers with random weights, what they read, their logits, the loss of some predictions and its gradients, all under
cloze's parameter paths.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

The weights are drawn large (standard deviation 0.3), so that every part moves the logits, but those below two of the norms
are small, so that the norms' epsilons do too. ModernBERT has full attention in
every layer and the rotary base of its own first training phase, 10,000, as cloze's `modern` has. ALBERT has the GELU of
BERT, and not the tanh approximation of its release: cloze's `bert` with shared layers and factorised embeddings. DeBERTa has
projections of its own for relative positions and fewer buckets than there are distances. GPT-2 and Megatron-BERT as a decoder see what
is before them; GPT-2 has the GELU and the epsilon of BERT, and not those of its release, and no head before the table of tokens:
cloze's `bert` with `pre_norm`. transformers has no enhanced mask
decoder: its own last layer is called as microsoft/DeBERTa's `apps/models/masked_language_model.py` calls it.
"""

from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    DebertaV2Config,
    DebertaV2ForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    MegatronBertConfig,
    MegatronBertForCausalLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
)

VOCABULARY, WIDTH, LAYERS, HEADS, HIDDEN, WINDOW = 50, 16, 2, 2, 24, 12
# ALBERT's embeddings and the blocks that its layers share.
EMBEDDING, ALBERT_LAYERS, GROUPS = 10, 4, 2
# Of DeBERTa's distances.
BUCKETS = 4
# Of two windows of nine positions: those that are predicted.
ROWS = [1, 4, 7, 9, 12]


# Of all but GPT-2, which has other words for it.
SIZES = dict(
    vocab_size=VOCABULARY,
    hidden_size=WIDTH,
    num_hidden_layers=LAYERS,
    num_attention_heads=HEADS,
    intermediate_size=HIDDEN,
    max_position_embeddings=WINDOW,
)
# Of those that are built like BERT.
LIKE_BERT = SIZES | dict(type_vocab_size=2, hidden_act="gelu", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
EAGER = dict(attn_implementation="eager")


def bert():
    return BertForMaskedLM(BertConfig(**LIKE_BERT, **EAGER))


def albert():
    more = dict(embedding_size=EMBEDDING, num_hidden_layers=ALBERT_LAYERS, num_hidden_groups=GROUPS)
    return AlbertForMaskedLM(AlbertConfig(**LIKE_BERT | more, **EAGER))


def deberta():
    more = dict(
        type_vocab_size=0,
        relative_attention=True,
        position_buckets=BUCKETS,
        max_relative_positions=WINDOW,
        norm_rel_ebd="layer_norm",
        pos_att_type=["p2c", "c2p"],
        share_att_key=False,
        position_biased_input=False,
    )
    return DebertaV2ForMaskedLM(DebertaV2Config(**LIKE_BERT | more))


def megatron():
    return MegatronBertForCausalLM(MegatronBertConfig(**LIKE_BERT, is_decoder=True, **EAGER))


def gpt2():
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        n_inner=HIDDEN,
        n_positions=WINDOW,
        activation_function="gelu",
        layer_norm_epsilon=1e-12,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        resid_pdrop=0.0,
        bos_token_id=1,
        eos_token_id=2,
        **EAGER,
    )
    return GPT2LMHeadModel(config)


def modern():
    rope = {"rope_type": "default", "rope_theta": 10_000.0}
    config = ModernBertConfig(
        **SIZES,
        layer_types=["full_attention"] * LAYERS,
        rope_parameters={"full_attention": rope, "sliding_attention": rope},
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        cls_token_id=1,
        sep_token_id=2,
        **EAGER,
    )
    return ModernBertForMaskedLM(config)


def same(ours, theirs):
    return {ours: ([theirs], "as it is")}


def norm(ours, theirs, bias=True):
    return same(f"{ours}.gain", f"{theirs}.weight") | (same(f"{ours}.bias", f"{theirs}.bias") if bias else {})


def dense(ours, theirs, bias=True):
    parts = {f"{ours}.weight": ([f"{name}.weight" for name in theirs], "transposed")}
    return parts | ({f"{ours}.bias": ([f"{name}.bias" for name in theirs], "as it is")} if bias else {})


def block(ours, theirs, parts, bias=True):
    """The norms and dense layers of a block; one of ours may be several side by side there."""
    names = {}
    for part, layers in parts.items():
        named = [f"{theirs}.{layer}" for layer in layers.split()]
        names |= norm(f"{ours}.{part}", named[0], bias) if part.endswith("norm") else dense(f"{ours}.{part}", named, bias)
    return names


def head(theirs, bias="cls.predictions.bias", norm_of="LayerNorm", biased=True):
    """The head for masked tokens, whose layers are below a name."""
    names = same("head.bias", bias) | dense("head.dense", [f"{theirs}dense"], biased)
    return names | norm("head.norm", f"{theirs}{norm_of}", biased)


BERT_HEAD = head("cls.predictions.transform.")
BERT_BLOCK = dict(
    qkv="attention.self.query attention.self.key attention.self.value",
    output="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
    up="intermediate.dense",
    down="output.dense",
    feed_forward_norm="output.LayerNorm",
)


def embedded(root):
    """The tables of those that are built like BERT."""
    tokens = same("encoder.tokens", f"{root}.embeddings.word_embeddings.weight")
    return tokens | same("encoder.positions", f"{root}.embeddings.position_embeddings.weight")


def bert_names():
    names = embedded("bert") | norm("encoder.norm", "bert.embeddings.LayerNorm") | BERT_HEAD
    for layer in range(LAYERS):
        names |= block(f"encoder.blocks.{layer}", f"bert.encoder.layer.{layer}", BERT_BLOCK)
    return names


def megatron_names():
    names = embedded("bert") | norm("encoder.final_norm", "bert.encoder.ln") | BERT_HEAD
    parts = BERT_BLOCK | dict(attention_norm="attention.ln", feed_forward_norm="ln")
    for layer in range(LAYERS):
        names |= block(f"encoder.blocks.{layer}", f"bert.encoder.layer.{layer}", parts)
    return names


def gpt2_names():
    names = same("encoder.tokens", "transformer.wte.weight") | same("encoder.positions", "transformer.wpe.weight")
    # Its dense layers are [in, out], as ours are.
    parts = {"qkv": "attn.c_attn", "output": "attn.c_proj", "up": "mlp.c_fc", "down": "mlp.c_proj"}
    for layer in range(LAYERS):
        ours, theirs = f"encoder.blocks.{layer}", f"transformer.h.{layer}"
        for own, other in parts.items():
            for part in ("weight", "bias"):
                names |= same(f"{ours}.{own}.{part}", f"{theirs}.{other}.{part}")
        names |= block(ours, theirs, dict(attention_norm="ln_1", feed_forward_norm="ln_2"))
    return names | norm("encoder.final_norm", "transformer.ln_f")


def deberta_names():
    names = same("encoder.tokens", "deberta.embeddings.word_embeddings.weight")
    names |= same("encoder.relative.table", "deberta.encoder.rel_embeddings.weight")
    names |= norm("encoder.norm", "deberta.embeddings.LayerNorm") | norm("encoder.relative.norm", "deberta.encoder.LayerNorm")
    parts = BERT_BLOCK | dict(
        qkv="attention.self.query_proj attention.self.key_proj attention.self.value_proj",
        relative="attention.self.pos_query_proj attention.self.pos_key_proj",
    )
    for layer in range(LAYERS):
        names |= block(f"encoder.blocks.{layer}", f"deberta.encoder.layer.{layer}", parts)
    return names | BERT_HEAD


def albert_names():
    names = embedded("albert") | norm("encoder.norm", "albert.embeddings.LayerNorm")
    names |= dense("encoder.project", ["albert.encoder.embedding_hidden_mapping_in"])
    parts = dict(
        qkv="attention.query attention.key attention.value",
        output="attention.dense",
        attention_norm="attention.LayerNorm",
        up="ffn",
        down="ffn_output",
        feed_forward_norm="full_layer_layer_norm",
    )
    for group in range(GROUPS):
        names |= block(f"encoder.blocks.{group}", f"albert.encoder.albert_layer_groups.{group}.albert_layers.0", parts)
    return names | head("predictions.", bias="predictions.bias")


def modern_names():
    names = same("encoder.tokens", "model.embeddings.tok_embeddings.weight")
    names |= norm("encoder.norm", "model.embeddings.norm", bias=False) | norm("encoder.final_norm", "model.final_norm", bias=False)
    parts = dict(qkv="attn.Wqkv", output="attn.Wo", attention_norm="attn_norm", up="mlp.Wi", down="mlp.Wo", feed_forward_norm="mlp_norm")
    for layer in range(LAYERS):
        # The first block has no norm before its attention.
        own = {part: layers for part, layers in parts.items() if layer > 0 or part != "attention_norm"}
        names |= block(f"encoder.blocks.{layer}", f"model.layers.{layer}", own, bias=False)
    return names | head("head.", bias="decoder.bias", norm_of="norm", biased=False)


def decoded(model, ids, targets):
    """What the predicted positions are by an enhanced mask decoder."""
    encoder = model.deberta.encoder
    positions = torch.nn.Parameter(torch.randn(WINDOW, WIDTH) * 0.3)
    states = model.deberta(ids, output_hidden_states=True).hidden_states[-2]
    queries = states + positions[: ids.shape[1]]
    how = {
        "attention_mask": encoder.get_attention_mask(torch.ones_like(ids)),
        "relative_pos": encoder.get_rel_pos(states),
        "rel_embeddings": encoder.get_rel_embedding(),
    }
    for _ in range(2):
        queries, _ = encoder.layer[-1](states, query_states=queries, **how)
    logits = model.cls(queries.reshape(-1, WIDTH)[ROWS])
    loss = torch.nn.functional.cross_entropy(logits, targets)
    loss.backward(inputs=[positions])
    return {
        "decoder/positions": positions.detach(),
        "decoder/gradient": positions.grad,
        "decoder/logits": logits.detach(),
    }


def make(name, model, names):
    torch.manual_seed(20190524)
    model.eval()
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for path, parameter in parameters.items():
            gain = any(part in path.lower() for part in ("norm", ".ln")) and path.endswith("weight")
            parameter.normal_(1.0 if gain else 0.0, 0.3)
            if not gain and any(part in path for part in ("embeddings", "transform.dense", "head.dense")):
                parameter *= 0.01
        embeddings = f"{'bert' if name == 'megatron' else name}.embeddings"
        segments = parameters.get(f"{embeddings}.token_type_embeddings.weight")
        if segments is not None:
            # cloze has one segment here: its row is folded into the positions.
            parameters[f"{embeddings}.position_embeddings.weight"] += segments[0]
            segments.zero_()
    ids = torch.randint(3, VOCABULARY, (2, 9))
    targets = torch.randint(3, VOCABULARY, (len(ROWS),))
    logits = model(input_ids=ids).logits.reshape(18, VOCABULARY)
    loss = torch.nn.functional.cross_entropy(logits[ROWS], targets)
    loss.backward()
    # Every parameter but segments and the tied decoder has a place among ours.
    used = {theirs for theirs, _ in names.values() for theirs in theirs}
    left = {path for path in parameters if path not in used}
    assert left <= {f"{embeddings}.token_type_embeddings.weight"}, left
    tensors = {
        "ids": ids.flatten().float(),
        "rows": torch.tensor(ROWS).float(),
        "targets": targets.float(),
        "logits": logits.detach(),
        "loss": loss.detach().reshape(1),
    }
    for ours, (theirs, how) in names.items():
        for kind in ("weight", "gradient"):
            parts = [parameters[path].grad if kind == "gradient" else parameters[path].detach() for path in theirs]
            joined = torch.cat(parts)  # dense layers are [out, in]
            tensors[f"{kind}/{ours}"] = (joined.T if how == "transposed" else joined).contiguous().clone()
    if name == "deberta":
        tensors |= decoded(model, ids, targets)
    made_by = f"transformers {transformers.__version__}, torch {torch.__version__}"
    save_file(tensors, Path(__file__).with_name(f"{name}.safetensors"), metadata={"made_by": made_by})


make("albert", albert(), albert_names())
make("bert", bert(), bert_names())
make("deberta", deberta(), deberta_names())
make("gpt2", gpt2(), gpt2_names())
make("megatron", megatron(), megatron_names())
make("modern", modern(), modern_names())
