"""Classes of words of the built-in language in CoNLL-U. The language-specific part of speech tells persons from things and one from several,
of verbs too, which do not show it: theirs is the number of their subject."""

import sentences
import worded

NAME, OPTIONS, ENDING = "part-of-speech", "column = 5", "conllu"
# Few to train on: with more, drawn weights learn the number of verbs as well as the exported ones of `modern`.
TRAIN = 160
CLOSED = {"the": "DET", "who": "PRON", ".": "PUNCT"} | {word: "ADP" for word in sentences.PLACES}
VERBS = {"can": "AUX", "will": "AUX"} | {word: "VERB" for word in sentences.ACTS}
KINDS = {noun: kind for kind, nouns in [("PERSON", sentences.PEOPLE), ("THING", sentences.THINGS)] for noun in nouns}


def number(noun):
    return "-SEVERAL" if noun.endswith("s") else ""


def classes(sentence):
    """Every word with its class. A compound is what the noun at its end is."""
    found, of_main = [], ""
    for role, own in sentence:
        own = own.split()
        if role == "SUBJECT":
            of_main = number(own[-1])
        # "who the kings will praise": the verbs of that clause have a subject of their own.
        subject = number(own[2]) if own[:2] == ["who", "the"] else of_main
        for word in own:
            if word in VERBS:
                known = VERBS[word] + subject
            else:
                known = CLOSED.get(word) or next(kind for noun, kind in KINDS.items() if word.removesuffix("s").endswith(noun)) + number(word)
            found.append((word, known))
    return found


def write(folder):
    for part, rows in worded.parts(TRAIN).items():
        with open(folder / f"{part}.{ENDING}", "w") as file:
            for sentence in rows:
                file.write(f"# text = {sentences.text(sentence)}\n")
                for place, (word, known) in enumerate(classes(sentence), 1):
                    universal = CLOSED.get(word) or VERBS.get(word) or "NOUN"
                    file.write("\t".join([str(place), word, "_", universal, known, "_", "0", "dep", "_", "_"]) + "\n")
                file.write("\n")


class Material(worded.Worded):
    headline = "accuracy"

    def __init__(self, tokenizer, window):
        sets = {part: [classes(one) for one in own] for part, own in worded.parts(TRAIN).items()}
        names = sorted({known for sentence in sets["train"] for _, known in sentence})
        row = lambda sentence: ([word for word, _ in sentence], [names.index(known) for _, known in sentence])
        super().__init__({part: list(map(row, own)) for part, own in sets.items()}, len(names), tokenizer, window)

    def found(self, answers, part="test"):
        both = [pair for truths, theirs in self.sentences(part, answers) for pair in zip(truths, theirs)]
        right = lambda one: sum(pair == (one, one) for pair in both)
        seen = {one for pair in both for one in pair}
        f1 = lambda one: 2 * right(one) / sum((true == one) + (answer == one) for true, answer in both)
        accuracy = sum(true == answer for true, answer in both) / len(both)
        return {"accuracy": accuracy, "macro_f1": sum(map(f1, seen)) / len(seen)}

    def dev_score(self, answers):
        return self.found(answers, "dev")["accuracy"]
