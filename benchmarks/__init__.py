"""Benchmarks: ours and its peers interleaved in one run; run one with `python -m benchmarks NAME`."""
