"""Stored nodes in a book of other dial codes: carried over, or known to need their number again."""

import numpy as np
import numpy.typing as npt

from kernels.batch import BatchError
from kernels.cpu import match_all
from kernels.layout import I32, U8, U64, DialCodes, Nodes, read_only

Mask = npt.NDArray[np.bool_]


def matched(codes: DialCodes, digits: U64, count: U8) -> I32:
    """The node of n numbers: the longest code that begins each, or 0."""
    node = np.empty(len(digits), np.int32)
    trie = (codes.top, codes.branch, codes.parent, codes.length)
    match_all(read_only(digits), read_only(count), trie, node)
    return node


def _keys(codes: DialCodes) -> U64:
    return codes.digits * np.uint64(16) + codes.length.astype(np.uint64)


def remap(nodes: Nodes, before: DialCodes, after: DialCodes) -> tuple[Nodes, Mask]:
    """n nodes of `before` as nodes of `after`, and the calls that must be matched again.

    A number that matched a code matches, among other codes, the longest that begins this code,
    unless a new code continues it: then only the number itself can tell, and its node here is a
    shorter code's. Raises BatchError if the nodes were not found in `before`.
    """
    if nodes.epoch != before.epoch:
        raise BatchError(f"nodes of epoch {nodes.epoch:016x}, not {before.epoch:016x}")
    node = nodes.node
    if len(node) and (node.min() < 0 or node.max() >= len(before.parent)):
        row = int(np.flatnonzero((node < 0) | (node >= len(before.parent)))[0])
        highest = len(before.parent) - 1
        raise BatchError(f"node of row {row} is {node[row]}: allowed 0 to {highest}")
    if before.epoch == after.epoch:
        return nodes, np.zeros(len(node), np.bool_)
    target = matched(after, before.digits, before.length)
    new = ~np.isin(_keys(after), _keys(before))
    continued = np.zeros(len(before.parent), np.bool_)
    continued[matched(before, after.digits[new], after.length[new])] = True
    return Nodes(target[node], after.epoch), continued[node]
