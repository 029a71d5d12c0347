"""Deconvolution: the operator and its adjoint as matrices, solvers against each other and against scikit-image's on its picture."""

from itertools import islice

import numpy as np
import pytest
import torch
from refusals import refusals
from scipy.signal import convolve2d
from skimage import data, restoration
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from ablate.errors import BadInput
from ablate.operator import deconvolution
from ablate.operator.deconvolution import (
    BORDERS,
    Blur,
    conjugate_gradients,
    gaussian_kernel,
    gradient_descent,
    noise_to_signal,
    wiener,
)

KERNEL = torch.tensor([[0.0, 0.1, 0.0], [0.2, 0.5, 0.05], [0.0, 0.1, 0.05]], dtype=torch.float64)  # of no symmetry


def last(solver, steps):
    return [*islice(solver, steps)][-1]


def psnr(x, truth):
    return float(peak_signal_noise_ratio(x, truth, data_range=1.0))


def matrix_of(function, shape) -> Tensor:
    basis = torch.eye(shape[0] * shape[1], dtype=torch.float64).view(-1, *shape)
    return function(basis).flatten(1).T


@pytest.mark.parametrize("border", BORDERS)
def test_adjoint_and_norm_are_those_of_the_matrix(border):
    blur = Blur(KERNEL, (6, 7), border)
    matrix = matrix_of(blur, (6, 7))
    out = (4, 5) if border == "valid" else (6, 7)
    assert matrix.shape[0] == out[0] * out[1]
    assert torch.allclose(matrix_of(blur.adjoint, out), matrix.T, atol=1e-14)
    squared = float(torch.linalg.matrix_norm(matrix, 2)) ** 2
    assert squared <= blur.squared_norm() * (1 + 1e-12) and blur.squared_norm() == pytest.approx(squared, rel=1e-7)


@pytest.mark.parametrize("border", ["valid", "zero", "circular", "symmetric"])
def test_it_is_a_convolution_with_the_kernel_flipped(border):
    x = torch.rand(6, 7, dtype=torch.float64)
    mode, boundary = (
        ("valid", "fill") if border == "valid" else ("same", {"zero": "fill", "circular": "wrap", "symmetric": "symm"}[border])
    )
    assert np.allclose(Blur(KERNEL, (6, 7), border)(x), convolve2d(x, KERNEL, mode=mode, boundary=boundary), atol=1e-14)


