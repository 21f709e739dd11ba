"""Reading one mail: what it is, the sentence that says so, and who and what it names.

Advice only. Nothing here acts, remembers or reaches outside; what follows from a prediction is decided in
`onward.core`, the one part of the daemon this package imports. At run time it is pure Python: scikit-learn trains
the weights (`train.py`) and is never imported by `score.py`.
"""
