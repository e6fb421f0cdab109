"""Metrics that compare meanings by the vectors of a local encoder."""

from evalhub.metrics.semantic.bertscore import BertScore, BertScoreColumn
from evalhub.metrics.semantic.encoder import Encoded, Encoder, NumpyEncoder, load_encoder

__all__ = ["BertScore", "BertScoreColumn", "Encoded", "Encoder", "NumpyEncoder", "load_encoder"]
