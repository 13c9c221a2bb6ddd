# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What users of torch.compile(backend="terrazzo") do beside calling a model: change parameters, record gradients, use what has no
kernel, other memory layouts and number types, options; and what export leaves behind."""

import logging

import pytest
import terrazzo
import terrazzo.torch
import torch
from terrazzo.torch.exported import capture


class Part(torch.nn.Module):
    """`middle` stands between two parts that have kernels."""

    def __init__(self, middle=None):
        super().__init__()
        self.into, self.out = torch.nn.Linear(16, 32), torch.nn.Linear(32, 16)
        self.norm, self.middle = torch.nn.LayerNorm(16), middle or (lambda x: x)

    def forward(self, x):
        h = self.norm(torch.relu(self.into(x)).mul(2).add(1) @ self.out.weight.T).tanh().exp().mul(3)
        return self.out(self.into(self.middle(h)).relu().mul(2).add(1).sub(0.5).tanh().exp())


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    torch.manual_seed(0)


def compiled(model, **options):
    return torch.compile(model, backend=terrazzo.torch.backend, options=options or None)


def close(got, want, budget=1e-5):
    assert got.shape == want.shape and got.dtype == want.dtype
    assert (got - want).abs().max() <= budget * max(1, want.abs().max())


def test_parameters_that_change():
    model, x = Part().eval(), torch.randn(4, 16)
    fast = compiled(model)
    with torch.no_grad():
        close(fast(x), model(x))
        model.into.weight.mul_(2)
        close(fast(x), model(x))
        model.into.weight.data = torch.randn(32, 16)
        close(fast(x), model(x))


def test_frozen_parameters_are_not_looked_at():
    model, x = Part().eval(), torch.randn(4, 16)
    fast = compiled(model, frozen=True)
    with torch.no_grad():
        before = fast(x)
        model.out.bias.add_(1)
        close(fast(x), before, 2)


def test_what_has_no_kernel_runs_in_torch(capfd):
    model, x = Part(lambda h: torch.linalg.matrix_exp(h @ h.T * 1e-4) @ h).eval(), torch.randn(5, 16)
    with torch.no_grad():
        close(compiled(model)(x), model(x))
    said = capfd.readouterr().err
    assert "operations placed on cpu, in torch are:" in said
    assert "aten.linalg_matrix_exp.default: 1 use, test_torch_backend.py:" in said


def test_fallback_error_names_all():
    model = Part(lambda h: torch.linalg.matrix_exp(h.T @ h).sum() + torch.linalg.det(h.T @ h) + h)
    with torch.no_grad(), pytest.raises(Exception, match="(?s)linalg_matrix_exp.*linalg_det"):
        compiled(model, fallback="error")(torch.randn(5, 16))


def test_unknown_options_are_named():
    with torch.no_grad(), pytest.raises(Exception, match="no option 'fallbak'; it has device, target, threads, fallback"):
        compiled(Part(), fallbak="error")(torch.randn(5, 16))


def test_gradients_run_in_torch(caplog):
    terrazzo.torch._warned = False
    model, x = Part(), torch.randn(4, 16)
    with caplog.at_level(logging.WARNING, "terrazzo.torch"):
        compiled(model)(x).sum().backward()
        compiled(model)(x).sum().backward()
    assert [record.message for record in caplog.records].count(terrazzo.torch.GRADIENTS) == 1
    got = model.into.weight.grad.clone() / 2
    model.zero_grad()
    model(x).sum().backward()
    close(got, model.into.weight.grad)


def test_inference_mode_autocast_and_layouts():
    convolution = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 4, 3, groups=4)).eval()
    image = torch.randn(2, 3, 17, 19)
    fast = compiled(convolution)
    with torch.inference_mode():
        close(fast(image), convolution(image))
        close(fast(image.to(memory_format=torch.channels_last)), convolution(image))
    model, x = Part().eval(), torch.randn(4, 16)
    fast = compiled(model)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        close(fast(x).float(), model(x).float(), 3e-2)


def test_inputs_that_are_written():
    def step(x, total):
        total.add_(x.sum(0))
        return x * total

    x, mine, theirs = torch.randn(3, 5), torch.zeros(5), torch.zeros(5)
    fast = compiled(step)
    with torch.no_grad():
        for _ in range(3):
            close(fast(x, mine), step(x, theirs))
            close(mine, theirs)


def test_sizes_that_outgrow_their_bounds():
    model = Part().eval()
    fast = torch.compile(model, backend=terrazzo.torch.backend, dynamic=True)
    with torch.no_grad():
        for rows in (3, 5, 200, 70, 1000):
            x = torch.randn(rows, 16)
            close(fast(x), model(x))


def test_captured_models_say_what_they_were_captured_for():
    model = Part().eval()
    fast = terrazzo.torch.compile(model, (torch.randn(4, 16),), dynamic={"rows": (1, 50)})
    with pytest.raises(ValueError, match="'x' has 15 along axis 1; the model was captured for 16"):
        fast(torch.randn(4, 15))
    with pytest.raises(ValueError, match="'x' has 51 along axis 0"):
        fast(torch.randn(51, 16))
    with pytest.raises(TypeError, match="captured for other arguments"):
        fast(torch.randn(4, 16), 3)


def test_captured_parameters_keep_their_type():
    model, x = Part().eval(), torch.randn(4, 16)
    fast = terrazzo.torch.compile(model, (x,))
    model.into.weight.data = torch.randn(32, 16)
    with torch.no_grad():
        close(fast(x), model(x))
    model.double()
    with pytest.raises(ValueError, match="'into.weight' is of f64 now; the model was captured when it was of f32"):
        fast(x)


def test_export(tmp_path):
    model, x = Part().eval(), torch.randn(7, 16)
    program = capture(model, (torch.randn(4, 16),), dynamic={"rows": (1, 50)})
    weights = terrazzo.torch.export(program, tmp_path / "part.tzp")
    assert weights == tmp_path / "part.safetensors"
    with terrazzo.load(tmp_path / "part.tzp", weights=weights) as package, torch.no_grad():
        close(package.main(x), model(x))


def test_devices(name="emu:sm_80"):
    from frameworks import models

    model, inputs = models.made("bert")
    given = inputs((1, 9))
    fast = terrazzo.torch.compile(model, (), given, device=name, target="nvidia:sm_80")
    with torch.no_grad():
        # Products on the chips' matrix units take halves.
        assert models.worst(fast(**given), model(**given)) <= 1e-2


SDPA = torch.nn.functional.scaled_dot_product_attention
Q, K = torch.linspace(-2, 2, 2 * 3 * 6 * 8).reshape(2, 3, 6, 8).sin(), torch.linspace(-3, 1, 2 * 3 * 7 * 8).reshape(2, 3, 7, 8).cos()
SEEN = torch.arange(6 * 7).reshape(6, 7) % 5 != 0
PROGRAMS = {
    "a mask of queries and keys, two texts": lambda: SDPA(Q, K, K, SEEN),
    "a mask of heads and keys": lambda: SDPA(Q, K, K, SEEN[:3, None]),
    "a mask of texts and keys": lambda: SDPA(Q, K, K, SEEN[:2, None, None]),
    "rows that see nothing": lambda: SDPA(Q, K, K, (torch.arange(6) > 2)[:, None] & SEEN),
    "masked by a number, nothing seen": lambda: (Q @ K.mT).masked_fill(~SEEN & (torch.arange(6) > 2)[:, None], -3e38).softmax(-1) @ K,
    "masked by infinity, nothing seen": lambda: (Q @ K.mT).masked_fill((torch.arange(6) < 2)[:, None], -torch.inf).softmax(-1) @ K,
    "causal, more keys than queries": lambda: SDPA(Q, K, K, is_causal=True),
    "a large whole number": lambda: torch.arange(3) + 9007199254740993,
    "the largest whole number": lambda: torch.arange(3).masked_fill(torch.arange(3) > 1, torch.iinfo(torch.int64).max),
    "a norm of halves": lambda: torch.nn.functional.group_norm((Q[:, :, 0] * 400).half(), 3),
    "nothing": lambda: torch.cat([Q[:, :, :0], Q], 2).sum(-1),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_programs(program):
    with torch.no_grad():
        want, got = program(), torch.compile(program, backend=terrazzo.torch.backend)()
    assert got.dtype == want.dtype
    torch.testing.assert_close(got, want, rtol=1e-3 if want.dtype == torch.half else 2e-5, atol=1e-5, equal_nan=True)


def test_numbers_made_of_sizes_run_in_torch():
    def clamped(x):
        return x.clamp(max=x.shape[0] * 0.05) + 1, x.shape[0] / 4

    x = torch.randn(6, 4)
    with torch.no_grad():
        got, want = torch.compile(clamped, backend=terrazzo.torch.backend, dynamic=True)(x), clamped(x)
    close(got[0], want[0])
    assert got[1] == want[1]


def test_results_are_no_buffers():
    class Counter(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("total", torch.zeros(3))

        def forward(self, x):
            h = self.total + x
            self.total.copy_(h)
            return h

    model = Counter()
    fast = terrazzo.torch.compile(model, (torch.ones(3),))
    first, second = fast(torch.ones(3)), fast(torch.ones(3))
    assert first.tolist() == [1, 1, 1] and second.tolist() == [2, 2, 2]


def test_captured_values_are_compared():
    class Scaled(torch.nn.Module):
        def forward(self, x, n, mask=None):
            return x * n if mask is None else x * n + mask

    fast = terrazzo.torch.compile(Scaled(), (torch.ones(3), 2))
    with pytest.raises(ValueError, match="'n' is 3; the model was captured for 2"):
        fast(torch.ones(3), 3)


def test_buffers_of_truths_and_layouts_of_weights(monkeypatch):
    class Masked(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.ones(100, 100).tril() > 0)
            self.convolution = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)

        def forward(self, x):
            return torch.where(self.mask, self.convolution(x).sum(), 0.0)

    opened, load = [], terrazzo.load
    monkeypatch.setattr(terrazzo, "load", lambda *a, **k: opened.append(1) or load(*a, **k))
    model, x = Masked().eval(), torch.randn(1, 3, 8, 8)
    fast = compiled(model, fallback="error")
    with torch.no_grad():
        for _ in range(3):
            close(fast(x), model(x))
    assert len(opened) == 1
