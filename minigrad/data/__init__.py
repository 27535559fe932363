"""Data on its way to a model: found (`datasets`, `csvfile`), prepared (`preprocess`, `split`), dealt out (`loader`).

All is NumPy in, NumPy out, but for the batches, which are Tensors. Read next: `preprocess.py`.
"""

from .csvfile import Features, Table, read_csv, read_features, write_csv
from .datasets import (
    DATASETS,
    GENERATED,
    Dataset,
    load,
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_circles,
    make_moons,
    make_spiral,
    make_xor,
)
from .loader import DataLoader, TensorDataset
from .preprocess import MinMaxScaler, StandardScaler, one_hot
from .split import train_test_split

__all__ = [
    "DATASETS",
    "GENERATED",
    "DataLoader",
    "Dataset",
    "Features",
    "MinMaxScaler",
    "StandardScaler",
    "Table",
    "TensorDataset",
    "load",
    "load_breast_cancer",
    "load_digits",
    "load_iris",
    "load_wine",
    "make_circles",
    "make_moons",
    "make_spiral",
    "make_xor",
    "one_hot",
    "read_csv",
    "read_features",
    "train_test_split",
    "write_csv",
]
