"""What a row costs to score, by runtime and batch size: `python -m bench.scoring`.

200 trees of depth 6 over the product's own feature list, 6 % of the values not known, one
thread. Prints microseconds per row as a Markdown table. Every contender gives the same bits,
which is checked before the clock starts.
"""

import json
import platform
import random
import statistics
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import onnxruntime
import xgboost
from onnx import TensorProto, helper, numpy_helper

from schemas.features import FEATURE_NAMES
from scorers import export, grid
from scorers.forest import Forest, parse
from scorers.model import Rows, session_options

BATCHES = (1, 8, 64, 256, 1024, 4096)
TREES, DEPTH, FEATURES = 200, 6, len(FEATURE_NAMES)
TRAINING_ROWS, ROWS = 50_000, 16_384
ROWS_PER_CELL = 16_384  # a cell's calls see this many rows in all, but at least MIN_CALLS
MIN_CALLS, MAX_CALLS = 8, 1_000

_NODE_COLUMNS = (
    "featureids",
    "splits",
    "missing_value_tracks_true",
    "truenodeids",
    "trueleafs",
    "falsenodeids",
    "falseleafs",
)

Scorer = Callable[[Rows], npt.NDArray[np.float32]]


def main() -> None:
    """Train, check that all contenders agree, measure, print."""
    rows = _rows(ROWS, seed=1)
    contenders = _contenders()
    _agree(contenders, rows)
    print(f"{TREES} trees, depth {DEPTH}, {FEATURES} features, one thread; {platform.machine()}")
    print(f"ONNX Runtime {onnxruntime.__version__}, XGBoost {xgboost.__version__}; µs per row\n")
    print("| | " + " | ".join(str(batch) for batch in BATCHES) + " |")
    print("| --- |" + " ---: |" * len(BATCHES))
    cells = _measure(contenders, rows)
    for name in contenders:
        print(f"| {name} | " + " | ".join(f"{cells[name, b]:.1f}" for b in BATCHES) + " |")


def _measure(contenders: dict[str, Scorer], rows: Rows) -> dict[tuple[str, int], float]:
    """Median µs per row; the order is shuffled, so that a drift of the host favours nobody."""
    cells = [(name, batch) for name in contenders for batch in BATCHES]
    random.Random(0).shuffle(cells)  # noqa: S311  # no secret, an order
    return {(name, batch): _cell(contenders[name], rows, batch) for name, batch in cells}


def _cell(scorer: Scorer, rows: Rows, batch: int) -> float:
    calls = min(MAX_CALLS, max(MIN_CALLS, ROWS_PER_CELL // batch))
    spans = []
    for call in range(calls + 1):
        # Rows that were just scored are predicted well by the processor: take others.
        start = call * batch % (len(rows) - batch + 1)
        chunk = rows[start : start + batch]
        before = time.perf_counter_ns()
        scorer(chunk)
        spans.append(time.perf_counter_ns() - before)
    return statistics.median(spans[1:]) / batch / 1_000  # the first call warms up


def _contenders() -> dict[str, Scorer]:
    booster = _booster()
    document, bits = grid.quantise(json.loads(booster.save_raw("json")))
    forest = parse(document)
    truth = xgboost.Booster({"nthread": 1}, model_file=bytearray(json.dumps(document).encode()))
    shares = grid.contributions(forest, bits)
    both = [
        np.hstack([tree.value[:, None], share])
        for tree, share in zip(forest.trees, shares, strict=True)
    ]
    return {
        "ONNX Runtime, TreeEnsembleRegressor (served)": _onnx(
            export.margin_graph(document, bits, {})
        ),
        "ONNX Runtime, TreeEnsemble of ai.onnx.ml 5": _onnx(_version_5(forest)),
        "XGBoost, `inplace_predict`": lambda chunk: np.asarray(
            truth.inplace_predict(chunk, predict_type="margin")
        ),
        "ONNX Runtime, margin and contributions in one": _onnx(
            export.tree_graph(forest, both, "both", {})
        ),
    }


def _agree(contenders: dict[str, Scorer], rows: Rows) -> None:
    margins = [scorer(rows) for scorer in contenders.values()]
    if not all(np.array_equal(margin, margins[0]) for margin in margins):
        raise SystemExit("the contenders' margins differ: the timings would mean nothing")


def _onnx(graph: bytes) -> Scorer:
    session = onnxruntime.InferenceSession(
        graph, session_options(), providers=["CPUExecutionProvider"]
    )
    return lambda chunk: np.asarray(session.run(None, {export.ROWS: chunk})[0])[:, 0]


def _booster() -> xgboost.Booster:
    rows = _rows(TRAINING_ROWS, seed=0)
    known = np.nan_to_num(rows)
    noise = np.random.default_rng(2).normal(size=TRAINING_ROWS)
    labels = known[:, 0] + known[:, 1] * known[:, 2] + known[:, 3] * known[:, 4] + noise > 2.5
    parameters = {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "seed": 0}
    return xgboost.train(parameters, xgboost.DMatrix(rows, labels), num_boost_round=TREES)


def _rows(count: int, seed: int) -> Rows:
    source = np.random.default_rng(seed)
    rows = source.normal(size=(count, FEATURES)).astype(np.float32)
    rows[source.random(rows.shape) < 0.06] = np.nan
    return rows


def _version_5(forest: Forest) -> bytes:
    """The same trees in the operator that replaces TreeEnsembleRegressor."""
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
        [export.ROWS],
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
    shapes = {export.ROWS: features, "margin": 1}
    inputs, outputs = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])]
        for name, width in shapes.items()
    )
    model = helper.make_model(
        helper.make_graph([node], "version_5", inputs, outputs),
        ir_version=export.IR_VERSION,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 5)],
    )
    return bytes(model.SerializeToString())


def _tensor(values: npt.NDArray[np.generic]) -> TensorProto:
    return numpy_helper.from_array(values, "")


if __name__ == "__main__":
    main()
