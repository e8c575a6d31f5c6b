"""Golden values for crates/stats/src/multi_bootstrap.rs, in plain Python: python3 multi_bootstrap.py > multi_bootstrap.json

Two estimators on made-up credits, each with 200,000 replicates of its own random numbers:
  `interval`: the one that the crate has, written from its description;
  `multiberts`: the multi-bootstrap of Sellam et al. 2022 (seeds and items resampled), for 40 seeds, where Student's t and the
  resampling of seeds are the same.
"""

import json
import math
import random

REPLICATES = 200_000
random.seed(20)


def credits(seeds, sizes, spread, shift=0.0):
    """Credits as strings of 0, 1 and 2: items of some difficulty, seeds of some skill."""
    difficulty = [[random.gauss(shift, 1.0) for _ in range(size)] for size in sizes]
    judged = []
    for _ in range(seeds):
        skill = random.gauss(0.0, spread)
        of_seed = []
        for items in difficulty:
            shares = [1 / (1 + math.exp(-(item + skill + random.gauss(0.0, 0.5)))) for item in items]
            of_seed.append("".join("1" if random.random() < 0.05 else "02"[random.random() < share] for share in shares))
        judged.append(of_seed)
    return judged


def numbers(judged):
    return [[[int(letter) / 2 for letter in items] for items in seed] for seed in judged]


def mean(values):
    return sum(values) / len(values)


def weights(groups):
    return [1 / (len(set(groups)) * groups.count(group)) for group in groups]


def quantile_of_t(degrees, u):
    if degrees == 1:
        return math.tan(math.pi * (u - 0.5))
    if degrees == 2:
        return (2 * u - 1) / math.sqrt(2 * u * (1 - u))
    if degrees == 4:
        alpha = 4 * u * (1 - u)
        q = math.cos(math.acos(math.sqrt(alpha)) / 3) / math.sqrt(alpha)
        return math.copysign(2 * math.sqrt(q - 1), u - 0.5)
    raise ValueError(degrees)


def ends(replicates, estimate, chance):
    replicates.sort()
    below = sum(replicate <= chance for replicate in replicates) / len(replicates)
    above = sum(replicate >= chance for replicate in replicates) / len(replicates)
    return {"estimate": estimate, "lo": replicates[int(0.025 * len(replicates))],
            "hi": replicates[int(0.975 * len(replicates)) - 1], "p": min(1.0, 2 * min(below, above))}


def interval(judged, groups, chance):
    w = weights(groups)
    scores = [sum(share * mean(items) for share, items in zip(w, seed)) for seed in judged]
    estimate, count = mean(scores), len(scores)
    error = math.sqrt(sum((value - estimate) ** 2 for value in scores) / (count - 1) / count)
    spread = together = 0.0
    deviations = []
    for index, share in enumerate(w):
        rows = [seed[index] for seed in judged]
        size = len(rows[0])
        columns = [mean(column) for column in zip(*rows)]
        middle = mean(columns)
        squares = sum((column - middle) ** 2 for column in columns) / (size - 1)
        residuals = sum((row[item] - columns[item] - mean(row) + middle) ** 2 for row in rows for item in range(size))
        spread += share ** 2 * squares / size
        together += share ** 2 * residuals / ((count - 1) * (size - 1)) / (count * size)
        deviations.append([share / size * math.sqrt(size / (size - 1)) * (column - middle) for column in columns])
    shrunk = math.sqrt(max(0.0, 1 - together / spread))
    replicates = []
    for _ in range(REPLICATES):
        items = sum(sum(random.choices(paradigm, k=len(paradigm))) for paradigm in deviations)
        replicates.append(estimate + shrunk * items + error * quantile_of_t(count - 1, random.random()))
    return ends(replicates, estimate, chance)


def multiberts(judged, groups, chance):
    w = weights(groups)
    count = len(judged)
    estimate = mean([sum(share * mean(items) for share, items in zip(w, seed)) for seed in judged])
    replicates = []
    for _ in range(REPLICATES // 20):
        seeds = random.choices(judged, k=count)
        items = [random.choices(range(len(items)), k=len(items)) for items in judged[0]]
        replicates.append(mean([sum(share * mean([row[item] for item in chosen])
                                    for share, row, chosen in zip(w, seed, items)) for seed in seeds]))
    return ends(replicates, estimate, chance)


def case(judged, groups, law):
    return {"seeds": judged, "groups": groups, **law(numbers(judged), groups, 0.5)}


print(json.dumps({
    "interval": [
        case(credits(3, [10, 10, 6], 0.3, 0.4), [0, 0, 1], interval),
        case(credits(5, [20, 8], 0.8), [0, 1], interval),
        case(credits(2, [30], 0.1, 0.3), [4], interval),
        case([["2202", "0212"]] * 3, [0, 1], interval),
    ],
    "multiberts": [case(credits(40, [30, 30, 20], 0.8, 0.2), [0, 0, 1], multiberts)],
}))
