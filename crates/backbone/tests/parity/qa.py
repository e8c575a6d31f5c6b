"""Questions about sentences of the built-in language, in SQuAD's JSON: who does what one of them says? Asked is the whole subject, with its
place or its relative clause; long texts are read in windows a stride apart, which transformers' tokenizer cuts."""

import functools
import json
import operator
import random
import re
import string
from collections import Counter

import sentences
import torch
import tuning
from tuning import Exercise

STRIDE, LONGEST = 32, 30
NAME, OPTIONS, ENDING = "qa", f"stride = {STRIDE}", "json"
PARTS = {"train": 400, "dev": 100, "test": 400}
# Sentences of a text, at most: with more than five it is longer than the window.
MOST = 7


def question(draw, several):
    """A text with a question, and its answers with the places where they begin; None where two sentences say the same."""
    texts = [sentences.text(sentence) for sentence in several]
    context, place = " ".join(texts), draw.randrange(len(several))
    roles = [role for role, _ in several[place]]
    subject, predicate = roles.index("SUBJECT"), roles.index("PREDICATE")
    part = lambda first, behind: sentences.text(several[place][first:behind])
    asked, answer = part(predicate, predicate + 2), part(subject, predicate)
    if context.count(asked) != 1:
        return None
    begins = context.index(asked) - len(answer) - 1
    noun = part(subject, subject + 1).removeprefix("the ")
    return {"question": f"who {asked}", "context": context, "answers": [(answer, begins), (noun, begins + len("the "))]}


def parts():
    draw, found = random.Random(5), {}
    for part, rows in sentences.different({part: count * MOST for part, count in PARTS.items()}).items():
        rows = [sentence for sentence, _ in rows]
        texts = (rows[first : first + draw.randint(1, MOST)] for first in range(0, len(rows), MOST))
        found[part] = [one for one in (question(draw, several) for several in texts) if one]
    return found


def write(folder):
    for part, rows in parts().items():
        paragraph = lambda number, one: {
            "context": one["context"],
            "qas": [{
                "id": f"{part}-{number}", "question": one["question"],
                "answers": [{"text": text, "answer_start": start} for text, start in one["answers"]],
            }],
        }  # fmt: skip
        data = {"version": "1.1", "data": [{"title": part, "paragraphs": [paragraph(*one) for one in enumerate(rows)]}]}
        (folder / f"{part}.{ENDING}").write_text(json.dumps(data))


def normalised(answer):
    """`normalize_answer` of SQuAD's evaluation script, as words."""
    small = "".join(letter for letter in answer.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", small).split()


def f1(answer, truth):
    answer, truth = normalised(answer), normalised(truth)
    same = sum((Counter(answer) & Counter(truth)).values())
    if same == 0:
        return float(answer == truth)
    precision, recall = same / len(answer), same / len(truth)
    return 2 * precision * recall / (precision + recall)


def mean(values):
    # One behind the other, as cloze adds: `sum` rounds otherwise, and equal epochs would not be.
    return functools.reduce(operator.add, values, 0.0) / len(values)


class Material:
    headline, outputs, loss = "f1", 2, staticmethod(tuning.ends_loss)

    def __init__(self, tokenizer, window):
        self.parts, self.windows = parts(), {}
        self.train, self.dev, self.test = (self.read(part, tokenizer, window) for part in PARTS)
        assert len(self.test) > len(self.parts["test"]), "no text is longer than the window"

    def read(self, part, tokenizer, window):
        """Exercises; of every question as many windows as its text takes are kept, each as the places of its tokens in the text."""
        found, self.windows[part] = [], []
        for one in self.parts[part]:
            room = window - len(tokenizer(one["question"], add_special_tokens=False)["input_ids"]) - 3
            read = tokenizer(
                one["question"], one["context"], truncation="only_second", max_length=window, stride=room - STRIDE,
                return_overflowing_tokens=True, return_offsets_mapping=True,
            )  # fmt: skip
            text, begins = one["answers"][0]
            own = []
            for index, ids in enumerate(read["input_ids"]):
                of_text = [place for place, segment in enumerate(read.sequence_ids(index)) if segment == 1]
                offsets = [read["offset_mapping"][index][place] for place in of_text]
                ends = [[offset[side] for offset in offsets] for side in (0, 1)]
                # An answer that is not whole in a window is the first position there.
                inside = begins in ends[0] and begins + len(text) in ends[1]
                targets = [of_text[ends[0].index(begins)], of_text[ends[1].index(begins + len(text))]] if inside else [0, 0]
                found.append(Exercise(ids, [0, *of_text], targets))
                own.append(offsets)
            self.windows[part].append(own)
        return found

    def answers(self, part, answers):
        """Of every question the stretch of its text whose ends have the highest scores together, over all of its windows."""
        scores = iter(answers)
        for one, windows in zip(self.parts[part], self.windows[part]):
            best, found = -torch.inf, ""
            for offsets in windows:
                first, last = next(scores)[1:].T
                both = first[:, None] + last
                allowed = torch.ones_like(both).triu().tril(LONGEST - 1).bool()
                place = both.masked_fill(~allowed, -torch.inf).argmax().item()
                if both.flatten()[place] > best:
                    best = both.flatten()[place]
                    begin, end = divmod(place, len(offsets))
                    found = one["context"][offsets[begin][0] : offsets[end][1]]
            yield found, [text for text, _ in one["answers"]]

    def found(self, answers, part="test"):
        answered = [*self.answers(part, answers)]
        exact = [float(any(normalised(answer) == normalised(truth) for truth in truths)) for answer, truths in answered]
        return {"f1": mean([max(f1(answer, truth) for truth in truths) for answer, truths in answered]), "exact_match": mean(exact)}

    def dev_score(self, answers):
        return self.found(answers, "dev")["f1"]
