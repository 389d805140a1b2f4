"""Policy files: YAML that has to keep a model, or say where it does not."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.errors import PolicyError

M = TypeVar("M", bound=BaseModel)


def read_policy(path: Path, model: type[M]) -> M:
    """Read and check a file. PolicyError names the file, and each wrong place in it."""
    try:
        return model.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        places = "\n".join(
            f"  {'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()
        )
        raise PolicyError(f"{path}:\n{places}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f"{path}: {error}") from error
