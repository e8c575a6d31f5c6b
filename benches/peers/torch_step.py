"""One optimizer step of masked language modelling in PyTorch on the CPU, timed.

The encoder is Hugging Face's BERT; the step is forward, backward, clipping by the global norm and AdamW. Prints one
JSON object. `--head all` is `BertForMaskedLM` as shipped, which computes logits at every position; `--head selected`
applies its head to the selected positions only.
"""

import argparse
import json
import resource
import statistics
import sys
import time

import torch
import transformers

WARM_UP = 3
SELECTED = 0.15
SPECIAL_IDS = 5
IGNORED = -100  # the label that Hugging Face's loss leaves out


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("width", "layers", "vocab", "batch", "length", "threads", "steps"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--dropout", type=float, required=True)
    parser.add_argument("--head", choices=["all", "selected"], required=True)
    parser.add_argument("--bf16", action="store_true")
    return parser.parse_args()


def peak_bytes():
    """The most memory of this process; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def build(a):
    return transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=a.vocab,
            hidden_size=a.width,
            num_hidden_layers=a.layers,
            num_attention_heads=max(1, a.width // 64),
            intermediate_size=4 * a.width,
            max_position_embeddings=a.length,
            hidden_dropout_prob=a.dropout,
            attention_probs_dropout_prob=a.dropout,
            attn_implementation="sdpa",
        )
    ).train()


def batch(a):
    """Inputs, and labels with IGNORED where nothing is predicted: 15 % of each window, four fifths of them masked, a
    tenth replaced, a tenth kept."""
    originals = torch.randint(SPECIAL_IDS, a.vocab, (a.batch, a.length))
    count = round(SELECTED * (a.length - 1))
    chosen = torch.zeros(a.batch, a.length, dtype=torch.bool)
    chosen.scatter_(1, torch.rand(a.batch, a.length - 1).argsort(1)[:, :count] + 1, True)
    fate = torch.rand(a.batch, a.length)
    inputs = originals.masked_fill(chosen & (fate < 0.8), 4)
    other = torch.randint(SPECIAL_IDS, a.vocab, (a.batch, a.length))
    inputs = torch.where(chosen & (fate >= 0.9), other, inputs)
    return inputs, originals.masked_fill(~chosen, IGNORED)


def loss_of(model, head, inputs, labels):
    if head == "all":
        return model(inputs, labels=labels).loss
    chosen = labels != IGNORED
    hidden = model.bert(inputs).last_hidden_state[chosen]
    return torch.nn.functional.cross_entropy(model.cls(hidden).float(), labels[chosen])


def main():
    a = arguments()
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    imported = peak_bytes()
    model = build(a)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01, fused=True)
    seconds = []
    for _ in range(WARM_UP + a.steps):
        inputs, labels = batch(a)
        started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=a.bf16):
            loss = loss_of(model, a.head, inputs, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seconds.append(time.perf_counter() - started)
    assert torch.isfinite(loss), "the loss is not a number"
    step = statistics.median(seconds[WARM_UP:])
    print(
        json.dumps(
            {
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "tokens_per_second": a.batch * a.length / step,
                "step_ms": step * 1e3,
                "peak_bytes": peak_bytes(),
                "imported_bytes": imported,
            }
        )
    )


if __name__ == "__main__":
    main()
