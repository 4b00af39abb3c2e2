"""A logistic regression on the counts of 6-mers of both strands: a simple model to compare sequence networks with.

    kmer_regression.py SET.safetensors

Reads a set of `dvcall regulatory prepare`, chooses the strength of the penalty on its validation split, and prints AUROC on
validation and test as JSON."""

import json
import sys

import numpy

K = 6


def read(path):
    """Bases, labels of the first task, and splits."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    def tensor(name):
        begin, end = header[name]["data_offsets"]
        return numpy.frombuffer(data[begin:end], numpy.uint8).reshape(header[name]["shape"])
    return tensor("bases"), tensor("labels")[:, 0].astype(float), tensor("splits")


def features(bases):
    """How often each 6-mer or its reverse complement occurs, at most once counted per place."""
    columns = 4**K
    codes = numpy.arange(columns)
    digits = numpy.stack([codes // 4**i % 4 for i in range(K)], axis=1)
    reverse = (3 - digits) @ (4 ** numpy.arange(K)[::-1])
    canonical, index = numpy.unique(numpy.minimum(codes, reverse), return_inverse=True)
    matrix = numpy.zeros((len(bases), len(canonical)), numpy.float32)
    rows = numpy.arange(len(bases))
    for start in range(bases.shape[1] - K + 1):
        window = bases[:, start : start + K].astype(int)
        known = (window < 4).all(axis=1)
        code = window @ (4 ** numpy.arange(K))
        numpy.add.at(matrix, (rows[known], index[code[known]]), 1)
    return numpy.log1p(matrix)


def auroc(scores, labels):
    order = numpy.argsort(scores, kind="stable")
    ranks = numpy.empty(len(scores))
    ranks[order] = numpy.arange(1, len(scores) + 1)
    for value in numpy.unique(scores):
        same = scores == value
        if same.sum() > 1:
            ranks[same] = ranks[same].mean()
    positives = labels.sum()
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(labels) - positives)))


def fit(x, y, penalty, steps=300, rate=0.05):
    """Gradient descent with Adam on the whole set."""
    weights, bias = numpy.zeros(x.shape[1], numpy.float32), 0.0
    first, second = numpy.zeros(x.shape[1] + 1), numpy.zeros(x.shape[1] + 1)
    for step in range(1, steps + 1):
        error = 1 / (1 + numpy.exp(-(x @ weights + bias))) - y
        slope = numpy.append(x.T @ error / len(y) + penalty * weights, error.mean())
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        change = rate * (first / (1 - 0.9**step)) / (numpy.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights, bias = (weights - change[:-1]).astype(numpy.float32), bias - change[-1]
    return weights, bias


def main():
    bases, labels, splits = read(sys.argv[1])
    x = features(bases)
    x = (x - x[splits == 0].mean(axis=0)) / (x[splits == 0].std(axis=0) + 0.05)
    best = None
    for penalty in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
        weights, bias = fit(x[splits == 0], labels[splits == 0].astype(numpy.float32), penalty)
        area = auroc(x[splits == 1] @ weights + bias, labels[splits == 1])
        if best is None or area > best[0]:
            best = (area, penalty, weights, bias)
    area, penalty, weights, bias = best
    test = auroc(x[splits == 2] @ weights + bias, labels[splits == 2])
    print(json.dumps({"penalty": penalty, "validation": {"auroc": area}, "test": {"auroc": test}}))


main()
