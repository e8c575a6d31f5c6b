"""The draws of crates/foundation/src/draw.rs, so that what cloze drew can be given to others."""

import math

GAMMA = 0x9E3779B97F4A7C15
BITS = (1 << 64) - 1


def mix(number):
    """SplitMix64's finaliser."""
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & BITS
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & BITS
    return number ^ (number >> 31)


class Draw:
    def __init__(self, key):
        self.key = key

    @classmethod
    def of(cls, seed, purpose):
        key = mix(seed + GAMMA & BITS)
        for byte in purpose.encode():
            key = mix(key ^ byte) + GAMMA & BITS
        return cls(key)

    def narrow(self, tag, coordinate):
        return Draw(mix(mix(self.key ^ tag) + coordinate * GAMMA & BITS))

    def step(self, step):
        return self.narrow(0x53544550, step)

    def example(self, example):
        return self.narrow(0x4558414D, example)

    def purpose(self, purpose):
        return Draw.of(self.key, purpose)

    def seed(self):
        return mix(self.key ^ 0x53454544)

    def bits(self, index):
        """The number at this place of the stream, from 1."""
        return mix(self.key + index * GAMMA & BITS)

    def unit(self, index):
        return (self.bits(index) >> 11) / (1 << 53)

    def normals(self, count):
        """The first standard normal numbers of the stream."""
        pairs = ((self.unit(2 * place + 1), self.unit(2 * place + 2)) for place in range(count))
        return [math.sqrt(-2 * math.log(1 - first)) * math.cos(math.tau * second) for first, second in pairs]


# The golden numbers of draw.rs.
assert [Draw.of(1, "corruption").step(7).example(3).bits(index) for index in [1, 2]] == [0x1C7C6FCC9634AB6B, 0x80ADBBD1632CEA6D]


def key(ids, read, targets):
    """What an exercise of fine-tuning is ordered by (crates/evals/src/finetune/examples.rs)."""
    found = 0
    for part in [ids, read, targets]:
        for number in [len(part), *part]:
            found = mix(found ^ number) + 1 & BITS
    return found
