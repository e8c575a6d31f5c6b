"""Makes words.safetensors: what the model of hub/BertForMaskedLM makes of two sentences whose words have several pieces, by both
pseudo-log-likelihoods: each token masked in turn, and with it the later pieces of its own word (Kauf & Ivanova 2023).

    venv/bin/python words.py

The second is minicons' `PLL_metric = "within_word_l2r"`: it masks beside a token those behind it that have the same of the tokenizer's
`word_ids` (kanishkamisra/minicons, `scorer.py`, `MaskedLMScorer.get_masked_tensors`).
"""

from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

HERE = Path(__file__).parent
START, END, MASK = 2, 3, 4
# Ids, and the word of each as `word_ids` tells it.
SENTENCES = [
    ([START, 7, 12, 14, 19, 5, 5, 10, END], [None, 0, 0, 0, 1, 2, 2, 3, None]),
    ([START, 18, 8, 6, 9, 11, END], [None, 0, 1, 2, 3, 3, None]),
]


@torch.no_grad()
def scored(model, ids, words, with_the_rest):
    total = torch.zeros(())
    for place in range(1, len(ids) - 1):
        hidden = torch.tensor([ids])
        for other in range(place, len(ids)):
            if other == place or (with_the_rest and words[other] == words[place]):
                hidden[0, other] = MASK
        total += torch.log_softmax(model(input_ids=hidden).logits[0, place], -1)[ids[place]]
    return total.reshape(1)


model = transformers.AutoModelForMaskedLM.from_pretrained(HERE / "hub" / "BertForMaskedLM").eval()
golden = {}
for row, (ids, words) in enumerate(SENTENCES):
    golden[f"ids/{row}"] = torch.tensor(ids).float()
    starts = [float(place == 0 or words[place] is None or words[place] != words[place - 1]) for place in range(len(ids))]
    golden[f"starts/{row}"] = torch.tensor(starts)
    golden[f"plain/{row}"] = scored(model, ids, words, False)
    golden[f"word-l2r/{row}"] = scored(model, ids, words, True)
made_by = f"transformers {transformers.__version__}, torch {torch.__version__}"
save_file(golden, HERE / "words.safetensors", metadata={"made_by": made_by})
