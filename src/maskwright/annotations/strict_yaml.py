"""A YAML loader that rejects repeated keys."""

from typing import Any

import yaml

from maskwright.bounded_yaml import BoundedLoader


class StrictLoader(BoundedLoader):
    """A bounded YAML loader that rejects a key that occurs twice; YAML's own loader keeps the last value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of ``node``.

        Raises ``yaml.MarkedYAMLError`` with the place of a key that occurs twice.
        """
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) < len(keys):
            position = next(i for i in range(len(keys)) if keys[i] in set(keys[:i]))
            raise yaml.MarkedYAMLError(
                problem=f"{keys[position]!r} occurs twice", problem_mark=node.value[position][0].start_mark
            )
        return super().construct_mapping(node, deep)
