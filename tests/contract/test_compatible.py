"""What may change in a message: the rule itself, tried on every schema of the contract."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.contract.compatible import breaks, shape
from deploy.contract.documents import form_of
from tests.contract.schemas import ARROW_MESSAGES, BY_TOPIC, JSON_MESSAGES

json_topics = st.sampled_from([m.topic for m in JSON_MESSAGES])
arrow_topics = st.sampled_from([m.topic for m in ARROW_MESSAGES])


def pair(topic: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A form, a copy to change, and the object of that copy that has the fields."""
    old = form_of(BY_TOPIC[topic])
    new = copy.deepcopy(old)
    return old, new, new.get("$defs", {}).get("One", new)


def broken(topic: str, old: Any, new: Any) -> list[str]:
    return breaks(old, new, BY_TOPIC[topic].sender != "platform")


@pytest.mark.parametrize("topic", list(BY_TOPIC))
def test_a_message_is_compatible_with_itself_and_with_other_words(topic: str) -> None:
    old, new, _ = pair(topic)
    new["description"] = "said in another way"
    assert broken(topic, old, new) == []
    assert shape(old) == shape(new)


@given(json_topics)
def test_a_new_field_that_nobody_has_to_write_is_compatible(topic: str) -> None:
    old, new, own = pair(topic)
    own["properties"]["added"] = {"type": "string"}
    assert broken(topic, old, new) == []
    assert shape(old) != shape(new)


@given(json_topics, st.data())
def test_what_breaks_a_json_message(topic: str, data: st.DataObject) -> None:
    old, new, own = pair(topic)
    name = data.draw(st.sampled_from(sorted(own["properties"])))
    change = data.draw(st.sampled_from(["remove", "rename", "retype", "require", "first"]))
    if change in ("remove", "rename"):
        kind = own["properties"].pop(name)
        if change == "rename":
            own["properties"][f"{name}_2"] = kind
    elif change == "retype":
        own["properties"][name] = {"type": "null"}
    elif change == "first":
        own["properties"] = {"added": {"type": "string"}, **own["properties"]}
    else:
        own["properties"]["added"] = {"type": "string"}
        own["required"] = [*own["required"], "added"]
    assert broken(topic, old, new)


def test_words_of_a_closed_list() -> None:
    for topic, field in (("call.control", "reason"), ("fraud.actions", "kind")):
        received = BY_TOPIC[topic].sender != "platform"
        old, new, own = pair(topic)
        own["properties"][field]["enum"].append("new-word")
        assert bool(broken(topic, old, new)) is not received
        assert bool(broken(topic, new, old)) is received


@given(arrow_topics)
def test_a_new_column_at_the_end_is_compatible_if_old_messages_may_lack_it(topic: str) -> None:
    old, new, _ = pair(topic)
    new["columns"].append({"name": "added", "type": "string", "nullable": True})
    assert broken(topic, old, new) == []
    new["columns"][-1]["nullable"] = False
    assert broken(topic, old, new)


@given(arrow_topics, st.data())
def test_what_breaks_an_arrow_message(topic: str, data: st.DataObject) -> None:
    old, new, _ = pair(topic)
    columns = new["columns"]
    at = data.draw(st.integers(0, len(columns) - 2))
    change = data.draw(st.sampled_from(["remove", "rename", "retype", "null", "move", "insert"]))
    if change == "remove":
        del columns[at]
    elif change == "rename":
        columns[at]["name"] += "_2"
    elif change == "retype":
        columns[at]["type"] = "float32"
    elif change == "null":
        if columns[at]["nullable"]:
            return
        columns[at]["nullable"] = True
    elif change == "move":
        columns.append(columns.pop(at))
    else:
        columns.insert(at, {"name": "added", "type": "string", "nullable": True})
    assert broken(topic, old, new)