@pytest.mark.parametrize(
    "solver, ridge, steps", [(conjugate_gradients, 0.0, 60), (conjugate_gradients, 0.05, 60), (gradient_descent, 0.05, 600)]
)
def test_solvers_solve_the_normal_equations(solver, ridge, steps):
    blur = Blur(KERNEL, (6, 7), "zero")
    matrix, y = matrix_of(blur, (6, 7)), torch.rand(2, 6, 7, dtype=torch.float64)
    expected = torch.linalg.solve(matrix.T @ matrix + ridge * torch.eye(42), matrix.T @ y.flatten(1).T).T.view(2, 6, 7)
    assert torch.allclose(last(solver(blur, y, ridge), steps), expected, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kernel, ridge", [(gaussian_kernel(1.5, 4), 0.1), (torch.full((1, 1), 0.7), 0.01), (KERNEL, 0.0)])
def test_conjugate_gradients_stay_where_they_converged(kernel, ridge, dtype):
    blur = Blur(kernel, (16, 16), "symmetric")
    y = torch.rand(2, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).to(dtype)
    y[1] = 0
    found = [*islice(conjugate_gradients(blur, y, ridge), 500)]
    slope = blur.adjoint(y - blur(found[-1])) - ridge * found[-1]
    assert torch.equal(found[-1], found[250]) and slope.norm() < 1e3 * torch.finfo(dtype).eps * found[-1].norm()
    assert not found[-1][1].any()


def test_the_norm_of_one_pixel_and_of_a_kernel_that_a_mirror_doubles():
    assert Blur(torch.full((1, 1), 0.5), (1, 1)).squared_norm() == pytest.approx(0.25)
    assert Blur(torch.tensor([[0.0, 0.0, 1.0]]), (1, 9)).squared_norm() == pytest.approx(2)  # above (Σ|w|)² = 1


@pytest.mark.parametrize("border, kernel", [("circular", KERNEL), ("symmetric", gaussian_kernel(0.7, 2))])
def test_wiener_is_the_ridge_solution(border, kernel):
    y = torch.rand(2, 12, 15, dtype=torch.float64)
    ridge = last(conjugate_gradients(Blur(kernel, (12, 15), border), y, 0.01), 200)
    assert torch.allclose(wiener(y, kernel, 0.01, border), ridge, atol=1e-10)


@pytest.fixture(scope="module")
def camera():
    return torch.from_numpy(data.camera()[::8, ::8] / 255.0)


@pytest.mark.parametrize("balance", [1e-4, 1e-2, 1.0])
def test_wiener_is_scikit_images(camera, balance):
    kernel = gaussian_kernel(1.5, 4)
    u, v = (2 - 2 * np.cos(2 * np.pi * np.arange(n) / 64) for n in (64, 33))
    for prior, penalty in (("white", np.ones((64, 33))), ("smooth", u[:, None] + v)):
        theirs = restoration.wiener(camera.numpy(), kernel.numpy(), balance, reg=np.sqrt(penalty).astype(complex), clip=False)
        assert np.allclose(wiener(camera, kernel, balance, prior=prior), theirs, atol=1e-10)


@pytest.mark.parametrize("deviation", [0.003, 0.03, 0.1])
@pytest.mark.parametrize("spread", [0.9, 2.0])
def test_a_wiener_filter_by_the_noise_restores_a_picture_and_its_ridge_is_the_best(camera, spread, deviation):
    kernel = gaussian_kernel(spread, 6)
    noise = torch.randn(camera.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = Blur(kernel, tuple(camera.shape))(camera) + deviation * noise
    ridge = noise_to_signal(y, kernel, deviation, "symmetric", "smooth")
    found, *others = (psnr(wiener(y, kernel, ridge * n, "symmetric", "smooth"), camera) for n in (1, 0.1, 10))
    assert found > psnr(y, camera) + 0.5 and found > max(others)


def test_without_noise_a_wiener_filter_is_the_inverse_and_noise_alone_is_refused(camera):
    kernel = gaussian_kernel(0.9, 3)
    clean = Blur(kernel, tuple(camera.shape))(camera)
    assert noise_to_signal(clean, kernel, 0.0, "symmetric", "smooth") == 0
    assert torch.allclose(wiener(clean, kernel, 0.0, "symmetric", "smooth"), camera, atol=1e-9)
    with pytest.raises(BadInput, match=r"deviation=0.5: the picture varies no more"):
        noise_to_signal(clean, kernel, 0.5)


def test_the_exhibit(camera):
    """Wᵀy restores nothing; solvers do, without noise; with noise they blow up, and stopping or a ridge wins."""
    kernel = gaussian_kernel(0.7, 3)
    blur = Blur(kernel, tuple(camera.shape))
    clean = blur(camera)
    assert psnr(blur.adjoint(clean), camera) < psnr(clean, camera) < 26
    without = [psnr(x, camera) for x in islice(conjugate_gradients(blur, clean), 60)]
    assert without[4] < without[19] < without[59] and without[59] > 50
    noisy = clean + 0.05 * torch.randn(camera.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    along = [psnr(x, camera) for x in islice(conjugate_gradients(blur, noisy), 60)]
    assert along.index(max(along)) < 10 and max(along) > max(psnr(noisy, camera), along[-1] + 5)
    mean = noisy.mean()
    ridge = max(psnr(mean + wiener(noisy - mean, kernel, r, "symmetric"), camera) for r in (0.03, 0.1, 0.3))
    assert max(along) > ridge > along[-1] + 4  # a picture is not white, so that a ridge loses to stopping
    theirs = restoration.richardson_lucy(noisy.clamp(0, 1).numpy(), kernel.numpy(), num_iter=5)
    assert ridge > psnr(torch.from_numpy(theirs), camera)


def test_a_step_of_conjugate_gradients_is_worth_many_of_gradient_descent(camera):
    blur = Blur(gaussian_kernel(1.0, 3), tuple(camera.shape))
    y = blur(camera)
    residual = {solver: float((y - blur(last(solver(blur, y), 30))).norm()) for solver in (conjugate_gradients, gradient_descent)}
    assert residual[conjugate_gradients] < 0.5 * residual[gradient_descent]


def test_float32_and_batches_alike(camera):
    blur = Blur(gaussian_kernel(1.0, 3), tuple(camera.shape))
    both = torch.stack((camera, camera.flip(0)))
    together = last(conjugate_gradients(blur, blur(both), 1e-3), 30)
    assert torch.allclose(together[1], last(conjugate_gradients(blur, blur(both[1]), 1e-3), 30), atol=1e-10)
    single = last(conjugate_gradients(blur, blur(both.float()), 1e-3), 30)
    assert single.dtype == torch.float32 and (single - together).abs().max() < 1e-3


NAN = torch.full((6, 7), torch.nan, dtype=torch.float64)
Y = torch.ones(6, 7, dtype=torch.float64)


test_bad_input_is_one_line = refusals(
    (lambda: Blur(torch.ones(2, 3), (6, 7)), "height 2 has no middle; the nearest that has one is 3"),
    (lambda: Blur(torch.zeros(3, 3), (6, 7)), "zero everywhere"),
    (lambda: Blur(NAN[:3, :3], (6, 7)), "not finite"),
    (lambda: Blur(KERNEL, (6, 0)), r"size=\(6, 0\) is too small .* at least \[1, 1\]"),
    (lambda: Blur(KERNEL, (6, 7), "reflct"), "did you mean 'reflect'"),
    (lambda: Blur(KERNEL, (6, 7))(Y[:5]), r"a picture of \(5, 7\)"),
    (lambda: next(conjugate_gradients(Blur(KERNEL, (6, 7), "valid"), Y)), r"of \(6, 7\) is no blurred one.* \(4, 5\)"),
    (lambda: next(conjugate_gradients(Blur(KERNEL, (6, 7)), NAN)), "42 values that are not finite"),
    (lambda: next(conjugate_gradients(Blur(KERNEL, (6, 7)), Y, -1.0)), "ridge=-1.0 must be"),
    (lambda: next(gradient_descent(Blur(KERNEL, (6, 7)), Y, step=9.0)), "converges between 0 and"),
    (lambda: wiener(torch.ones(6, 6).double(), torch.ones(3, 3).double(), 0.0), "wipes out .* frequencies"),
    (lambda: wiener(Y, KERNEL, 0.1, "zero"), "border='zero' is unknown"),
    (lambda: gaussian_kernel(0.0, 2), "must be above 0"),
)


def test_kernel_of_a_gaussian():
    kernel = deconvolution.gaussian_kernel(1.0, 3)
    assert float(kernel.sum()) == pytest.approx(1) and float(kernel[3, 4] / kernel[3, 3]) == pytest.approx(np.exp(-0.5))
