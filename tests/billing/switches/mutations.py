"""Files with some of their lines spoilt, by a seed: what disks, networks and other programs do."""

import random

SPOILERS = (
    *(b'"', b",", b"|", b";", b"\r", b"\0", b"\xff", b"{", b"}", b"-", b" "),
    *(b"9" * 30, b"\xc3\xa9"),
)


def mutate(data: bytes, seed: int, share: float) -> bytes:
    """A file with about `share` of its lines changed; lines stay lines, in number too."""
    rng = random.Random(seed)
    lines = data.split(b"\n")
    for i, line in enumerate(lines):
        if line and rng.random() < share:
            lines[i] = spoil(line, rng)
    return b"\n".join(lines)


def spoil(line: bytes, rng: random.Random) -> bytes:
    """One line, changed in one way."""
    at = rng.randrange(len(line))
    until = min(len(line), at + 1 + rng.randrange(6))
    way = rng.randrange(6)
    if way == 0:
        return line[:at]
    if way == 1:
        return line[:at] + line[until:]
    if way == 2:
        return line[:at] + rng.choice(SPOILERS) + line[at:]
    if way == 3:
        return line[:at] + rng.choice(SPOILERS) + line[until:]
    if way == 4:
        return line[:at] + line
    return bytes([rng.choice(b'abc019.,"|:-+ ')]) * (until - at) + line[until:]
