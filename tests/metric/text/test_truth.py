import pytest

from ablate.metric.text.truth import TruthRate


def test_worked_by_hand():
    metric = TruthRate()
    metric.update([[True, True], [True, False], None])
    metric.update([[True]])
    metric.update([])
    found = {name: float(value) for name, value in metric.compute().items()}
    assert found == pytest.approx({"truth_rate": 2 / 4, "grammatical": 3 / 4, "statement_truth": 4 / 5})
    metric.reset()
    metric.update([None])
    assert float(metric.compute()["truth_rate"]) == 0 and metric.compute()["statement_truth"].isnan()
