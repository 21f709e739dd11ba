import pytest

from onward_classifiers.score import Classifier


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The classifier with the weights that ship."""
    return Classifier.load()
