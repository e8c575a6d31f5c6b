"""The realised rates of GPT-BERT's spans, from its rule (ltgoslo/gpt-bert, pretraining/dataset.py), for the test of `mntp`.

    python oracle.py        # needs nothing but Python
"""

import random
import statistics


def hidden(tokens, rate, draw):
    """How many of so many tokens behind a special one are hidden: every span has a random number of its own, and the tokens up
    to the threshold's are hidden, where the threshold is that of the k-th smallest of the tokens' numbers."""
    numbers = []
    while len(numbers) < tokens + 1:
        numbers += [draw.random()] * draw.randint(1, 3)
    numbers = numbers[1 : tokens + 1]
    k = max(1, int(tokens * rate + draw.random()))
    threshold = sorted(numbers)[k - 1]
    return sum(number <= threshold for number in numbers)


if __name__ == "__main__":
    draw = random.Random(1)
    for rate in (0.15, 0.30):
        shares = [hidden(126, rate, draw) / 126 for _ in range(200_000)]
        print(rate, statistics.fmean(shares), statistics.pstdev(shares))
