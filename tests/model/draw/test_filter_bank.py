"""The filter banks against loops over pixels, and where their window lies."""

import math

import pytest
import torch

from ablate.model.draw.filter_bank import Window, banks, filter_bank, read, window, write

HEIGHT, WIDTH = 9, 13
SIZES = pytest.mark.parametrize("height, width", [(HEIGHT, WIDTH), (10, 10)])


def anywhere(height, width, count=6):
    """Windows of several places and sizes, some of them partly beyond the picture."""
    random = torch.Generator().manual_seed(0)
    parameters = torch.randn(count, 5, generator=random, dtype=torch.double) / 2
    return parameters, window(parameters, 4, height, width)


def naive_bank(middle, stride, deviation, filters, size):
    """The equations of section 3.2 with i and a from 1, one filter and one pixel at a time."""
    rows = []
    for i in range(1, filters + 1):
        mean = (middle + 1) + (i - filters / 2 - 0.5) * stride
        row = [math.exp(-((a - mean) ** 2) / (2 * deviation**2)) for a in range(1, size + 1)]
        rows.append([each / sum(row) for each in row])
    return torch.tensor(rows, dtype=torch.double)


@SIZES
def test_filter_banks_read_and_write_as_loops_over_filters_and_pixels(height, width):
    _, at = anywhere(height, width)
    image, patch = torch.rand(6, 2, height, width, dtype=torch.double), torch.randn(6, 4, 4, dtype=torch.double)
    seen, written = read(image, at, 4), write(patch, at, height, width)
    for b in range(6):
        y, x, stride, deviation, intensity = (float(field[b]) for field in at)
        rows, columns = naive_bank(y, stride, deviation, 4, height), naive_bank(x, stride, deviation, 4, width)
        for i in range(4):
            for j in range(4):
                for channel in range(2):
                    total = sum(rows[i, a] * image[b, channel, a, c] * columns[j, c] for a in range(height) for c in range(width))
                    assert float(seen[b, channel, i, j]) == pytest.approx(intensity * float(total), rel=1e-9)
        for a in range(height):
            for c in range(width):
                total = sum(rows[i, a] * patch[b, i, j] * columns[j, c] for i in range(4) for j in range(4))
                assert float(written[b, a, c]) == pytest.approx(float(total) / intensity, rel=1e-9)


def test_a_window_is_that_of_the_equations():
    parameters, at = anywhere(HEIGHT, WIDTH)
    for (y, x, log_variance, log_stride, log_intensity), *found in zip(parameters.tolist(), *(field.tolist() for field in at)):
        wanted = [
            (HEIGHT + 1) / 2 * (y + 1) - 1,  # section 3.2, from 0 and not from 1
            (WIDTH + 1) / 2 * (x + 1) - 1,
            (WIDTH - 1) / 3 * math.exp(log_stride),
            math.exp(log_variance / 2),
            math.exp(log_intensity),
        ]
        assert found == pytest.approx(wanted)


def test_an_untrained_window_covers_the_picture_from_edge_to_edge():
    at = window(torch.zeros(1, 5), 5, 28, 28)
    rows, columns = banks(at, 5, 28, 28)
    assert rows[0].argmax(1).tolist()[::4] == columns[0].argmax(1).tolist()[::4] == [0, 27]
    torch.testing.assert_close(rows[0, 2, 13], rows[0, 2, 14])
    means = float(at.y) + (torch.arange(5) - 2) * float(at.stride)
    assert means.tolist() == [0, 6.75, 13.5, 20.25, 27]


def test_the_window_of_a_single_filter_has_a_middle():
    at = window(torch.zeros(2, 5), 1, 5, 7)
    rows, columns = banks(at, 1, 5, 7)
    assert rows[0, 0].argmax() == 2 and columns[0, 0].argmax() == 3


def test_known_fault_the_variance_divides_the_squared_distance_and_is_not_squared_with_it():
    """draw_pytorch issue 3: ((a - μ)/(2σ²))². The log-ratio of two pixels at distances 0 and 2 is 2²/(2σ²)."""
    for deviation in (0.5, 3.0):
        (bank,) = filter_bank(torch.tensor([4.0]), torch.tensor([1.0]), torch.tensor([deviation]), 1, 9)
        assert math.log(bank[0, 4] / bank[0, 6]) == pytest.approx(4 / (2 * deviation**2), rel=1e-4)


def test_known_fault_a_window_moves_in_both_directions():
    """draw-color issue 2: F_y built from the columns' means keeps the window on the diagonal."""
    image = torch.zeros(1, 1, 20, 20)
    image[0, 0, 3, 15] = 1.0
    small = [math.log(0.3), math.log(0.05), 0.0]
    place = lambda pixel: (pixel + 1) * 2 / 21 - 1  # noqa: E731
    at = lambda y, x: window(torch.tensor([[place(y), place(x), *small]]), 3, 20, 20)  # noqa: E731
    assert read(image, at(3, 15), 3).sum() > 0.5
    assert read(image, at(15, 3), 3).sum() < 1e-3 and read(image, at(3, 3), 3).sum() < 1e-3
    drawn = write(torch.ones(1, 3, 3), at(3, 15), 20, 20)[0]
    assert divmod(int(drawn.argmax()), 20) == (3, 15)


@pytest.mark.parametrize("extreme", [-1e4, -80.0, 80.0, 1e4])
def test_whatever_a_network_says_filters_sum_to_one_and_have_gradients(extreme):
    """exp of what is unbounded, and 0/0 for filters far beyond the picture."""
    parameters = torch.full((1, 5), extreme, requires_grad=True)
    at = window(parameters, 5, 28, 28)
    rows, columns = banks(at, 5, 28, 28)
    torch.testing.assert_close(rows.sum(2), torch.ones(1, 5))
    (read(torch.rand(1, 1, 28, 28), at, 5).sum() + write(torch.rand(1, 5, 5), at, 28, 28).sum()).backward()
    assert parameters.grad.isfinite().all() and columns.isfinite().all()


def test_gradients_of_reading_and_writing():
    parameters = (torch.randn(2, 5, dtype=torch.double) / 4).requires_grad_()
    image, patch = (torch.rand(*shape, dtype=torch.double, requires_grad=True) for shape in ((2, 1, 6, 5), (2, 3, 3)))
    seen = lambda parameters, image: read(image, window(parameters, 3, 6, 5), 3)  # noqa: E731
    drawn = lambda parameters, patch: write(patch, window(parameters, 3, 6, 5), 6, 5)  # noqa: E731
    assert torch.autograd.gradcheck(seen, (parameters, image)) and torch.autograd.gradcheck(drawn, (parameters, patch))


def test_at_unit_intensity_writing_is_the_adjoint_of_reading():
    at = Window(*(torch.rand(3, dtype=torch.double) * 3 + 1 for _ in range(4)), torch.ones(3, dtype=torch.double))
    image, patch = torch.randn(3, 1, 8, 7, dtype=torch.double), torch.randn(3, 4, 4, dtype=torch.double)
    left = (read(image, at, 4)[:, 0] * patch).sum((1, 2))
    torch.testing.assert_close(left, (image[:, 0] * write(patch, at, 8, 7)).sum((1, 2)))
