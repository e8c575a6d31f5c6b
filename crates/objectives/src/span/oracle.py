"""The numbers of tests.rs, by SpanBERT's own rule (facebookresearch/SpanBERT, `data/masking.py`), written anew.

    python3 oracle.py

Blocks of 510 tokens whose words have 1, 2, 3 or 4 pieces with probabilities .84, .10, .04, .02; p = .2, at most 10 words.
Needs nothing but Python; 20,000 blocks take half a minute.
"""

import math
import random

BLOCKS, LENGTH, RATE, STOP, LONGEST = 20_000, 510, 0.15, 0.2, 10
LENGTHS = range(1, LONGEST + 1)
WEIGHTS = [STOP * (1 - STOP) ** (n - 1) for n in LENGTHS]


def words(draw):
    """Start and end of every word; the block's end cuts the last one."""
    found, end = [], 0
    while end < LENGTH:
        start = end
        end = min(LENGTH, end + draw.choices((1, 2, 3, 4), (84, 10, 4, 2))[0])
        found.append((start, end))
    return found


def block(draw):
    found = words(draw)
    word_of = [place for place, (start, end) in enumerate(found) for _ in range(start, end)]
    hidden, budget = set(), math.ceil(RATE * LENGTH)
    while len(hidden) < budget:
        length = draw.choices(LENGTHS, WEIGHTS)[0]
        anchor = draw.randrange(LENGTH)
        if anchor in hidden:
            continue
        for start, end in found[word_of[anchor] : word_of[anchor] + length]:
            for position in range(start, end):
                if len(hidden) < budget:
                    hidden.add(position)
    spans = []
    for position in sorted(hidden):
        if spans and spans[-1][1] == position:
            spans[-1][1] = position + 1
        else:
            spans.append([position, position + 1])
    cut = any(0 < sum(p in hidden for p in range(start, end)) < end - start for start, end in found)
    return spans, cut


def main():
    draw = random.Random(20190724)
    spans = tokens = long = without = cut = 0
    for _ in range(BLOCKS):
        found, is_cut = block(draw)
        spans += len(found)
        tokens += sum(end - start for start, end in found)
        long += sum(end - start > 15 for start, end in found)
        # One has a boundary where both neighbours are in the block.
        without += sum(start == 0 or end == LENGTH for start, end in found)
        cut += is_cut
    print(f"mean length of a merged span {tokens / spans:.3f}")
    print(f"longer than 15 {long / spans:.4f}, without a boundary {without / spans:.4f}")
    print(f"blocks with a word that is hidden in part {cut / BLOCKS:.4f}")


main()
