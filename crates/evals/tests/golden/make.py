"""Makes scores.json: what others say of answers that are made up here.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

- classes: scikit-learn's accuracy, F1 (macro and micro) and Matthews' correlation.
- entities: seqeval, which counts as conlleval.pl does, over IOB1, IOB2 and BIOES and over tags as no scheme has them.
- answers: SQuAD's evaluation as torchmetrics has it: the published script, that of 2.0 where nothing of an answer is left.

Nothing is downloaded.
"""

import json
import random
import warnings
from pathlib import Path

import seqeval.metrics
import sklearn.metrics as sk
from torchmetrics.functional.text import squad

warnings.filterwarnings("ignore")
random.seed(13)


def classes():
    cases = []
    for count, size, skill in [(2, 50, 0.8), (2, 40, 0.0), (5, 80, 0.6), (7, 30, 0.3), (3, 20, 1.0), (4, 1, 0.0)]:
        truths = [min(random.randrange(count), random.randrange(count)) for _ in range(size)]
        answers = [truth if random.random() < skill else random.randrange(count) for truth in truths]
        cases.append((count, truths, answers))
    # All truths alike, all answers alike, a class that is neither.
    cases += [(3, [0, 0, 0, 0], [0, 0, 1, 1]), (3, [0, 1, 1, 2], [1, 1, 1, 1]), (4, [0, 1, 3], [3, 1, 0])]
    return [
        {
            "classes": count,
            "truths": truths,
            "answers": answers,
            "accuracy": sk.accuracy_score(truths, answers),
            "micro_f1": sk.f1_score(truths, answers, average="micro"),
            "macro_f1": sk.f1_score(truths, answers, average="macro", zero_division=0),
            "matthews": sk.matthews_corrcoef(truths, answers),
        }
        for count, truths, answers in cases
    ]


def tags(scheme, length, kinds):
    if scheme == "none":
        return [random.choice(["O", "O"] + [f"{letter}-{kind}" for letter in "BIES" for kind in kinds]) for _ in range(length)]
    found, last = [], None
    while len(found) < length:
        kind, size = random.choice(kinds), random.randint(1, 3)
        if random.random() < 0.5:
            found.append("O")
            last = None
            continue
        entity = [f"I-{kind}"] * size
        if scheme == "iob2" or (scheme == "iob1" and last == kind):
            entity[0] = f"B-{kind}"
        if scheme == "bioes":
            entity[0], entity[-1] = f"B-{kind}", f"E-{kind}"
            entity = [f"S-{kind}"] if size == 1 else entity
        found, last = found + entity, kind
    return found


def entities():
    cases = []
    for scheme in ["iob1", "iob2", "bioes", "none"]:
        truths = [tags(scheme, random.randint(1, 12), ["PER", "LOC", "X-Y"]) for _ in range(25)]
        answers = []
        for truth in truths:
            other = tags("none" if scheme == "none" else scheme, len(truth), ["PER", "LOC", "X-Y"])[: len(truth)]
            answers.append([mine if random.random() < 0.7 else theirs for mine, theirs in zip(truth, other)])
        # seqeval splits at the last hyphen and cloze at the first one, so kinds have none here.
        plain = [[tag.replace("X-Y", "MISC") for tag in sentence] for sentence in truths]
        answered = [[tag.replace("X-Y", "MISC") for tag in sentence] for sentence in answers]
        report = seqeval.metrics.classification_report(plain, answered, output_dict=True, zero_division=0)
        cases.append(
            {
                "truths": plain,
                "answers": answered,
                "precision": seqeval.metrics.precision_score(plain, answered, zero_division=0),
                "recall": seqeval.metrics.recall_score(plain, answered, zero_division=0),
                "f1": seqeval.metrics.f1_score(plain, answered, zero_division=0),
                "kinds": {kind: report[kind]["f1-score"] for kind in ["PER", "LOC", "MISC"] if kind in report},
            }
        )
    return cases


def answers():
    cases = [
        ("The Broncos", ["Denver Broncos", "Broncos"]),
        ("an  apple, a day!", ["Apple day"]),
        ("the", ["the"]),
        ("the", ["a"]),
        ("", ["Bonn"]),
        ("Bonn", ["bonn."]),
        ("“The” Beatles", ["Beatles"]),
        ("“The” Beatles", ["the “ ” beatles"]),
        ("theatre", ["the atre"]),
        ("U.S.", ["US", "United States"]),
        ("well-known a-ha", ["wellknown aha"]),
        ("Ünïcödé naïve café", ["ünïcödé CAFÉ"]),
        ("10 10 20", ["10 20 20 30"]),
        ("a_the_an", ["athean"]),
        ("$1,000", ["1000", "$ 1000"]),
        ("in\tthe\nhouse", ["house in"]),
        ("İstanbul", ["istanbul"]),
        ("the 1st", ["1st"]),
        ("a\u00a0b", ["b"]),
        ("thé à l'orange", ["the a l orange", "thé à lorange"]),
    ]
    found = []
    for answer, truths in cases:
        scores = squad(
            [{"prediction_text": answer, "id": "0"}],
            [{"answers": {"answer_start": [0] * len(truths), "text": truths}, "id": "0"}],
        )
        found.append(
            {
                "answer": answer,
                "truths": truths,
                "exact_match": scores["exact_match"].item() / 100,
                "f1": scores["f1"].item() / 100,
            }
        )
    return found


made = {"classes": classes(), "entities": entities(), "answers": answers()}
lines = [f'"{name}": [\n' + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]" for name, cases in made.items()]
Path(__file__).with_name("scores.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
