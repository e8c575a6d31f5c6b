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


def bert():
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        max_position_embeddings=WINDOW,
        type_vocab_size=2,
        hidden_act="gelu",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    return BertForMaskedLM(config)


def albert():
    config = AlbertConfig(
        vocab_size=VOCABULARY,
        embedding_size=EMBEDDING,
        hidden_size=WIDTH,
        num_hidden_layers=ALBERT_LAYERS,
        num_hidden_groups=GROUPS,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        max_position_embeddings=WINDOW,
        type_vocab_size=2,
        hidden_act="gelu",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    return AlbertForMaskedLM(config)


def deberta():
    config = DebertaV2Config(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        max_position_embeddings=WINDOW,
        type_vocab_size=0,
        hidden_act="gelu",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        relative_attention=True,
        position_buckets=BUCKETS,
        max_relative_positions=WINDOW,
        norm_rel_ebd="layer_norm",
        pos_att_type=["p2c", "c2p"],
        share_att_key=False,
        position_biased_input=False,
    )
    return DebertaV2ForMaskedLM(config)


def megatron():
    config = MegatronBertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        max_position_embeddings=WINDOW,
        type_vocab_size=2,
        hidden_act="gelu",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        is_decoder=True,
        attn_implementation="eager",
    )
    return MegatronBertForCausalLM(config)


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
        attn_implementation="eager",
    )
    return GPT2LMHeadModel(config)


def modern():
    rope = {"rope_type": "default", "rope_theta": 10_000.0}
    config = ModernBertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        max_position_embeddings=WINDOW,
        layer_types=["full_attention"] * LAYERS,
        rope_parameters={"full_attention": rope, "sliding_attention": rope},
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        cls_token_id=1,
        sep_token_id=2,
        attn_implementation="eager",
    )
    return ModernBertForMaskedLM(config)


def norm(ours, theirs, bias=True):
    parts = {f"{ours}.gain": ([f"{theirs}.weight"], "as it is")}
    return parts | ({f"{ours}.bias": ([f"{theirs}.bias"], "as it is")} if bias else {})


def dense(ours, theirs, bias=True):
    parts = {f"{ours}.weight": ([f"{name}.weight" for name in theirs], "transposed")}
    return parts | ({f"{ours}.bias": ([f"{name}.bias" for name in theirs], "as it is")} if bias else {})


def bert_names():
    names = {
        "encoder.tokens": (["bert.embeddings.word_embeddings.weight"], "as it is"),
        "encoder.positions": (["bert.embeddings.position_embeddings.weight"], "as it is"),
        "head.bias": (["cls.predictions.bias"], "as it is"),
    }
    names |= norm("encoder.norm", "bert.embeddings.LayerNorm")
    for layer in range(LAYERS):
        ours, theirs = f"encoder.blocks.{layer}", f"bert.encoder.layer.{layer}"
        names |= dense(f"{ours}.qkv", [f"{theirs}.attention.self.{part}" for part in ("query", "key", "value")])
        names |= dense(f"{ours}.output", [f"{theirs}.attention.output.dense"])
        names |= norm(f"{ours}.attention_norm", f"{theirs}.attention.output.LayerNorm")
        names |= dense(f"{ours}.up", [f"{theirs}.intermediate.dense"])
        names |= dense(f"{ours}.down", [f"{theirs}.output.dense"])
        names |= norm(f"{ours}.feed_forward_norm", f"{theirs}.output.LayerNorm")
    names |= dense("head.dense", ["cls.predictions.transform.dense"])
    return names | norm("head.norm", "cls.predictions.transform.LayerNorm")


def megatron_names():
    names = {
        "encoder.tokens": (["bert.embeddings.word_embeddings.weight"], "as it is"),
        "encoder.positions": (["bert.embeddings.position_embeddings.weight"], "as it is"),
        "head.bias": (["cls.predictions.bias"], "as it is"),
    }
    for layer in range(LAYERS):
        ours, theirs = f"encoder.blocks.{layer}", f"bert.encoder.layer.{layer}"
        names |= norm(f"{ours}.attention_norm", f"{theirs}.attention.ln")
        names |= dense(f"{ours}.qkv", [f"{theirs}.attention.self.{part}" for part in ("query", "key", "value")])
        names |= dense(f"{ours}.output", [f"{theirs}.attention.output.dense"])
        names |= norm(f"{ours}.feed_forward_norm", f"{theirs}.ln")
        names |= dense(f"{ours}.up", [f"{theirs}.intermediate.dense"])
        names |= dense(f"{ours}.down", [f"{theirs}.output.dense"])
    names |= norm("encoder.final_norm", "bert.encoder.ln")
    names |= dense("head.dense", ["cls.predictions.transform.dense"])
    return names | norm("head.norm", "cls.predictions.transform.LayerNorm")


