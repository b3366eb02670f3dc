import numpy as np
import pytest

from kerasreg import augment


def report(tolerance=0.25):
    """Class "b" is taken for "c" by half at 2/3 of the strength, and for "a" by all at full."""
    shares = np.zeros((4, 2, 3, 3))
    shares[:] = np.eye(3)
    shares[2, 1, 1] = [0, 0.5, 0.5]
    shares[3, 0, 1] = [1, 0, 0]
    curve = augment.audit_report.Curve(augment.Blur((1, 3)), (0.0, 1 / 3, 2 / 3, 1.0), shares)
    own = augment.Augmenter([augment.Blur((1, 3))], seed=1)
    return augment.AuditReport(own, ("a", "b", "c"), (curve,), tolerance)


@pytest.mark.parametrize(("tolerance", "limit"), [(0.25, 1), (0.5, 2), (0.99, 2)])
def test_the_limit_is_the_strength_before_the_first_that_is_too_much(tolerance, limit):
    (finding,) = report(tolerance).findings
    assert finding[:4] == ("Blur", "b", "a", 1.0)
    assert finding.limit == {"sigma_pixels": pytest.approx(limit)}


def test_what_was_confused_without_augmentation_does_not_count():
    found = report()
    before = found.curves[0].shares
    before[0, :, 1] = [1, 0, 0]
    assert report(1.0).findings == []
    assert found.findings == []
    assert found.looks_like("Blur", "b") == "c"
    assert found.looks_like("Blur", "a") is None
