"""Prints lines for `cloze export --check`: sentences, special tokens spelt out, random letters of a dozen scripts, combining marks,
control characters, blanks of every kind, byte-order marks.

    python lines.py 10000 > lines.txt

The same number gives the same lines. No line holds a line end of any kind, since a line is a text.
"""

import random
import sys

WORDS = "the a cat dogs quickly, ran; don't (well) 3.14 e-mail naïve Straße İstanbul ﬁne 你好 世界 สวัสดี नमस्ते שלום مرحبا привет γειά 안녕 ありがとう".split()
SPECIAL = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[mask]", "<s>", "</s>", "<mask>", "##ing", "##", "Ġ", "▁"]
RANGES = [
    (0x20, 0x7E), (0xA0, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF),
    (0x900, 0x97F), (0xE00, 0xE7F), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
    (0xFE00, 0xFEFF), (0xFF00, 0xFFEF), (0x1D400, 0x1D7FF), (0x1F300, 0x1F6FF),
]  # fmt: skip
CONTROL = [chr(code) for code in [*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x200D, 0x2060, 0xFEFF, 0xFFFD]]
ENDS = set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def line(draw):
    parts = []
    for _ in range(draw.randint(1, 24)):
        kind = draw.random()
        if kind < 0.6:
            parts.append(draw.choice(WORDS))
        elif kind < 0.7:
            parts.append(draw.choice(SPECIAL))
        elif kind < 0.9:
            low, high = draw.choice(RANGES)
            parts.append("".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 6))))
        else:
            parts.append(draw.choice(CONTROL))
        parts.append(draw.choice(["", " ", " ", " ", "  ", "\t", "\u3000"]))
    return "".join(letter for letter in "".join(parts) if letter not in ENDS)


if __name__ == "__main__":
    draw = random.Random(1)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for _ in range(int(sys.argv[1])):
        print(line(draw))
