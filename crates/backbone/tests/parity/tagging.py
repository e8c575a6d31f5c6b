"""Entities in words of the built-in language: subjects, objects and places, of one to three words, tagged in BIOES."""

import worded

NAME, OPTIONS, ENDING = "tagging", 'scheme = "bioes"', "conll"
KINDS = sorted(worded.NOUNS)
TRAIN = 400


def entities(sentence):
    """Its words, and kind, first word and word behind the last one of every entity. Of an object the article is no part."""
    words, found = [], []
    for role, own in sentence:
        first = len(words) + (role == "OBJECT")
        words += own.split()
        if role in KINDS:
            found.append((role, first, len(words)))
    return words, found


def tags(words, found, letters):
    """With the letters of a beginning, an inside, an end and a single word."""
    begin, inside, end, single = letters
    written = ["O"] * len(words)
    for kind, first, behind in found:
        own = [inside] * (behind - first)
        own[0], own[-1] = begin, end
        written[first:behind] = [f"{letter}-{kind}" for letter in (own if len(own) > 1 else [single])]
    return written


def spans(written):
    """The entities of tags in IOB2, as conlleval.pl reads them where they are none of it: who goes on behind another kind begins."""
    found, before = [], "O"
    for place, tag in enumerate(written):
        if tag != "O":
            if tag[0] == "B" or before[2:] != tag[2:]:
                found.append((tag[2:], place, place + 1))
            else:
                found[-1] = (*found[-1][:2], place + 1)
        before = tag
    return found


def write(folder):
    for part, rows in worded.parts(TRAIN).items():
        blocks = []
        for sentence in rows:
            words, found = entities(sentence)
            blocks.append("".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags(words, found, "BIES"))))
        (folder / f"{part}.{ENDING}").write_text("\n".join(blocks))


class Material(worded.Worded):
    """What is learnt is IOB2, whatever the files have."""

    headline = "f1"

    def __init__(self, tokenizer, window):
        self.names = ["O", *(f"{letter}-{kind}" for kind in KINDS for letter in "BI")]
        row = lambda words, found: (words, [self.names.index(tag) for tag in tags(words, found, "BIIB")])
        rows = {part: [row(*entities(one)) for one in sentences] for part, sentences in worded.parts(TRAIN).items()}
        super().__init__(rows, len(self.names), tokenizer, window)

    def found(self, answers, part="test"):
        of = lambda classes: set(spans([self.names[one] for one in classes]))
        right = true = answered = 0
        for classes, theirs in self.sentences(part, answers):
            right += len(of(classes) & of(theirs))
            true += len(of(classes))
            answered += len(of(theirs))
        return {"f1": 2 * right / (true + answered), "precision": right / max(answered, 1), "recall": right / true}

    def dev_score(self, answers):
        return self.found(answers, "dev")["f1"]