def gpt2_names():
    names = {
        "encoder.tokens": (["transformer.wte.weight"], "as it is"),
        "encoder.positions": (["transformer.wpe.weight"], "as it is"),
    }
    # Its dense layers are [in, out], as ours are.
    parts = {"qkv": "attn.c_attn", "output": "attn.c_proj", "up": "mlp.c_fc", "down": "mlp.c_proj"}
    for layer in range(LAYERS):
        ours, theirs = f"encoder.blocks.{layer}", f"transformer.h.{layer}"
        for own, other in parts.items():
            names |= {f"{ours}.{own}.{part}": ([f"{theirs}.{other}.{part}"], "as it is") for part in ("weight", "bias")}
        names |= norm(f"{ours}.attention_norm", f"{theirs}.ln_1")
        names |= norm(f"{ours}.feed_forward_norm", f"{theirs}.ln_2")
    return names | norm("encoder.final_norm", "transformer.ln_f")


def deberta_names():
    names = {
        "encoder.tokens": (["deberta.embeddings.word_embeddings.weight"], "as it is"),
        "encoder.relative.table": (["deberta.encoder.rel_embeddings.weight"], "as it is"),
        "head.bias": (["cls.predictions.bias"], "as it is"),
    }
    names |= norm("encoder.norm", "deberta.embeddings.LayerNorm")
    names |= norm("encoder.relative.norm", "deberta.encoder.LayerNorm")
    for layer in range(LAYERS):
        ours, theirs = f"encoder.blocks.{layer}", f"deberta.encoder.layer.{layer}"
        attention = f"{theirs}.attention.self"
        names |= dense(f"{ours}.qkv", [f"{attention}.{part}_proj" for part in ("query", "key", "value")])
        names |= dense(f"{ours}.relative", [f"{attention}.pos_{part}_proj" for part in ("query", "key")])
        names |= dense(f"{ours}.output", [f"{theirs}.attention.output.dense"])
        names |= norm(f"{ours}.attention_norm", f"{theirs}.attention.output.LayerNorm")
        names |= dense(f"{ours}.up", [f"{theirs}.intermediate.dense"])
        names |= dense(f"{ours}.down", [f"{theirs}.output.dense"])
        names |= norm(f"{ours}.feed_forward_norm", f"{theirs}.output.LayerNorm")
    names |= dense("head.dense", ["cls.predictions.transform.dense"])
    return names | norm("head.norm", "cls.predictions.transform.LayerNorm")


def albert_names():
    names = {
        "encoder.tokens": (["albert.embeddings.word_embeddings.weight"], "as it is"),
        "encoder.positions": (["albert.embeddings.position_embeddings.weight"], "as it is"),
        "head.bias": (["predictions.bias"], "as it is"),
    }
    names |= norm("encoder.norm", "albert.embeddings.LayerNorm")
    names |= dense("encoder.project", ["albert.encoder.embedding_hidden_mapping_in"])
    for group in range(GROUPS):
        ours, theirs = f"encoder.blocks.{group}", f"albert.encoder.albert_layer_groups.{group}.albert_layers.0"
        names |= dense(f"{ours}.qkv", [f"{theirs}.attention.{part}" for part in ("query", "key", "value")])
        names |= dense(f"{ours}.output", [f"{theirs}.attention.dense"])
        names |= norm(f"{ours}.attention_norm", f"{theirs}.attention.LayerNorm")
        names |= dense(f"{ours}.up", [f"{theirs}.ffn"])
        names |= dense(f"{ours}.down", [f"{theirs}.ffn_output"])
        names |= norm(f"{ours}.feed_forward_norm", f"{theirs}.full_layer_layer_norm")
    names |= dense("head.dense", ["predictions.dense"])
    return names | norm("head.norm", "predictions.LayerNorm")


def modern_names():
    names = {
        "encoder.tokens": (["model.embeddings.tok_embeddings.weight"], "as it is"),
        "head.bias": (["decoder.bias"], "as it is"),
    }
    names |= norm("encoder.norm", "model.embeddings.norm", bias=False)
    for layer in range(LAYERS):
        ours, theirs = f"encoder.blocks.{layer}", f"model.layers.{layer}"
        names |= dense(f"{ours}.qkv", [f"{theirs}.attn.Wqkv"], bias=False)
        names |= dense(f"{ours}.output", [f"{theirs}.attn.Wo"], bias=False)
        if layer > 0:
            names |= norm(f"{ours}.attention_norm", f"{theirs}.attn_norm", bias=False)
        names |= dense(f"{ours}.up", [f"{theirs}.mlp.Wi"], bias=False)
        names |= dense(f"{ours}.down", [f"{theirs}.mlp.Wo"], bias=False)
        names |= norm(f"{ours}.feed_forward_norm", f"{theirs}.mlp_norm", bias=False)
    names |= norm("encoder.final_norm", "model.final_norm", bias=False)
    names |= dense("head.dense", ["head.dense"], bias=False)
    return names | norm("head.norm", "head.norm", bias=False)


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
