"""Other ways to the margins of the same trees: what `bench.scoring` measures the served one by."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import treelite
import xgboost
from onnx import TensorProto, helper, numpy_helper

from scorers.export import IR_VERSION, OPSET
from scorers.forest import Forest, parse
from scorers.sessions import CPU, Margins, run, session_options
from scorers.unknowns import ROWS

_NODE_COLUMNS = (
    "featureids",
    "splits",
    "missing_value_tracks_true",
    "truenodeids",
    "trueleafs",
    "falsenodeids",
    "falseleafs",
)


def peers(document: Mapping[str, Any]) -> dict[str, Margins]:
    """By name: each on one thread, with the same bits."""
    text = json.dumps(document).encode()
    model = treelite.frontend.from_xgboost(xgboost.Booster(model_file=bytearray(text)))
    return {
        "ONNX Runtime, TreeEnsemble": on_onnx(_version_5(parse(document))),
        "XGBoost, `inplace_predict`": on_xgboost(text, nthread=1),
        "treelite, GTIL": lambda rows: np.asarray(
            treelite.gtil.predict(model, rows, nthread=1, pred_margin=True)
        ).ravel(),
    }


def on_the_gpu(booster: bytes) -> dict[str, Margins]:
    """XGBoost's own kernels, where its build has them and CuPy, which brings the rows there."""
    if not xgboost.build_info()["USE_CUDA"] or find_spec("cupy") is None:
        return {}
    import cupy  # noqa: PLC0415 - a peer, where it is installed

    forest = xgboost.Booster({"device": "cuda"}, model_file=bytearray(booster))
    return {
        "XGBoost on the GPU, `inplace_predict`": lambda rows: np.asarray(
            cupy.asnumpy(forest.inplace_predict(cupy.asarray(rows), predict_type="margin"))
        )
    }


def on_xgboost(booster: bytes, nthread: int) -> Margins:
    """XGBoost on the CPU."""
    forest = xgboost.Booster({"nthread": nthread}, model_file=bytearray(booster))
    return lambda rows: np.asarray(forest.inplace_predict(rows, predict_type="margin"))


def on_onnx(graph: bytes) -> Margins:
    """The first column of a graph's answer."""
    session = on_one_core(graph)
    return lambda rows: run(session, rows)[:, 0]


def on_one_core(graph: bytes) -> onnxruntime.InferenceSession:
    """A session as serving has it, of any graph."""
    return onnxruntime.InferenceSession(graph, session_options(), providers=[CPU])


def _version_5(forest: Forest) -> bytes:
    """The operator of ai.onnx.ml 5, which looks for NaN at every split."""
    columns: dict[str, list[float]] = {name: [] for name in (*_NODE_COLUMNS, "leaf", "root")}
    for tree in forest.trees:
        places = np.where(tree.leaf, np.cumsum(tree.leaf), np.cumsum(~tree.leaf)) - 1
        places += np.where(tree.leaf, len(columns["leaf"]), len(columns["featureids"]))
        split = ~tree.leaf
        columns["root"].append(int(places[0]))
        columns["leaf"] += tree.value[tree.leaf].tolist()
        columns["featureids"] += tree.feature[split].tolist()
        columns["splits"] += tree.threshold[split].tolist()
        columns["missing_value_tracks_true"] += tree.default_left[split].astype(int).tolist()
        for side, child in (("true", tree.left[split]), ("false", tree.right[split])):
            columns[f"{side}nodeids"] += places[child].tolist()
            columns[f"{side}leafs"] += tree.leaf[child].astype(int).tolist()
    return _version_5_model(columns, forest.features)


def _version_5_model(columns: dict[str, list[float]], features: int) -> bytes:
    splits, leaves = columns.pop("splits"), columns.pop("leaf")
    roots = columns.pop("root")
    node = helper.make_node(
        "TreeEnsemble",
        [ROWS],
        ["margin"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=1,  # sum
        post_transform=0,  # none
        tree_roots=roots,
        nodes_modes=_tensor(np.ones(len(splits), np.uint8)),  # 1: less than
        nodes_splits=_tensor(np.asarray(splits, np.float32)),
        leaf_targetids=[0] * len(leaves),
        leaf_weights=_tensor(np.asarray(leaves, np.float32)),
        **{f"nodes_{name}": column for name, column in columns.items()},
    )
    shapes = {ROWS: features, "margin": 1}
    inputs, outputs = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])]
        for name, width in shapes.items()
    )
    model = helper.make_model(
        helper.make_graph([node], "version_5", inputs, outputs),
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 5)],
    )
    return bytes(model.SerializeToString())


def _tensor(values: npt.NDArray[np.generic]) -> TensorProto:
    return numpy_helper.from_array(values, "")
