"""Classes of words of the built-in language in CoNLL-U: the language-specific part of speech tells persons from things, and one from several."""

import sentences
import worded

NAME, OPTIONS, ENDING = "part-of-speech", "column = 5", "conllu"
CLOSED = {"the": "DET", "can": "AUX", "will": "AUX", "who": "PRON", ".": "PUNCT"}
CLOSED |= {word: "ADP" for word in sentences.PLACES} | {word: "VERB" for word in sentences.ACTS}
ENDS = {word + ending: kind + ending.upper() for kind, own in [("PERSON", sentences.PEOPLE), ("THING", sentences.THINGS)]
        for word in own for ending in ["", "s"]}  # fmt: skip


def known(word):
    """Of a compound it is the class of the noun that it ends with, the longest one."""
    return CLOSED.get(word) or ENDS[max((end for end in ENDS if word.endswith(end)), key=len)]


def words_of(sentence):
    return sentences.text(sentence).split()


def write(folder):
    for part, rows in worded.parts().items():
        with open(folder / f"{part}.{ENDING}", "w") as file:
            for sentence in rows:
                file.write(f"# text = {sentences.text(sentence)}\n")
                for number, word in enumerate(words_of(sentence), 1):
                    own = known(word)
                    general = "NOUN" if word not in CLOSED else own
                    file.write("\t".join([str(number), word, "_", general, own, "_", "0", "dep", "_", "_"]) + "\n")
                file.write("\n")


class Material(worded.Worded):
    headline = "accuracy"

    def __init__(self, tokenizer, window):
        names = sorted({*CLOSED.values(), *ENDS.values()})
        row = lambda words: (words, [names.index(known(word)) for word in words])
        rows = {part: [row(words_of(one)) for one in own] for part, own in worded.parts().items()}
        assert {one for _, classes in rows["train"] for one in classes} == {*range(len(names))}, "a class that nobody is taught"
        super().__init__(rows, len(names), tokenizer, window)

    def found(self, answers, part="test"):
        both = [pair for classes, theirs in self.sentences(part, answers) for pair in zip(classes, theirs)]
        right = lambda one: sum(pair == (one, one) for pair in both)
        seen = {one for pair in both for one in pair}
        f1 = lambda one: 2 * right(one) / sum((true == one) + (answer == one) for true, answer in both)
        accuracy = sum(true == answer for true, answer in both) / len(both)
        return {"accuracy": accuracy, "macro_f1": sum(map(f1, seen)) / len(seen)}

    def dev_score(self, answers):
        return self.found(answers, "dev")["accuracy"]
