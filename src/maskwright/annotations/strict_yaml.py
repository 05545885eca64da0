"""A reader of YAML files in which no key may occur twice."""

from typing import Any

import yaml


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that occurs twice, of which YAML's own reader keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of ``node``; ``yaml.MarkedYAMLError`` with the place of a key that occurs twice."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.MarkedYAMLError(
                    problem=f"{key!r} occurs twice", problem_mark=node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep)
