import numpy as np

from kerasreg import augment

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 6, 3), np.uint8)


def test_all_in_their_order_or_none():
    operations = [augment.Rotate(40), augment.Blur(1), augment.Shift(0.3, 0)]
    sequence = augment.Sequence(operations, probability=0.5)
    own = augment.Augmenter([sequence], seed=2, jit_compile=False)
    (drawn,) = own.draw(range(len(IMAGES)))
    chosen = drawn["is_applied"].numpy()
    assert 0 < chosen[:, 0].sum() < len(IMAGES)
    np.testing.assert_array_equal(chosen, chosen[:, :1].repeat(3, axis=1))
    plain = augment.Augmenter(operations, seed=0, jit_compile=False)
    expected = plain.apply(IMAGES, params=drawn["operations"]).numpy()
    expected = np.where(chosen[:, :1, None, None], expected, IMAGES)
    np.testing.assert_allclose(own.apply(IMAGES, index=0), expected, atol=1e-3)


def test_limits_of_operations_within_hold():
    inner = augment.PixelDropout(1.0, fill_value=-1.0, limits={1: 0.0})
    own = augment.Augmenter([augment.Sequence([inner])], seed=2)
    labels = np.arange(40) % 2
    result = own.apply((IMAGES, labels), index=0)[0].numpy()
    np.testing.assert_array_equal(result[labels == 0], -1)
    np.testing.assert_array_equal(result[labels == 1], IMAGES[labels == 1])
