"""Evaluation: metrics, tables, intervals, reports."""
