"""A YAML loader that rejects repeated keys."""

from typing import Any

import yaml


class StrictLoader(yaml.SafeLoader):
    """A safe YAML loader that rejects a key that occurs twice; YAML's own loader keeps the last value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of ``node``.

        Raises ``yaml.MarkedYAMLError`` with the place of a key that occurs twice.
        """
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.MarkedYAMLError(
                    problem=f"{key!r} occurs twice", problem_mark=node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep)
