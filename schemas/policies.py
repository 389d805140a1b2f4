"""Policy files: YAML that has to keep a model, or say where it does not."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.errors import PolicyError

M = TypeVar("M", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Refuses a name that stands twice: YAML forbids it, and PyYAML lets the last one win. Says
    where a value stands that cannot be, such as the 30th of February."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(
                None, None, str(error), node.start_mark
            ) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if (name := str(key.value)) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name} stands twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_policy(path: Path, model: type[M]) -> M:
    """Read and check a file. PolicyError names the file, and each wrong place in it."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: {error}") from error
    return parse_policy(text, path, model)


def parse_policy(text: bytes, path: Path, model: type[M]) -> M:
    """Check what a file holds. PolicyError names the file, and each wrong place in it."""
    try:
        told = yaml.load(text.decode(), _Loader)  # noqa: S506 - a safe loader
        return model.model_validate(told)
    except ValidationError as error:
        raise PolicyError("\n".join([f"{path}:", *map(_told, error.errors())])) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f"{path}: {error}") from error
    except RecursionError as error:
        raise PolicyError(f"{path}: nested too deeply") from error


def _told(error: ErrorDetails) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"  {place or 'the file'}: {error['msg'].removeprefix('Value error, ')}"
