"""A YAML loader for files of unknown origin: what they may ask for is limited, and every fault is a ``YAMLError``."""

from typing import Any

import yaml

from maskwright.limits import beyond_limit, input_limit

# Letters of the text for each value that is accepted. PyYAML reads a million letters in a second or two.
_LETTERS_PER_NODE = 20


class BoundedLoader(yaml.SafeLoader):
    """A safe YAML loader that refuses more values than the limit ``yaml-nodes``, and numbers beyond ``number-digits``.

    A value counts as often as it is referred to: a text of 400 letters can refer to a list of lists of lists of a
    billion values, which a merge (``<<``) would write out. A value that contains itself is refused too.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._composed = 0

    def get_single_data(self) -> Any:
        """Return the value of the document.

        Raises ``yaml.YAMLError`` for every fault of the text, those of single values included.
        """
        try:
            self._require_short()
            node = self.get_single_node()
            if node is None:
                return None
            _require_few(node)
            return self.construct_document(node)
        except RecursionError as error:
            raise yaml.YAMLError("it is nested too deeply") from error
        # What PyYAML raises for a scalar that its tag does not fit, such as the date 2001-99-99.
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise yaml.YAMLError(f"a value does not fit its type ({type(error).__name__}: {error!s:.80})") from error

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node; raise ``yaml.YAMLError`` when it is one too many."""
        self._composed += 1
        if self._composed > input_limit("yaml-nodes"):
            raise yaml.YAMLError(_too_many())
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Return the next scalar; raise ``yaml.MarkedYAMLError`` for a number of too many digits."""
        node = super().compose_scalar_node(anchor)
        if node.tag.endswith((":int", ":float")) and len(node.value) > input_limit("number-digits"):
            problem = f"a number has {len(node.value):,} letters; {beyond_limit('number-digits')}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return node

    def _require_short(self) -> None:
        # A text is all in the buffer, with one more letter that marks its end.
        most = _LETTERS_PER_NODE * input_limit("yaml-nodes")
        if len(self.buffer) - 1 > most:
            raise yaml.YAMLError(
                f"it has {len(self.buffer) - 1:,} letters, more than {most:,}, {_LETTERS_PER_NODE} "
                f"for each value of the limit yaml-nodes; {beyond_limit('yaml-nodes')}"
            )


def _require_few(root: yaml.Node) -> None:
    """Raise ``yaml.YAMLError`` when the values under ``root``, each as often as it is referred to, are too many."""
    counted: dict[int, int] = {}
    most = input_limit("yaml-nodes")

    def count(node: yaml.Node) -> int:
        known = counted.get(id(node))
        if known is not None:
            if not known:
                raise yaml.MarkedYAMLError(problem="a value contains itself", problem_mark=node.start_mark)
            return known
        counted[id(node)] = 0  # while it is being counted
        total = 1 + sum(map(count, _inner(node)))
        if total > most:
            raise yaml.YAMLError(_too_many())
        counted[id(node)] = total
        return total

    count(root)


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _too_many() -> str:
    return f"it has too many values, each counted as often as it is referred to; {beyond_limit('yaml-nodes')}"
