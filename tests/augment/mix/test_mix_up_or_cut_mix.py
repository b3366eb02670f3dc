import numpy as np
import pytest

from kerasreg import augment

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (40, 6, 8, 3), np.uint8)
CLASSES = RANDOM.integers(0, 7, 40)


def mixer(operation, **options):
    return augment.Augmenter([operation], seed=3, jit_compile=False, **options)


def test_each_image_is_mixed_by_one_of_them():
    own = mixer(augment.MixUpOrCutMix(classes=7))
    (params,) = own.draw(range(40))
    masks = RANDOM.integers(0, 7, (40, 6, 8))
    element = {"image": IMAGES, "label": CLASSES, "mask": masks}
    result = own.apply(element, index=0)
    is_cut = params["is_cut"].numpy()
    mix_up = mixer(augment.MixUp(classes=7)).apply(
        element, params=[{name: params[name] for name in ("partner", "share")}]
    )
    vectors = {**element, "mask": np.eye(7, dtype="float32")[masks]}
    cut_mix = mixer(augment.CutMix(classes=7)).apply(
        vectors, params=[{name: params[name] for name in ("partner", "share", "middle")}]
    )
    for part in element:
        for rows, expected in ((is_cut, cut_mix), (~is_cut, mix_up)):
            np.testing.assert_allclose(result[part][rows], expected[part][rows], atol=1e-4)
    assert 0 < is_cut.sum() < 40


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_cut_mix(share):
    n = 10_000
    own = mixer(augment.MixUpOrCutMix(cut_mix_share=share))
    (params,) = own.draw(range(n))
    found = params["is_cut"].numpy().mean()
    assert abs(found - share) <= 5 * np.sqrt(share * (1 - share) / n)


def test_each_has_its_alpha():
    own = mixer(augment.MixUpOrCutMix(0.0, 1.0))
    (params,) = own.draw(range(200))
    is_cut, share = params["is_cut"].numpy(), params["share"].numpy()
    assert (share[~is_cut] == 1).all()
    assert (share[is_cut] < 1).all()


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"mix_up_alpha": -1}, ValueError, "mix_up_alpha"),
        ({"cut_mix_alpha": "1"}, TypeError, "cut_mix_alpha"),
        ({"cut_mix_share": 1.1}, ValueError, "cut_mix_share"),
        ({"classes": -3}, ValueError, "classes"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(MixUpOrCutMix\)"):
        augment.MixUpOrCutMix(**arguments)
