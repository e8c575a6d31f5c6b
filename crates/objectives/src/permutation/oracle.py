"""What XLNet's target selection comes to, from its rule (zihangdai/xlnet, data_utils.py, _sample_mask), for the tests of
`permutation`: windows of 512 that begin with [CLS], words of 1, 2, 3 and 4 pieces in the shares 84, 10, 4 and 2 %.

    python oracle.py        # needs nothing but Python
"""

import random
import statistics

LENGTH, GOAL, CONTEXT = 512, 85, 6


def window(draw):
    """Whether each position begins a word."""
    starts = [True]
    while len(starts) < LENGTH:
        starts += [True] + [False] * (draw.choices((1, 2, 3, 4), (84, 10, 4, 2))[0] - 1)
    return starts[:LENGTH]


def chosen(starts, draw):
    """The positions that are drawn, and how many of them in spans."""
    found, position = set(), 0
    while position < LENGTH and len(found) < GOAL:
        n = min(draw.choices(range(1, 6), [1 / n for n in range(1, 6)])[0], GOAL - len(found))
        left = draw.randrange(n * CONTEXT)
        begin = position + left
        while begin < LENGTH and not starts[begin]:
            begin += 1
        if begin + n >= LENGTH:
            break
        found |= set(range(begin, begin + n))
        position = begin + n + n * CONTEXT - left
    spans = len(found)
    while len(found) < GOAL:
        found.add(draw.randrange(LENGTH))
    return found - {0}, spans


def cut(starts, found):
    """The share of words with a target that are not targets as a whole."""
    words = []
    for position, begins in enumerate(starts):
        words += [[]] if begins else []
        words[-1].append(position in found)
    touched = [word for word in words if any(word)]
    return sum(not all(word) for word in touched) / len(touched)


def runs(found):
    return sum(position - 1 not in found for position in found)


if __name__ == "__main__":
    draw = random.Random(1)
    tables = []
    for _ in range(20_000):
        starts = window(draw)
        found, spans = chosen(starts, draw)
        tables.append((len(found), spans, len(found) / runs(found), cut(starts, found)))
    for name, column in zip(("targets", "in spans", "mean run", "words cut"), zip(*tables)):
        print(name, statistics.fmean(column), statistics.pstdev(column))
