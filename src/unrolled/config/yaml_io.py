"""YAML reader and writer: plain builtins, unique keys, and 1e-3 and inf as numbers."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from unrolled.errors import InputError
from unrolled.suggestions import nearest

ONE_LINE = 6  # most entries of a mapping written on one line


class _Loader(yaml.SafeLoader):
    """Unlike YAML 1.1: `1e-3` and `inf` are numbers, `2024-01-31` is text, and duplicate keys are errors."""

    yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(None, None, f"a key is not text: {key!r}", key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(None, None, f"duplicate key {key!r}", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Write short mappings and lists of plain values on one line, everything else with one entry per line."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        plain = all(isinstance(value, yaml.ScalarNode) for _, value in node.value)
        node.flow_style = plain and len(node.value) <= ONE_LINE
        return node

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        node = super().represent_sequence(tag, sequence, flow_style)
        node.flow_style = all(isinstance(value, yaml.ScalarNode) for value in node.value)
        return node


for _class in (_Loader, _Dumper):  # the dumper too, so that text such as 1e-3 is quoted
    _class.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?((\d+\.?\d*|\.\d+)[eE][-+]?\d+|inf)$"), list("-+.0123456789i")
    )


def parse_yaml(text: str, source: str) -> Any:
    """Parse YAML; `source` names the text in error messages."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise InputError(f"{source}{where}: expected YAML, got an error: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(f"{source}: expected YAML, got an error: {' '.join(str(error).split())}") from None


def read_yaml(path: Path) -> Any:
    """The value in a YAML file.

    Raises:
        InputError: the file does not exist, is not UTF-8, or is not YAML (with line and column).
    """
    try:
        return parse_yaml(path.read_bytes().decode(), str(path))
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(f"{path}: expected UTF-8 text, got the byte {byte:#x} at offset {error.start}") from None
    except FileNotFoundError:
        files = [file.name for file in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        near = nearest(path.name, files)
        advice = f"did you mean {path.parent / near}?" if near else "check the path"
        raise InputError(f"{path}: expected a YAML file, got no such file; {advice}") from None
    except OSError as error:
        raise InputError(f"{path}: expected a YAML file, got: {error.strerror or error}") from None


def to_yaml(value: Any) -> str:
    """A value as YAML with its keys in the given order; the inverse of `parse_yaml`."""
    written: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return written
