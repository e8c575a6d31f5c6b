"""Writes a labelled set in words of the built-in language: do its sentences speak of one or of several?

    python sentences.py FOLDER          train.csv, dev.csv and test.csv, with the columns text and label

Asked is the number of the main subject, between nouns of either number ("the pilot who the kings will praise can find the boats ."), and no
verb shows it. Some sentences begin with their place, so that the subject is not the first noun. The same sentences come every time, each once.
No sentence has more than 14 tokens, so that batches of one length, which cloze makes, are as many as batches of any length.
"""

import csv
import random
import sys
from pathlib import Path

PARTS = {"train": 240, "dev": 200, "test": 1000}
PEOPLE = "boy king brother prince duke girl queen mother sister witch friend teacher student writer guest farmer sailor pilot doctor singer".split()
THINGS = "book car table letter door window picture garden road river bridge bag coin boat ship song guitar train map ticket".split()
ACTS = "see take like help draw watch find choose hide follow meet hear praise visit push".split()
PLACES = ["near", "behind", "beside"]


def noun(draw, words):
    """A noun with its article, and whether there are several."""
    several = draw.random() < 0.5
    return f"the {draw.choice(words)}{'s' if several else ''}", several


def parted(draw):
    """A sentence as its parts, one behind the other, each with what it does in it, and whether there are several of its main subject."""
    subject, several = noun(draw, PEOPLE)
    other, _ = noun(draw, PEOPLE + THINGS)
    person, _ = noun(draw, PEOPLE)
    act, modal = draw.choice(ACTS), draw.choice(["can", "will"])
    place = [("PLACE", f"{draw.choice(PLACES)} {other}")]
    begin, behind = draw.choice(
        [
            ([], []),
            ([], place),
            (place, []),
            ([], [("", f"who {modal} {act} {other}")]),
            ([], [("", f"who {person} {modal} {act}")]),
        ]
    )
    predicate = f"{draw.choice(['can', 'will'])} {draw.choice(ACTS)}"
    thing, _ = noun(draw, THINGS)
    return [*begin, ("SUBJECT", subject), *behind, ("PREDICATE", predicate), ("OBJECT", thing), ("", ".")], several


def text(sentence):
    return " ".join(words for _, words in sentence)


def different(counts):
    """Of every part so many sentences, as their parts, and whether each speaks of several; no text stands in two of them."""
    draw, seen = random.Random(1), {}
    while len(seen) < sum(counts.values()):
        sentence, several = parted(draw)
        seen.setdefault(text(sentence), (sentence, several))
    rows = iter(seen.values())
    return {part: [next(rows) for _ in range(count)] for part, count in counts.items()}


def parts():
    """Of every part the rows, text and label."""
    row = lambda sentence, several: (text(sentence), "several" if several else "one")
    return {part: [row(*one) for one in rows] for part, rows in different(PARTS).items()}


def write(folder):
    for part, rows in parts().items():
        with open(Path(folder) / f"{part}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("text", "label"), *rows])


if __name__ == "__main__":
    write(sys.argv[1])
