"""Sentences in words of a class each: what tagging.py and part_of_speech.py share."""

import random

import sentences
import tuning
from tuning import Exercise

HELD_OUT = {"dev": 150, "test": 500}
NOUNS = ["SUBJECT", "PLACE", "OBJECT"]
# One sentence in so many is several in one, longer than the window; and one noun in so many is a compound, of several tokens.
LONG, JOINED, COMPOUND = 10, 8, 6


def compound(draw, role, words):
    if role not in NOUNS or draw.randrange(COMPOUND):
        return role, words
    *before, noun = words.split()
    return role, " ".join([*before, draw.choice(sentences.THINGS) + noun])


def parts(train):
    """Of every part the sentences, as the parts of each; `train` sentences are trained on, before some are joined."""
    draw, found = random.Random(3), {}
    for part, rows in sentences.different({"train": train} | HELD_OUT).items():
        whole, rows = [], [[compound(draw, *one) for one in sentence] for sentence, _ in rows]
        while rows:
            joined = 1 if draw.randrange(LONG) else JOINED
            whole.append(sum(rows[:joined], []))
            rows = rows[joined:]
        found[part] = whole
    return found


def exercises(words, classes, tokenizer, window):
    """A sentence as windows. A word is read at its last token; one for which there is no room left begins the next window."""
    found, ids, read, targets = [], [], [], []
    close = lambda: found.append(Exercise([tokenizer.cls_token_id, *ids, tokenizer.sep_token_id], read, targets))
    for word, known in zip(words, classes):
        pieces = tokenizer(word, add_special_tokens=False)["input_ids"]
        if len(ids) + len(pieces) > window - 2:
            close()
            ids, read, targets = [], [], []
        ids = ids + pieces
        read, targets = read + [len(ids)], targets + [known]
    close()
    return found


class Worded:
    """A set in tokens; `rows` has of every part the sentences, each as its words and their classes."""

    loss = staticmethod(tuning.words_loss)

    def __init__(self, rows, outputs, tokenizer, window):
        self.rows, self.outputs = rows, outputs
        read = lambda part: [one for row in rows[part] for one in exercises(*row, tokenizer, window)]
        self.train, self.dev, self.test = read("train"), read("dev"), read("test")
        assert len(self.test) > len(rows["test"]), "no sentence is cut"
        assert any(len(one.ids) > len(one.read) + 2 for one in self.test), "no word has several tokens"

    def sentences(self, part, answers):
        """The classes of every sentence's words: the true ones, and those that were answered, whatever windows it was read in."""
        answered = iter(int(row.argmax()) for scores in answers for row in scores)
        return [(classes, [next(answered) for _ in words]) for words, classes in self.rows[part]]
